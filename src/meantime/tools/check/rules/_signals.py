"""Whether work that is started tells of its end in another way than by its own handle: a queue, an event, a future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.reach import reached

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_SIGNALS = frozenset({
    "notify", "notify_all", "put", "put_nowait", "release", "send", "send_nowait", "set", "set_exception", "set_result",
    "task_done", "wait", "get", "get_nowait", "acquire", "receive",
})  # fmt: skip
_KINDS = ("asyncio.", "threading.", "queue.", "anyio.", "concurrent.futures.", "multiprocessing.", "janus.")
"""Where what threads and tasks tell each other with comes from."""
_DEEPEST = 3


def tells_of_its_end(
    project: Project, functions: Iterable[Function], given: Iterable[tuple[Expression, Function]]
) -> bool:
    """Whether work may be waited for by a queue, an event or the like.

    Args:
        project: Where.
        functions: What runs.
        given: What it is given, each with the function it stands in.
    """
    return any(
        _is_signal(project, call)
        for each in reached(project, functions, deepest=_DEEPEST)
        for call in each.function.calls
    ) or any(path.startswith(_KINDS) for expression, within in given for path in project.paths(expression, within))


def _is_signal(project: Project, call: Call) -> bool:
    function = call.function
    if function.kind != "attribute" or function.name not in _SIGNALS:
        return False
    paths = project.paths(function.parts[0], call.within)
    return not paths or any(path.startswith(_KINDS) for path in paths)
