"""How the source itself names what it calls, for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function


def spelled(expression: Expression) -> str:
    """An expression as the source has it, shortened: `s3.get_object`, `boto3.client(…).get_object`, `a["b"].get`."""
    if expression.kind == "name":
        return expression.name
    if expression.kind == "attribute":
        return f"{spelled(expression.parts[0])}.{expression.name}"
    if expression.kind == "call":
        return f"{spelled(expression.function)}(…)"  # type: ignore[attr-defined]  # a Call
    if expression.kind == "item" and isinstance(expression.value, str):
        return f'{spelled(expression.parts[0])}["{expression.value}"]'
    if expression.kind in {"await", "item"}:
        return spelled(expression.parts[0])
    return "…"


def name_of(function: Function, seen_from: Function | None = None) -> str:
    """What a message calls a function; from another file with its own, since many have a `lambda_handler`."""
    if seen_from is None or seen_from.file == function.file:
        return function.spoken
    return f"{function.spoken} ({function.file})"
