"""MT202: a blocking call that runs on the event loop through functions of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue import blocking
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._alone import is_alone
from meantime.tools.check.rules._blocking import blocking_calls, functions_that_block, is_of_another_loop, who_waits
from meantime.tools.check.rules._dual_use import chooses_by_caller, functions_on_way
from meantime.tools.check.rules._event_loops import runs_on_new_loops
from meantime.tools.check.rules._keeping import is_cached
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._ruled_out import is_ruled_out
from meantime.tools.check.rules._spelling import name_of, spelled
from meantime.tools.check.rules._test_files import is_of_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT202"
_OFTEN_HARMLESS = frozenset({blocking.THREAD, blocking.NAME, blocking.TERMINAL})
"""A thread that has ended, the address of `localhost`, a question that everything else waits for anyway."""

_COMMANDS = frozenset({"cli", "commands"})


def _check(project: Project) -> Iterator[Finding]:
    for function in functions_that_block(project):
        if function.is_async:
            continue
        chain = project.runs(function).on_loop
        if chain is None or is_of_another_loop(project, project.functions[chain.begins]):
            continue
        if _runs_elsewhere(project, function, chain):
            continue
        for blocked in blocking_calls(project, function):
            is_harmless = blocked.what in _OFTEN_HARMLESS or (
                blocked.what == blocking.SUBPROCESS and _is_of_command(project, chain)
            )
            nobody_waits = is_alone(project, project.functions[chain.begins])
            is_proved = blocked.is_sure and not (is_harmless or nobody_waits) and _is_sure(project, function, chain)
            is_proved = is_proved and not is_ruled_out(project, chain, blocked.call)
            loops_of = name_of(project.functions[chain.begins], function)
            others = _others(project, function, chain)
            advice = _advice(_first(project, function, chain))
            yield Finding(
                _CODE,
                f"`{spelled(blocked.call.function)}` ({blocked.what}) in {name_of(function)} blocks the event loop "
                f"that {loops_of} runs on: {who_waits(is_one=nobody_waits)}{others}. {advice}",
                project.place(blocked.call, function),
                "error" if is_proved else "warning",
                chain.steps,
            )


def _advice(function: Function) -> str:
    if function.name == "__init__":
        return f"Make `{function.class_name.rpartition('.')[2]}` before, or with `await asyncio.to_thread(…)`."
    return (
        f"Call {name_of(function)} with `await asyncio.to_thread(…)` or `meantime.in_thread` there, or make it async."
    )


def _first(project: Project, function: Function, chain: Chain) -> Function:
    """The function that the coroutine itself calls: those below it are plain, and cannot await."""
    on_way = list(functions_on_way(project, chain))
    return on_way[1] if chain.call is None and len(on_way) > 1 else function


def _is_of_command(project: Project, chain: Chain) -> bool:
    """Whether the coroutine is what a command of the shell runs: nothing else is on its loop that could wait."""
    begins = project.functions[chain.begins]
    *folders, name = begins.file.split("/")
    return (
        not _COMMANDS.isdisjoint(folders)
        or name in {"__main__.py", "cli.py"}
        or any(
            function is begins and way_in(project, call.within) is None for call, function in runs_on_new_loops(project)
        )
    )


def _runs_elsewhere(project: Project, function: Function, chain: Chain) -> bool:
    """Whether a decorator makes a plain function awaitable, or a generator is only made here and handed on."""
    return (function.is_generator and not chain.is_proved) or any(
        call.use == "awaited"
        for each in (function, *functions_on_way(project, chain))
        if each.decorators and not each.is_async
        for call in project.callers(each)
    )


def _is_sure(project: Project, function: Function, chain: Chain) -> bool:
    """Whether a function surely blocks the loop of a coroutine: not once only, not on a loop of its own."""
    is_of_coroutine = chain.call is None and chain.is_proved
    is_of_test = is_of_tests(project, function) or is_of_tests(project, project.functions[chain.begins])
    return (
        is_of_coroutine
        and not is_of_test
        and not is_cached(function)
        and not chooses_by_caller(project, function, chain)
    )


def _others(project: Project, function: Function, chain: Chain) -> str:
    """How many coroutines come to the function beside the one that is shown."""
    above = _coroutines_above(project, function) - {project.functions[chain.begins]}
    others = sum(not is_of_tests(project, each) for each in above)
    return f" (so it does for {others} more that get here)" if others else ""


def _coroutines_above(project: Project, function: Function) -> set[Function]:
    """The coroutine functions that call a plain one, over plain functions."""
    waiting = [function]
    found: set[Function] = set()
    seen = {function}
    for each in waiting:
        for call in project.callers(each):
            if call.within in seen or each not in project.callees(call):
                continue
            seen.add(call.within)
            if call.within.is_async:
                found.add(call.within)
            else:
                waiting.append(call.within)
    return found


RULE = Rule(
    _CODE,
    "blocking-helper",
    "A blocking call runs on the event loop, through plain functions that a coroutine calls",
    _check,
    ("error", "warning"),
)
