"""The command's `--event`: JSON itself, a file that holds it, or standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_LONGEST = 80


def parsed_event(text: str) -> Any:
    """Return the event.

    Raises:
        ValueError: It is not JSON; the text says what was taken for it.
        OSError: The file cannot be read.
    """
    if text == "-":
        return _parsed(_decoded(sys.stdin.buffer.read(), "standard input"), "standard input is not JSON")
    named = repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
    try:
        return _parsed(text, f"the event {named} is not JSON, nor is there such a file")
    except ValueError:
        if not _is_file(text):
            if text.endswith(".json"):  # what is meant for a file, whatever is wrong with it as JSON
                raise ValueError(f"there is no event file {named}") from None
            raise
    source = f"the event file {text}"
    return _parsed(_decoded(Path(text).read_bytes(), source), f"{source} is not JSON")


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")  # Windows writes a byte order mark
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is not UTF-8: {error}") from None


def _parsed(text: str, complaint: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(f"{complaint}: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{complaint}: {error}") from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return False
