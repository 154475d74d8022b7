"""What the log says of a batch of which something comes again: which records, why, and how much more of it."""

from __future__ import annotations

from logging import getLogger

from meantime.errors import DeadlineExceeded, HeldBack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from meantime.batch.state import Batch
    from meantime.outcomes import Outcome

# Lines for single records. A batch may have 10,000, and if its downstream is down, ten of them say so as well as all.
MOST_LINES = 10
_MOST_IDENTIFIERS = 100  # in the fields of the last line
_LONGEST = 500  # characters of an error's text

_log = getLogger("meantime")


def report(batch: Batch) -> None:
    """Log what comes again, and why. Nothing that goes wrong with that costs the answer."""
    try:
        _report(batch)
    except Exception:  # noqa: BLE001  # of an error of somebody's own making, or of a logger
        _log.exception("%s: what comes again could not be reported", batch.plan.decorator)


def _report(batch: Batch) -> None:
    """Write a line for each failed record, up to ten, each kind of error with a traceback once; then one for all."""
    outcomes, failed = batch.outcomes, batch.failed()
    if not failed and outcomes.success_count == len(outcomes):
        _say_unfolded(batch)
        return
    shown: set[str] = set()
    for outcome in failed[:MOST_LINES]:
        kind = _kind(outcome)
        _report_record(batch, outcome, with_traceback=kind not in shown)
        shown.add(kind)
    for outcome, error in batch.untold[:1]:
        _log.error(
            "%s: on_failure= failed for %d %ss, which come again; for %s: %s",
            batch.plan.decorator,
            len(batch.untold),
            batch.plan.source.noun,
            outcome.item.identifier,
            _brief(error),
            exc_info=error,
        )
    if batch.broken_by is not None:
        _log.error(
            "%s: not all records could be begun, or go on: %s",
            batch.plan.decorator,
            _brief(batch.broken_by),
            exc_info=batch.broken_by,
        )
    _report_batch(batch, failed)


def _report_record(batch: Batch, outcome: Outcome[Any, Any], *, with_traceback: bool) -> None:
    record, error = outcome.item, outcome.error
    receives = getattr(record, "receive_count", None)
    fields = {
        "source": batch.plan.source.name,
        "identifier": record.identifier,
        "receive_count": receives,
        "error": _kind(outcome),
        "text": _text(error)[:_LONGEST],
        "taken_care_of": outcome.index in batch.taken_care_of,
    }
    _log.error(
        "%s: %s %s failed%s and %s: %s",
        batch.plan.decorator,
        batch.plan.source.noun,
        record.identifier,
        "" if receives is None else f" at receive {receives}",
        "was taken care of by on_failure" if fields["taken_care_of"] else "will come again",
        _brief(error),
        exc_info=error if with_traceback else None,
        extra={"batch_record": fields},
    )


def _report_batch(batch: Batch, failed: Sequence[Outcome[Any, Any]]) -> None:
    noun, outcomes, again = batch.plan.source.noun, batch.outcomes, batch.come_again()
    kinds: dict[str, int] = {}
    for outcome in failed:
        kinds[_kind(outcome)] = kinds.get(_kind(outcome), 0) + 1
    unfinished = outcomes.unfinished
    held_back = sum(isinstance(outcome.error, HeldBack) for outcome in unfinished)
    too_late = sum(isinstance(outcome.error, DeadlineExceeded) for outcome in unfinished)
    cut_off = len(unfinished) - held_back - too_late
    done_again = sum(outcomes[position].succeeded for position in again)
    deadline = next((o.error for o in unfinished if isinstance(o.error, DeadlineExceeded)), None)
    parts = [
        f"{len(failed)} failed ({', '.join(f'{count} {kind}' for kind, count in kinds.items())})" if failed else "",
        f"{held_back} held back behind them" if held_back else "",
        f"{too_late} not finished in time" if too_late else "",
        f"{cut_off} cut off or not begun" if cut_off else "",
        f"{len(batch.taken_care_of)} taken care of by on_failure" if batch.taken_care_of else "",
        f"{done_again} done, and done again since the stream goes back to {_first(batch, again)}" if done_again else "",
    ]
    _log.warning(
        "%s: %d of %d %ss will come again: %s.%s",
        batch.plan.decorator,
        len(again),
        len(outcomes),
        noun,
        ", ".join(part for part in parts if part),
        "" if deadline is None else f" {deadline}",
        extra={
            "batch": {
                "source": batch.plan.source.name,
                "records": len(outcomes),
                "come_again": len(again),
                "failed": len(failed),
                "held_back": held_back,
                "too_late": too_late,
                "cut_off": cut_off,
                "taken_care_of": len(batch.taken_care_of),
                "errors": kinds,
                "identifiers": [batch.records[position].identifier for position in again[:_MOST_IDENTIFIERS]],
            }
        },
    )


def _say_unfolded(batch: Batch) -> None:
    _log.warning("%s: the window has not taken this batch in, and all of it will come again", batch.plan.decorator)


def _first(batch: Batch, again: Sequence[int]) -> str:
    return batch.records[again[0]].identifier


def _kind(outcome: Outcome[Any, Any]) -> str:
    return type(outcome.error).__name__


def _brief(error: BaseException | None) -> str:
    text = _text(error)[:_LONGEST]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # its own text must not hide that it failed
        return ""
