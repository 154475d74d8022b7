"""Reads a function's source along the calls of a recording."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from meantime.tools.measure.source.course import TURNS, Flow, Loop, Run, TooMuchSource
from meantime.tools.measure.source.files import SourceFiles
from meantime.tools.measure.source.places import Frame, Place, Places, frames_of
from meantime.tools.measure.source.statements import Statements
from meantime.tools.measure.source.values import Thing, Value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.measure.source.files import Definition
    from meantime.tools.report.recording import RecordedCall


@dataclass(eq=False)
class Reading:
    """What the source says about the places of recorded calls.

    Args:
        places: Where calls were made.
        flows: Which need which.
        loops: The loops, by number.
        within: The loops around a place, outermost first; without those that were never reached.
        items: The loops whose item is in a place's arguments.
        ways: How many expressions, and ways to them, make a place's calls.
        shared: The lines of functions called in a loop that change what its turns share.
        files: The files themselves.
        gave_up: Whether the source was too large, or too entangled, to be followed.
    """

    places: Places
    flows: set[Flow]
    loops: dict[int, Loop]
    within: dict[int, tuple[int, ...]]
    items: dict[int, frozenset[int]]
    ways: dict[int, int]
    shared: dict[int, tuple[str, ...]]
    files: SourceFiles
    gave_up: bool = False

    @cached_property
    def _between(self) -> dict[tuple[int, int], list[Flow]]:
        found: dict[tuple[int, int], list[Flow]] = {}
        for flow in self.flows:
            found.setdefault((flow.source, flow.target), []).append(flow)
        return found

    def flows_between(self, sources: Iterable[int], targets: Iterable[int]) -> list[Flow]:
        """What places need of others."""
        known = self._between
        return [flow for source in sources for target in targets for flow in known.get((source, target), ())]

    def is_read(self, place: Place) -> bool:
        """Whether the source could be followed to a place."""
        return place.number in self.within


def read(calls: Iterable[RecordedCall], folder: Path) -> Reading:
    """Follow a function's source to the recorded calls.

    Args:
        calls: Those whose dependence is asked.
        folder: The function's folder, to which their lines are relative.
    """
    files = SourceFiles(folder)
    places = Places(calls, files)
    course = Statements(files, places)
    try:
        _enter_all(course)
        if _is_called_for_each_record(course):
            # The handler itself was called several times: once for every record.
            again = Statements(files, places)
            _enter_all(again, is_repeated=True)
            course = again
    except (TooMuchSource, RecursionError):
        return Reading(places, set(), {}, {}, {}, {}, {}, files, gave_up=True)
    loops = {loop.number: loop for loop in course.loops.values()}
    ways = {place: len(nodes) for place, nodes in course.nodes.items()}
    shared = {loop: tuple(lines) for loop, lines in course.shared.items()}
    return Reading(places, course.flows, loops, course.visited, course.items, ways, shared, files)


def keeps_nothing(call: RecordedCall, files: SourceFiles) -> bool:
    """Whether the functions on a call's stack keep nothing for the next one, as far as a glance shows."""
    for frame in frames_of(call):
        file = files.read(frame.file)
        definition = file.function_at(frame.line, frame.function) if file is not None else None
        for node in ast.walk(definition) if definition is not None else ():
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if isinstance(node, ast.While | ast.Global | ast.Nonlocal) or any(
                isinstance(each, ast.Attribute | ast.Subscript) for each in targets
            ):
                return False
    return True


def _is_called_for_each_record(course: Statements) -> bool:
    """Whether the handler is given one record at a time, and all that it calls was called several times."""
    entries = [course.function_of(frame) for frame in course.places.root.below]
    if not any(_takes_a_record(definition) for _, definition in entries if definition is not None):
        return False
    outside = [
        place
        for place in course.places.all
        if course.visited.get(place.number) == () and "CONNECT" not in place.calls[0].name  # a pool opens several
    ]
    repeated = [place for place in outside if len(place.calls) > 1 and len(course.nodes[place.number]) == 1]
    return bool(repeated) and len(repeated) == len(outside)


def _takes_a_record(definition: Definition) -> bool:
    decorators = " ".join(ast.unparse(each) for each in getattr(definition, "decorator_list", []))
    return any(word in decorators for word in ("batch", "sqs", "kinesis", "dynamodb", "record"))


def _enter_all(course: Statements, *, is_repeated: bool = False) -> None:
    """Read the functions that the recorded stacks begin with: the handler, as a rule."""
    entries: dict[tuple[str, str], Frame] = {}
    for frame in course.places.root.below:
        entries.setdefault((frame.file, frame.function), frame)
    for frame in entries.values():
        file, definition = course.function_of(frame)
        if file is None or definition is None:
            continue
        module = course.module(file)
        course.runs = [Run(file, None, [])]
        thing = Thing("function", definition=definition, file=file, scope=module.scope)
        steps = [course.places.root]
        given = tuple(Value(things=(Thing("other"),)) for _ in definition.args.args)
        if not is_repeated:
            course.enter(thing, given, {}, steps, None)
            continue
        loop = course.loop_at(definition, "records")
        for number in range(TURNS):
            with course.turn(loop, number) as item:
                course.enter(thing, tuple(Value(frozenset([item]), value.things) for value in given), {}, steps, None)
