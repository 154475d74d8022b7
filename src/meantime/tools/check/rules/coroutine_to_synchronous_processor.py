"""MT803: a coroutine function given to a processor of Powertools that does not await it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.project import Project

_CODE = "MT803"
_BATCH = "aws_lambda_powertools.utilities.batch"
_TAKES_FUNCTION = (
    f"{_BATCH}.process_partial_response",
    f"{_BATCH}.batch_processor",
    f"{_BATCH}.BatchProcessor()",
    f"{_BATCH}.SqsFifoPartialProcessor()",
)
_PLACE = 1
"""Of the function for one record, if it is given by place."""


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*_TAKES_FUNCTION):
        given = _record_handler(call)
        functions = project.functions_of(given, call.within) if given is not None else ()
        if functions and all(each.is_async for each in functions):
            name = functions[0].name
            yield Finding(
                _CODE,
                f"Nothing awaits what `{name}` gives, so no record is worked on, none is reported as failed, and the "
                "messages are deleted. Use `async_process_partial_response` with `AsyncBatchProcessor`, or put "
                "`@meantime.batch.sqs` on it.",
                project.place(call, call.within),
            )


def _record_handler(call: Call) -> Expression | None:
    for name in ("record_handler", "handler"):
        if name in call.keywords:
            return call.keywords[name]
    return call.arguments[_PLACE] if len(call.arguments) > _PLACE else None


RULE = Rule(
    _CODE,
    "coroutine-to-synchronous-processor",
    "A coroutine function given to a batch processor that does not await it",
    _check,
)
