"""How a limiter stands: a copy, to be looked at in peace."""

from __future__ import annotations

from math import inf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.limiter.permits import Permits


class LimiterStatistics:
    """How a limiter stood at one moment. A fork starts the counts anew.

    Attributes:
        in_flight: Calls that have a permit.
        waiting: Calls that wait for one.
        admitted: Calls that have had one.
        waits: Those of them that had to wait for it.
        throttled: Calls that the downstream has throttled.
        limit: The most calls at once for now; None for no such limit.
        peak_in_flight: The most calls at once so far.
        wait_time: Seconds that calls have waited for a permit, taken together.
        longest_wait: The longest of these.
    """

    __slots__ = (
        "admitted",
        "in_flight",
        "limit",
        "longest_wait",
        "peak_in_flight",
        "throttled",
        "wait_time",
        "waiting",
        "waits",
    )

    def __init__(self, permits: Permits) -> None:
        self.in_flight = permits.in_flight
        self.waiting = permits.waiting
        self.admitted = permits.admitted
        self.waits = permits.waits
        self.throttled = permits.throttled
        self.limit = None if permits.limit == inf else int(permits.limit)
        self.peak_in_flight = permits.peak
        self.wait_time = permits.wait_time
        self.longest_wait = permits.longest_wait

    def __repr__(self) -> str:
        return f"LimiterStatistics({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"
