"""What a handler's code does about a failure: catch it, raise it again, or tell it by a status of HTTP."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.harmless import HARMLESS, KEEPING
from meantime.tools.check.rules._definitions import called

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAILED = 400  # the lowest status of HTTP that says so
_GIVEN = {
    "sqs": "message (`message.body`)",
    "kinesis": "record (`record.data`)",
    "dynamodb": "record (`record.new_image`)",
}
"""What the function under `meantime.batch` gets."""


def instead(kind: str) -> str:
    """What to do, for messages: an answer about single records, and the setting without which nobody reads it."""
    lost = "failed messages are deleted" if kind == "sqs" else "failed records are passed over"
    return (
        f"Answer with `batchItemFailures`, or use `@meantime.batch.{kind}` on a function of one {_GIVEN[kind]}. Either "
        f"needs `ReportBatchItemFailures` in the event source mapping: without it {lost}."
    )


def may_fail(node: ast.AST, own: frozenset[str] = frozenset()) -> bool:
    """Whether something in it may well fail: not only decoding, logging, and calls of these own functions."""
    return any(
        isinstance(each, ast.Raise) or (isinstance(each, ast.Call) and called(each) not in HARMLESS | own)
        for each in ast.walk(node)
    )


def catches(code: ast.AST) -> bool:
    """Whether a `try` around what may fail goes on after a failure, or `suppress` does."""
    for node in ast.walk(code):
        if isinstance(node, ast.Try) and any(may_fail(each) for each in node.body) and not _all_raise(node):
            return True
        if isinstance(node, ast.Call) and called(node) == "suppress":
            return True
    return False


def passed_over(code: ast.AST) -> Iterator[ast.ExceptHandler]:
    """Where any failure of what may fail is caught, and only logged."""
    for node in ast.walk(code):
        if isinstance(node, ast.Try) and any(may_fail(each) for each in node.body):
            yield from (each for each in node.handlers if _is_broad(each) and all(map(only_tells, each.body)))


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"}


def only_tells(statement: ast.stmt) -> bool:
    """Whether a statement does nothing about a failure but to log it."""
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    kept = {called(each) for each in ast.walk(statement) if isinstance(each, ast.Call)} & KEEPING
    is_call = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Yield | ast.YieldFrom)
    return is_call and not kept and not may_fail(statement)


def _all_raise(node: ast.Try) -> bool:
    return all(any(isinstance(each, ast.Raise) for each in ast.walk(handler)) for handler in node.handlers)


def failures_by_status(function: ast.AST) -> Iterator[tuple[ast.Try, ast.Return]]:
    """Where a function that has caught an exception answers with a status that tells of a failure, and the `try`."""
    for node in [each for each in ast.walk(function) if isinstance(each, ast.Try)]:
        for caught in node.handlers:
            for each in ast.walk(caught):
                if isinstance(each, ast.Return) and _is_failure(each.value):
                    yield node, each


def _is_failure(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Dict):
        return False
    for key, status in zip(value.keys, value.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "statusCode" and isinstance(status, ast.Constant):
            return isinstance(status.value, int) and status.value >= _FAILED
    return False
