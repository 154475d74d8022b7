"""DynamoDB's typed values as plain Python, by the rules of boto3's own deserializer.

https://boto3.amazonaws.com/v1/documentation/api/latest/reference/customizations/dynamodb.html
"""

from __future__ import annotations

from binascii import a2b_base64
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What DynamoDB can hold, and no digit less: boto3.dynamodb.types.DYNAMODB_CONTEXT.
CONTEXT = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])


def plain(value: dict[str, Any]) -> Any:
    """The plain value: numbers are Decimal, binary values bytes, sets sets.

    boto3 has a class of its own for binary values; it equals the bytes that are given here.

    Raises:
        TypeError: It is no typed value.
        decimal.DecimalException: A number that DynamoDB could not hold.
    """
    for kind, content in value.items():
        decode = _DECODERS.get(kind)
        if decode is None:
            break
        return decode(content)
    raise TypeError(f"expected one of DynamoDB's typed values, as {{'S': 'text'}}; got {value!r:.80}")


def plain_item(item: dict[str, Any]) -> dict[str, Any]:
    """An item's attributes by their names, plain."""
    return {name: plain(value) for name, value in item.items()}


def _number(content: str) -> Decimal:
    return CONTEXT.create_decimal(content)


def _binary(content: str | bytes) -> bytes:
    return a2b_base64(content) if isinstance(content, str) else bytes(content)  # base64 in JSON, else as boto3 has it


def _as_is(content: Any) -> Any:
    return content


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "S": _as_is,
    "N": _number,
    "B": _binary,
    "BOOL": _as_is,
    "NULL": lambda _: None,
    "M": plain_item,
    "L": lambda content: [plain(value) for value in content],
    "SS": set,
    "NS": lambda content: set(map(_number, content)),
    "BS": lambda content: set(map(_binary, content)),
}
