"""MT101: an `async def` given to Lambda as the handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.model.functions import MAIN
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._handler_decorating import decorated_with_meantime
from meantime.tools.check.rules._spelling import name_of
from meantime.tools.check.rules._test_files import is_test_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Fix
    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_CODE = "MT101"
_HANDING_THROUGH = "aws_lambda_powertools."
"""Whose decorators call what they wrap, and give on what it gives: a coroutine stays one."""


def _check(project: Project) -> Iterator[Finding]:
    for handler in project.handlers:
        function = project.functions.get(handler.function)
        if function is not None and function.is_async and handler.is_sure and _is_handed_to_lambda(project, function):
            if handler.by == "signature" and (_is_used(project, function) or is_test_file(function.file)):
                continue
            yield Finding(
                _CODE,
                f"Lambda does not await {name_of(function)}: {_fails(function)} {_advice(function)}",
                _place(function),
                fix=_fix(project, function),
            )
        elif function is not None and handler.is_sure and not handler.adapter:
            for coroutine in _returned_coroutines(project, function, handler):
                yield Finding(
                    _CODE,
                    f"{name_of(function)} returns what calling {name_of(coroutine, function)} gives, and nobody awaits "
                    f"it: {_fails(coroutine)} Return `asyncio.run({coroutine.name}(…))`, or make the handler `async "
                    "def` below `@meantime.handler`.",
                    _place(function),
                )


def _place(function: Function) -> Place:
    end = function.name_column + len(function.name) + 1
    return Place(function.file, function.line, function.column + 1, function.line, end)


def _fails(coroutine: Function) -> str:
    return (
        "each invocation fails with Runtime.MarshalError, "
        f'"Object of type {_type(coroutine)} is not JSON serializable".'
    )


def _advice(function: Function) -> str:
    if function.is_generator:
        return "Return a value instead of what it yields, and put `@meantime.handler` above it."
    if function.class_name:
        return f"Give Lambda `meantime.handler(….{function.name})`, or call it with `asyncio.run` from a plain one."
    return "Put `@meantime.handler` above it, or call it with `asyncio.run` from a plain `def` handler."


def _returned_coroutines(project: Project, function: Function, handler: Handler) -> list[Function]:
    """The coroutine function whose call is all that a plain handler returns."""
    if function.is_async or function.is_generator or not _is_handed_to_lambda(project, function):
        return []
    if handler.by == "signature" and (_is_used(project, function) or is_test_file(function.file)):
        return []
    if len(function.returns) != 1 or function.returns[0].kind != "call":
        return []
    callees = project.callees(function.returns[0])  # type: ignore[arg-type]  # a Call
    return [each for each in callees if each.is_async and not each.decorators and len(callees) == 1]


def _fix(project: Project, function: Function) -> Fix | None:
    """The change, where nobody but Lambda calls the function and would have to call it otherwise."""
    is_only_lambdas = not function.is_generator and not any(_users(project, function))
    return decorated_with_meantime(project, function) if is_only_lambdas else None


def _type(function: Function) -> str:
    return "async_generator" if function.is_generator else "coroutine"


def _is_handed_to_lambda(project: Project, function: Function) -> bool:
    """Whether nothing that may run the coroutine stands between the function and Lambda."""
    body = project.functions[f"{function.module}.<module>"]
    return all(each.kind == "function" for each in body.assigned.get(function.name, ())) and all(
        _hands_through(project.paths(each, body)) for each in function.decorators
    )


def _hands_through(decorator: frozenset[str]) -> bool:
    return bool(decorator) and all(path.startswith(_HANDING_THROUGH) for path in decorator)


def _is_used(project: Project, function: Function) -> bool:
    """Whether what is deployed calls the function itself, or hands it on: then what Lambda calls may be another."""
    return any(_is_deployed(each) for each in _users(project, function))


def _users(project: Project, function: Function) -> Iterator[Function]:
    """What calls a function or hands it on, be it a test."""
    yield from (call.within for call in project.calls_to(function.qualified))
    for each in project.functions.values():
        for call in each.calls:
            for argument in (*call.arguments, *call.keywords.values()):
                if argument.name == function.name and function in project.functions_of(argument, each):
                    yield each


def _is_deployed(function: Function) -> bool:
    """Whether a function is neither what a developer starts by hand nor a test."""
    return function.name != MAIN and not is_test_file(function.file)


RULE = Rule(
    _CODE,
    "async-handler",
    "An `async def` is given to Lambda as the handler: it is never awaited",
    _check,
    can_fix=True,
)
