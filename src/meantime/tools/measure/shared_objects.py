"""What calls share that threads and tasks must not: a connection that answers one query at a time, a boto3 resource."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from meantime.tools.measure.source.files import imported_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.measure.source.files import SourceFile, SourceFiles
    from meantime.tools.measure.source.reading import Reading
    from meantime.tools.report.recording import RecordedCall

_QUERIES = "if each query takes a connection of its own from a pool: one connection answers one query at a time"
_HTTP_CONNECTION = "if each call has a connection of its own: an HTTPConnection answers one at a time"
_RESOURCE = "if threads do not share a boto3 resource, which is not made for that: use a client, or a resource each"

# What has to be changed before such calls may go side by side; a patch that does not would break the function.
_FIRST = {
    _QUERIES: "take a connection from a pool within each of them",
    _HTTP_CONNECTION: "give each a connection of its own, or use a client with a pool, such as a requests.Session",
    _RESOURCE: (
        "make the calls with a boto3 client, which threads may share (its values carry their types), or keep a "
        "resource for each thread in a threading.local"
    ),
}
_SHARED = {
    _QUERIES: "one connection",
    _HTTP_CONNECTION: "one HTTPConnection",
    _RESOURCE: "one boto3 resource",
}
_MADE_THERE = re.compile(r"[Cc]onnect(?:ion)?\(")
_OF_A_RESOURCE = re.compile(r"\.resource\(|\.(?!Session\b|Config\b)[A-Z]\w*\(")
_OF_A_CLIENT = re.compile(r"\.client\(|clients\.boto3\(|\.meta\.client\b")


def taken_for_granted(reading: Reading, *calls: RecordedCall) -> str:
    """What calls side by side take for granted of the object that they are made on; empty for nothing."""
    if any(call.kind == "sql" and not _asks_a_pool(reading, call) for call in calls):
        return _QUERIES
    if any(call.library == "http.client" and ".request(" in _line_of(reading, call) for call in calls):
        return _HTTP_CONNECTION
    if any(call.library == "boto3" and _uses_resources(reading, call) for call in calls):
        return _RESOURCE
    return ""


def before_a_patch(assumption: str, lines: Iterable[str], files: SourceFiles) -> str:
    """Why no patch is written for calls that take something for granted, and what to do; empty where one may be.

    Args:
        assumption: What they take for granted.
        lines: Where they are made, as `app.py:3`: a connection that is made on the line itself is nobody else's.
        files: The function's source.
    """
    for known, first in _FIRST.items():
        if known in assumption and not all(_MADE_THERE.search(_text_at(line, files)) for line in lines):
            return f"There is no ready patch: it might have them share {_SHARED[known]}. First {first}."
    return ""


def _text_at(line: str, files: SourceFiles) -> str:
    name, _, number = line.rpartition(":")
    file = files.read(name) if name else None
    return file.lines[int(number) - 1] if file is not None and 0 < int(number) <= len(file.lines) else ""


def _asks_a_pool(reading: Reading, call: RecordedCall) -> bool:
    """Whether a query is asked of a pool, by its name; what `async with pool.acquire() as of_pool:` gave is none."""
    place = reading.places.of_call.get(call.id)
    file = reading.files.read(place.frame.file) if place is not None else None
    if place is None or file is None or "pool." not in _line_of(reading, call):
        return False
    around = file.function_at(place.frame.line, "")
    text = ast.unparse(around) if around is not None else ""
    return not any(re.search(rf"\bas {re.escape(name)}\b", text) for name in _asked(file, place.frame.line))


def _line_of(reading: Reading, call: RecordedCall) -> str:
    """The line that made a call, as it is written."""
    place = reading.places.of_call.get(call.id)
    file = reading.files.read(place.frame.file) if place is not None else None
    if place is None or file is None or place.frame.line > len(file.lines):
        return ""
    return file.lines[place.frame.line - 1]


def _uses_resources(reading: Reading, call: RecordedCall) -> bool:
    """Whether a call may be one of a boto3 resource, by what its object was made with, here or where it comes from."""
    place = reading.places.of_call.get(call.id)
    file = reading.files.read(place.frame.file) if place is not None else None
    if place is None or file is None:
        return False
    text = "\n".join([file.text, *(other.text for other in _imported(file, reading.files))])
    if ".resource(" not in text:
        return False
    for name in _asked(file, place.frame.line):
        made = re.findall(rf"\b{re.escape(name)}\b *(?::[^=\n]+)?=(?!=) *(.+)", text)
        if any(_OF_A_RESOURCE.search(value) and not _OF_A_CLIENT.search(value) for value in made):
            return True
        if made and all(_OF_A_CLIENT.search(value) for value in made):
            return False
    return ".client(" not in text or "table" in _line_of(reading, call).lower()


def _asked(file: SourceFile, line: int) -> list[str]:
    """The names of what is called on a line: `table` of `self.table.get_item(…)`."""
    found = []
    for node in file.calls_at(line):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(owner, ast.Name):
            found.append(owner.id)
        elif isinstance(owner, ast.Attribute):
            found.append(owner.attr)
    return found


def _imported(file: SourceFile, files: SourceFiles) -> list[SourceFile]:
    """The function's own modules that a file takes names from."""
    names = []
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom):
            module = imported_module(file, node)
            names += [module, *(f"{module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Import):
            names += [each.name for each in node.names]
    found = (files.module(name) for name in dict.fromkeys(names))
    return [each for each in found if each is not None]
