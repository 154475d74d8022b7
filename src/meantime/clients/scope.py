"""Awaiting until the deadline of the invocation, and no longer."""

from __future__ import annotations

import asyncio

from meantime import clock
from meantime.clients.ending import cut_off, not_begun
from meantime.deadline import current_deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class UntilDeadline:
    """A block that runs until the deadline; then what it awaits is cancelled, and it raises DeadlineExceeded.

    Args:
        call: Gives the name of what the block does, for the error.
    """

    __slots__ = ("_call", "_scope", "_started")

    def __init__(self, call: Callable[[], str]) -> None:
        self._call = call
        self._scope: asyncio.Timeout | None = None
        self._started = 0.0

    async def __aenter__(self) -> None:
        deadline = current_deadline()
        if deadline is None:
            return
        left = deadline.remaining()
        if left <= 0:
            raise not_begun(self._call())
        self._started = clock.monotonic()
        self._scope = asyncio.timeout(left)
        await self._scope.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._scope is None:
            return
        try:
            await self._scope.__aexit__(kind, error, traceback)
        except TimeoutError as expired:
            raise cut_off(self._call(), self._started) from expired
        if self._scope.expired() and isinstance(error, Exception):  # what the library made of being cancelled
            raise cut_off(self._call(), self._started) from error
