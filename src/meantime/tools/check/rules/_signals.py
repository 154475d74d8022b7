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
        _is_signal(project, call.function, call.within)
        for each in reached(project, functions, deepest=_DEEPEST)
        for call in each.function.calls
    ) or any(path.startswith(_KINDS) for expression, within in given for path in project.paths(expression, within))


def tells_when_done(project: Project, call: Call) -> bool:
    """Whether a callback for the end of what a function starts tells somebody: `add_done_callback(queue.put)`."""
    callbacks = [
        other.arguments[0]
        for other in call.within.calls
        if other.function.name == "add_done_callback" and other.arguments
    ]
    return any(
        _is_signal(project, each, call.within) or tells_of_its_end(project, project.functions_of(each, call.within), ())
        for each in callbacks
    )


def _is_signal(project: Project, function: Expression, within: Function) -> bool:
    if function.kind != "attribute" or function.name not in _SIGNALS:
        return False
    paths = project.paths(function.parts[0], within)
    return not paths or any(path.startswith(_KINDS) for path in paths)
