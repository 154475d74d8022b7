"""What a retry policy has counted."""

from __future__ import annotations


class RetryStatistics:
    """What a policy has counted since it was made. A call counts once it has ended with an answer or an error.

    Attributes:
        calls: Calls that have ended.
        attempts: How often their functions were called; hedges are not counted here, but as `hedges`.
        retries: Attempts after the first, also of calls that are still under way.
        successes: Calls that gave an answer.
        failures: Calls that gave an error, or an answer that was still one to be tried again.
        given_up_for_budget: Failures because the retry budget was empty.
        given_up_for_deadline: Failures because no further attempt could have ended before the deadline.
        given_up_for_retry_after: Failures because the server asked to wait for longer than `max_backoff`.
        hedges: Second attempts begun while the first was under way.
        hedges_won: Those that answered first.
        tokens: What is left in the retry budget; None where there is none.
        waited: Seconds of all waits between attempts.
    """

    __slots__ = (
        "attempts",
        "calls",
        "failures",
        "given_up_for_budget",
        "given_up_for_deadline",
        "given_up_for_retry_after",
        "hedges",
        "hedges_won",
        "retries",
        "successes",
        "tokens",
        "waited",
    )

    def __init__(self) -> None:
        self.calls = 0
        self.attempts = 0
        self.retries = 0
        self.successes = 0
        self.failures = 0
        self.given_up_for_budget = 0
        self.given_up_for_deadline = 0
        self.given_up_for_retry_after = 0
        self.hedges = 0
        self.hedges_won = 0
        self.tokens: int | None = None
        self.waited = 0.0

    def __repr__(self) -> str:
        return "RetryStatistics(" + ", ".join(f"{name}={getattr(self, name)}" for name in self.__slots__) + ")"
