"""One batch under way: its records, and what has become of each, at whatever moment somebody asks."""

from __future__ import annotations

from meantime.batch.ledger import Ledger
from meantime.batch.windows import Window
from meantime.errors import DeadlineExceeded
from meantime.outcomes import CompletionReason, Outcome, Outcomes, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from meantime.batch.ordering import Order
    from meantime.batch.plan import Plan


class Batch:
    """The records of one invocation. A record that was not seen to succeed comes again.

    Args:
        plan: Of the decorated function.
        event: What Lambda handed over.

    Attributes:
        records: All of them, in the batch's order.
        window: The tumbling window that they are of, if there is one.
        state: What is answered as its state.
        order: In which the records may begin; None: in any.
        ledger: Takes in what becomes of them.
        untold: What `on_failure` itself has failed with, each with the outcome that it was told of.
        broken_by: What kept the executor from going on, which is no record's own failure.
        taken_care_of: The positions of those that failed, and that `on_failure` has taken care of: they count as done.
        is_finished: Whether `finish` has done its work, or there is none.
        is_folded: Whether the window's function has, or there is none.

    Raises:
        WrongEvent: The event is no batch of this source.
    """

    def __init__(self, plan: Plan, event: Any) -> None:
        source = plan.source
        self.plan = plan
        self.event = event
        self.records = source.records(event)
        self.window = Window(event) if source.has_windows and "window" in event else None
        self.state: Any = None if self.window is None else event.get("state")
        self.order = self._ordered()
        self.ledger = Ledger(self.order)
        self.broken_by: Exception | None = None
        self.taken_care_of: set[int] = set()
        self.untold: list[tuple[Outcome[Any, Any], BaseException]] = []
        self.is_finished = plan.finish is None
        self.is_folded = plan.window is None or self.window is None
        self._outcomes: Outcomes[Any, Any] | None = None

    def _ordered(self) -> Order | None:
        source, records = self.plan.source, self.records
        keys = source.keys(records)
        if not keys:
            return None
        from meantime.batch.ordering import Order  # noqa: PLC0415  # without order nobody pays for it

        return Order(records, keys, goes_back=source.goes_back)

    @property
    def has_begun(self) -> bool:
        """Whether any record has been given out."""
        return bool(self.ledger.entries)

    @property
    def is_plain_success(self) -> bool:
        """Whether every record has succeeded, and nothing else is to be answered: that can be told at once."""
        return self._outcomes is None and self.window is None and self.ledger.succeeded == len(self.records)

    @property
    def outcomes(self) -> Outcomes[Any, Any]:
        """What became of each record, in the batch's order; once asked for, nothing is taken in any more."""
        if self._outcomes is None:
            from meantime.batch.accounting import account  # noqa: PLC0415  # reads better here

            self._outcomes = account(self.records, self.ledger, self.order, self.broken_by)
        return self._outcomes

    def fail_all(self, error: BaseException) -> None:
        """None of them can be begun."""
        outcomes: list[Outcome[Any, Any]] = [
            Outcome(position, record, started=False) for position, record in enumerate(self.records)
        ]
        for outcome in outcomes:
            outcome.status, outcome.error = Status.FAILED, error
        self._outcomes = Outcomes(outcomes, CompletionReason.FAILURE_TOLERANCE_EXCEEDED)
        self.is_finished = True

    def undo(self, error: BaseException, listed: Any = None) -> None:
        """What has succeeded has not, after all.

        Args:
            error: Why.
            listed: The records concerned, or their outcomes; None: all.

        Raises:
            TypeError: Something else is listed.
        """
        concerned = list(self.outcomes) if listed is None else list(self._listed(listed))
        status = Status.UNFINISHED if isinstance(error, DeadlineExceeded) else Status.FAILED
        for outcome in concerned:
            if outcome.succeeded:
                outcome.status, outcome.error = status, error

    def cut_off(self, error: DeadlineExceeded) -> None:
        """The deadline has come, and nothing of it goes on."""
        self.ledger.expire(error)
        if not self.is_finished:
            self.undo(error)

    def note_taken_care_of(self, outcome: Outcome[Any, Any]) -> None:
        """Its record has failed, and need not come again."""
        self.taken_care_of.add(outcome.index)
        outcome.status = Status.SUCCEEDED

    def failed(self) -> list[Outcome[Any, Any]]:
        """Those whose records have failed, whoever has taken care of them since."""
        return [each for each in self.outcomes if each.status is Status.FAILED or each.index in self.taken_care_of]

    def first_undone(self) -> int:
        """The position of the first record that must come again; behind them all, if none must."""
        undone = (outcome.index for outcome in self.outcomes if not outcome.succeeded)
        return next(undone, len(self.records))

    def come_again(self) -> list[int]:
        """The positions of the records that come again."""
        if self.plan.source.goes_back:
            # The state of a window that is answered must know of what is not named, and of nothing else.
            goes_on_at = self.first_undone() if self.is_folded else 0
            return list(range(goes_on_at, len(self.records)))
        return [outcome.index for outcome in self.outcomes if not outcome.succeeded]

    def answer(self) -> dict[str, Any]:
        """Which records come again, as Lambda reads it."""
        source, again = self.plan.source, self.come_again()
        if source.goes_back:
            del again[1:]  # the lowest counts
        records = self.records
        answer: dict[str, Any] = {
            "batchItemFailures": [{"itemIdentifier": source.named(records[position])} for position in again]
        }
        if self.window is not None:
            answer["state"] = self.state
        return answer

    def _listed(self, listed: Any) -> Iterator[Outcome[Any, Any]]:
        by_record = {id(outcome.item): outcome for outcome in self.outcomes}
        outcomes = {id(outcome) for outcome in self.outcomes}
        try:
            found = list(listed)
        except TypeError:
            found = [listed]
        for each in found:
            if id(each) in outcomes:
                yield each
            elif id(each) in by_record:
                yield by_record[id(each)]
            else:
                raise TypeError(
                    f"finish must return nothing, or the {self.plan.source.noun}s that it could not finish; got "
                    f"{type(listed).__name__}: {listed!r:.80}"
                )
