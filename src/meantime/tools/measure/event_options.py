"""The command's `--event` and `--events`: one or several events, each with a name by which it is reported."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meantime.tools.emulator.event_option import parsed_event

if TYPE_CHECKING:
    from collections.abc import Sequence


def named_events(given: Sequence[str], folder: Path | None) -> dict[str, Any]:
    """Give the events by name: the file's, or `event`.

    Args:
        given: As of `--event`: JSON itself, a file, or - for standard input.
        folder: As of `--events`: each of its `.json` files is an event.

    Raises:
        ValueError: There is none, or one is not JSON.
        OSError: One cannot be read.
    """
    texts = list(given)
    if folder is not None:
        if not folder.is_dir():
            raise ValueError(f"--events {folder} is no folder")
        files = sorted(folder.glob("*.json"))
        if not files:
            raise ValueError(f"--events {folder} holds no .json file")
        texts += [str(path) for path in files]
    if not texts:
        raise ValueError("there is no event: give one with --event FILE, or a folder of them with --events DIR")
    events: dict[str, Any] = {}
    for text in texts:
        event = parsed_event(text)
        events[_unused(_name(text), events)] = event
    return events


def told_again(given: Sequence[str], folder: Path | None) -> list[str]:
    """The options that give the events again, written for a shell; an event that was no file is not told, but named.

    Args:
        given: As of `--event`.
        folder: As of `--events`.
    """
    options = []
    for text in given:
        options += ["--event", shlex.quote(text) if _is_file(text) or text.strip() in ("{}", "[]") else '"${EVENT?}"']
    return options + (["--events", shlex.quote(str(folder))] if folder is not None else [])


def _is_file(text: str) -> bool:
    try:
        return text != "-" and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _name(text: str) -> str:
    if text == "-":
        return "standard input"
    # What is JSON itself is no file, even if it is short enough to be a file's name.
    return Path(text).stem if text.endswith(".json") else "event"


def _unused(name: str, taken: dict[str, Any]) -> str:
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name} {number}", number + 1
    return unused
