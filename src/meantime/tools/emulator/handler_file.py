"""Looks for a handler's module file, so that a misspelt handler is told before anything starts; imports nothing."""

from __future__ import annotations

import ast
from importlib.machinery import all_suffixes
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from meantime.tools.emulator.function import Function


def check_handler(function: Function) -> None:
    """Check that a function's handler can be found, as far as that can be told without importing.

    Raises:
        ValueError: Its module's file is nowhere, or the name behind the last dot is none.
    """
    module, _, name = function.handler.rpartition(".")
    if name == "py" and (function.code / function.handler).is_file():
        known = functions_in(function.code / function.handler)
        which = f"; there is {', '.join(known)}" if known else ""
        raise ValueError(f"{function.handler} is a file: name a function in it, as {module}.handler{which}")
    if not name.isidentifier():
        meant = function.handler.replace(".py:", ":").replace(":", ".")
        raise ValueError(f"handler {function.handler!r} is not of the form package.module.function; {meant}, perhaps?")
    parts = module.replace("/", ".").split(".")  # as Lambda's runtime does
    if "PYTHONPATH" in function.environment or "" in parts:
        return  # it may be anywhere, or is relative to nothing
    if (missing := _missing(function.code, parts)) is not None:
        raise ValueError(f"there is no {missing} in {function.code} (--code)")


def functions_in(source: Path) -> list[str]:
    """Name the functions on the top level of a source file that may be handlers; none where it cannot be read."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [each.name for each in tree.body if isinstance(each, kinds) and not each.name.startswith("_")]


def _missing(code: Path, parts: list[str]) -> str | None:
    """Return the file that the handler's module lacks, or None where it is there or may be elsewhere."""
    folder = code
    for depth, part in enumerate(parts):
        package = folder / part
        last = depth == len(parts) - 1
        if package.is_dir():
            initial = package / "__init__.py"
            if last or _extends_itself(initial):
                return None
            if depth == 0 and not initial.exists() and _installed(part):
                return None  # a namespace, parts of which are elsewhere
            folder = package
            continue
        if any((folder / f"{part}{suffix}").is_file() for suffix in all_suffixes()):
            return None
        return None if depth == 0 and _installed(part) else f"{'/'.join(parts)}.py"
    return None


def _extends_itself(initial: Path) -> bool:
    """Whether a package looks for its modules in further folders."""
    return initial.is_file() and b"__path__" in initial.read_bytes()


def _installed(name: str) -> bool:
    """Whether there is such a module beside the code folder; looking for one on the top level imports nothing."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return True  # it cannot be told
