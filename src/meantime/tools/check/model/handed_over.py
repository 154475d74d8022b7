"""What is handed over to run elsewhere: `load` in `to_thread(load, key)`, `load(key)` in `create_task(load(key))`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.started_work import On

THREAD_EXECUTORS = ("concurrent.futures.ThreadPoolExecutor()",)
THREAD_POOLS = ("multiprocessing.pool.ThreadPool()", "multiprocessing.dummy.Pool()")
PROCESS_EXECUTORS = ("concurrent.futures.ProcessPoolExecutor()",)
PROCESS_POOLS = ("multiprocessing.Pool()", "multiprocessing.pool.Pool()", "lambda_multiprocessing.Pool()")
LOOPS = tuple(
    f"asyncio.{name}()" for name in ("get_running_loop", "get_event_loop", "new_event_loop", "AbstractEventLoop")
)
EXECUTORS = (*THREAD_EXECUTORS, *THREAD_POOLS, *PROCESS_EXECUTORS, *PROCESS_POOLS)

SUBMITS = tuple(
    [f"{path}.submit" for path in (*THREAD_EXECUTORS, *PROCESS_EXECUTORS)]
    + [f"{path}.{name}" for path in (*THREAD_POOLS, *PROCESS_POOLS) for name in ("apply_async",)]
)
"""Methods that start one call and return at once."""
TO_THREAD = frozenset({"asyncio.to_thread", "anyio.to_thread.run_sync", "starlette.concurrency.run_in_threadpool"})
"""What gives an awaitable for a call on a thread."""
_MADE_AWAITABLE = frozenset({"meantime.in_thread()", "asgiref.sync.sync_to_async()"})
"""What a function is made into that runs on a thread when it is called."""
RUN_IN_EXECUTOR = tuple(f"{loop}.run_in_executor" for loop in LOOPS)
CREATE_TASK = (
    "asyncio.create_task",
    "asyncio.ensure_future",
    *(f"{loop}.create_task" for loop in LOOPS),
)
GROUP_TASKS = (
    "asyncio.TaskGroup().create_task",
    "anyio.create_task_group().start_soon",
    "trio.open_nursery().start_soon",
)
_AROUND = frozenset({*CREATE_TASK, "asyncio.TaskGroup().create_task", "asyncio.wait_for", "asyncio.shield"})
"""What takes a coroutine first, and gives something that stands for it."""


class Handed(NamedTuple):
    """What is handed over.

    Args:
        on: What it runs on.
        work: The function or coroutine.
        executor: The expression for the executor that it is given to; None: the loop's own, or none.
        calls: The calls that hand it over, outermost first.
    """

    on: On
    work: Expression
    executor: Expression | None
    calls: tuple[Call, ...]


def handed_over(project: Project, expression: Expression) -> Handed:
    """What an awaitable runs, and where: coroutines as they are, `to_thread(…)` and its kin seen through."""
    calls: list[Call] = []
    while True:
        if expression.kind != "call":
            return Handed("tasks", expression, None, tuple(calls))
        call: Call = expression  # type: ignore[assignment]  # it is one
        targets = project.targets(call)
        if targets & _AROUND and call.arguments:
            calls.append(call)
            expression = call.arguments[0]
            continue
        on_thread = to_thread(project, call, targets)
        if on_thread is None:
            return Handed("tasks", call, None, tuple(calls))
        return on_thread._replace(calls=(*calls, *on_thread.calls))


def to_thread(project: Project, call: Call, targets: frozenset[str] | None = None) -> Handed | None:
    """What a call hands to a thread or process and gives an awaitable for; None if it does not."""
    targets = project.targets(call) if targets is None else targets
    if targets & _MADE_AWAITABLE:
        maker = next((value.origin for value in project.values(call.function, call.within) if value.origin), None)
        return Handed("threads", maker.arguments[0], None, (call,)) if maker is not None and maker.arguments else None
    if targets & TO_THREAD and call.arguments:
        return Handed("threads", call.arguments[0], None, (call,))
    if targets & frozenset(RUN_IN_EXECUTOR) and len(call.arguments) > 1:
        executor = call.arguments[0]
        is_process = project.paths(executor, call.within) & frozenset(PROCESS_EXECUTORS)
        return Handed("processes" if is_process else "threads", call.arguments[1], executor, (call,))
    return None


def maker_of(project: Project, executor: Expression, within: Function) -> Call | None:
    """The call that makes an executor, if it is in sight and only one."""
    makers = [value.origin for value in project.values(executor, within) if value.path in EXECUTORS and value.origin]
    return makers[0] if len(makers) == 1 else None


def makers_of_method(project: Project, call: Call) -> list[Call]:
    """The calls that make the executor whose method is called, by `pool.submit` or a name for it; none if unsure."""
    makers = dict.fromkeys(value.origin for value in project.values(call.function, call.within))
    return [each for each in makers if each is not None] if None not in makers else []
