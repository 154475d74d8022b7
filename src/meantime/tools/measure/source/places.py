"""Where in the source the recorded calls were made, as a tree of the stacks that led there."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meantime.tools.measure.source.files import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.measure.source.files import Definition, SourceFile, SourceFiles
    from meantime.tools.report.recording import RecordedCall

_FRAME = re.compile(r"^(?P<file>.+):(?P<line>\d+) in (?P<function>.+)$")
_OF_PYTHON = {"range", "enumerate", "zip", "len", "sorted", "reversed", "str", "int"}
_WITHIN_A_FUNCTION = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
# What libraries call the methods behind a recorded name's last word.
_METHODS = {
    "http": {"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "urlopen", "stream"},
    "sql": {
        *("execute", "executemany", "fetch", "fetchone", "fetchall", "fetchrow", "fetchval", "fetchmany"),
        *("scalar", "scalars", "all", "first", "one", "commit", "rollback", "query", "copy"),
    },
    "sleep": {"sleep", "wait"},
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack."""

    file: str
    line: int
    function: str


@dataclass(eq=False, slots=True)
class Place:
    """A line, reached in one way, that made calls.

    Args:
        number: Its number.
        frame: The line.
        calls: What was recorded there, in its order.
    """

    number: int
    frame: Frame
    calls: list[RecordedCall] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The line, for a reader."""
        return f"{self.frame.file}:{self.frame.line}"


@dataclass(eq=False, slots=True)
class Step:
    """A frame on the way from the handler to calls: what went on below it."""

    below: dict[Frame, Step] = field(default_factory=dict)
    place: Place | None = None


class Places:
    """The places of all calls of a recording."""

    def __init__(self, calls: Iterable[RecordedCall], files: SourceFiles) -> None:
        self.root = Step()
        self.all: list[Place] = []
        self.of_call: dict[int, Place] = {}
        for call in calls:
            # What called the handler, a test say, is not the function's.
            frames = [frame for frame in frames_of(call) if files.read(frame.file) is not None]
            if not frames:
                continue
            step = self.root
            for frame in frames:
                step = step.below.setdefault(frame, Step())
            if step.place is None:
                step.place = Place(len(self.all), frames[-1])
                self.all.append(step.place)
            step.place.calls.append(call)
            self.of_call[call.id] = step.place


def frames_of(call: RecordedCall) -> list[Frame]:
    """The stack of a call, a comprehension counted as part of the function it stands in."""
    frames: list[Frame] = []
    for text in call.stack or ((f"{call.line} in {call.function}",) if call.line else ()):
        match = _FRAME.match(text)
        if match is None:
            continue
        function = match["function"].rpartition(".")[2]
        frame = Frame(match["file"], int(match["line"]), function)
        if function in _WITHIN_A_FUNCTION and frames and frames[-1].file == frame.file:
            frames[-1] = Frame(frame.file, frame.line, frames[-1].function)
        else:
            frames.append(frame)
    return frames


def steps_at(steps: Iterable[Step], file: SourceFile, function: Definition | None, node: ast.AST) -> list[Step]:
    """Where a recorded stack goes on from an expression of a function that steps have led to."""
    name = getattr(function, "name", "<lambda>") if function is not None else "<module>"
    return [
        below
        for step in steps
        for frame, below in step.below.items()
        if frame.file == file.name and frame.function == name and _is_line_of(frame.line, node)
    ]


def steps_into(steps: Iterable[Step], file: SourceFile, name: str) -> list[Step]:
    """Where a recorded stack enters a function, a decorator's own frames passed over."""
    level = list(steps)
    while level:
        entering = [step for step in level if any((f.file, f.function) == (file.name, name) for f in step.below)]
        if entering:
            return entering
        level = [below for step in level for below in step.below.values()]
    return []


def makes(node: ast.AST, place: Place, file: SourceFile) -> bool:
    """Whether it is this expression of a line that made a place's calls, and not another one of the same line."""
    if not isinstance(node, ast.Call):
        return True
    call = place.calls[0]
    named = [each for each in file.calls_at(place.frame.line) if is_of(each, call)]
    if named:
        return node in named
    if isinstance(node.func, ast.Name) and node.func.id in _OF_PYTHON:
        return False
    # Of a line that nothing is named on, the outermost call stands for all: `get_paginator(…).paginate(…)`.
    others = (each for each in file.calls_at(place.frame.line) if each is not node)
    return not any(node in ast.walk(each) for each in others)


def is_named_for(node: ast.AST, place: Place) -> bool:
    """Whether a call is of the method that the recorded name speaks of."""
    return isinstance(node, ast.Call) and is_of(node, place.calls[0])


def name_of(node: ast.Call) -> str:
    """The name of the function or method that a call is of."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def is_of(node: ast.Call, call: RecordedCall) -> bool:
    """Whether a call is of the method that a recorded call's name speaks of."""
    method = name_of(node).replace("_", "").lower()
    last = call.name.split()[-1].replace("_", "").lower() if call.name.split() else ""
    return method in _METHODS.get(call.kind, set()) or method == last


def _is_line_of(line: int, node: ast.AST) -> bool:
    """Whether a frame that stands in this expression names this line."""
    if isinstance(node, ast.Call):
        return line in lines_of(node)
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return bool(first <= line <= last)
