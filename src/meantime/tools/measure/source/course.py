"""The course through the source: in which loop, on which condition and below which calls it is; what it found."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING

from meantime.tools.measure.source.identity import tells_apart
from meantime.tools.measure.source.places import Place, Step, is_named_for, makes, steps_at
from meantime.tools.measure.source.values import NO_MARKS, NOTHING, Mark, Marks, Thing, Value, all_marks

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from meantime.tools.measure.source.files import Definition, SourceFile, SourceFiles
    from meantime.tools.measure.source.places import Frame, Places
    from meantime.tools.measure.source.values import Scope

TURNS = 3  # of a loop that are followed: what one turn leaves for the next, and for the one after that
_MOST_STEPS = 150_000  # expressions; beyond, nothing is said about the source


_MOST_SECONDS = 3.0  # of CPU: values that hold values that hold values take longer than their number tells
_LOOKED_AT = 200  # expressions; after so many the clock is asked


class TooMuchSource(Exception):
    """The source is too large, or too entangled, to be followed."""


@dataclass(eq=False, slots=True)
class Loop:
    """A loop on the handler's path.

    Args:
        number: Its number.
        kind: `for`, `while`, `comprehension`, `verb`: something was given a function to call with every item, or
            `records`: the handler itself is called so.
        where: `app.py:31`.
        node: Its expression or statement.
        file: Where that stands.
        within: The loops around it, outermost first.
    """

    number: int
    kind: str
    where: str
    node: ast.AST
    file: SourceFile
    within: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """That a call needs what another one gave.

    Args:
        source: Number of the place that gave it.
        target: Number of the place that needs it.
        carried: The loop whose earlier turn gave it; None: the same turn.
        how: `data`; `control`: whether it is made at all; `exit`: an earlier `return` or `break` did not end it.
        name: Where the need shows: an argument, or a condition's text.
    """

    source: int
    target: int
    carried: int | None
    how: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What decides whether the source gets here."""

    marks: Marks
    how: str
    text: str
    run: Run  # the function's, in which it was decided
    within: object  # that run, or the loop, with whose end it is over


@dataclass(eq=False, slots=True)
class Run:
    """One run of a function: what it gives, and where recorded stacks are by now."""

    file: SourceFile
    function: Definition | None
    steps: list[Step]
    called_at: ast.AST | None = None
    scope: Scope | None = None
    result: Value = NOTHING
    yielded: Thing | None = None
    depth_of_tries: list[set[Mark]] = field(default_factory=list)


class Course:
    """The state that statements, expressions and calls share."""

    def __init__(self, files: SourceFiles, places: Places) -> None:
        self.files = files
        self.places = places
        self.flows: set[Flow] = set()
        self.loops: dict[Hashable, Loop] = {}
        self.items: dict[int, frozenset[int]] = {}  # place → loops whose item is in its arguments, at every visit
        self.visited: dict[int, tuple[int, ...]] = {}  # place → the loops around it
        self.nodes: dict[int, set[int]] = {}  # place → the expressions, and ways to them, that make its calls
        self.turns: tuple[tuple[int, int], ...] = ()
        self.shared: dict[int, dict[str, None]] = {}  # loop → lines of other functions that change what its turns share
        self.conditions: list[Condition] = []
        self.runs: list[Run] = []
        self._left = _MOST_STEPS
        self._began = process_time()
        self._depths: dict[int, int] = {}  # loop → the runs that were under way when it began

    @property
    def run(self) -> Run:
        """The run of the function that is being read."""
        return self.runs[-1]

    def tick(self) -> None:
        """Count one expression."""
        self._left -= 1
        is_over = self._left % _LOOKED_AT == 0 and process_time() - self._began > _MOST_SECONDS
        if self._left < 0 or is_over:
            raise TooMuchSource

    # ---------------------------------------------------------------- calls

    def place_at(self, node: ast.AST) -> Place | None:
        """The recorded place of an expression, on the way that led here."""
        for step in self.steps(node):
            if step.place is not None and makes(node, step.place, self.run.file):
                return step.place
        return None

    def steps(self, node: ast.AST) -> list[Step]:
        """Where recorded stacks go on from an expression."""
        run = self.run
        return steps_at(run.steps, run.file, run.function, node) if run.steps else []

    def visit(self, place: Place, node: ast.AST, given: dict[str, Value]) -> Mark:
        """Note that a recorded call is made here, with what it needs.

        Args:
            place: Its place.
            node: Its expression.
            given: What it is given, by the text of each argument.
        """
        here = hash((self.way(), id(node) if is_named_for(node, place) else 0))
        within = tuple(loop for loop, _ in self.turns)
        self.visited.setdefault(place.number, within)
        self.nodes.setdefault(place.number, set()).add(here)
        items: set[int] = set()
        for name, value in given.items():
            marks = all_marks((value,))
            if not isinstance(node, ast.Call) or tells_apart(place.calls[0], node, name):
                items |= {mark.origin for mark in marks if mark.is_item}
            self._need(place.number, here, marks, "data", name)
        for condition in self.conditions:
            self._need(place.number, here, condition.marks, condition.how, condition.text)
        known = self.items.get(place.number)
        self.items[place.number] = frozenset(items if known is None else items & known)
        mark = Mark(place.number, is_item=False, turns=self.turns, node=here)
        for run in self.runs:
            for tried in run.depth_of_tries:
                tried.add(mark)
        return mark

    def _need(self, target: int, node: int, marks: Marks, how: str, name: str) -> None:
        for mark in marks:
            if mark.is_item:
                continue
            carried = self._carried(mark)
            is_itself = mark.origin == target and carried is None and mark.node == node
            if not is_itself:
                self.flows.add(Flow(mark.origin, target, carried, how, name))

    def _carried(self, mark: Mark) -> int | None:
        for (loop, turn), (here, turn_here) in zip(mark.turns, self.turns, strict=False):
            if loop != here:
                return None
            if turn != turn_here:
                return loop
        return None

    def function_of(self, frame: Frame) -> tuple[SourceFile | None, Definition | None]:
        """The function that a recorded frame stands in, with its file."""
        file = self.files.read(frame.file)
        return file, file.function_at(frame.line, frame.function) if file is not None else None

    @property
    def around(self) -> tuple[int, ...]:
        """The loops that are being read."""
        return tuple(loop for loop, _ in self.turns)

    def changed(self, thing: Thing, node: ast.AST) -> None:
        """Note a change to something, made in a function that a loop calls, if the loop's turns share that thing."""
        if thing.made_in is None:
            return
        for loop in self.around:
            if loop not in thing.made_in and len(self.runs) > self._depths[loop]:
                where = f"{self.run.file.name}:{getattr(node, 'lineno', 0)}"
                self.shared.setdefault(loop, {})[where] = None

    # ------------------------------------------------------- loops, conditions

    def loop_at(self, node: ast.AST, kind: str) -> Loop:
        """The loop of an expression or statement, on the way that led here."""
        key = (self.way(), id(node))
        if key not in self.loops:
            file = self.run.file
            where = f"{file.name}:{getattr(node, 'lineno', 0)}"
            within = tuple(loop for loop, _ in self.turns)
            self.loops[key] = Loop(len(self.loops), kind, where, node, file, within)
        return self.loops[key]

    def way(self) -> Hashable:
        """The calls that led here."""
        return tuple((id(run.function), id(run.called_at)) for run in self.runs)

    def loop(self, number: int) -> Loop:
        """A loop by its number."""
        return next(loop for loop in self.loops.values() if loop.number == number)

    @contextmanager
    def turn(self, loop: Loop, number: int) -> Iterator[Mark]:
        """Read one turn of a loop; gives the mark of its item."""
        before = self.turns
        self.turns = (*before, (loop.number, number))
        self._depths[loop.number] = len(self.runs)
        try:
            yield Mark(loop.number, is_item=True, turns=self.turns)
        finally:
            self.turns = before

    @contextmanager
    def under(self, marks: Marks, text: str, how: str = "control") -> Iterator[None]:
        """Read what is only reached on a condition."""
        calls = frozenset(mark for mark in marks if not mark.is_item)
        condition = Condition(calls, how, text, self.run, self.run)
        if calls:
            self.conditions.append(condition)
        try:
            yield
        finally:
            # Conditions that arose meanwhile stay: they are over with their function or loop.
            self.conditions = [each for each in self.conditions if each is not condition]

    def leave(self, within: object, how: str, text: str) -> None:
        """Note that the source may have been left here: what follows is only reached if it was not."""
        marks = self.implied("control", "exit", "failure")
        marks = marks.union(*self.run.depth_of_tries) if self.run.depth_of_tries else marks
        if marks:
            self.conditions.append(Condition(marks, how, text, self.run, within))

    def leave_if(self, marks: Marks, loop: Loop, text: str) -> None:
        """Note that a loop goes on only if its own test says so."""
        calls = frozenset(mark for mark in marks if not mark.is_item)
        if calls:
            self.conditions.append(Condition(calls, "control", text, self.run, loop))

    def implied(self, *hows: str) -> Marks:
        """The calls whose answers decided that this run of the function got here, in these ways."""
        return NO_MARKS.union(*(each.marks for each in self.conditions if each.run is self.run and each.how in hows))

    def over(self, *within: object) -> None:
        """Forget the conditions that are over with a function's run, or with a loop."""
        self.conditions = [each for each in self.conditions if not any(each.within is one for one in within)]


def marked(value: Value, marks: Iterable[Mark]) -> Value:
    """A value that comes from these, too."""
    extra = frozenset(marks)
    return Value(value.marks | extra, value.things) if extra - value.marks else value
