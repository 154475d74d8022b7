"""Calls that stood in line and need nothing of each other: side by side they take as long as the slowest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.changing import change_of
from meantime.tools.measure.advice.consequences import consequences
from meantime.tools.measure.advice.for_one_request import is_for_one_request
from meantime.tools.measure.advice.situation import in_words, lines_of, listed, ms
from meantime.tools.measure.dependence import PROVED
from meantime.tools.measure.diagnosis import FAST_ENOUGH_MS
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.dependence import Group
    from meantime.tools.report.advice import Estimate
    from meantime.tools.report.recording import RecordedCall

_WIDTHS = (2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)
_KNEE = 0.05  # of what the widest wins: not worth more connections
_WHERE_REFUSED = 4  # at once, where a service has had calls come again
_USUAL_POOL = 10  # connections of boto3, requests and urllib3


def advise(situation: Situation) -> Iterator[Advice]:
    """Give one advice for each group of calls that gains by going side by side."""
    if situation.median_ms <= FAST_ENOUGH_MS:
        return
    for group in situation.dependence.groups:
        width, duration = best_width(situation, group)
        if duration is not None and situation.is_worth_it(duration):
            yield _advice(situation, group, width, duration)


def executor_of(situation: Situation, group: Group) -> str:
    """Tasks for calls that an event loop runs, threads for all that block."""
    leaves = leaves_of(situation, group)
    return "tasks" if leaves and all(call.is_async for call in leaves) else "threads"


def leaves_of(situation: Situation, group: Group) -> list[RecordedCall]:
    """The calls of libraries in a group."""
    within = set(group.calls)
    return [
        call
        for call in situation.library_calls
        if (call.id in within or call.parent in within)
        and call.kind != "socket"  # what is left of an answer
        and call.name != "RESET"  # what a pool sends
    ]


def best_width(situation: Situation, group: Group, memory_mb: int | None = None) -> tuple[int, Estimate | None]:
    """How many at once: the fewest that win nearly all there is to win; nothing where none wins."""
    executor = executor_of(situation, group)
    most = min(len(group.chains), width_limit(situation, group))
    phases = group.phases
    found = {
        width: situation.predicted(phases, executor, width, memory_mb)
        for width in sorted({width for width in _WIDTHS if width < most} | {most})
        if width > 1
    }
    if not found:
        return 1, None
    best = min(estimate.value for estimate in found.values())
    before = situation.median_ms if memory_mb is None else 5 * best  # more memory is dear: it is to be used
    allowed = best + _KNEE * max(0.0, before - best)
    width = min(width for width, estimate in found.items() if estimate.value <= allowed)
    return width, found[width]


def width_limit(situation: Situation, group: Group) -> int:
    """The most at once that a limiter allows, or a service that has refused calls."""
    limits = [
        int(seen.numbers["max_concurrency"])
        for seen in situation.recording.observations
        if seen.kind == "limiter" and seen.numbers.get("max_concurrency", 0) >= 1
    ]
    if any(call.attempts > 1 for call in leaves_of(situation, group)):
        limits.append(_WHERE_REFUSED)
    return min(limits, default=max(_WIDTHS))


def _advice(situation: Situation, group: Group, width: int, duration: Estimate) -> Advice:
    executor = executor_of(situation, group)
    leaves = leaves_of(situation, group)
    waited = sum(call.waiting_ms for call in leaves)
    names = listed(_kind_of(call) for call in leaves)
    count = len(group.chains)
    each = f"{len(leaves)} calls ({names})" if len(leaves) > 1 else names
    change = change_of(situation, group, executor, width)
    text = [
        f"{each} stood in line and waited {ms(waited)}, one after another.",
        "The source shows that none needs what another one gave."
        if group.certainty == PROVED
        else "Nothing in the source shows that one needs what another one gave.",
        f"{width} at once on {executor}: {in_words(duration)} instead of {ms(situation.median_ms)}.",
        *_within_turns(group, leaves),
        *_more(situation, group, width, leaves),
        *consequences(situation, group, change),
    ]
    kind = group.loop.kind if group.loop is not None else "verb"
    what = {"verb": f"{count} calls", "records": f"the {count} records"}.get(kind, f"the {count} turns of the loop")
    return Advice(
        code="side-by-side",
        title=f"Run {what} side by side, {width} at once, on {executor}: saves {situation.saved(duration)}",
        text=" ".join(text),
        calls=group.calls,
        lines=group.lines or lines_of(leaves),
        executor=executor,
        max_concurrency=width,
        memory_mb=situation.memory_mb,
        duration_ms=duration,
        cost_per_million_usd=situation.cost(duration),
        assumption=group.assumption,
        change=change,
        verify=situation.verify(executor),
    )


def _within_turns(group: Group, leaves: list[RecordedCall]) -> Iterator[str]:
    """Why there are fewer at once than calls, where each turn makes several."""
    count = len(group.chains)
    if len(leaves) > count and group.loop is not None:
        yield (
            f"What goes side by side is the {count} turns: the calls of a turn stay in their order. Where those need "
            "nothing of each other, a gather within the turn wins more."
        )


def pool_too_narrow(situation: Situation, leaves: list[RecordedCall], width: int) -> Iterator[str]:
    """That the pool of the client has to be as wide, where it is not.

    Args:
        situation: The function.
        leaves: The calls.
        width: How many at once.
    """
    pools = {
        seen.numbers["max_pool_connections"]
        for seen in situation.recording.observations
        if seen.numbers.get("max_pool_connections")
    }
    libraries = {call.library for call in leaves}
    size = int(min(pools)) if pools and "boto3" in libraries else _USUAL_POOL
    if width > size and libraries & {"boto3", "requests", "urllib3"}:
        yield f"The client keeps {size} connections: give it {width}, or the rest are opened for each call."


def _kind_of(call: RecordedCall) -> str:
    return f"{call.name.split()[0]} {call.target}" if call.kind == "http" and call.name else call.name


def _more(situation: Situation, group: Group, width: int, leaves: list[RecordedCall]) -> Iterator[str]:
    """What limits it, and what has to be wide enough for it."""
    wider = min(len(group.chains), width * 2)
    if wider > width:
        more = situation.predicted(group.phases, executor_of(situation, group), wider)
        yield f"{wider} at once would give {ms(more.value)}: too little less to open more connections for."
    executor = executor_of(situation, group)
    elsewhere = []
    for other in sorted(situation.others, key=lambda each: each.memory_mb):
        there = situation.predicted(group.phases, executor, width, other.memory_mb)
        elsewhere.append(f"{ms(there.value)} instead of {ms(other.p50_ms)} at {other.memory_mb:,} MB")
    if elsewhere:
        yield f"At other sizes, by the model: {', '.join(elsewhere)}."
    if any(call.attempts > 1 for call in leaves):
        yield "Some of them were tried again: whom they call may be at its limit already, so raise it slowly."
    yield from pool_too_narrow(situation, leaves, width)
    libraries = {call.library for call in leaves}
    alone = {seen.text for seen in situation.recording.observations if is_for_one_request(seen)}
    if any(each.startswith("requests.") for each in alone):
        yield "And keep a session, clients.requests(): requests.get and its like open a connection for each call."
    elif "requests" in libraries:
        yield "A requests.Session shared by threads is safe as long as no call changes it, its cookies included."
    if "boto3" in libraries:
        yield "Threads may share a boto3 client, but not a resource or a session."
    yield (
        f"A failure stops those that have not begun; up to {width} are under way by then."
        if not group.note
        else f"What changes: {group.note}."
    )
