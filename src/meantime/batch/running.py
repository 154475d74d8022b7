"""The records on an executor: each is given to the function once, within the bound, and in order where there is one."""

from __future__ import annotations

from meantime.batch.calling import CallInChild
from meantime.batch.plan import PROCESSES, SEQUENTIAL
from meantime.errors import CallCancelled, LoopRunning
from meantime.executors.arguments import CallOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from typing import Any

    from meantime.batch.plan import Plan
    from meantime.batch.state import Batch
    from meantime.outcomes import Outcome, Outcomes


def run(batch: Batch, context: Any, prepared: Any) -> Coroutine[Any, Any, None] | None:
    """Work on the records; `batch.collector` takes in what becomes of each.

    Raises:
        Exception: Something kept the executor from going on.
    """
    plan = batch.plan
    if plan.runs_on == PROCESSES:
        _run_on_processes(batch, prepared)
        return None
    call = plan.record_function.bound(context, prepared)
    options = _options(batch)
    items: Iterator[Any] = iter(batch.records) if batch.order is None else batch.order
    if plan.is_async:
        return _run_on_tasks(batch, call, items, options)
    total = len(batch.records)
    if plan.runs_on == SEQUENTIAL:
        from meantime.executors.sequential import SequentialFanOut  # noqa: PLC0415  # only who uses it pays for it

        SequentialFanOut(plan.decorator, call, items, options, place=plan.place).outcomes(batch.collector, total)
        return None
    from meantime.executors.thread_fan_out import ThreadFanOut  # noqa: PLC0415  # likewise

    _refuse_running_loop(plan)
    ThreadFanOut(plan.decorator, call, items, total, options, place=plan.place).outcomes(batch.collector)
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


async def _run_on_tasks(batch: Batch, call: Callable[[Any], Any], items: Iterator[Any], options: CallOptions) -> None:
    from meantime.executors.task_fan_out import TaskFanOut  # noqa: PLC0415  # only who uses it pays for it

    plan, total = batch.plan, len(batch.records)
    while True:
        begun = batch.collector.drawn
        try:
            fan_out = TaskFanOut(plan.decorator, call, items, total - begun, options, place=plan.place)
            await fan_out.outcomes(batch.collector)
        except CallCancelled as error:
            # A record has cancelled the task it ran in, and with it what ran beside it; the rest can still be done.
            batch.broken_by = error
            if batch.order is not None:
                batch.order.forget_cut_off()
            if begun < batch.collector.drawn < total:
                continue
        return


def _run_on_processes(batch: Batch, prepared: Any) -> None:
    from meantime.executors.chunks import Chunks  # noqa: PLC0415  # only who uses it pays for it
    from meantime.executors.processes import fan_out  # noqa: PLC0415  # likewise

    plan, options = batch.plan, _options(batch)
    _refuse_running_loop(plan)
    call = CallInChild(plan.record_function, prepared, keeps_results=plan.keeps_results)
    if batch.order is not None:
        fan_out("processes.settle", call, batch.order, options).outcomes(batch.collector)
        return
    singly = options.timeout is not None or options.limiter is not None or options.retry is not None
    chunks = None if singly else Chunks(None, len(batch.records), options.max_concurrency)
    fan_out("processes.settle", call, batch.records, options, chunks=chunks).outcomes(batch.collector)


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
