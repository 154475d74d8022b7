"""Fan-outs of Meantime's own: the verbs of its executors, and its batch decorators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.fan_out_width import width_of
from meantime.tools.check.model.started_work import FanOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.started_work import On, Width

_DEFAULT_WIDTH = 10
_EXECUTORS: tuple[On, ...] = ("threads", "tasks", "processes")
_PER_ITEM = ("map", "settle", "as_completed")
_BATCHES = frozenset(
    f"meantime.batch.{source}{made}" for source in ("sqs", "kinesis", "dynamodb") for made in ("", "()")
)


def verb_fan_outs(project: Project) -> Iterator[FanOut]:
    """Every call of a verb, and every function below a batch decorator."""
    for on in _EXECUTORS:
        for call in project.calls_to(*(f"meantime.{on}.{verb}" for verb in _PER_ITEM)):
            work = call.arguments[:1] or _keyword(call, "function")
            items = call.arguments[1:2] or _keyword(call, "items")
            if work and items:
                yield _made(project, on, call, work, items[0])
        for call in project.calls_to(f"meantime.{on}.gather"):
            yield _made(project, on, call, call.arguments, None)
    for function in project.functions.values():
        for decorator in function.decorators:
            if project.paths(decorator, _body(project, function)) & _BATCHES:
                yield from _of_batch(project, function, decorator)


def _keyword(call: Call, name: str) -> tuple[Expression, ...]:
    return (call.keywords[name],) if name in call.keywords else ()


def _made(project: Project, on: On, call: Call, work: tuple[Expression, ...], over: Expression | None) -> FanOut:
    return FanOut(
        verb="meantime",
        on=on,
        call=call,
        work=work,
        functions=tuple(function for each in work for function in project.functions_of(each, call.within)),
        over=over,
        count=len(work) if over is None else project.length(over, call.within),
        width=_width(project, call),
        executor=None,
    )


def _width(project: Project, call: Call) -> Width:
    given = call.keywords.get("max_concurrency")
    return _DEFAULT_WIDTH if given is None else width_of(project, given, call.within)


def _of_batch(project: Project, function: Function, decorator: Expression) -> Iterator[FanOut]:
    if isinstance(decorator, Call):
        call = decorator
    else:  # the bare decorator is called by Python
        call = Call(decorator, decorator.line, decorator.column)
        call.within = _body(project, function)
    said = call.keywords.get("executor")
    on = ("tasks" if function.is_async else "threads") if said is None else str(said.value or said.name)
    if on in _EXECUTORS:  # not one after the other
        yield FanOut(
            verb="meantime",
            on=on,
            call=call,
            work=(),
            functions=(function,),
            over=None,
            count=None,
            width=_width(project, call),
            executor=None,
        )


def _body(project: Project, function: Function) -> Function:
    """The function or module that a function is defined in."""
    return project.functions.get(function.parent) or project.functions[f"{function.module}.<module>"]
