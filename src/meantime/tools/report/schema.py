"""The published schemas of the JSON files, made from the dataclasses: `python -m meantime.tools.report.schema`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from meantime.tools.report.recording import Recording
from meantime.tools.report.results import Results, Run

MODELS: dict[str, type] = {"recording": Recording, "results": Results}
"""What has a schema, by the name of its file."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number"}
# What is written for other readers beside what the dataclass holds, and read by nobody here.
_ALSO_WRITTEN: dict[type, dict[str, Any]] = {
    Run: {
        "calls": {
            "description": "The recording's calls in brief: those that are no part of another call.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"description": "What was called.", "type": "string"},
                    "start_ms": {"description": "When it began.", "type": "number"},
                    "end_ms": {"description": "When its answer was there.", "type": "number"},
                    "waiting_ms": {"description": "The part in which it waited.", "type": "number"},
                    "computing_ms": {"description": "CPU time of its own thread or task.", "type": "number"},
                    "throttled_ms": {"description": "The rest.", "type": "number"},
                    "lane": {"description": "Number of its thread.", "type": "integer"},
                },
                "required": ["name", "start_ms", "end_ms", "waiting_ms", "computing_ms", "throttled_ms", "lane"],
            },
        }
    }
}
# A file says what it is, though the readers here forgive one that does not.
_IDENTIFYING = ("format", "version")
# In a docstring's "Args:", `name: what it is`, which may run on over deeper lines.
_ARGUMENT = re.compile(r"^ {4}(?:    )?(\w+): (.+(?:\n {8,}(?: {4}).+)*)", re.MULTILINE)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file, as it is shipped.

    Args:
        name: `recording` or `results`.
    """
    text = files(__package__).joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def schema_of(model: type) -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of a dataclass and of all that it holds.

    Keys that it does not name are allowed, since a newer writer of the same version may add some.
    """
    definitions: dict[str, Any] = {}
    top = _object(model, definitions)
    return {"$schema": _DIALECT, "title": model.__name__, **top, "$defs": dict(sorted(definitions.items()))}


def schema_text(name: str) -> str:
    """The text of one schema's file, as made from the dataclasses now."""
    return json.dumps(schema_of(MODELS[name]), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas into a folder, and say which files these are."""
    paths = []
    for name in MODELS:
        path = folder / f"{name}.schema.json"
        path.write_text(schema_text(name), encoding="utf-8")
        paths.append(path)
    return paths


def _object(model: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(model)
    meanings = _meanings(model)
    properties, required = {}, []
    for each in fields(model):
        described = _kind(hints[each.name], definitions)
        if each.name in meanings:
            described = {"description": meanings[each.name], **described}
        identifies = each.name in _IDENTIFYING
        if identifies:
            described["const"] = each.default
        properties[each.name] = described
        if identifies or _is_required(each):
            required.append(each.name)
    properties |= _ALSO_WRITTEN.get(model, {})
    found = {"type": "object", "properties": properties, "required": required}
    summary = (model.__doc__ or "").strip().partition("\n\n")[0]
    return {"description": " ".join(summary.split()), **found}


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _meanings(model: type) -> dict[str, str]:
    """What the class's docstring says of each of its fields."""
    _, _, arguments = (model.__doc__ or "").partition("Args:\n")
    return {name: " ".join(text.split()).replace("None", "null") for name, text in _ARGUMENT.findall(arguments)}


def _kind(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # named before it is made: it may hold itself
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin is tuple:
        return {"type": "array", "items": _kind(get_args(kind)[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _kind(get_args(kind)[1], definitions)}
    if origin in (Union, UnionType):
        return _union(get_args(kind), definitions)
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    raise TypeError(f"no JSON Schema is known for {kind!r}")


def _union(kinds: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    names = {**_SCALARS, NoneType: "null"}
    if all(kind in names for kind in kinds):
        return {"type": [names[kind] for kind in kinds]}
    return {"anyOf": [{"type": "null"} if kind is NoneType else _kind(kind, definitions) for kind in kinds]}


if __name__ == "__main__":  # pragma: no cover  # writes into the source; `write_schemas` is tested
    for written in write_schemas(Path(__file__).parent / "schemas"):
        print(written)  # noqa: T201  # the command's answer
