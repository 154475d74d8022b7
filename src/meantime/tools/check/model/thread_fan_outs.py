"""Fan-outs over threads and processes: executors, pools, threads in a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.model.fan_out_items import items_of
from meantime.tools.check.model.fan_out_width import width_of
from meantime.tools.check.model.handed_over import (
    EXECUTORS,
    PROCESS_EXECUTORS,
    PROCESS_POOLS,
    RUN_IN_EXECUTOR,
    SUBMITS,
    maker_of,
    makers_of_method,
    to_thread,
)
from meantime.tools.check.model.started_work import FanOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.started_work import On, Width

_PROCESSES = (*PROCESS_EXECUTORS, *PROCESS_POOLS)
_MAP_NAMES = ("map", "imap", "imap_unordered", "starmap", "map_async", "starmap_async")
_MAPS = tuple(f"{path}.{name}" for path in EXECUTORS for name in _MAP_NAMES)
_WORKERS = ("max_workers", "processes")
_WAITING = frozenset({"join", "result", "exception", "wait", "as_completed"})
THREADS = ("threading.Thread", "threading.Timer")
PROCESSES = ("multiprocessing.Process",)


class _Start(NamedTuple):
    """One call that starts one piece of work."""

    call: Call
    on: On
    work: Expression | None
    maker: Call | None
    verb: str


def executor_width(project: Project, maker: Call | None) -> Width:
    """How many workers an executor or pool has at most; None where that depends on the machine."""
    if maker is None:
        return None
    given = maker.arguments[0] if maker.arguments else None
    for name in _WORKERS:
        given = maker.keywords.get(name, given)
    return width_of(project, given, maker.within)


def thread_fan_outs(project: Project, awaited_together: frozenset[int]) -> Iterator[FanOut]:
    """Every fan-out over threads or processes.

    Args:
        project: Where.
        awaited_together: The ids of calls that `gather` and its kin await: those are fan-outs of theirs.
    """
    for call in project.calls_to(*_MAPS):
        if len(call.arguments) > 1:
            yield _of_map(project, call)
    starts: dict[str, list[_Start]] = {}
    for start in (*_submits(project, awaited_together), *_threads(project)):
        if start.call.loops or _is_called_in_a_loop(project, start.call):
            yield _of_loop(project, start)
        else:
            starts.setdefault(f"{start.call.within.qualified} {start.on}", []).append(start)
    for several in starts.values():
        if len(several) > 1:
            yield _of_several(project, several)


def _is_called_in_a_loop(project: Project, call: Call) -> bool:
    """Whether the function that starts work is called in a loop, and neither of them waits for it there."""
    within = call.within
    if within.entered or any(other.function.name in _WAITING for other in within.calls):
        return False
    return any(caller.loops and caller.use != "receiver" for caller in project.callers(within))


def _of_map(project: Project, call: Call) -> FanOut:
    maker = _maker(project, call)
    work, over = call.arguments[0], call.arguments[1]
    return FanOut(
        verb="map",
        on=_on(project, call),
        call=call,
        work=(work,),
        functions=project.functions_of(work, call.within),
        over=over,
        count=project.length(over, call.within),
        width=executor_width(project, maker),
        executor=maker,
    )


def _maker(project: Project, call: Call) -> Call | None:
    """The call that makes the executor; of several by one name that are alike, the last one before."""
    makers = makers_of_method(project, call)
    if len(makers) > 1 and len({(executor_width(project, each), project.targets(each)) for each in makers}) == 1:
        before = [each for each in makers if each.within is call.within and each.line <= call.line]
        return max(before, key=lambda each: each.line, default=None)
    return makers[0] if len(makers) == 1 else None


def _submits(project: Project, awaited_together: frozenset[int]) -> Iterator[_Start]:
    for call in project.calls_to(*SUBMITS):
        if call.arguments and call.use != "receiver":
            yield _Start(call, _on(project, call), call.arguments[0], _maker(project, call), "submit")
    for call in project.calls_to(*RUN_IN_EXECUTOR):
        handed = to_thread(project, call)
        if handed is not None and call.use != "awaited" and id(call) not in awaited_together:
            maker = None if handed.executor is None else maker_of(project, handed.executor, call.within)
            yield _Start(call, handed.on, handed.work, maker, "submit")


def _threads(project: Project) -> Iterator[_Start]:
    for on, paths in (("threads", THREADS), ("processes", PROCESSES)):
        for call in project.calls_to(*paths):
            if not _is_joined_at_once(call):
                yield _Start(call, on, work_of(call), None, "thread")  # type: ignore[arg-type]  # one of the two


def work_of(call: Call) -> Expression | None:
    """What a thread, timer or process is made to run: `Thread(group, target)`, `Timer(seconds, function)`."""
    given = call.arguments[1] if call.arguments[1:] else None
    return call.keywords.get("target", call.keywords.get("function", given))


def _is_joined_at_once(call: Call) -> bool:
    """Whether the thread is joined in the same turn of the loop that starts it."""
    return any(
        other.function.kind == "attribute"
        and other.function.name == "join"
        and other.function.parts[0].name in call.bound
        and other.loops == call.loops
        and other.loops
        for other in call.within.calls
    )


def _of_loop(project: Project, start: _Start) -> FanOut:
    call = start.call
    over, count = items_of(project, call.loops, call.within) if call.loops else (None, None)
    width: Width = executor_width(project, start.maker) if start.verb == "submit" else count or "input"
    return FanOut(
        verb=start.verb,  # type: ignore[arg-type]  # one of the two
        on=start.on,
        call=call,
        work=() if start.work is None else (start.work,),
        functions=_functions(project, start),
        over=over,
        count=count,
        width=width,
        executor=start.maker,
    )


def _of_several(project: Project, several: list[_Start]) -> FanOut:
    first = several[0]
    makers = {id(start.maker): start.maker for start in several}
    maker = next(iter(makers.values())) if len(makers) == 1 else None
    return FanOut(
        verb=first.verb,  # type: ignore[arg-type]  # one of the two
        on=first.on,
        call=first.call,
        work=tuple(start.work for start in several if start.work is not None),
        functions=tuple(function for start in several for function in _functions(project, start)),
        over=None,
        count=len(several),
        width=executor_width(project, maker) if maker is not None else len(several),
        executor=maker,
    )


def _functions(project: Project, start: _Start) -> tuple[Function, ...]:
    return () if start.work is None else project.functions_of(start.work, start.call.within)


def _on(project: Project, call: Call) -> On:
    """What a method of an executor or pool runs its work on."""
    return "processes" if all(path.startswith(_PROCESSES) for path in project.targets(call)) else "threads"
