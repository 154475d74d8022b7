"""A file's text, and what is said of a file that has none to offer: MT001."""

from __future__ import annotations

import re
import sys
from io import BytesIO
from tokenize import detect_encoding

from meantime.tools.check.finding import Finding, Place

CODE = "MT001"
MOST_LINES = 50_000
"""A file with more is not read: no one wrote it, and its syntax tree alone would take hundreds of megabytes."""
# What a line that cannot be parsed looks like if it is of a newer Python.
_SYNTAX_OF = {(3, 12): re.compile(r"\s*(?:(?:class|(?:async\s+)?def)\s+\w+\[|type\s+\w+(?:\[.*\])?\s*=)")}


class UnreadableError(Exception):
    """A file cannot be read, with the reason as its user should hear it.

    Args:
        reason: What is wrong, as the rest of a sentence that begins with "This file": "is not UTF-8".
        line: Where.
        column: From 1.
    """

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


def source_text(data: bytes) -> str:
    """The text of a Python file, in the encoding that it declares.

    Raises:
        UnreadableError: It is none, or too long.
    """
    lines = data.count(b"\n") + 1
    if lines > MOST_LINES:
        raise UnreadableError(
            f"has {lines:,} lines; above {MOST_LINES:,} it is taken for generated. Exclude it in [tool.meantime.check]"
        )
    try:
        encoding, _ = detect_encoding(BytesIO(data).readline)
    except SyntaxError as error:
        if not str(error).startswith("invalid or missing"):
            raise UnreadableError(f"declares an encoding that Python does not know: {error}") from None
        encoding = "utf-8"  # the first lines are not; where exactly is told below
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        raise UnreadableError(
            f"is not {encoding.upper()}: byte 0x{data[error.start]:02x}, which Python refuses, too. "
            "Save it as UTF-8, or declare its encoding in the first line: # -*- coding: … -*-",
            before.count(b"\n") + 1,
            len(before) - before.rfind(b"\n"),
        ) from None


def decoded(data: bytes) -> str:
    """A file's text, as well as it can be read: the same as `source_text` where that gives one."""
    try:
        return source_text(data)
    except UnreadableError:
        return data.decode("utf-8", "replace")


def why_unreadable(error: Exception) -> UnreadableError:
    """Says why a file could not be read.

    Args:
        error: `OSError`, `SyntaxError`, `RecursionError`, or an `UnreadableError` itself.
    """
    if isinstance(error, UnreadableError):
        return error
    if isinstance(error, SyntaxError):
        return UnreadableError(_why_no_python(error), error.lineno or 1, error.offset or 1)
    if isinstance(error, RecursionError):
        return UnreadableError("is nested too deeply to be read")
    if isinstance(error, OSError):
        return UnreadableError(f"cannot be opened: {error.strerror or error}")
    raise error


def unreadable(file: str, error: Exception) -> Finding:
    """The finding that a file was not checked, and why.

    Args:
        file: The file, as findings name it.
        error: What reading it raised; see `why_unreadable`.
    """
    why = why_unreadable(error)
    return Finding(CODE, f"This file {why.reason}. Nothing in it was checked.", Place(file, why.line, why.column))


def _why_no_python(error: SyntaxError) -> str:
    """Why a file cannot be parsed: by a mistake in it, or since it is for a newer Python than this one."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version, sign in _SYNTAX_OF.items():
        if sys.version_info < version and sign.match(error.text or ""):
            newer = ".".join(map(str, version))
            return f"has syntax of Python {newer}, and meantime runs with {own}. Run it with {newer} or newer"
    hint = f"That is what Python {own} says; if the file is for a newer one, run meantime with that"
    return f"cannot be parsed: {error.msg}. {hint}"
