"""Calls that stood in line, and whether one must stay behind another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from meantime.tools.measure.shared_objects import taken_for_granted
from meantime.tools.measure.source.effects import is_transaction, may_be_the_same, reads_only

if TYPE_CHECKING:
    from meantime.tools.measure.source.course import Flow
    from meantime.tools.measure.source.reading import Reading
    from meantime.tools.report.recording import RecordedCall, Recording

# What has no side to go by: it is a part of something else, or over at once.
_NOT_COUNTED = {"lock", "pool", "file"}
_OVERLAP = 0.1  # of its length that a call in line may share with another, for the clock's own error


@dataclass(eq=False, slots=True)
class Top:
    """A top-level call that stood in line, with the calls of libraries in it.

    Args:
        id: Its identifier.
        name: Its name.
        leaves: The calls in it that the source knows of; itself, unless it is a function given to a verb.
        places: Their places.
        loops: The loops around all of them, outermost first.
        is_read: Whether the source could be followed to all of them.
    """

    id: int
    name: str
    leaves: list[RecordedCall]
    places: frozenset[int] = frozenset()
    loops: tuple[int, ...] = ()
    is_item: bool = False
    is_read: bool = False

    def place_in(self, reading: Reading) -> None:
        """Find its places and loops in the source."""
        found = [reading.places.of_call.get(leaf.id) for leaf in self.leaves]
        self.is_read = all(place is not None and reading.is_read(place) for place in found)
        self.places = frozenset(place.number for place in found if place is not None)
        if self.is_read and found:
            paths = [reading.within[number] for number in self.places]
            common = tuple(each[0] for each in takewhile(lambda same: len(set(same)) == 1, zip(*paths, strict=False)))
            verbs = [i for i, number in enumerate(common) if reading.loops[number].kind in ("verb", "records")]
            # What a verb was given to call goes as one: loops within it are its own.
            self.loops = common[: verbs[-1] + 1] if self.is_item and verbs else common

    def loop_at(self, depth: int) -> int | None:
        """The loop around it at a depth; None where there is none."""
        return self.loops[depth] if self.is_read and depth < len(self.loops) else None

    @property
    def changes_nothing(self) -> bool:
        """Whether all its calls only read."""
        return all(reads_only(leaf) for leaf in self.leaves)


@dataclass(frozen=True, slots=True)
class Order:
    """Why one call must stay behind another (`reason`), what lets it go beside it, and what changes then."""

    reason: str = ""
    assumption: str = ""
    note: str = ""


def tops_in_line(recording: Recording) -> list[Top]:
    """The top-level calls that nothing else went beside, in their order."""
    by_id = {call.id: call for call in recording.calls}
    leaves: dict[int, list[RecordedCall]] = {}
    for call in recording.calls:
        if call.kind == "item" or call.kind in _NOT_COUNTED:
            continue
        parent = by_id.get(call.parent) if call.parent is not None else None
        top = call
        while parent is not None and parent.kind == "item":
            top = parent
            parent = by_id.get(parent.parent) if parent.parent is not None else None
        if parent is None:
            leaves.setdefault(top.id, []).append(call)
    found = sorted((by_id[number] for number in leaves), key=lambda call: call.start_ms)
    starts = [call.start_ms for call in found]
    in_line = []
    latest_end = float("-inf")
    for index, call in enumerate(found):
        most = _OVERLAP * call.duration_ms
        behind = starts[index + 1] if index + 1 < len(found) else float("inf")
        if latest_end - call.start_ms <= most and call.end_ms - behind <= most:
            in_line.append(call)
        latest_end = max(latest_end, call.end_ms)
    return [
        Top(
            id=call.id,
            name=call.name,
            leaves=sorted(leaves[call.id], key=lambda leaf: leaf.start_ms),
            is_item=call.kind == "item",
        )
        for call in in_line
    ]


def orders_of(earlier: Top, later: Top, reading: Reading) -> Order:
    """Whether, of two calls that follow each other outside a common loop, the later one must stay behind."""
    same = next((number for number in earlier.places & later.places if reading.ways.get(number) == 1), None)
    if same is not None and (not earlier.loops or earlier.name != later.name):
        return Order(reason=f"one call at {reading.places.all[same].where} makes them, one after another")
    flows = reading.flows_between(earlier.places, later.places)
    if earlier.places == later.places and not earlier.loops and not later.loops:
        flows = [flow for flow in flows if flow.carried is None]
    hard = next((flow for flow in flows if flow.how not in ("exit", "failure")), None)
    if hard is not None:
        return Order(reason=because(hard, reading))
    leaving = next((flow for flow in flows if flow.how == "exit"), None)
    if leaving is not None and not later.changes_nothing:
        return Order(reason=because(leaving, reading))
    order = effects_in_order(earlier, later, reading)
    if leaving is not None and not order.reason:
        where = reading.places.all[leaving.target].where
        note = f"today {where} is not called where `{leaving.name}` comes first"
        assumption = f"if the call at {where} may be made even where its answer is not needed: {note}"
        return Order(assumption="; ".join(filter(None, (order.assumption, assumption))), note=note)
    return order


def effects_in_order(earlier: Top, later: Top, reading: Reading) -> Order:
    """Whether what one changes lets the other not go beside it."""
    found = Order()
    for one in earlier.leaves:
        for other in later.leaves:
            order = _effects(one, other, reading)
            if order.reason:
                return order
            if order.assumption:
                found = order
    return found


def _effects(one: RecordedCall, other: RecordedCall, reading: Reading) -> Order:
    names = f"`{one.name}` at {one.line or '?'} and `{other.name}` at {other.line or '?'}"
    if is_transaction(one) or is_transaction(other):
        return Order(reason=f"{names} belong to a transaction, which one connection runs in order")
    one_reads, other_reads = reads_only(one), reads_only(other)
    if one_reads and other_reads:
        return Order(assumption=taken_for_granted(reading, one, other))
    if may_be_the_same(one, other):
        return Order(reason=f"{names} may be about the same thing, and one of them changes it")
    if one_reads or other_reads or one.name.split()[:1] == other.name.split()[:1] != []:
        writer, reader = (other, one) if one_reads else (one, other)
        return Order(
            assumption=(
                f"if `{writer.name}` at {writer.line} and `{reader.name}` at {reader.line} need not keep their order"
            )
        )
    return Order(reason=f"{names} both change something, and may have to in this order")


def because(flow: Flow, reading: Reading) -> str:
    """Why a call needs another one, in words."""
    source, target = reading.places.all[flow.source], reading.places.all[flow.target]
    when = "in the turn before" if flow.carried is not None else f"at {source.where}"
    if flow.how == "data":
        return f"{target.where} is given `{flow.name}`, which comes from what the call {when} gave"
    if flow.how == "exit":
        return f"`{flow.name}` ends it, depending on what the call {when} gave"
    return f"whether {target.where} is called depends on what the call {when} gave: `{flow.name}`"
