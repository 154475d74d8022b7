"""The course of one batch, step by step; a blocking handler calls the steps, an async one awaits them.

Each step is a function without arguments. What it gives, or raises, comes back to where it was yielded.
"""

from __future__ import annotations

from functools import partial

from meantime.batch.running import run, tell
from meantime.callables import shown
from meantime.errors import BatchFailed, NotFinished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from meantime.batch.state import Batch

    Steps = Generator[Callable[[], Any], Any, None]


def course(batch: Batch, context: Any) -> Steps:
    """All that is done for a batch, up to its answer.

    Raises:
        BatchFailed: `fail_when` says so.
        Exception: The executor could not begin at all; or, where there is no record to come again instead, the window's
            function failed.
    """
    plan = batch.plan
    if batch.records:
        yield from _work(batch, context)
        if plan.finish is not None and not batch.is_finished:
            yield from _finish(batch, plan.finish)
        if plan.on_failure is not None and not batch.is_plain_success:
            yield from _tell(batch, plan.on_failure)
    if plan.window is not None and not batch.is_folded:
        yield from _fold(batch, plan.window)
    if plan.fail_when is not None and batch.records and plan.fail_when(batch.outcomes):
        from meantime.batch.reporting import report  # noqa: PLC0415  # the good path must not pay for it

        report(batch)
        outcomes = batch.outcomes
        raise BatchFailed(
            f"{outcomes.failure_count} of {outcomes.total_count} {plan.source.noun}s failed, and fail_when= says that "
            "the batch fails with them",
            outcomes,
        )


def _work(batch: Batch, context: Any) -> Steps:
    plan = batch.plan
    prepared = None
    if plan.prepare is not None:
        try:
            prepared = yield partial(plan.prepare, list(batch.records))
        except Exception as error:  # noqa: BLE001  # whatever it raises concerns every record
            batch.fail_all(error)
            return
    yield partial(run, batch, context, prepared)


def _finish(batch: Batch, finish: Callable[..., Any]) -> Steps:
    try:
        unfinished = yield partial(finish, batch.outcomes)
        if unfinished is not None:
            batch.undo(NotFinished(f"finish= of {batch.plan.name} could not finish it"), unfinished)
    except Exception as error:  # noqa: BLE001  # whatever it raises concerns every record
        batch.undo(error)
    batch.is_finished = True


def _fold(batch: Batch, window: Callable[..., Any]) -> Steps:
    """Give the window's function what the stream has behind it, so that no record counts twice."""
    now = batch.window
    if now is None:
        return
    first_undone = batch.first_undone()
    if now.is_final and first_undone < len(batch.records):
        return  # it would conclude without them: the whole batch comes again
    try:
        done = tuple(outcome for outcome in batch.outcomes[:first_undone] if outcome.index not in batch.taken_care_of)
        state = yield partial(window, now, done)
        if state is None and not now.is_final:
            raise TypeError(_no_state(batch))  # noqa: TRY301  # as if the function had raised it
    except Exception as error:
        if not batch.records:
            raise
        batch.undo(error)
        return
    batch.state = {} if state is None else state
    batch.is_folded = True


def _tell(batch: Batch, on_failure: Callable[..., Any]) -> Steps:
    """Tell `on_failure` of each record that failed; it may have taken care of it then."""
    told = batch.outcomes.failed
    if not told:
        return
    settled = yield partial(tell, batch.plan, on_failure, told)
    for outcome, telling in zip(told, settled, strict=True):
        error, result = telling.error, telling.result
        if not (telling.succeeded or telling.started):  # the deadline has passed, and there is some reserve
            try:
                error, result = None, (yield partial(on_failure, outcome.item, outcome.error))
            except Exception as failure:  # noqa: BLE001  # its own failure must lose nothing
                error = failure
        if error is not None:
            batch.untold.append((outcome, error))
        elif result is True:
            batch.note_taken_care_of(outcome)
        elif result is not None and result is not False:  # a client's answer given back by accident; nobody meant it
            batch.untold.append((outcome, TypeError(_neither(result))))


def _neither(result: Any) -> str:
    return (
        "on_failure must return True if it has taken care of the record, or else nothing; got "
        f"{type(result).__name__}: {shown(result)}"
    )


def _no_state(batch: Batch) -> str:
    return f"window= of {batch.plan.name} must return the window's new state, and returned None"
