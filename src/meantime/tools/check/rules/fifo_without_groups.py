"""MT805: the records of a FIFO queue worked on side by side, whatever their message groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._on_lambda import way_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project
    from meantime.tools.check.model.started_work import FanOut

_CODE = "MT805"
_BATCH = "aws_lambda_powertools.utilities.batch"
_ASYNC = (f"{_BATCH}.async_process_partial_response", f"{_BATCH}.async_batch_processor")
_GROUP = "MessageGroupId"
_DEPTH = 6  # how deep expressions and names are followed


def _check(project: Project) -> Iterator[Finding]:
    for fan_out in fan_outs(project):
        chain = _from_fifo_queue(project, fan_out.within)
        if chain is None or fan_out.over is None or fan_out.width == 1 or _is_within_a_record(project, fan_out, chain):
            continue
        if _is_records(project, fan_out.over, fan_out.within) and not _reads_groups(project, fan_out.within, chain):
            yield _finding(project, fan_out.call, chain)
    for call in project.calls_to(*_ASYNC):
        chain = _from_fifo_queue(project, call.within)
        if chain is not None:
            yield _finding(project, call, chain)


def _from_fifo_queue(project: Project, function: Function) -> Chain | None:
    """The way to a function from a handler whose queues are all FIFO queues, if Meantime does not keep their order."""
    chain = way_in(project, function)
    if chain is None or chain.handler is None or chain.handler.adapter.startswith("meantime.batch."):
        return None
    queues = [each for each in chain.handler.sources if each.kind == "sqs"]
    return chain if queues and all(each.is_fifo and each.batch_size != 1 for each in queues) else None


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


def _finding(project: Project, call: Call, chain: Chain) -> Finding:
    return Finding(
        _CODE,
        "The messages of a FIFO queue are worked on side by side here: within a message group the later may be done "
        "before the earlier. Work on the groups (`MessageGroupId`) side by side, or use `@meantime.batch.sqs`.",
        project.place(call, call.within),
        chain=chain.steps,
    )


RULE = Rule(
    _CODE,
    "fifo-without-groups",
    "The messages of a FIFO queue worked on side by side, whatever their groups",
    _check,
)
