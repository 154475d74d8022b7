"""What the caller of a web framework's route sends, as long as he likes: a body, a list in it, the request itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function, Parameter
    from meantime.tools.check.model.project import Project

_COLLECTIONS = frozenset({"list", "List", "set", "Set", "tuple", "Tuple", "Sequence", "Iterable", "dict", "Dict"})
_LIMITS = frozenset({"max_length", "max_items"})
_GIVEN_BY = frozenset({"Query", "Form", "Body"})


def is_route(project: Project, function: Function) -> bool:
    """Whether a web framework calls a function for each request."""
    chain = project.runs(function).in_invocation
    return chain is not None and not chain.steps and project.handler_of(function) is None and bool(function.decorators)


def is_body(project: Project, function: Function, parameter: Parameter) -> bool:
    """Whether a route's parameter holds what its caller sends: a collection, an object of an own class, the request."""
    annotation, default = parameter.annotation, parameter.default
    if annotation is None or (default is not None and default.kind == "call" and _is_depends(default.function.name)):  # type: ignore[attr-defined]  # it is a Call
        return False
    named = annotation.parts[0] if annotation.kind == "item" else annotation
    if named.name in _COLLECTIONS or named.name == "Request":
        return True
    body = project.functions.get(f"{function.module}.<module>", function)
    return not project.classes.keys().isdisjoint(project.paths(annotation, body))


def is_text(parameter: Parameter) -> bool:
    """Whether a route's parameter is a text of the query, the path or a form, which nothing says the length of."""
    annotation, default = parameter.annotation, parameter.default
    if annotation is None or annotation.kind != "name" or annotation.name != "str":
        return False
    if default is None or default.kind != "call":
        return True
    return default.function.name in _GIVEN_BY and _LIMITS.isdisjoint(default.keywords)  # type: ignore[attr-defined]  # it is a Call


def is_bounded_field(project: Project, name: str) -> bool:
    """Whether a class says of an attribute of this name how long it is at most: `Field(max_length=10)`."""
    return any(
        value.kind == "call" and not _LIMITS.isdisjoint(value.keywords)  # type: ignore[attr-defined]  # it is a Call
        for each in project.classes.values()
        for _, value in each.attributes.get(name, ())
    )


def _is_depends(name: str) -> bool:
    return name in {"Depends", "Security"}
