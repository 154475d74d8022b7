"""Which arguments of a call say what it is about; the others say what is written to it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.report.recording import RecordedCall

# What is written, by the names of arguments.
_WRITTEN = {
    *("json", "data", "content", "files", "headers", "Body", "Data", "UpdateExpression", "ExpressionAttributeValues"),
    *("ExpressionAttributeNames", "AttributeUpdates", "ConditionExpression", "Metadata", "Tagging", "SequenceNumber"),
}
_REPLACING = ("PUT", "PATCH", "DELETE")  # a POST makes something new each time
# Messages and invocations are each their own, whatever they are sent to.
_SENDING = ("sqs", "sns", "events", "firehose", "lambda", "ses", "sesv2", "logs", "cloudwatch")


def tells_apart(call: RecordedCall, node: ast.Call, text: str) -> bool:
    """Whether an argument can make two calls of one place be about different things.

    Args:
        call: One that was recorded there.
        node: The call in the source.
        text: The argument, as `name=value` or `value`.
    """
    words = call.name.split()
    if call.kind == "aws":
        if words[:1] and words[0] in _SENDING:
            return True
        if words[-1:] == ["BatchWriteItem"] and getattr(node.func, "attr", "") in ("put_item", "delete_item"):
            return False  # boto3 collects items for it
        return not _is_written(node, text)
    if call.kind == "http" and words[:1] and words[0].upper() in _REPLACING:
        method = getattr(node.func, "attr", "").lower()
        is_second = method in ("put", "patch", "delete") and text in _positional(node)[1:]
        return not is_second and not _is_written(node, text)
    if call.kind == "redis":
        return text not in _positional(node)[1:] and not _is_written(node, text)
    return True


def _positional(node: ast.Call) -> list[str]:
    return [ast.unparse(argument)[:60] for argument in node.args]


def _is_written(node: ast.Call, text: str) -> bool:
    return any(
        keyword.arg in _WRITTEN and text == f"{keyword.arg}={ast.unparse(keyword.value)}"[:60]
        for keyword in node.keywords
    )
