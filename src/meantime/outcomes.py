"""What became of each item: every one is accounted for, as succeeded, failed or unfinished."""

from __future__ import annotations

from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Generic, TypeVar, overload

    Item = TypeVar("Item")
    Result = TypeVar("Result")
else:  # for type checkers only; importing typing would cost every cold start 2 ms
    Item = Result = None

    class Generic:
        def __class_getitem__(cls, _):  # noqa: ANN001, ANN204
            return cls

    def overload(function):  # noqa: ANN001, ANN201
        return function


class Status(StrEnum):
    """What became of one item."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNFINISHED = "UNFINISHED"


class CompletionReason(StrEnum):
    """Why a `settle` ended.

    The first three are those of AWS's durable execution SDK (aws-durable-execution-sdk-python, `CompletionReason`). The
    last is only seen in the outcomes that a SettleFailed carries.
    """

    ALL_COMPLETED = "ALL_COMPLETED"
    MIN_SUCCESSFUL_REACHED = "MIN_SUCCESSFUL_REACHED"
    FAILURE_TOLERANCE_EXCEEDED = "FAILURE_TOLERANCE_EXCEEDED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INPUT_FAILED = "INPUT_FAILED"


class Completion:
    """When a `settle` is complete before all items are done; the meanings are those of AWS's durable execution SDK.

    Without any criterion the first failure ends it. What is not done by then is unfinished.

    Args:
        min_successful: Enough once this many have succeeded; 1 or more. A lazy input that has fewer items ends as
            ALL_COMPLETED.
        tolerated_failure_count: Ended once more than this many have failed; 0 or more.
        tolerated_failure_percentage: Ended once more than this part of all items has failed, 0 to 100. Of an input
            whose length cannot be told, it is judged at the end.

    Raises:
        TypeError: A criterion is no number.
        ValueError: A criterion is out of range.
    """

    __slots__ = ("min_successful", "tolerated_failure_count", "tolerated_failure_percentage")

    def __init__(
        self,
        min_successful: int | None = None,
        tolerated_failure_count: int | None = None,
        tolerated_failure_percentage: float | None = None,
    ) -> None:
        _check("min_successful", min_successful, int, 1, None)
        _check("tolerated_failure_count", tolerated_failure_count, int, 0, None)
        _check("tolerated_failure_percentage", tolerated_failure_percentage, (int, float), 0, 100)
        self.min_successful = min_successful
        self.tolerated_failure_count = tolerated_failure_count
        self.tolerated_failure_percentage = tolerated_failure_percentage

    @classmethod
    def first_successful(cls) -> Completion:
        """The first success is enough; the rest is cut off."""
        return cls(min_successful=1)

    @classmethod
    def all_completed(cls) -> Completion:
        """Every item runs, however many fail: what `settle` does where nothing else is said."""
        return cls(tolerated_failure_percentage=100)

    @classmethod
    def all_successful(cls) -> Completion:
        """The first failure ends it."""
        return cls(tolerated_failure_count=0, tolerated_failure_percentage=0)

    def tolerates(self, failed: int, total: int | None) -> bool:
        """Whether this many failures of that many items are tolerated; of a total not known, its part is not judged."""
        count, percentage = self.tolerated_failure_count, self.tolerated_failure_percentage
        if count is None and percentage is None and self.min_successful is None:
            return failed == 0
        if count is not None and failed > count:
            return False
        return percentage is None or not total or failed / total * 100 <= percentage

    def __repr__(self) -> str:
        given = ((name, getattr(self, name)) for name in self.__slots__)
        return f"Completion({', '.join(f'{name}={value}' for name, value in given if value is not None)})"


class Outcome(Generic[Item, Result]):
    """What became of one item.

    Attributes:
        index: The item's place in the input, from 0.
        item: The item itself.
        status: `Status.SUCCEEDED`, `FAILED` or `UNFINISHED`.
        result: What the call gave; None unless it succeeded.
        error: What the call raised; of an unfinished one the DeadlineExceeded that cut it off, if that did.
        started: False if its call never began. An unfinished one that has begun may have had its effect.
    """

    __slots__ = ("error", "index", "item", "result", "started", "status")

    def __init__(self, index: int, item: Item, *, started: bool = True) -> None:
        self.index = index
        self.item = item
        self.status = Status.UNFINISHED
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.started = started

    @property
    def succeeded(self) -> bool:
        """Whether its call gave a result."""
        return self.status is Status.SUCCEEDED

    def get(self) -> Result:
        """The result, or its error raised.

        Raises:
            BaseException: What the call raised.
            RuntimeError: It is unfinished, and no deadline is to blame.
        """
        if self.status is Status.SUCCEEDED:
            return self.result  # type: ignore[return-value]  # it has one, or None is it
        if self.error is not None:
            raise self.error
        raise RuntimeError(f"item {self.index} has no result: it was {'cut off' if self.started else 'never started'}")

    def __repr__(self) -> str:
        from meantime.callables import shown  # noqa: PLC0415  # only what is shown needs it

        more = {
            Status.SUCCEEDED: lambda: f"result={shown(self.result)}",
            Status.FAILED: lambda: f"error={self.error!r:.200}",
            Status.UNFINISHED: lambda: f"started={self.started}",
        }[self.status]()
        return f"Outcome({self.index}, {shown(self.item)}, {self.status}, {more})"


class Outcomes(Generic[Item, Result]):
    """What became of all items, in their order: a sequence of `Outcome`.

    Attributes:
        reason: Why it ended.
        exhausted: Whether every item of the input is among these. An input whose length cannot be told is not drawn
            further than it was worked on.
    """

    __slots__ = ("_all", "exhausted", "reason")

    def __init__(
        self, outcomes: Sequence[Outcome[Item, Result]], reason: CompletionReason, *, exhausted: bool = True
    ) -> None:
        self._all = tuple(outcomes)
        self.reason = reason
        self.exhausted = exhausted

    @property
    def succeeded(self) -> list[Outcome[Item, Result]]:
        """Those that succeeded."""
        return [each for each in self._all if each.status is Status.SUCCEEDED]

    @property
    def failed(self) -> list[Outcome[Item, Result]]:
        """Those that failed."""
        return [each for each in self._all if each.status is Status.FAILED]

    @property
    def unfinished(self) -> list[Outcome[Item, Result]]:
        """Those that never started, and those that were cut off."""
        return [each for each in self._all if each.status is Status.UNFINISHED]

    @property
    def results(self) -> list[Result]:
        """What the successful calls gave, in the order of their items."""
        return [each.get() for each in self.succeeded]

    @property
    def errors(self) -> list[BaseException]:
        """What the failed calls raised, in the order of their items."""
        return [each.error for each in self.failed if each.error is not None]

    @property
    def success_count(self) -> int:
        """How many succeeded."""
        return len(self.succeeded)

    @property
    def failure_count(self) -> int:
        """How many failed."""
        return len(self.failed)

    @property
    def unfinished_count(self) -> int:
        """How many are unfinished."""
        return len(self.unfinished)

    @property
    def total_count(self) -> int:
        """How many there are."""
        return len(self._all)

    @property
    def has_failure(self) -> bool:
        """Whether any failed."""
        return any(each.status is Status.FAILED for each in self._all)

    def throw_if_error(self) -> None:
        """Raise the first item's error, if any failed; and the DeadlineExceeded, if the deadline cut any off."""
        for outcomes in (self.failed, self.unfinished):
            errors = [each.error for each in outcomes if each.error is not None]
            if errors:
                raise errors[0]

    def __iter__(self) -> Iterator[Outcome[Item, Result]]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, index: int) -> Outcome[Item, Result]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Outcome[Item, Result], ...]: ...
    def __getitem__(self, index: int | slice) -> Outcome[Item, Result] | tuple[Outcome[Item, Result], ...]:
        return self._all[index]

    def __repr__(self) -> str:
        counts = f"{self.success_count} succeeded, {self.failure_count} failed, {self.unfinished_count} unfinished"
        return f"Outcomes({counts}, {self.reason})"


def _check(name: str, value: object, kind: type | tuple[type, ...], least: int, most: int | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, kind):
        what = "a whole number" if kind is int else "a number"
        raise TypeError(f"{name} must be {what} or None, got {value!r}")
    if not (least <= value and (most is None or value <= most)):  # type: ignore[operator]  # a number, as was checked
        raise ValueError(f"{name} must be {least} or more{f', {most} at most' if most else ''}; got {value!r}")
