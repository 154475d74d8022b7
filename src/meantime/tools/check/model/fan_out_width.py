"""How many calls of a fan-out are under way at once, as far as the source says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.model.reach import reached

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.started_work import Width

_GATES = {
    f"{path}()"
    for path in (
        "asyncio.Semaphore",
        "asyncio.BoundedSemaphore",
        "asyncio.Lock",
        "anyio.Semaphore",
        "anyio.CapacityLimiter",
        "anyio.Lock",
        "threading.Semaphore",
        "threading.BoundedSemaphore",
        "threading.Lock",
        "threading.RLock",
        "trio.CapacityLimiter",
        "trio.Semaphore",
        "meantime.Limiter",
        "aiolimiter.AsyncLimiter",
    )
}
"""What lets only some in at once."""
_LIKE_A_GATE = re.compile(
    r"sem(aphore)?s?\b|limit|lock|throttl|slot|permit|gate|bound|mutex|bucket|quota", re.IGNORECASE
)
_ROOM = ("value", "initial_value", "total_tokens", "max_concurrency", "max_rate")
_DEEPEST = 3


class Bound(NamedTuple):
    """What bounds a fan-out.

    Args:
        width: To how many.
        maker: The call that makes it, if it is in sight.
    """

    width: Width
    maker: Call | None


def width_of(project: Project, expression: Expression | None, within: Function) -> Width:
    """How many at once `max_workers=` or the like allows."""
    if expression is None:
        return None
    constant = project.constant(expression, within)
    if isinstance(constant, int) and not isinstance(constant, bool):
        return constant
    measured = measured_by(expression, within)
    if measured is None:
        return None
    return project.length(measured, within) or "input"


def measured_by(expression: Expression, within: Function, *, deepest: int = 4) -> Expression | None:
    """The items that an expression grows with: `items` for `len(items)`, `max(1, len(items))`, `len(items) + 1`."""
    if deepest == 0:
        return None
    parts: tuple[Expression, ...] = ()
    if expression.kind == "call":
        function: Expression = expression.function  # type: ignore[attr-defined]  # it is a Call
        arguments: tuple[Expression, ...] = expression.arguments  # type: ignore[attr-defined]  # likewise
        if function.kind == "name" and function.name == "len" and arguments:
            return arguments[0]
        if function.kind == "name" and function.name in {"max", "int"}:
            parts = arguments
    elif expression.kind == "either" or (expression.kind == "other" and expression.name == "Add"):
        parts = expression.parts
    elif expression.kind == "name":
        given = within.assigned.get(expression.name, ())
        parts = given if len(given) == 1 else ()
    return next((found for part in parts if (found := measured_by(part, within, deepest=deepest - 1))), None)


def gate_of(project: Project, functions: Iterable[Function]) -> Bound | None:
    """What lets only some of these functions' calls in at once: a semaphore, a lock, a limiter; or None."""
    for each in reached(project, functions, deepest=_DEEPEST):
        function = each.function
        gates = [
            *function.entered,
            *(
                call.function.parts[0]
                for call in function.calls
                if call.function.kind == "attribute" and call.function.name == "acquire"
            ),
            *(decorator for decorator in function.decorators),
        ]
        for gate in gates:
            bound = _bound(project, gate, function)
            if bound is not None:
                return bound
    return None


def _bound(project: Project, gate: Expression, within: Function) -> Bound | None:
    values = project.values(gate, within)
    for value in values:
        if value.path in _GATES:
            return Bound(_room(project, value.origin), value.origin)
    names = [_last_name(gate), *(value.path.removesuffix("()").rpartition(".")[2] for value in values)]
    if any(_LIKE_A_GATE.search(name) for name in names):
        return Bound(None, None)
    return None


def _room(project: Project, maker: Call | None) -> Width:
    if maker is None:
        return None
    given = maker.arguments[0] if maker.arguments else None
    for name in _ROOM:
        given = maker.keywords.get(name, given)
    return width_of(project, given, maker.within) if given is not None else 1


def _last_name(expression: Expression) -> str:
    while expression.kind in {"call", "await", "item"}:
        expression = expression.function if expression.kind == "call" else expression.parts[0]  # type: ignore[attr-defined]  # it is a Call
    return expression.name
