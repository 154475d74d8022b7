"""What became of each record, in the batch's order, once the executor has done what it could."""

from __future__ import annotations

from meantime.errors import DeadlineExceeded, HeldBack
from meantime.outcomes import CompletionReason, Outcome, Outcomes, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any

    from meantime.batch.ordering import Order
    from meantime.batch.records import Record
    from meantime.executors.collecting import Settling


def account(
    records: Sequence[Record], collector: Settling, order: Order | None, broken_by: Exception | None
) -> Outcomes[Any, Any]:
    """The outcome of every record; the collector takes in nothing any more.

    Args:
        records: All of the batch.
        collector: What the executor has given its outcomes to.
        order: In which the records have begun; None: in the batch's own.
        broken_by: What kept the executor from going on.
    """
    closed = collector.close((), exhausted=True)
    if order is None:
        outcomes = list(closed)
        rest = enumerate(records[len(outcomes) :], len(outcomes))
        outcomes += [Outcome(position, record, started=False) for position, record in rest]
    else:
        outcomes = [Outcome(position, record, started=False) for position, record in enumerate(records)]
        for outcome, position in zip(closed, order.taken, strict=False):
            outcome.index = position
            outcomes[position] = outcome
    if all(outcome.status is Status.SUCCEEDED for outcome in outcomes):
        return Outcomes(outcomes, CompletionReason.ALL_COMPLETED)
    return Outcomes(outcomes, _explained(outcomes, collector.deadline, order, broken_by))


def _explained(
    outcomes: Sequence[Outcome[Any, Any]],
    deadline: DeadlineExceeded | None,
    order: Order | None,
    broken_by: Exception | None,
) -> CompletionReason:
    """Give each that is unfinished its error; why not all are done."""
    for outcome in outcomes:
        if outcome.status is Status.FAILED and isinstance(outcome.error, DeadlineExceeded):
            outcome.status = Status.UNFINISHED  # it has not failed: there was no time for it
    rest = [outcome for outcome in outcomes if outcome.status is Status.UNFINISHED and outcome.error is None]
    if not rest:
        return CompletionReason.ALL_COMPLETED if deadline is None else CompletionReason.DEADLINE_EXCEEDED
    if order is not None:
        _explain_held_back(rest, outcomes, order.keys)
    cut_off = (
        broken_by
        or deadline
        or next((each.error for each in outcomes if each.status is Status.UNFINISHED and each.error), None)
    )
    for outcome in rest:
        if outcome.error is None:
            outcome.error = cut_off
    if deadline is not None:
        return CompletionReason.DEADLINE_EXCEEDED
    return CompletionReason.FAILURE_TOLERANCE_EXCEEDED


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
