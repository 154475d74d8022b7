"""How many batches of a queue are processed at once, as AWS scales it: from five up, and back when there is little.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html. AWS says that failures lower the number
"gradually", and nowhere by how much: here each takes one off.
"""

from __future__ import annotations

from meantime import clock
from meantime.tools.emulator.mappings import limits


class Scaling:
    """The number of batches that may be under way.

    Args:
        maximum: The mapping's MaximumConcurrency, or None.
    """

    def __init__(self, maximum: int | None) -> None:
        self._ceiling = limits.CONCURRENCY_MAX if maximum is None else maximum
        self._first = min(limits.FIRST_CONCURRENCY, self._ceiling)
        self._base = self._first
        self._growing_since: float | None = None

    @property
    def allowed(self) -> int:
        """How many batches may be under way now."""
        if self._growing_since is None:
            return self._base
        grown = (clock.monotonic() - self._growing_since) * limits.GROWTH_PER_MINUTE / 60
        return min(self._ceiling, self._base + int(grown))

    def found_messages(self) -> None:
        """There are messages: the number grows from now on."""
        if self._growing_since is None:
            self._growing_since = clock.monotonic()

    def found_none(self) -> None:
        """The queue is empty, as far as can be seen: back to the first number."""
        self._base = min(self._base, self._first)
        self._growing_since = None

    def failed(self) -> None:
        """An invocation failed, or was throttled: one less at once, and growth begins anew."""
        self._base = max(1, self.allowed - 1)
        self._growing_since = clock.monotonic()
