"""What `[tool.meantime.check]` in pyproject.toml says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from meantime.tools.check.errors import CheckError
from meantime.tools.check.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TABLE = "[tool.meantime.check]"
LEVELS: tuple[str, ...] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is checked, and what of it is shown.

    Args:
        select: Codes or beginnings of codes of the rules to run; none: all of them.
        ignore: Those not to run; the longer of two beginnings counts.
        per_file_ignores: Codes not to show in files that match a pattern.
        exclude: Patterns of files and folders that are not read, as in .gitignore.
        levels: Another level for what a rule finds, by its code.
        warnings: Whether what is only likely is shown, too.
        all: Whether what ruff is set to report is shown, too.
        file: Where this is written.
        folder: What the patterns are relative to; None: the folder that is checked from.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    warnings: bool = False
    all: bool = False
    file: Path | None = None
    folder: Path | None = None


def read_settings(start: Path) -> Settings:
    """The settings for a file or folder: of the nearest pyproject.toml, from there upwards, that has such a table.

    Raises:
        CheckError: It cannot be read, or says what is not known.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        try:
            text = file.read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise CheckError(f"{file} cannot be read: {error}") from None
        if "meantime" not in text:
            continue
        try:
            tools = tomllib.loads(text).get("tool", {})
        except tomllib.TOMLDecodeError as error:
            raise CheckError(f"{file} is no TOML: {error}") from None
        ours = tools.get("meantime", {}) if isinstance(tools, dict) else {}
        for key in ours if isinstance(ours, dict) else ():
            if key != "check":
                what = "did you mean check?" if get_close_matches(key, ["check"]) else f"settings stand in {_TABLE}"
                raise CheckError(f"{file}: [tool.meantime] has an unknown key {key!r}; {what}")
        if isinstance(ours, dict) and "check" in ours:
            return _settings(ours["check"], file)
    return Settings()


def closest(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: what may have been meant, or what is known."""
    words = list(known)
    near = get_close_matches(word, words, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(words)}"


def _settings(table: object, file: Path) -> Settings:
    """The settings that a table holds."""
    if not isinstance(table, dict):
        raise CheckError(f"{file}: {_TABLE} must be a table")
    readers = {
        "select": _strings,
        "ignore": _strings,
        "per-file-ignores": _per_file,
        "exclude": _strings,
        "levels": _levels,
        "warnings": _boolean,
        "all": _boolean,
    }
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in readers:
            raise CheckError(f"{file}: {_TABLE} has an unknown key {key!r}; {closest(key, readers)}")
        values[key.replace("-", "_")] = readers[key](value, f"{file}: {key} of {_TABLE}")
    return Settings(**values, file=file, folder=file.parent)


def _strings(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise CheckError(f"{where} must be a list of strings")
    return tuple(value)


def _boolean(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise CheckError(f"{where} must be true or false")
    return value


def _per_file(value: object, where: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise CheckError(f'{where} must be a table of lists: {{"tests/**" = ["MT205"]}}')
    return tuple((pattern, _strings(codes, f"{where}, {pattern!r},")) for pattern, codes in value.items())


def _levels(value: object, where: str) -> dict[str, Level]:
    if not isinstance(value, dict) or not all(level in LEVELS for level in value.values()):
        raise CheckError(f'{where} must be a table of "error" or "warning" by codes: {{MT701 = "warning"}}')
    return value
