"""MT802: an answer about single records that Lambda does not look at, or does not understand."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._answers import failures_by_status, instead
from meantime.tools.check.rules._bare_identifiers import bare_identifiers
from meantime.tools.check.rules._definitions import definition, key_of
from meantime.tools.check.rules._heads import place_of
from meantime.tools.check.rules._records import record_loops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_CODE = "MT802"
_KEY, _IDENTIFIER = "batchItemFailures", "itemIdentifier"
_ANSWERING = ("batchItemFailures", "process_partial_response")
_POWERTOOLS = "aws_lambda_powertools.utilities.batch"
_NO_IDENTIFIERS = frozenset({"receiptHandle", "eventID"})


_STATUS = (
    "Lambda does not look at a status in the answer of a batch: the messages are deleted as if all were well. Raise. "
    f"Or, for single messages: {instead('sqs')}"
)


def _check(project: Project) -> Iterator[Finding]:
    files: set[str] = set()
    for handler in project.handlers:
        function = project.functions.get(handler.function)
        if function is None or not handler.is_sure:
            continue
        if _answers(project, handler, function):
            for source in handler.sources:
                if source.reports_batch_item_failures is False:
                    yield Finding(
                        _CODE,
                        f"`{function.name}` answers with the records that have failed, but this mapping does not look "
                        f"at the answer: failed messages are deleted. Set `{source.answer_setting}`.",
                        source.place,
                    )
        else:
            for answer in _statuses(project, handler, function):
                yield _at(function.file, answer, _STATUS)
        if function.file not in files:
            files.add(function.file)
            yield from _misspelt(project, function.file)


def _answers(project: Project, handler: Handler, function: Function) -> bool:
    """Whether a handler answers with the records that have failed."""
    if handler.adapter.startswith("meantime.batch.") or handler.adapter.endswith("batch_processor"):
        return True
    own = "".join(project.lines(function.file)[function.line - 1 : function.end_line])
    uses_processor = any(each.startswith(_POWERTOOLS) for each in project.imports(function.file))
    return any(word in own for word in _ANSWERING) or (uses_processor and ".response()" in own)


def _statuses(project: Project, handler: Handler, function: Function) -> Iterator[ast.Return]:
    """Failures of a batch from SQS that are told by a status of HTTP, where an exception is caught."""
    known = [each.kind for each in handler.sources if each.kind != "other"]
    node = definition(project, function) if set(known) == {"sqs"} else None
    if node is not None:
        yield from (answer for _, answer in failures_by_status(node))
    elif not known:  # it may be a handler of HTTP, too: only what is around the records or among them counts
        for loop in record_loops(project, function):
            if loop.within is function and loop.kinds == {"sqs"}:
                for attempt, answer in failures_by_status(loop.function):
                    if _holds(attempt, loop.node) or _holds(loop.node, attempt):
                        yield answer


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(each is inner for each in ast.walk(outer))


def _misspelt(project: Project, file: str) -> Iterator[Finding]:
    if _plain(_KEY).removesuffix("s") not in _plain("".join(project.lines(file))):
        return
    for node in ast.walk(project.tree(file)):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            name = getattr(key, "value", None)
            if key is None or not isinstance(name, str):
                continue
            if name == _IDENTIFIER and (wrong := _wrong_identifier(value)):
                yield _at(
                    file,
                    value,
                    f"`{wrong}` does not identify a record: Lambda takes the whole batch for failed. Use "
                    '`record["messageId"]` for SQS, and the sequence number for a stream.',
                )
            for bare in bare_identifiers(project.tree(file), value) if name == _KEY else ():
                yield _at(file, bare, f'Lambda wants `{{"{_IDENTIFIER}": …}}` here, and not the identifier alone.')
            for right in (_KEY, _IDENTIFIER):
                if name != right and _plain(name) in {_plain(right), _plain(right).removesuffix("s")}:
                    yield _at(file, key, f'Lambda knows `"{right}"` and not `"{name}"`. Spell it so.')


def _wrong_identifier(value: ast.expr) -> str:
    key, _ = key_of(value)
    return key if key in _NO_IDENTIFIERS else ""


def _plain(text: str) -> str:
    return text.replace("_", "").lower()


def _at(file: str, node: ast.expr | ast.stmt, message: str) -> Finding:
    return Finding(_CODE, message, place_of(file, node))


RULE = Rule(
    _CODE,
    "answer-ignored",
    "An answer about single records of a batch that Lambda does not look at, or does not understand",
    _check,
)
