"""One request inside a downstream: its room under the limits, the time it is due, its line in the book."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from meantime.tools.downstream.statistics import RequestRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.downstream.recognition import Target
    from meantime.tools.downstream.statistics import Book, RequestOutcome


class Visit:
    """One request, from its arrival until it is written into the book.

    Args:
        book: Where it will be written.
        target: What it is for.
        path: Path and query as they came.
        started: When its head had arrived, in seconds of `time.monotonic()`.
        latency: Seconds from arrival before which it is not answered.
        leave: Gives back the request's room under the limits; None if it got none.
    """

    def __init__(
        self,
        book: Book,
        *,
        target: Target,
        path: str,
        started: float,
        latency: float,
        leave: Callable[[], None] | None,
    ) -> None:
        self.target = target
        self.due = started + latency
        self._delay = 0.0
        self._book = book
        self._path = path
        self._started = started
        self._leave = leave
        self._closed = False
        if leave is not None:
            book.entered()

    async def wait_until_due(self) -> None:
        """Wait for what is left of the latency; the downstream's own time is within it, not added to it."""
        while (left := self.due - time.monotonic()) > 0:
            await asyncio.sleep(left)
            self._delay += left

    def close(self, outcome: RequestOutcome, status: int | None) -> None:
        """Write the request into the book, once.

        To be called just before the answer's last byte: once the client has that, the request must count as
        over.
        """
        if self._closed:
            return
        self._closed = True
        if self._leave is not None:
            self._leave()
            self._book.left()
        record = RequestRecord(
            service=self.target.service,
            operation=self.target.operation,
            path=self._path,
            started=self._started,
            finished=time.monotonic(),
            status=status,
            delay=self._delay,
            outcome=outcome,
        )
        self._book.write(record)
