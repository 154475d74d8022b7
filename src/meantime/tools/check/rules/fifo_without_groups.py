"""MT805: the messages of a FIFO queue done out of their order, whatever their message groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.model.functions import MODULE
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._after_failures import goes_on_behind
from meantime.tools.check.rules._heads import place_of
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._records import record_loops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project
    from meantime.tools.check.model.started_work import FanOut

_CODE = "MT805"
_BATCH = "aws_lambda_powertools.utilities.batch"
_ASYNC = (f"{_BATCH}.async_process_partial_response", f"{_BATCH}.async_batch_processor")
_DECORATING = (f"{_BATCH}.batch_processor", f"{_BATCH}.async_batch_processor")
_PROCESSING = (f"{_BATCH}.process_partial_response", f"{_BATCH}.async_process_partial_response")
_GROUP = "MessageGroupId"
_ANSWER = "batchItemFailures"
_GOES_ON = (
    "A message of a FIFO queue has failed here and the loop goes on: those behind it in its message group are done "
    "before it. Answer with the rest of the group, too, and leave it undone, or use `@meantime.batch.sqs`."
)
_PLAIN_PROCESSOR = (
    "`BatchProcessor` goes on after a message of a FIFO queue has failed: those behind it in its message group are "
    "done before it. Use `SqsFifoPartialProcessor`, or `@meantime.batch.sqs`."
)
_DEPTH = 6  # how deep expressions and names are followed


def _check(project: Project) -> Iterator[Finding]:
    for fan_out in fan_outs(project):
        chain = _from_fifo_queue(project, fan_out.within)
        if chain is None or fan_out.over is None or fan_out.width == 1 or _is_within_a_record(project, fan_out, chain):
            continue
        if _is_records(project, fan_out.over, fan_out.within) and not _reads_groups(project, fan_out.within, chain):
            yield _finding(project, fan_out.call, chain)
    for call in project.calls_to(*_PROCESSING):
        chain = _from_fifo_queue(project, call.within)
        if chain is not None:
            yield from _by_powertools(project, call, call.within, chain)
    for handler in project.handlers:
        function = project.functions.get(handler.function)
        if function is not None and handler.is_sure and _is_of_fifo_queues(handler):
            scope = project.functions[f"{function.module}.{MODULE}"]
            for decorator in function.decorators:
                if isinstance(decorator, Call) and not project.targets(decorator).isdisjoint(_DECORATING):
                    yield from _by_powertools(project, decorator, scope, None)
            yield from _going_on(project, function)


def _from_fifo_queue(project: Project, function: Function) -> Chain | None:
    """The way to a function from a handler whose queues are all FIFO queues, if Meantime does not keep their order."""
    chain = way_in(project, function)
    if chain is None or chain.handler is None or chain.handler.adapter.startswith("meantime.batch."):
        return None
    return chain if _is_of_fifo_queues(chain.handler) else None


def _is_of_fifo_queues(handler: Handler) -> bool:
    queues = [each for each in handler.sources if each.kind == "sqs"]
    return bool(queues) and all(each.is_fifo and each.batch_size != 1 for each in queues)


def _going_on(project: Project, function: Function) -> Iterator[Finding]:
    """Where a loop goes on after a message has failed, and answers for that alone."""
    for loop in record_loops(project, function):
        lines = [line for file in {function.file, loop.within.file} for line in project.lines(file)]
        if any(_ANSWER in line for line in lines) and not any(_GROUP in line for line in lines):
            for caught in goes_on_behind(loop):
                yield Finding(_CODE, _GOES_ON, place_of(loop.within.file, caught))


def _by_powertools(project: Project, call: Call, scope: Function, chain: Chain | None) -> Iterator[Finding]:
    """What a processor of Powertools does that is not the one for FIFO queues."""
    if not project.targets(call).isdisjoint(_ASYNC):
        yield _finding(project, call, chain)
        return
    processor = call.keywords.get("processor") or (call.arguments[2] if len(call.arguments) > 2 else None)  # noqa: PLR2004  # event, handler, processor
    if processor is not None and f"{_BATCH}.BatchProcessor()" in project.paths(processor, scope):
        yield Finding(_CODE, _PLAIN_PROCESSOR, project.place(call, scope), chain=chain.steps if chain else ())


def _is_within_a_record(project: Project, fan_out: FanOut, chain: Chain) -> bool:
    """Whether it is done for one record after another: what it works on side by side is one record's."""
    loops = [each.over for each in fan_out.call.loops if each.over is not None and each.over is not fan_out.over]
    return chain.is_per_item or any(project.comes_from_event(each, fan_out.within) for each in loops)


def _is_records(project: Project, over: Expression, within: Function) -> bool:
    """Whether it is what stands under `Records` in the event, or is made of that; not of one record alone."""
    is_one = any(
        each.kind == "item" and (each.value == "body" or isinstance(each.value, int)) for each in _made_of(over, within)
    )
    return not is_one and project.comes_from_event(over, within)


def _made_of(expression: Expression, within: Function, depth: int = 0) -> Iterator[Expression]:
    yield expression
    parts = [*expression.parts]
    if expression.kind == "call":
        parts += [expression.function, *expression.arguments]  # type: ignore[attr-defined]  # a Call
    elif expression.kind == "name":
        parts += within.assigned.get(expression.name, ())
    for each in parts if depth < _DEPTH else ():
        yield from _made_of(each, within, depth + 1)


def _reads_groups(project: Project, function: Function, chain: Chain) -> bool:
    """Whether the files on the way look at the message groups at all."""
    files = {function.file, *(step.place.path for step in chain.steps)}
    return any(_GROUP in line for file in files for line in project.lines(file))


def _finding(project: Project, call: Call, chain: Chain | None) -> Finding:
    return Finding(
        _CODE,
        "The messages of a FIFO queue are worked on side by side here: within a message group the later may be done "
        "before the earlier. Work on the groups (`MessageGroupId`) side by side, or use `@meantime.batch.sqs`.",
        project.place(call, call.within),
        chain=chain.steps if chain else (),
    )


RULE = Rule(
    _CODE,
    "fifo-without-groups",
    "The messages of a FIFO queue done out of their order: side by side, or behind one that has failed",
    _check,
)
