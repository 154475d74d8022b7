"""The calls of a function that compute at length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.computing import computes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project


def functions_that_compute(project: Project) -> tuple[Function, ...]:
    """Every function that such a call stands in."""
    calls = project.calls_to(*filter(computes, project.called))
    return tuple(dict.fromkeys(call.within for call in calls))


def computing_calls(project: Project, function: Function) -> Iterator[tuple[Call, str]]:
    """Each such call, with what it computes."""
    for call in function.calls:
        found = [what for path in project.targets(call) if (what := computes(path))]
        if found:
            yield call, found[0]
