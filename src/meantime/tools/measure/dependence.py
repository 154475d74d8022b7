"""Which calls of an invocation may go side by side, and which need what an earlier one gave, by the function's source.

Calls that stood in line are looked up in the source by the lines they were recorded with; definitions and uses on the
way from the handler to them say which is given what another one gave (`meantime.tools.measure.source`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.measure.ordering import Top, orders_of, tops_in_line
from meantime.tools.measure.source.between import changed_between
from meantime.tools.measure.source.reading import Reading, keeps_nothing, read
from meantime.tools.measure.turns import is_free, retries_in, split_turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meantime.tools.measure.source.course import Loop
    from meantime.tools.measure.source.files import SourceFiles
    from meantime.tools.report.recording import Recording

PROVED = "proved"
IF_INDEPENDENT = "if independent"
_MOST_LEVELS = 1_000  # single calls whose order among each other is worked out


@dataclass(frozen=True, kw_only=True)
class Group:
    """Calls that may go side by side.

    Args:
        chains: Identifiers of top-level calls; those of one chain stay in their order, the chains go side by side.
        certainty: `proved` by the source, or `if independent`.
        assumption: What it takes for granted, in words; empty where nothing.
        note: What else changes if all are started at once; empty for nothing.
        loop: The loop that makes them; None for statements one after another.
        lines: Where they are made.
        shares: Whether turns change something that they share: then no change in code is shown.
    """

    chains: tuple[tuple[int, ...], ...]
    certainty: str
    assumption: str = ""
    note: str = ""
    loop: Loop | None = None
    lines: tuple[str, ...] = ()
    shares: bool = False

    @property
    def calls(self) -> tuple[int, ...]:
        """All of them, in their order."""
        return tuple(sorted(call for chain in self.chains for call in chain))

    @property
    def phases(self) -> tuple[tuple[int, ...], ...]:
        """The first call of each chain, the second of each, and so on: each phase's calls go side by side."""
        longest = max(map(len, self.chains), default=0)
        return tuple(tuple(chain[i] for chain in self.chains if i < len(chain)) for i in range(longest))


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Calls that cannot go side by side, and why."""

    calls: tuple[int, ...]
    reason: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """What may go side by side, and what may not; and whether there may be more, which the reading did not get to."""

    groups: tuple[Group, ...] = ()
    chains: tuple[Chain, ...] = ()
    gave_up: bool = False

    @property
    def phases(self) -> tuple[tuple[int, ...], ...]:
        """All that may go side by side, as the model takes it."""
        return tuple(phase for group in self.groups for phase in group.phases if len(phase) > 1)


def independent_groups(recording: Recording, code: str | Path | None = None) -> Dependence:
    """Find what may go side by side.

    Args:
        recording: One invocation.
        code: The function's folder; the recording's own unless said.
    """
    tops = tops_in_line(recording)
    folder = Path(code if code is not None else recording.code or ".")
    reading = read([leaf for top in tops for leaf in top.leaves], folder)
    for top in tops:
        top.place_in(reading)
    found = list(_arranged(tops, 0, reading))
    groups = [each for each in found if isinstance(each, Group)]
    chains = [each for each in found if isinstance(each, Chain)]
    gave_up = reading.gave_up or len(tops) > _MOST_LEVELS or (len(tops) > 1 and not any(top.is_read for top in tops))
    return Dependence(groups=tuple(_merged(groups)), chains=tuple(_merged_chains(chains)), gave_up=gave_up)


def _arranged(tops: Sequence[Top], depth: int, reading: Reading) -> Iterator[Group | Chain]:
    """What goes side by side among calls, and what not, within `depth` loops."""
    singles = []
    for loop, members in groupby(tops, key=lambda top: top.loop_at(depth)):
        calls = list(members)
        if loop is None:
            yield from _not_read([top for top in calls if not top.is_read], reading.files)
            singles += [top for top in calls if top.is_read]
        else:
            yield from _in_loop(loop, calls, depth, reading)
    yield from _in_statements(singles, tops, reading)


def _in_loop(number: int, tops: list[Top], depth: int, reading: Reading) -> Iterator[Group | Chain]:
    loop = reading.loops[number]
    freedom = is_free(loop, tops, reading)
    turns = split_turns(tops, depth, retries_in(tops, depth + 1, reading))
    if not freedom.is_free:
        if len(tops) > 1:
            yield Chain(calls=_ids(tops), reason=freedom.reason, lines=_lines(tops))
        for turn in turns:
            yield from _arranged(turn, depth + 1, reading)
        return
    inner = [list(_arranged(turn, depth + 1, reading)) for turn in turns]
    longest = max(len(turn) for turn in turns)
    if len(turns) == 1 or (longest > len(turns) and any(isinstance(each, Group) for found in inner for each in found)):
        yield from (each for found in inner for each in found)
        return
    yield Group(
        chains=tuple(_ids(turn) for turn in turns),
        certainty=IF_INDEPENDENT if freedom.assumption else PROVED,
        assumption=freedom.assumption,
        note=freedom.note,
        loop=loop,
        lines=_lines(tops),
        shares=freedom.shares,
    )


def _in_statements(singles: list[Top], tops: Sequence[Top], reading: Reading) -> Iterator[Group | Chain]:
    """Single calls that follow one another: those on the same level of need go side by side."""
    singles = [top for top in singles if any(leaf.kind != "sleep" for leaf in top.leaves)]
    if len(singles) < 2 or len(tops) > _MOST_LEVELS:  # noqa: PLR2004  # two are the fewest that go side by side
        return
    levels: dict[int, int] = {}
    reasons: dict[int, str] = {}
    for index, top in enumerate(tops):
        levels[top.id] = 0
        for earlier in tops[:index]:
            order = orders_of(earlier, top, reading)
            if order.reason and levels[earlier.id] + 1 > levels[top.id]:
                levels[top.id] = levels[earlier.id] + 1
                reasons[top.id] = order.reason
    chained = [top for top in singles if top.id in reasons]
    for level in range(max(levels.values()) + 1):
        members = [top for top in singles if levels[top.id] == level]
        if len(members) < 2:  # noqa: PLR2004  # as above
            continue
        orders = [orders_of(one, other, reading) for index, one in enumerate(members) for other in members[index + 1 :]]
        assumptions = tuple(dict.fromkeys(order.assumption for order in orders if order.assumption))
        changed = changed_between([leaf for top in members for leaf in top.leaves], reading.files)
        if changed:
            assumptions += (f"if it does not matter when what they are given is changed: {', '.join(changed[:3])}",)
        notes = tuple(dict.fromkeys(order.note for order in orders if order.note))
        yield Group(
            chains=tuple((top.id,) for top in members),
            certainty=IF_INDEPENDENT if assumptions else PROVED,
            assumption="; ".join(assumptions),
            note="; ".join(notes),
            lines=_lines(members),
            shares=bool(changed),
        )
    if chained:
        first = [top for top in singles if top.id not in reasons]
        yield Chain(calls=_ids([*first, *chained]), reason=reasons[chained[0].id], lines=_lines([*first, *chained]))


def _not_read(tops: list[Top], files: SourceFiles) -> Iterator[Group]:
    """Calls that the source could not be followed to: only like ones from one place that change and keep nothing."""
    for _, members in groupby(tops, key=_likeness):
        calls = list(members)
        if len(calls) > 1 and all(top.changes_nothing for top in calls) and keeps_nothing(calls[0].leaves[0], files):
            yield Group(
                chains=tuple((top.id,) for top in calls),
                certainty=IF_INDEPENDENT,
                assumption="if the calls do not depend on each other: the source could not be followed to them",
                lines=_lines(calls),
            )


def _likeness(top: Top) -> tuple[object, ...]:
    """What like calls of one place have in common: `GET /1` and `GET /2` differ in what is no part of it."""
    leaf = top.leaves[0]
    name = leaf.name.partition(" ")[0] if leaf.kind == "http" else leaf.name
    return name, leaf.target, leaf.library, leaf.stack, leaf.line


def _merged(groups: list[Group]) -> list[Group]:
    """Groups without those whose calls are all in another one."""
    ordered = sorted(groups, key=lambda group: -len(group.calls))
    kept: list[Group] = []
    for group in ordered:
        if not any(set(group.calls) & set(other.calls) for other in kept):
            kept.append(group)
    return sorted(kept, key=lambda group: group.calls)


def _merged_chains(chains: list[Chain]) -> list[Chain]:
    """Chains of the same lines for the same reason, told once."""
    found: dict[tuple[str, tuple[str, ...]], Chain] = {}
    for chain in chains:
        key = (chain.reason, chain.lines)
        before = found.get(key)
        calls = tuple(sorted({*(before.calls if before else ()), *chain.calls}))
        found[key] = Chain(calls=calls, reason=chain.reason, lines=chain.lines)
    return list(found.values())


def _ids(tops: Sequence[Top]) -> tuple[int, ...]:
    return tuple(top.id for top in tops)


def _lines(tops: Sequence[Top]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.line for top in tops for leaf in top.leaves if leaf.line))
