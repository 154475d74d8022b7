"""Where a project makes event loops, and what runs on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.rules._keeping import is_cached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project, Value

ENTRIES = ("asyncio.run", "anyio.run", "uvloop.run", "trio.run")
"""What makes a loop, runs a coroutine on it, and closes it."""
_NEW_LOOPS = ("asyncio.new_event_loop", "uvloop.new_event_loop")
_RUNNERS = ("asyncio.Runner",)


def loops_made(project: Project) -> list[Call]:
    """Every call that makes a loop which does not outlive its function; not those that a failure leads to."""
    found = project.calls_to(*ENTRIES)
    found += [call for call in project.calls_to(*_RUNNERS) if not is_kept(call)]
    found += [call for call in project.calls_to(*_NEW_LOOPS) if _is_closed(project, call)]
    return [call for call in found if not (call.within.is_module or is_cached(call.within) or call.in_handler_of)]


def loops_taken(project: Project) -> list[Call]:
    """Every call that runs a coroutine on the loop that the thread happens to have, asked for in the same function."""
    found = project.calls_to("asyncio.get_event_loop().run_until_complete")
    return [call for call in found if not call.is_tried and not call.in_handler_of and _is_made_here(project, call)]


def runs_on_new_loops(project: Project) -> Iterator[tuple[Call, Function]]:
    """Every call that runs a coroutine of the project on a loop made for it, with the coroutine's function."""
    calls = project.calls_to(*ENTRIES)
    for method in ("run", "run_until_complete"):
        for maker in (*_RUNNERS, *_NEW_LOOPS):
            calls += [call for call in project.calls_to(f"{maker}().{method}") if _is_made_here(project, call)]
    for call in calls:
        for argument in call.arguments[:1]:
            for function in project.functions_of(argument, call.within):
                yield call, function


def is_kept(call: Call) -> bool:
    """Whether what a call makes outlives its function, in a global name or an attribute."""
    return call.within.is_module or any("." in name or name in call.within.globals for name in call.bound)


def receiver_of(call: Call) -> Expression | None:
    """What a method is called on."""
    return call.function.parts[0] if call.function.kind == "attribute" else None


def _is_made_here(project: Project, call: Call) -> bool:
    receiver = receiver_of(call)
    values: tuple[Value, ...] = () if receiver is None else project.values(receiver, call.within)
    return all(value.origin is not None and not is_kept(value.origin) for value in values)


def _is_closed(project: Project, made: Call) -> bool:
    """Whether the function that makes a loop closes it, too: else it may be the one that is kept."""
    closing = {f"{path}().close" for path in _NEW_LOOPS}
    return any(not closing.isdisjoint(project.targets(call)) for call in made.within.calls)


def is_per_item(call: Call, chain: Chain | None) -> bool:
    """Whether a call is made for each item: in a loop over something, or on a way that goes through one."""
    return any(loop.kind != "while" for loop in call.loops) or (chain is not None and chain.is_per_item)
