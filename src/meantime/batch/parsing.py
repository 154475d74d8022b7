"""What `parse=` may be: a pydantic model, a type adapter, a data class of Powertools, or any function of the record."""

from __future__ import annotations

from meantime.callables import is_async, is_generator, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.batch.records import Record

# Two fields of each model of a whole record that Powertools' parser has, by which a model of one's own is told from
# those: a message may well carry a `messageId` of its own, but no receipt handle.
_OF_WHOLE_RECORDS = (
    {"messageId", "receiptHandle"},
    {"kinesis", "eventSource"},
    {"dynamodb", "eventSource"},
    {"topic", "offset"},
)


def parser_of(parse: Any) -> Callable[[Record], Any] | None:
    """What makes of a record what the function is given; None: the record itself.

    None of these libraries is loaded for it: they are known by their shape.

    Raises:
        TypeError: It is nothing that parses.
    """
    if parse is None:
        return None
    if hasattr(parse, "model_validate_json"):
        fields = set(getattr(parse, "model_fields", None) or ())
        if any(whole <= fields for whole in _OF_WHOLE_RECORDS):
            validate = parse.model_validate
            return lambda record: validate(record.raw)
        return _validated(parse.model_validate_json, parse.model_validate)
    if hasattr(parse, "validate_json"):
        return _validated(parse.validate_json, parse.validate_python)
    if hasattr(parse, "raw_event"):  # a data class of Powertools
        return lambda record: parse(record.raw)
    if not callable(parse):
        raise TypeError(f"parse must be a pydantic model, or a function of the record; got {parse!r:.80}")
    if is_async(parse) or is_generator(parse):
        raise TypeError(f"parse must be a plain function of the record, and {name_of(parse)} is none")
    return parse  # type: ignore[no-any-return]  # it is callable


def _validated(of_json: Callable[[Any], Any], of_values: Callable[[Any], Any]) -> Callable[[Record], Any]:
    """A parser of what the record carries, which is JSON or plain values."""

    def parsed(record: Record) -> Any:
        payload = record.payload
        return of_json(payload) if isinstance(payload, (str, bytes)) else of_values(payload)

    return parsed
