"""What a verb keeps of its calls: `map` their values, `settle` and `as_completed` the outcome of each."""

from __future__ import annotations

import sys
from threading import Lock

from meantime.errors import DeadlineExceeded, InvocationEnded
from meantime.outcomes import CompletionReason, Outcome, Outcomes, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from meantime.outcomes import Completion

# What a collector says to the worker that brings it something; None: go on.
STOP = "stop"  # no further call may begin
LOST = "lost"  # somebody else has settled this item: the worker has been given up, and replaced


def is_outcome(error: BaseException) -> bool:
    """Whether this is what became of a call; else it concerns the caller: Ctrl-C, or the alarm at the deadline."""
    if isinstance(error, (Exception, SystemExit, GeneratorExit)):
        return True
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


class Settling:
    """The outcome of each item, until `completion` is met.

    Args:
        completion: When to stop early; None: when all is done.
        total: How many items there are, or None.
    """

    raises = False  # no failure of a call is the verb's

    def __init__(self, completion: Completion | None, total: int | None) -> None:
        self._completion = completion
        self._total = total
        self._lock = Lock()
        self._outcomes: list[Outcome[Any, Any]] = []
        self._succeeded = 0
        self._failed = 0
        self._reason: CompletionReason | None = None
        self._deadline: DeadlineExceeded | None = None
        self._closed = False  # whoever still brings something is late

    def begin(self, item: object) -> int:
        """Note that this item was drawn; gives its index."""
        index = len(self._outcomes)
        self._outcomes.append(Outcome(index, item))
        return index

    def not_started(self, index: int) -> None:
        """Note that this item was drawn in vain."""
        with self._lock:
            if not self._closed:
                self._outcomes[index].started = False

    def started(self, index: int) -> None:
        """Note that the call of an item has begun after all, which was drawn with others, and noted as not started."""
        with self._lock:
            if not self._closed:
                self._outcomes[index].started = True

    def succeed(self, index: int, result: Any) -> str | None:
        """Note a result."""
        return self._settle(index, Status.SUCCEEDED, result, None)

    def fail(self, index: int, error: BaseException) -> str | None:
        """Note an error. What ended for the deadline has not failed: it is unfinished."""
        if isinstance(error, (DeadlineExceeded, InvocationEnded)):
            return self._cut_off(index, error)
        return self._settle(index, Status.FAILED, None, error)

    def _cut_off(self, index: int, error: DeadlineExceeded | InvocationEnded) -> str | None:
        with self._lock:
            outcome = self._outcomes[index]
            if self._closed or outcome.status is not Status.UNFINISHED:
                return LOST
            if isinstance(error, DeadlineExceeded):
                outcome.error = error
                if self._reason is None:
                    self._reason, self._deadline = CompletionReason.DEADLINE_EXCEEDED, error
        return None

    def _settle(self, index: int, status: Status, result: Any, error: BaseException | None) -> str | None:
        with self._lock:
            outcome = self._outcomes[index]
            if self._closed or outcome.status is not Status.UNFINISHED:
                return LOST
            outcome.status, outcome.result, outcome.error = status, result, error
            if error is None:
                self._succeeded += 1
            else:
                self._failed += 1
            return self._judge()

    def _judge(self) -> str | None:
        completion = self._completion
        if completion is None:
            return None
        if not completion.tolerates(self._failed, self._total):
            self._reason = CompletionReason.FAILURE_TOLERANCE_EXCEEDED
        elif completion.min_successful is not None and self._succeeded >= completion.min_successful:
            self._reason = CompletionReason.MIN_SUCCESSFUL_REACHED
        return STOP if self._reason is not None else None

    def expire(self, error: DeadlineExceeded) -> None:
        """Note that the deadline has cut off what is not done."""
        with self._lock:
            if self._reason is None:
                self._reason, self._deadline = CompletionReason.DEADLINE_EXCEEDED, error

    def input_failed(self) -> None:
        """Note that it cannot go on."""
        with self._lock:
            if self._reason is None:
                self._reason = CompletionReason.INPUT_FAILED

    def close(self, rest: Iterable[object], *, exhausted: bool) -> Outcomes[Any, Any]:
        """Everything there is; nothing is taken in any more.

        Args:
            rest: The items that were not even drawn.
            exhausted: Whether the input has none beside.
        """
        with self._lock:
            self._closed = True
        outcomes = self._outcomes
        outcomes += [Outcome(index, item, started=False) for index, item in enumerate(rest, len(outcomes))]
        for outcome in outcomes:
            if outcome.status is Status.UNFINISHED and outcome.error is None:
                outcome.error = self._deadline
        return Outcomes(outcomes, self._why_ended(len(outcomes), exhausted), exhausted=exhausted)

    def _why_ended(self, total: int, exhausted: bool) -> CompletionReason:  # noqa: FBT001  # as `close` has it
        if self._completion is not None and not self._completion.tolerates(self._failed, total):
            return CompletionReason.FAILURE_TOLERANCE_EXCEEDED
        if self._reason is CompletionReason.INPUT_FAILED:
            return self._reason
        if self._reason is None or (exhausted and self._succeeded + self._failed == total):
            return CompletionReason.ALL_COMPLETED
        return self._reason


class Streaming:
    """The outcome of each item, handed on as it comes; those handed on are forgotten.

    Args:
        arrived: Called for each with the outcome.
    """

    raises = False

    def __init__(self, arrived: Callable[[Outcome[Any, Any]], object]) -> None:
        self._arrived = arrived
        self._drawn = 0
        self._open: dict[int, Outcome[Any, Any]] = {}

    def begin(self, item: object) -> int:
        """Note that this item was drawn; gives its index."""
        index = self._drawn
        self._drawn += 1
        self._open[index] = Outcome(index, item)
        return index

    def not_started(self, index: int) -> None:
        """Note that this item was drawn in vain."""
        if (outcome := self._open.get(index)) is not None:
            outcome.started = False

    def started(self, index: int) -> None:
        """Note that its call has begun after all."""
        if (outcome := self._open.get(index)) is not None:
            outcome.started = True

    def succeed(self, index: int, result: Any) -> str | None:
        """Hand on a result."""
        if (outcome := self._open.pop(index, None)) is None:  # who takes it out, settles it
            return LOST
        outcome.status, outcome.result = Status.SUCCEEDED, result
        self._arrived(outcome)
        return None

    def fail(self, index: int, error: BaseException) -> str | None:
        """Hand on an error."""
        if (outcome := self._open.pop(index, None)) is None:
            return LOST
        if not isinstance(error, (DeadlineExceeded, InvocationEnded)):  # what these ended has not failed
            outcome.status = Status.FAILED
        outcome.error = error
        self._arrived(outcome)
        return None

    def expire(self, error: DeadlineExceeded) -> None:
        """Hand on what the deadline has cut off, as unfinished."""
        for index in sorted(self._open):
            if (outcome := self._open.pop(index, None)) is not None:
                outcome.error = error
                self._arrived(outcome)


class Values:
    """The values in the order of their items; the first failure is raised."""

    raises = True

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.succeed = self.values.__setitem__  # for every item: a method of our own would cost a tenth of it

    def begin(self, item: object) -> int:  # noqa: ARG002  # as the others are called
        """Note that an item was drawn; gives its index."""
        self.values.append(None)
        return len(self.values) - 1

    def not_started(self, index: int) -> None:
        """Nothing to note: who drew it is told why."""

    def started(self, index: int) -> None:
        """Likewise."""

    def fail(self, index: int, error: BaseException) -> str:  # noqa: ARG002  # as the others are called
        """Stop; the error is the verb's."""
        return STOP

    def expire(self, error: DeadlineExceeded) -> None:
        """Nothing to note: the error is the verb's."""
