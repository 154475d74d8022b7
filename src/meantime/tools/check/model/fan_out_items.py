"""What a fan-out goes over: the loop around a call, the comprehension or list that is given to `gather`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function, Loop
    from meantime.tools.check.model.project import Project

_SAME_ITEMS = {"list", "tuple", "set", "frozenset"}
_ADDED_BY = {"append", "add"}
_DEEPEST = 6


class Element(NamedTuple):
    """One of the things that a collection holds, or all of a kind.

    Args:
        expression: What it is.
        over: What it is made for each item of; None for a single one.
        number: How many there are, where the source says so.
        is_known: Whether the expression is an element; else it is the collection, and its elements are not in sight.
    """

    expression: Expression
    over: Expression | None
    number: int | None
    is_known: bool = True


def items_of(project: Project, loops: Sequence[Loop], within: Function) -> tuple[Expression | None, int | None]:
    """What loops go over together, and how often: the innermost whose length is not known; None and 1 without loops."""
    over, count = None, 1
    for loop in reversed(loops):
        length = None if loop.over is None else project.length(loop.over, within)
        if length is None:
            return loop.over, None
        over, count = over or loop.over, count * length
    return over, count


def loops_within(call: Call, outer: Call | None) -> tuple[Loop, ...]:
    """The loops around a call, less those around another one too."""
    around = () if outer is None else outer.loops
    return tuple(loop for loop in call.loops if not any(loop is other for other in around))


def elements_of(
    project: Project, expression: Expression, within: Function, outer: Call, *, deepest: int = _DEEPEST
) -> Iterator[Element]:
    """What a collection holds that is given to a call: a display, a comprehension, a name for one, `map(…)`."""
    kind = expression.kind
    if deepest == 0:
        yield Element(expression, expression, None, is_known=False)
    elif kind == "star":
        yield from elements_of(project, expression.parts[0], within, outer, deepest=deepest - 1)
    elif kind == "comprehension":
        yield _of_comprehension(project, expression, within)
    elif kind == "list":
        for part in expression.parts:
            if part.kind == "star":
                yield from elements_of(project, part, within, outer, deepest=deepest - 1)
            else:
                yield Element(part, None, 1)
    elif kind == "dict":
        yield from (Element(part, None, 1) for part in expression.parts if part.kind != "star")
    elif kind == "name":
        yield from _of_name(project, expression, within, outer, deepest)
    elif kind == "call":
        yield from _of_call(project, expression, within, outer, deepest)  # type: ignore[arg-type]  # it is a Call
    else:
        yield Element(expression, expression, project.length(expression, within), is_known=False)


def _of_comprehension(project: Project, expression: Expression, within: Function) -> Element:
    over, count = None, 1
    for each in reversed(expression.parts[1:]):
        length = project.length(each, within)
        if length is None:
            return Element(expression.parts[0], each, None)
        over, count = over or each, count * length
    return Element(expression.parts[0], over, count)


def _of_name(
    project: Project, expression: Expression, within: Function, outer: Call, deepest: int
) -> Iterator[Element]:
    given = within.assigned.get(expression.name, ())
    added = [
        call
        for call in within.calls
        if call.function.kind == "attribute"
        and call.function.name in _ADDED_BY
        and call.function.parts[0].kind == "name"
        and call.function.parts[0].name == expression.name
        and call.arguments
    ]
    for call in added:
        over, count = items_of(project, loops_within(call, outer), within)
        yield Element(call.arguments[0], over, count)
    held = [value for value in given if value.kind not in {"held", "grown"}]
    for value in given:
        if value.kind == "held" and value.parts:
            yield Element(value.parts[0], expression, None)
        elif value.kind == "grown" and value.parts:
            yield from elements_of(project, value.parts[0], within, outer, deepest=deepest - 1)
        elif value.kind not in {"held", "grown"}:
            yield from elements_of(project, value, within, outer, deepest=deepest - 1)
    if not held and not added:
        yield Element(expression, expression, project.length(expression, within), is_known=False)


def _of_call(project: Project, call: Call, within: Function, outer: Call, deepest: int) -> Iterator[Element]:
    name = call.function.name if call.function.kind == "name" else ""
    if name == "map" and call.arguments[1:]:
        over = call.arguments[1]
        yield Element(call.arguments[0], over, project.length(over, within))
    elif name in _SAME_ITEMS:
        if call.arguments:
            yield from elements_of(project, call.arguments[0], within, outer, deepest=deepest - 1)
    elif call.function.kind == "attribute" and call.function.name in {"values", "copy"} and not call.arguments:
        yield from elements_of(project, call.function.parts[0], within, outer, deepest=deepest - 1)
    else:
        yield Element(call, call, project.length(call, within), is_known=False)
