"""Takes in what becomes of the records while an executor works on them: one entry each, and no object."""

from __future__ import annotations

from threading import Lock

from meantime.executors.collecting import LOST, Settling
from meantime.outcomes import CompletionReason, Outcomes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from meantime.batch.ordering import Order
    from meantime.errors import DeadlineExceeded

PENDING: Any = object()  # the entry of a record that has begun, and of which no more is known
NOT_STARTED: Any = object()  # of one that was given out in vain
_UNASKED: Outcomes[Any, Any] = Outcomes((), CompletionReason.ALL_COMPLETED)


_AN_ANSWER = (
    "the function returned batchItemFailures, which is the answer for a whole batch: raise for a record that fails, "
    "and the decorator answers; what the function of one record returns does not say whether it succeeded"
)


def lists_failures(result: Any) -> bool:
    """Whether a function of one record has answered as if for the batch: to pass over that would lose the record."""
    return isinstance(result, dict) and bool(result.get("batchItemFailures"))


class Failure:
    """The entry of a record that has failed."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Ledger(Settling):
    """What a fan-out is told to collect into. It never stops early, and makes no outcomes: `accounting` does, if asked.

    Args:
        order: In which the records are given out, and which must know of each; None: as they come.

    Attributes:
        entries: One for each record that was given out: its result, a Failure, or one of the marks above.
        succeeded: How many have succeeded.
        deadline: What has cut off the rest, if the deadline has.
    """

    def __init__(self, order: Order | None) -> None:
        self.entries: list[Any] = []
        self.succeeded = 0
        self.deadline: DeadlineExceeded | None = None
        self._order = order
        self._lock = Lock()
        self._closed = False  # whoever still brings something is late

    def begin(self, item: object) -> int:  # noqa: ARG002  # as a fan-out calls it
        """Note that the next record was given out; gives its number in that order."""
        entries = self.entries
        entries.append(PENDING)
        return len(entries) - 1

    def not_started(self, index: int) -> None:
        """Note that it was given out in vain."""
        with self._lock:
            if not self._closed:
                self.entries[index] = NOT_STARTED

    def started(self, index: int) -> None:
        """Note that its call has begun after all."""
        with self._lock:
            if not self._closed:
                self.entries[index] = PENDING

    def succeed(self, index: int, result: Any) -> str | None:
        """Note a result; if it is the answer for a batch that lists failures, it is none."""
        if type(result) is dict and lists_failures(result):
            return self.fail(index, TypeError(_AN_ANSWER))
        with self._lock:
            if self._closed or self.entries[index] is not PENDING:
                return LOST
            self.entries[index] = result
            self.succeeded += 1
        if self._order is not None:
            self._order.done(index, failed=False)
        return None

    def fail(self, index: int, error: BaseException) -> str | None:
        """Note an error."""
        with self._lock:
            if self._closed or self.entries[index] is not PENDING:
                return LOST
            self.entries[index] = Failure(error)
        if self._order is not None:
            self._order.done(index, failed=True)
        return None

    def expire(self, error: DeadlineExceeded) -> None:
        """Note that the deadline has cut off what is not done."""
        with self._lock:
            if self.deadline is None and not self._closed:
                self.deadline = error
        if self._order is not None:
            self._order.stop()

    def input_failed(self) -> None:
        """Nothing to note: who runs the fan-out is told."""

    def close(self, rest: Iterable[object], *, exhausted: bool) -> Outcomes[Any, Any]:  # noqa: ARG002  # likewise
        """Take in nothing any more."""
        with self._lock:
            self._closed = True
        return _UNASKED
