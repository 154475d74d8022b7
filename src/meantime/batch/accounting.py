"""What became of each record, in the batch's order, once an executor has done what it could."""

from __future__ import annotations

from meantime.batch.ledger import NOT_STARTED, PENDING, Failure
from meantime.errors import DeadlineExceeded, HeldBack
from meantime.outcomes import CompletionReason, Outcome, Outcomes, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any

    from meantime.batch.ledger import Ledger
    from meantime.batch.ordering import Order
    from meantime.batch.records import Record


def account(
    records: Sequence[Record], ledger: Ledger, order: Order | None, broken_by: Exception | None
) -> Outcomes[Any, Any]:
    """The outcome of every record; the ledger takes in nothing any more.

    Args:
        records: All of the batch.
        ledger: What became of those that were given out.
        order: In which they were; None: in the batch's own.
        broken_by: What kept the executor from going on.
    """
    ledger.close((), exhausted=True)
    outcomes: list[Outcome[Any, Any]] = [
        Outcome(position, record, started=False) for position, record in enumerate(records)
    ]
    positions = range(len(records)) if order is None else order.taken
    for position, entry in zip(positions, ledger.entries, strict=False):
        _fill(outcomes[position], entry)
    if ledger.succeeded == len(records):
        return Outcomes(outcomes, CompletionReason.ALL_COMPLETED)
    return Outcomes(outcomes, _explained(outcomes, ledger.deadline, order, broken_by))


def _fill(outcome: Outcome[Any, Any], entry: Any) -> None:
    if entry is NOT_STARTED:
        return
    outcome.started = True
    if entry is PENDING:
        return
    if type(entry) is not Failure:
        outcome.status, outcome.result = Status.SUCCEEDED, entry
        return
    outcome.error = entry.error
    # One that the deadline ended has not failed: there was no time for it.
    outcome.status = Status.UNFINISHED if isinstance(entry.error, DeadlineExceeded) else Status.FAILED


def _explained(
    outcomes: Sequence[Outcome[Any, Any]],
    deadline: DeadlineExceeded | None,
    order: Order | None,
    broken_by: Exception | None,
) -> CompletionReason:
    """Give each that is unfinished its error; why not all are done."""
    rest = [outcome for outcome in outcomes if outcome.status is Status.UNFINISHED and outcome.error is None]
    if not rest:
        return CompletionReason.ALL_COMPLETED if deadline is None else CompletionReason.DEADLINE_EXCEEDED
    if order is not None:
        _explain_held_back(rest, outcomes, order.keys)
    cut_off = broken_by or deadline or _first_cut_off(outcomes)
    for outcome in rest:
        if outcome.error is None:
            outcome.error = cut_off
    return CompletionReason.FAILURE_TOLERANCE_EXCEEDED if deadline is None else CompletionReason.DEADLINE_EXCEEDED


def _first_cut_off(outcomes: Sequence[Outcome[Any, Any]]) -> BaseException | None:
    """What held up those behind it, where nothing has failed: a record for which there was no time."""
    return next((each.error for each in outcomes if each.status is Status.UNFINISHED and each.error is not None), None)


def _explain_held_back(
    rest: Sequence[Outcome[Any, Any]], outcomes: Sequence[Outcome[Any, Any]], keys: Sequence[Hashable]
) -> None:
    """Tell those that were not begun behind which failure they are held back: of their key, or else the first."""
    first: Outcome[Any, Any] | None = None
    first_of_key: dict[Hashable, Outcome[Any, Any]] = {}
    for outcome, key in zip(outcomes, keys, strict=True):
        if outcome.status is Status.FAILED:
            first_of_key.setdefault(key, outcome)
            first = first or outcome
    for outcome in rest:
        before = first_of_key.get(keys[outcome.index], first)
        if before is not None and not outcome.started and before.index < outcome.index:
            identifier = before.item.identifier
            outcome.error = HeldBack(f"not begun, since {identifier}, which goes before it, has failed", identifier)
