"""Values as they stand in events: text, base64, and the types of DynamoDB."""

from __future__ import annotations

from base64 import b64encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def text_of(value: object) -> str:
    """The value as a record carries it: what is no text, as JSON."""
    if isinstance(value, str):
        return value
    from json import dumps  # noqa: PLC0415  # who tests no batches must not pay for it

    try:
        return dumps(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"a record carries bytes, text, or what JSON can hold; got {value!r:.80}: {error}") from None


def base64_of(value: object) -> str:
    """The value in base64, as JSON holds bytes."""
    return b64encode(value if isinstance(value, bytes) else text_of(value).encode()).decode()


def typed(value: Any) -> dict[str, Any]:  # noqa: PLR0911  # one for each type
    """A plain value as DynamoDB writes it."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case bytes():
            return {"B": base64_of(value)}
        case dict():
            return {"M": {name: typed(each) for name, each in value.items()}}
        case list() | tuple():
            return {"L": [typed(each) for each in value]}
        case set() | frozenset():
            kinds = {next(iter(typed(each))) for each in value}
            if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
                raise TypeError(f"DynamoDB has sets of texts, of numbers and of bytes; got {value!r:.80}")
            kind = kinds.pop()
            return {f"{kind}S": [typed(each)[kind] for each in sorted(value)]}
    if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":  # which is not imported for this
        return {"N": str(value)}
    raise TypeError(f"DynamoDB has no type for {value!r:.80}, a {type(value).__name__}")
