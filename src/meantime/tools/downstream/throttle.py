"""Whether a downstream takes one more request: how many at once, how many a second."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Excess:
    """Why a request was not taken.

    Attributes:
        limit: The limit that was met.
        allowed: Its value.
        retry_after: Seconds after which the limit leaves room again, as far as that is known.
    """

    limit: Literal["max_concurrency", "rate"]
    allowed: float
    retry_after: float

    def __str__(self) -> str:
        return f"{self.limit}={self.allowed:g}"


class Throttle:
    """Two limits of one downstream, checked together: a request is taken within both or not at all.

    It belongs to one event loop or thread; `enter` and `leave` are not to be called from several at once.

    Args:
        max_concurrency: The most requests under way at once; None for no such limit.
        rate: The most requests taken in any one second, wherever that second starts; below 1, one request in
            every `1 / rate` seconds. None for no such limit.
        clock: Seconds that only grow.

    Raises:
        ValueError: A limit that lets nothing through.
    """

    def __init__(
        self,
        max_concurrency: int | None = None,
        rate: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_concurrency is not None and max_concurrency < 1:
            raise ValueError(f"max_concurrency is a whole number, 1 or more, not {max_concurrency!r}.")
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"rate is a number of requests a second above zero, not {rate!r}.")
        self.max_concurrency = max_concurrency
        self.rate = rate
        self._clock = clock
        self._under_way = 0
        # A window of whole requests: 2.5 a second is two in every 0.8 s.
        self._window_size = max(1, math.floor(rate)) if rate is not None else 0
        self._window = self._window_size / rate if rate is not None else 0.0
        self._taken: deque[float] = deque()

    def enter(self) -> Excess | None:
        """Take a request, or say which limit it would break; what was taken must `leave`."""
        if self.max_concurrency is not None and self._under_way >= self.max_concurrency:
            return Excess("max_concurrency", self.max_concurrency, retry_after=0.0)
        if self.rate is not None:
            now = self._clock()
            while self._taken and self._taken[0] <= now - self._window:
                self._taken.popleft()
            if len(self._taken) >= self._window_size:
                return Excess("rate", self.rate, retry_after=self._taken[0] + self._window - now)
            self._taken.append(now)
        self._under_way += 1
        return None

    def leave(self) -> None:
        """Give back the room of a request that was taken."""
        self._under_way -= 1
