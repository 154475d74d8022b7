"""MT201: a blocking call that stands in a coroutine function itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue import blocking
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._alone import is_alone
from meantime.tools.check.rules._blocking import blocking_calls, functions_that_block, is_of_another_loop, who_waits
from meantime.tools.check.rules._ruff_on_async import ruffs_rules
from meantime.tools.check.rules._spelling import name_of, spelled
from meantime.tools.check.rules._test_files import is_of_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.project import Project

_CODE = "MT201"


def _check(project: Project) -> Iterator[Finding]:
    for function in functions_that_block(project):
        if not function.is_async or is_of_another_loop(project, function):
            continue
        of_tests = is_of_tests(project, function)
        for blocked in blocking_calls(project, function):
            nobody_waits = is_alone(project, function)
            is_proved = blocked.is_sure and blocked.what != blocking.TERMINAL and not of_tests
            yield Finding(
                _CODE,
                f"`{spelled(blocked.call.function)}` ({blocked.what}) blocks the event loop that {name_of(function)} "
                f"runs on: {who_waits(is_one=nobody_waits)}. {blocked.advice}",
                project.place(blocked.call, function),
                "error" if is_proved and not nobody_waits else "warning",
                also_found_by=ruffs_rules(project, blocked.call),
            )


RULE = Rule(
    _CODE,
    "blocking-call",
    "A blocking call in an `async def`: the event loop and every other task wait with it",
    _check,
    ("error", "warning"),
    companions=("ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC250", "ASYNC251"),
)
