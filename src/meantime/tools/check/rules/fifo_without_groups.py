"""MT805: the records of a FIFO queue worked on side by side, whatever their message groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._on_lambda import way_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT805"
_BATCH = "aws_lambda_powertools.utilities.batch"
_ASYNC = (f"{_BATCH}.async_process_partial_response", f"{_BATCH}.async_batch_processor")
_GROUP = "MessageGroupId"


def _check(project: Project) -> Iterator[Finding]:
    for fan_out in fan_outs(project):
        chain = way_in(project, fan_out.within)
        over = fan_out.over
        if chain is None or over is None or fan_out.width == 1 or not _is_fifo(chain.handler):
            continue
        if _is_records(project, over, fan_out.within) and not _reads_groups(project, fan_out.within, chain):
            yield _finding(project, fan_out.call, chain)
    for call in project.calls_to(*_ASYNC):
        chain = way_in(project, call.within)
        if chain is not None and _is_fifo(chain.handler):
            yield _finding(project, call, chain)


def _is_fifo(handler: Handler | None) -> bool:
    """Whether each queue that invokes a handler is a FIFO queue, and Meantime does not keep its order."""
    queues = [] if handler is None else [each for each in handler.sources if each.kind == "sqs"]
    is_kept = handler is not None and handler.adapter.startswith("meantime.batch.")
    return bool(queues) and all(each.is_fifo and each.batch_size != 1 for each in queues) and not is_kept


def _is_records(project: Project, over: Expression, within: Function) -> bool:
    """Whether it is what stands under `Records` in the event, or is made of that."""
    return project.comes_from_event(over, within)


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
