"""MT801: a batch of which one record's failure fails, or loses, all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._answered_for import is_answered_for
from meantime.tools.check.rules._answers import catches, failures_by_status, instead, may_fail, passed_over
from meantime.tools.check.rules._definitions import called, definition
from meantime.tools.check.rules._heads import place_of
from meantime.tools.check.rules._lost_records import starts_threads, where_lost
from meantime.tools.check.rules._records import record_loops
from meantime.tools.check.rules._units import is_one_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.rules._records import RecordLoop

_CODE = "MT801"
_BATCHES = frozenset({"sqs", "kinesis", "dynamodb"})
_ASKED_LATER = frozenset({"submit", "create_task", "ensure_future", "apply_async"})


def _check(project: Project) -> Iterator[Finding]:
    for handler in project.handlers:
        function = project.functions.get(handler.function)
        if function is None or not handler.is_sure:
            continue
        whole = definition(project, function)
        for loop in record_loops(project, function, decoded=True):
            kind = _kind(handler, loop)
            if not kind or loop.is_single or is_answered_for(project, _way(function, loop)):
                continue
            is_wrapped = (bool(function.decorators) and not handler.adapter) or handler.adapter == "?"
            lost = where_lost(project, loop)
            if lost:
                level: Level = "warning" if is_wrapped else "error"
                yield Finding(_CODE, _lost(function.name, kind, lost), place_of(loop.within.file, loop.node), level)
            elif not (starts_threads(project, loop) or is_one_unit(loop, whole)) and _fails_as_a_whole(loop):
                level = "warning" if is_wrapped or _is_ordered(handler, kind) else "error"
                ends = _ends_quietly(loop)
                if not ends or not any(failures_by_status(loop.function)):  # else MT802 tells it
                    yield Finding(
                        _CODE, _message(function.name, kind, ends=ends), place_of(loop.within.file, loop.node), level
                    )
            for part in loop.work[0].code:
                for caught in passed_over(part):
                    message = (
                        "A record that fails here is logged and no more: for Lambda it is done, and it does not come "
                        f"again. {instead(kind)}"
                    )
                    yield Finding(_CODE, message, place_of(loop.within.file, caught), "warning")


def _way(handler: Function, loop: RecordLoop) -> tuple[Function, ...]:
    return (handler, loop.within, *(each.within for each in loop.work))


def _kind(handler: Handler, loop: RecordLoop) -> str:
    """The service that the batch comes from; empty if it is none, or one record at a time."""
    batches = [each for each in handler.sources if each.kind in _BATCHES]
    if batches:
        return "" if all(each.batch_size == 1 for each in batches) else batches[0].kind
    known = [each for each in handler.sources if each.kind != "other"]
    return "" if known or len(loop.kinds) != 1 else next(iter(loop.kinds & _BATCHES), "")


def _is_ordered(handler: Handler, kind: str) -> bool:
    """Whether order may ask for it that what comes behind a failure comes again, too."""
    return kind != "sqs" or any(each.is_fifo for each in handler.sources)


def _fails_as_a_whole(loop: RecordLoop) -> bool:
    """Whether what one record raises leaves the loop, or is raised where all results are asked for."""
    own = frozenset(each.within.name for each in loop.work[1:])
    code = [(part, own) for each in loop.work for part in each.code]
    if any(catches(part) for part, _ in code) or not any(may_fail(part, names) for part, names in code):
        return False
    if any(called(each) in _ASKED_LATER for part in loop.work[0].code for each in _calls(part)):
        return any(map(_asks, _calls(loop.function))) and not catches(loop.function)
    return not any(each.arg == "return_exceptions" for each in ast.walk(loop.function) if isinstance(each, ast.keyword))


def _asks(call: ast.Call) -> bool:
    """Whether it asks for results: `future.result()`, `pool_result.get()`, `gather(*tasks)`."""
    return called(call) in {"result", "gather"} or (called(call) == "get" and not call.args)


def _calls(node: ast.AST) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def _message(handler: str, kind: str, *, ends: bool) -> str:
    happens = (
        f"the loop ends and `{handler}` returns: the batch counts as done, and the records behind it are lost"
        if ends
        else f"`{handler}` raises and the whole batch comes again, with all that was done already"
    )
    return f"When one record fails, {happens}. {instead(kind)}"


def _lost(handler: str, kind: str, where: str) -> str:
    gone = "the message is deleted" if kind == "sqs" else "the record is passed over"
    return f"What a record raises ends in {where}: `{handler}` returns as if all were well, and {gone}. {instead(kind)}"


def _ends_quietly(loop: RecordLoop) -> bool:
    """Whether a `try` around the loop goes on after a failure."""
    return any(
        isinstance(node, ast.Try)
        and catches(node)
        and any(each is loop.node for part in node.body for each in ast.walk(part))
        for node in ast.walk(loop.function)
    )


RULE = Rule(
    _CODE,
    "whole-batch-fails",
    "A batch of records of which one that fails makes all come again, or be lost",
    _check,
    ("error", "warning"),
)
