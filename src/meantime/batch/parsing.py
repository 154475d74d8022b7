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


# By which classes are known that are made of named fields: data classes, those of attrs and of msgspec, named tuples.
_OF_FIELDS = ("__dataclass_fields__", "__attrs_attrs__", "__struct_fields__", "_fields")


def parser_of(parse: Any, record: type[Record]) -> Callable[[Record], Any] | None:
    """What makes of a record what the function is given; None: the record itself.

    None of these libraries is loaded for it: they are known by their shape.

    Args:
        parse: As the decorator was given it.
        record: What it will be called with.

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
    _refuse_plain_class(parse, record)
    return parse  # type: ignore[no-any-return]  # it is callable


def _validated(of_json: Callable[[Any], Any], of_values: Callable[[Any], Any]) -> Callable[[Record], Any]:
    """A parser of what the record carries, which is JSON or plain values."""

    def parsed(record: Record) -> Any:
        payload = record.payload
        if isinstance(payload, (str, bytes)):
            return of_json(payload)
        try:
            return of_values(payload)
        except Exception as error:
            view = _view_without_item(record) if payload is None else None
            if view is None:
                raise
            raise ValueError(
                f"there is no item to validate: the stream's view type is {view}, which has none for "
                f"{record.raw['eventName']}. Give the table's stream the view type NEW_AND_OLD_IMAGES, or write "
                "parse=lambda record: Model(**record.keys)"
            ) from error

    return parsed


def _view_without_item(record: Record) -> str | None:
    """The view type of the stream that carries no item for this change; None if it is not that."""
    view = record.raw["dynamodb"].get("StreamViewType")
    return view if view in ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE") else None


def _refuse_plain_class(parse: Any, record: type[Record]) -> None:
    """Such a class takes whatever it is given: the record would end up in its first field, and count as done."""
    kind = getattr(parse, "__origin__", parse)  # list[int] is a list
    if not isinstance(kind, type):
        return
    of_fields = any(hasattr(kind, name) for name in _OF_FIELDS) or _is_typed_dict(kind)
    if not of_fields and kind.__module__ != "builtins":
        return  # a class that somebody wrote to be called with a record
    name = parse.__qualname__.rpartition(".")[2] if kind is parse else repr(parse)
    carried = "record.json()" if hasattr(record, "json") else "record.new_image"
    call = f"{kind.__name__}({'**' if of_fields else ''}{carried})"
    raise TypeError(
        f"parse={name} would be called with the {record.__name__} itself, and not with what it carries: write "
        f"parse=lambda record: {call}, or give a pydantic model, or pydantic.TypeAdapter({name}), which validate"
    )


def _is_typed_dict(kind: type) -> bool:
    return issubclass(kind, dict) and hasattr(kind, "__total__")
