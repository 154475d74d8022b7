"""From JSON values to frozen dataclasses, checked against their type hints; errors name the path of what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_WANTED = {str: "a text", bool: "true or false", int: "a whole number", float: "a finite number"}


class DecodingError(ValueError):
    """A JSON value is not what the model asks for; the text begins with the path of the value."""


def decoded_file(path: Path, build: Callable[[Any], T], error: type[ValueError], *, written_by: str) -> T:
    """Read a JSON file and build from it what it holds.

    Args:
        path: The file.
        build: What is made of the parsed JSON; raises `DecodingError` where something is missing or wrong.
        error: What is raised instead of everything else; its text names the file and the place in it.
        written_by: What writes such a file, for a reader who has none.
    """
    try:
        return build(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as missing:
        raise error(f"{path}: there is no such file; {written_by} writes one") from missing
    except OSError as failure:
        raise error(f"{path}: cannot be read: {failure.strerror}") from failure
    except DecodingError as wrong:
        raise error(f"{path}: {wrong}") from wrong
    except ValueError as wrong:
        raise error(f"{path}: this is not JSON: {wrong}") from wrong
    except RecursionError as deep:
        raise error(f"{path}: its lists or objects are nested too deep") from deep


def decode(kind: Any, value: Any, where: str) -> Any:
    """Build a `kind` from `value`, as `json.loads` gave it.

    Keys that the model does not know are passed over, so that an older reader can read a newer file.

    Args:
        kind: A dataclass, `str`, `bool`, `int`, `float`, `tuple[X, ...]`, `Mapping[str, X]`, or a union of these.
        value: What stands in the JSON file.
        where: The path of the value, such as `runs[3].calls`; empty for the whole file.

    Raises:
        DecodingError: The value has another type, a key is missing, or the dataclass itself refuses it.
    """
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind, value, where)
    origin = get_origin(kind)
    if origin is tuple:
        return _list(get_args(kind)[0], value, where)
    if origin is Mapping:
        return _mapping(get_args(kind)[1], value, where)
    if origin in (Union, UnionType):
        return _union(get_args(kind), value, where)
    return _scalar(kind, value, where)


def _object(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _mismatch("an object", value, where)
    hints = get_type_hints(kind)
    arguments = {}
    for field in fields(kind):
        path = f"{where}.{field.name}" if where else field.name
        if field.name in value:
            arguments[field.name] = decode(hints[field.name], value[field.name], path)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise DecodingError(f"{path} is missing")
    try:
        return kind(**arguments)
    except ValueError as error:
        raise DecodingError(f"{where}: {error}" if where else str(error)) from error


def _list(kind: Any, value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _mismatch("a list", value, where)
    return tuple(decode(kind, item, f"{where}[{index}]") for index, item in enumerate(value))


def _mapping(kind: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _mismatch("an object", value, where)
    return {key: decode(kind, item, f"{where}.{key}") for key, item in value.items()}


def _union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    *others, last = [kind for kind in kinds if kind is not NoneType]
    for kind in others:
        try:
            return decode(kind, value, where)
        except DecodingError:
            continue
    return decode(last, value, where)


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind in (str, bool) and isinstance(value, kind):
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and _is_finite(value):
        if kind is float:
            return float(value)
        if kind is int and value == int(value):
            return int(value)
    raise _mismatch(_WANTED[kind], value, where)


def _is_finite(value: float) -> bool:
    """Whether it is a number that a `float` can hold; JSON's whole numbers have no end."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _mismatch(wanted: str, value: Any, where: str) -> DecodingError:
    shown = repr(value)
    if len(shown) > 60:  # noqa: PLR2004  # enough to recognise it by
        shown = f"{shown[:57]}..."
    return DecodingError(f"{where or 'the file'} must be {wanted}, not {shown}")
