"""The records on an executor: each is given to the function once, within the bound, and in order where there is one."""

from __future__ import annotations

from meantime.batch.calling import CallInChild
from meantime.batch.plan import PROCESSES, SEQUENTIAL
from meantime.errors import CallCancelled, LoopRunning, SettleFailed
from meantime.executors.arguments import CallOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from typing import Any

    from meantime.batch.plan import Plan
    from meantime.batch.state import Batch
    from meantime.outcomes import Outcome, Outcomes


def run(batch: Batch, context: Any, prepared: Any) -> Coroutine[Any, Any, None] | None:
    """Work on the records; `batch.ledger` takes in what becomes of each.

    On tasks this gives something to await.

    Raises:
        Exception: Not a single record could be begun. What keeps the executor from going on later is in the batch.
    """
    if batch.plan.is_async:
        return _run_on_tasks(batch, context, prepared)
    try:
        _run_blocking(batch, context, prepared)
    except Exception as error:  # noqa: BLE001  # it is raised, or noted
        _note_break(batch, error)
    return None


def tell(plan: Plan, on_failure: Callable[..., Any], told: Sequence[Outcome[Any, Any]]) -> Any:
    """Call `on_failure` for each of these outcomes, side by side as the records were; what became of each call."""

    def call(outcome: Outcome[Any, Any]) -> Any:
        return on_failure(outcome.item, outcome.error)

    width = plan.options.max_concurrency
    if plan.is_async:
        from meantime.executors import tasks  # noqa: PLC0415  # only a failed batch pays for it

        return tasks.settle(lambda outcome: call(outcome), told, max_concurrency=width)  # noqa: PLW0108  # of a lambda only its call can tell
    from meantime.executors import sequential, threads  # noqa: PLC0415  # likewise

    executor = sequential if plan.runs_on == SEQUENTIAL else threads
    settled: Outcomes[Any, Any] = executor.settle(call, told, max_concurrency=width)
    return settled


async def _run_on_tasks(batch: Batch, context: Any, prepared: Any) -> None:
    from meantime.executors.task_fan_out import TaskFanOut  # noqa: PLC0415  # only who uses it pays for it

    plan, ledger, order = batch.plan, batch.ledger, batch.order
    call, options, total = plan.record_function.bound(context, prepared), _options(batch), len(batch.records)
    items: Iterator[Any] = iter(batch.records) if order is None else order
    goes_on = True
    while goes_on:
        goes_on = False
        begun = len(ledger.entries)
        try:
            await TaskFanOut(plan.decorator, call, items, total - begun, options, place=plan.place).outcomes(ledger)
        except CallCancelled as error:
            # A record has cancelled the task it ran in, and with it what ran beside it; the rest can still be done.
            batch.broken_by = error
            if order is not None:
                order.forget_cut_off()
            goes_on = begun < len(ledger.entries) < total
        except Exception as error:  # noqa: BLE001  # likewise
            _note_break(batch, error)


def _run_blocking(batch: Batch, context: Any, prepared: Any) -> None:
    plan, ledger = batch.plan, batch.ledger
    if plan.runs_on == PROCESSES:
        _run_on_processes(batch, prepared)
        return
    call, options, total = plan.record_function.bound(context, prepared), _options(batch), len(batch.records)
    items: Iterator[Any] = iter(batch.records) if batch.order is None else batch.order
    if plan.runs_on == SEQUENTIAL:
        from meantime.executors.sequential import SequentialFanOut  # noqa: PLC0415  # only who uses it pays for it

        SequentialFanOut(plan.decorator, call, items, options, place=plan.place).outcomes(ledger, total)
        return
    from meantime.executors.thread_fan_out import ThreadFanOut  # noqa: PLC0415  # likewise

    _refuse_running_loop(plan)
    ThreadFanOut(plan.decorator, call, items, total, options, place=plan.place).outcomes(ledger)


def _run_on_processes(batch: Batch, prepared: Any) -> None:
    from meantime.executors.children.chunks import Chunks  # noqa: PLC0415  # only who uses it pays for it
    from meantime.executors.processes import fan_out  # noqa: PLC0415  # likewise

    plan, options, order = batch.plan, _options(batch), batch.order
    _refuse_running_loop(plan)
    call = CallInChild(plan.record_function, prepared, keeps_results=plan.keeps_results)
    singly = options.timeout is not None or options.limiter is not None or options.retry is not None
    if order is not None:
        fan_out("processes.settle", call, order, options).outcomes(batch.ledger)
    else:
        chunks = None if singly else Chunks(None, len(batch.records), options.max_concurrency)
        fan_out("processes.settle", call, batch.records, options, chunks=chunks).outcomes(batch.ledger)


def _note_break(batch: Batch, error: Exception) -> None:
    """What has been done so far counts; before anything has, there is no reason to hide it."""
    if not batch.has_begun:
        raise error
    cause = error.__cause__ if isinstance(error, SettleFailed) else None
    batch.broken_by = cause if isinstance(cause, Exception) else error


def _options(batch: Batch) -> CallOptions:
    """The keywords of every verb; with fewer keys than workers, some would only find that there is nothing to do."""
    options, order = batch.plan.options, batch.order
    if order is None or order.width >= options.max_concurrency:
        return options
    return CallOptions(order.width, options.timeout, options.limiter, options.retry)


def _refuse_running_loop(plan: Plan) -> None:
    from meantime.executors.thread_fan_out import refuse_running_loop  # noqa: PLC0415  # loaded by then

    try:
        refuse_running_loop(plan.decorator)
    except LoopRunning:
        raise LoopRunning(
            f"{plan.name} was called on a running event loop, and would block it: there, "
            f"`await meantime.in_thread({plan.name})(event, context)`"
        ) from None
