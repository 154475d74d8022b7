"""Invokes the function with one batch, and again while it is throttled, as the pollers of Lambda do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from meantime import clock
from meantime.tools.emulator.errors import TooManyRequestsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.statistics import Counters

    Invoke = Callable[[Any], Future[Invocation]]

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0


async def invoke(
    function: Invoke,
    event: Any,
    *,
    counters: Counters,
    until: float | None = None,
    stopping: asyncio.Event,
    throttled: Callable[[], None] | None = None,
) -> Invocation | None:
    """Invoke the function.

    AWS does not say how long it waits between two tries: here 50 ms, doubled up to 2 s.

    Args:
        function: Begins an invocation.
        event: With what.
        counters: Are told how it went.
        until: When no other try is worth while, in `clock.monotonic()` seconds.
        stopping: Whether there is to be no other try.
        throttled: Called each time the function is throttled.

    Returns:
        The invocation, or None if the function was throttled to the end.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            invocation = await asyncio.wrap_future(function(event))
        except TooManyRequestsError:
            counters.add(throttles=1)
            if throttled is not None:
                throttled()
        else:
            counters.invoked(invocation)
            return invocation
        left = pause if until is None else until - clock.monotonic()
        if stopping.is_set() or left <= 0:
            return None
        await clock.sleep_async(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)
