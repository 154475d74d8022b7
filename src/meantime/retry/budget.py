"""How many retries a downstream is asked to bear: a bucket of tokens that retries empty and successes fill."""

from __future__ import annotations

from meantime.failure_signs import THROTTLED
from meantime.retry import guard

# The retry quota of the AWS SDKs' standard mode, which since November 2026 is boto3's default:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html, RetryQuotaChecker in
# botocore.retries.standard.
# A throttled call costs less: its server is up, and says when it has had enough.
CAPACITY = 500
COST = 14
THROTTLED_COST = 5
GIVEN_BY_SUCCESS = 1


class RetryBudget:
    """A retry quota as the AWS SDKs keep it: while most calls fail, it runs empty, and errors are raised at once.

    A retry takes 14 tokens, after a throttled attempt 5. A call that succeeds at once gives 1; one that succeeds after
    retries gives back what its last retry took. One budget may serve several policies that use the same downstream.

    Args:
        capacity: How many tokens it holds, and starts with.

    Raises:
        TypeError: `capacity` is no whole number.
        ValueError: `capacity` is below 1.
    """

    __slots__ = ("capacity", "tokens")

    def __init__(self, capacity: int = CAPACITY) -> None:
        if isinstance(capacity, bool) or not isinstance(capacity, int):
            raise TypeError(f"capacity must be a whole number of tokens, got {capacity!r}")
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1 token, got {capacity}; for no budget at all: budget=None")
        self.capacity = capacity
        self.tokens = capacity

    def take(self, kind: str) -> int:
        """Take the tokens for a retry; how many, or 0 if there are too few."""
        cost = cost_of(kind)
        with guard.lock:
            if self.tokens < cost:
                return 0
            self.tokens -= cost
        return cost

    def give(self, tokens: int = GIVEN_BY_SUCCESS) -> None:
        """Give tokens back; what it cannot hold is lost."""
        if self.tokens < self.capacity:  # mostly it is full: no lock then
            with guard.lock:
                self.tokens = min(self.capacity, self.tokens + tokens)

    def __repr__(self) -> str:
        return f"RetryBudget({self.tokens} of {self.capacity} tokens)"


def cost_of(kind: str) -> int:
    """What a retry costs after an attempt of this kind."""
    return THROTTLED_COST if kind is THROTTLED else COST
