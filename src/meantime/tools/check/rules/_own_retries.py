"""How a function is tried again by a decorator of its own, or a block by a loop over attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException", "botocore.exceptions.ClientError"})


class _Decorator(NamedTuple):
    """How a decorator takes the number of attempts, its default (None: for ever), and which failures it is for."""

    attempts: str
    default: int | None
    only: str  # the keyword that says which failures; without it: all that a client may raise
    position: int | None = None  # of that by place


_DECORATORS = {
    "tenacity.retry": _Decorator("stop", None, "retry"),
    "stamina.retry": _Decorator("attempts", 10, "on"),
    "backoff.on_exception": _Decorator("max_tries", None, "exception", 1),
    "meantime.Retry": _Decorator("attempts", 3, "on"),
    "retrying.retry": _Decorator("stop_max_attempt_number", None, "retry_on_exception"),
}
_ATTEMPTS = {
    "tenacity.Retrying": _DECORATORS["tenacity.retry"],
    "tenacity.AsyncRetrying": _DECORATORS["tenacity.retry"],
    "stamina.retry_context": _DECORATORS["stamina.retry"],
}
"""What gives attempts to a loop, each entered by `with`."""
_STOP = "tenacity.stop_after_attempt()"


class Own(NamedTuple):
    """How a function is tried again.

    Args:
        name: By what.
        attempts: At most, the first included; None: not known, or for ever.
        is_for_all: Whether for whatever fails.
    """

    name: str
    attempts: int | None
    is_for_all: bool


def own_retries(project: Project, function: Function) -> Own | None:
    """How a function is tried again by one of its decorators."""
    scope = project.functions.get(function.parent, function)
    for decorator in function.decorators:
        called: Call | None = decorator if decorator.kind == "call" else None  # type: ignore[assignment]  # a Call
        for path in project.paths(called.function if called else decorator, scope):
            known = _DECORATORS.get(path)
            if known is not None:
                name = path.replace("backoff.on_exception", "backoff")
                if called is None:
                    return Own(name, known.default, is_for_all=True)
                return Own(name, _attempts(project, called, known, scope), _is_for_all(project, called, known, scope))
    return None


def own_attempts(project: Project, over: Expression, function: Function) -> Own | None:
    """How often a loop in a function tries again, if it goes over attempts: `for attempt in Retrying(…)`."""
    call: Call | None = over if over.kind == "call" else None  # type: ignore[assignment]  # a Call
    for path in project.targets(call) if call is not None else ():
        known = _ATTEMPTS.get(path)
        if known is not None and call is not None:
            attempts = _attempts(project, call, known, function)
            return Own(path, attempts, _is_for_all(project, call, known, function))
    return None


def _attempts(project: Project, call: Call, known: _Decorator, scope: Function) -> int | None:
    given = call.keywords.get(known.attempts)
    if given is None:
        return known.default
    for value in project.values(given, scope):
        if value.path == _STOP and value.origin is not None and value.origin.arguments:
            given = value.origin.arguments[0]
    number = project.constant(given, scope)
    return number if isinstance(number, int) else None


def _is_for_all(project: Project, call: Call, known: _Decorator, scope: Function) -> bool:
    only: Expression | None = call.keywords.get(known.only)
    if only is None and known.position is not None and len(call.arguments) > known.position:
        only = call.arguments[known.position]
    return only is None or bool(project.paths(only, scope) & _EVERYTHING)
