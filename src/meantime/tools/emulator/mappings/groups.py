"""One batch at a time for each message group: what keeps the order of a FIFO queue."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Groups:
    """The message groups that are being processed.

    The queue itself gives out no message of a group while others of it are invisible. What it cannot see is a
    function that is still at work when the visibility timeout ends.
    """

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def alone(self, groups: frozenset[str]) -> AsyncIterator[None]:
        """Wait until no other batch has one of these groups, and have them meanwhile."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._busy.isdisjoint(groups))
            self._busy |= groups
        try:
            yield
        finally:
            self._busy -= groups
            async with self._freed:
                self._freed.notify_all()
