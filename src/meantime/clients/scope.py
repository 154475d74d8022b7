"""Awaiting until the deadline of the invocation, and no longer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from meantime import clock
from meantime.clients.ending import cut_off, not_begun
from meantime.deadline import current_deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@asynccontextmanager
async def until_deadline(call: Callable[[], str]) -> AsyncIterator[None]:
    """Run the block until the deadline; then cancel what it awaits, and raise DeadlineExceeded that names `call()`."""
    deadline = current_deadline()
    if deadline is None:
        yield
        return
    left = deadline.remaining()
    if left <= 0:
        raise not_begun(call())
    started = clock.monotonic()
    scope = asyncio.timeout(left)
    try:
        async with scope:
            yield
    except Exception as error:
        if not scope.expired():
            raise
        raise cut_off(call(), started) from error
