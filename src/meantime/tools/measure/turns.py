"""A loop's turns: whether they may go side by side, and which calls belong to which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.ordering import because
from meantime.tools.measure.shared_objects import taken_for_granted
from meantime.tools.measure.source.effects import is_a_message, is_transaction, may_be_the_same, reads_only
from meantime.tools.measure.source.items import are_distinct, ends_early, is_a_log, keeps_an_order, repeats
from meantime.tools.measure.source.sharing import shared_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meantime.tools.measure.ordering import Top
    from meantime.tools.measure.source.course import Flow, Loop
    from meantime.tools.measure.source.reading import Reading
    from meantime.tools.report.recording import RecordedCall


@dataclass(frozen=True, slots=True)
class Freedom:
    """Whether turns are free of each other: why not (`reason`), if what, what changes then, what is shared."""

    reason: str = ""
    assumption: str = ""
    note: str = ""
    is_retry: bool = False
    shares: bool = False

    @property
    def is_free(self) -> bool:
        """Whether they are."""
        return not self.reason


def is_free(loop: Loop, tops: Sequence[Top], reading: Reading) -> Freedom:
    """Whether a loop's turns may go side by side.

    Args:
        loop: The loop.
        tops: The calls recorded in it.
        reading: What the source says.
    """
    places = frozenset[int]().union(*(top.places for top in tops))
    carried = [
        flow
        for flow in reading.flows
        if flow.carried == loop.number and flow.source in places and flow.target in places and flow.how != "failure"
    ]
    exits = [flow for flow in carried if flow.how == "exit"]
    hard = [flow for flow in carried if flow.how != "exit"] or (exits if loop.kind in ("while", "pages") else [])
    if hard:
        # What is handed on says more than what decides.
        return Freedom(reason=because(min(hard, key=lambda flow: (flow.how != "data", flow.name)), reading))
    # Like calls of a place count once: thousands of `POST /1`, `POST /2` would be compared with each other.
    leaves = {_likeness(leaf, reading): leaf for top in tops for leaf in top.leaves}
    calls = list(leaves.values())
    told_apart = _told_apart(loop, places, reading)
    conflict = _conflict(calls, reading, told_apart) or _order_kept(loop, calls, reading)
    if conflict:
        return Freedom(reason=conflict)
    return _assumed(loop, exits, calls, reading, is_each_its_own=places <= told_apart)


def _likeness(call: RecordedCall, reading: Reading) -> tuple[object, ...]:
    name = call.name.partition(" ")[0] if call.kind == "http" else call.name
    return reading.places.of_call[call.id].number, name, call.target


def _told_apart(loop: Loop, places: Iterable[int], reading: Reading) -> frozenset[int]:
    """The places that are given something of the loop's item, so that each turn is about something else."""
    inner = {number for number, each in reading.loops.items() if loop.number in each.within or number == loop.number}
    return frozenset(place for place in places if reading.items.get(place, frozenset()) & inner)


def _conflict(calls: list[RecordedCall], reading: Reading, told_apart: frozenset[int]) -> str:
    for call in calls:
        if is_transaction(call):
            return f"`{call.name}` at {call.line} belongs to a transaction, which one connection runs in order"
        if reads_only(call):
            continue
        if call.kind == "sql":
            return f"`{call.name}` at {call.line} changes what other queries on its connection may see"
        if call.target.endswith(".fifo"):
            return f"`{call.name}` at {call.line} sends to a FIFO queue or topic, which keeps the order of what comes"
        for other in calls:
            pair = {reading.places.of_call[call.id].number, reading.places.of_call[other.id].number}
            if may_be_the_same(call, other) and not pair <= told_apart:
                return (
                    f"`{call.name}` at {call.line} may change what `{other.name}` at {other.line} is about in the next"
                    " turn: nothing that it is given comes from the loop's item"
                )
    return ""


def _order_kept(loop: Loop, calls: list[RecordedCall], reading: Reading) -> str:
    """Why writes stay in their order, though none needs what another one gave."""
    order = keeps_an_order(loop)
    for call in calls:
        if reads_only(call):
            continue
        if order and not is_a_message(call):
            return f"`{call.name}` at {call.line} follows the order of what the loop goes over: {order}"
        if (
            call.kind == "http"
            and call.name.startswith("POST")
            and is_a_log(call.name)
            and not _has_many_names(call, reading)
        ):
            return f"`{call.name}` at {call.line} adds to something that keeps the order of what comes"
        if call.name.startswith("kinesis Put"):
            return f"`{call.name}` at {call.line} sends to a stream, which keeps the order of what comes"
    return ""


def _has_many_names(call: RecordedCall, reading: Reading) -> bool:
    """Whether the calls of a place are about different paths."""
    return len({other.name for other in reading.places.of_call[call.id].calls}) > 1


def _assumed(  # noqa: C901  # one `if` for each assumption
    loop: Loop, exits: list[Flow], calls: list[RecordedCall], reading: Reading, *, is_each_its_own: bool
) -> Freedom:
    if exits and not is_each_its_own:
        reason = f"it is the same call again until it succeeds, or has changed: `{exits[0].name}`"
        return Freedom(reason=reason, is_retry=True)
    writes = [call for call in calls if not reads_only(call)]
    if exits and writes:
        return Freedom(reason=because(exits[0], reading))
    assumptions = []
    note = ""
    if exits:
        note = f"today the loop ends at `{exits[0].name}`, and the items behind it are not called for"
        assumptions.append(f"if all items may be called for: {note}")
    early = "" if exits else ends_early(loop)
    if early:
        note = f"today {early}, and the others are not called for"
        assumptions.append(f"if all items may be called for: {note}")
    is_once = are_distinct(loop) or all(map(is_a_message, writes))
    if not is_once:
        assumptions.append("if no two of them are about the same thing")
    if loop.kind == "unknown":
        assumptions.append("if what is called there makes one call an item, and not the same one again")
    if loop.kind == "while":
        assumptions.append("if all items are known before the first call")
    if not is_each_its_own and loop.kind not in ("while", "verb"):
        assumptions.append(
            "if the calls do not depend on each other: nothing of the loop's item is in what they are given"
        )
    if any(call.kind == "sleep" for call in calls):
        assumptions.append("if the sleep is not there to keep a pace")
    changed = shared_changes(loop, calls, reading.files)
    shared = tuple(dict.fromkeys((*reading.shared.get(loop.number, ()), *changed)))
    if shared:
        lines = ", ".join(shared[:3])
        assumptions.append(f"if what the turns share may be changed in any order, and by several at once: {lines}")
    pooled = taken_for_granted(reading, *calls)
    if pooled:
        assumptions.append(pooled)
    shares = bool(shared or early) or (not is_once and repeats(loop))
    return Freedom(assumption="; ".join(assumptions), note=note, shares=shares)


def retries_in(tops: Sequence[Top], depth: int, reading: Reading) -> frozenset[int]:
    """The loops just below a depth that only try one call again, so that each turn above makes it once, as a rule."""
    inner: dict[int, list[Top]] = {}
    for top in tops:
        number = top.loop_at(depth)
        if number is not None:
            inner.setdefault(number, []).append(top)
    return frozenset(
        number for number, calls in inner.items() if is_free(reading.loops[number], calls, reading).is_retry
    )


def split_turns(tops: Sequence[Top], depth: int, retries: frozenset[int] = frozenset()) -> list[list[Top]]:
    """The calls of each turn of a loop: a new one begins where a call comes again that the turn has had.

    Args:
        tops: All calls of the loop, in their order.
        depth: How many loops are around it.
        retries: Loops in it that only try a call again.
    """
    order: dict[object, int] = {}
    turns: list[list[Top]] = []
    latest, had = -1, 0
    times = _times_a_turn(tops, depth, retries)
    for top in tops:
        unit, is_single = _unit(top, depth, retries)
        position = order.setdefault(unit, len(order))
        is_had = position == latest and had >= times.get(unit, 1) and is_single
        if not turns or position < latest or is_had or (top.is_item and is_single):
            turns.append([])
            had = 0
        had = had + 1 if position == latest else 1
        turns[-1].append(top)
        latest = position
    return turns


def _unit(top: Top, depth: int, retries: frozenset[int]) -> tuple[object, bool]:
    """What a turn has once: a call of one place, or a loop of its own; and whether it is a call."""
    inner = top.loop_at(depth + 1)
    is_single = inner is None or inner in retries
    return (tuple(sorted(top.places)) if is_single else ("loop", inner)), is_single


def _times_a_turn(tops: Sequence[Top], depth: int, retries: frozenset[int]) -> dict[object, int]:
    """How often each turn makes the same call, where others of the loop tell how many turns there were."""
    units = [_unit(top, depth, retries) for top in tops]
    counts = Counter(unit for unit, is_single in units if is_single)
    turns = min(counts.values(), default=1)
    return {unit: count // turns if count % turns == 0 else 1 for unit, count in counts.items()}
