"""Calls that hardly fail: what only tells, decodes, or puts together. A loop with nothing else needs no care."""

from __future__ import annotations

HARMLESS = frozenset({
    "print", "len", "str", "int", "float", "bool", "list", "dict", "set", "tuple", "sorted", "enumerate", "range",
    "isinstance", "repr", "zip", "min", "max", "sum", "any", "all", "loads", "dumps", "get", "append", "extend",
    "items", "keys", "values", "info", "debug", "warning", "error", "exception", "critical", "log", "format", "join",
    "split", "strip", "decode", "encode", "b64decode", "add", "lower", "upper", "replace", "startswith", "endswith",
    "update", "setdefault", "print_exc", "format_exc", "time", "now", "utcnow", "isoformat", "getenv",
})  # fmt: skip
"""The last names of such calls, of whatever object."""

KEEPING = frozenset({"append", "add", "extend", "update", "setdefault"})
"""Those among them that keep something for later."""
