"""What to leave as it is: a chain of calls, a function that computes, or one in which there is nothing to win."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.more_at_once import why_not_wider
from meantime.tools.measure.advice.side_by_side import best_width
from meantime.tools.measure.advice.situation import ms
from meantime.tools.measure.diagnosis import FAST_ENOUGH_MS, computing_ms, diagnose
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.dependence import Chain

_WORTH_A_WORD = 0.1  # of the duration
_SIDE_BY_SIDE = 1.3  # times the duration: what calls add up to that overlap


def advise(situation: Situation) -> Iterator[Advice]:
    """Give the reason why nothing is to be put side by side. To be asked only where nothing is."""
    title, text, calls, lines = _reason(situation)
    yield Advice(
        code="keep-sequential",
        title=title,
        text=text,
        calls=calls,
        lines=lines,
        memory_mb=situation.memory_mb,
    )


def _reason(  # noqa: PLR0911  # one for each reason
    situation: Situation,
) -> tuple[str, str, tuple[int, ...], tuple[str, ...]]:
    if situation.median_ms <= FAST_ENOUGH_MS:
        text = f"An invocation takes {ms(situation.median_ms)}. Threads and tasks cost more care than that is worth."
        return "Keep it sequential: nothing to win", text, (), ()
    seen = situation.recording.accounting
    kind = diagnose(situation.run).kind
    chains = sorted(situation.dependence.chains, key=lambda chain: -_waited(situation, chain.calls))
    waiting = seen.waiting_alone_ms + seen.waiting_together_ms
    in_all = sum(call.duration_ms for call in situation.library_calls if call.kind != "lock")
    if in_all > _SIDE_BY_SIDE * situation.recording.duration_ms:
        text = (
            f"Its calls take {ms(in_all)} in all, and the invocation {ms(situation.median_ms)}: they go "
            "side by side. Of its "
            f"time, {ms(seen.waiting_together_ms + seen.waiting_alone_ms)} are waiting, and "
            f"{ms(seen.computing_ms)} computing."
        ) + why_not_wider(situation)
        return "Leave it as it is: its calls go side by side already", text, (), ()
    if kind == "computes":
        cpu = situation.run.cpu_ms if situation.run.cpu_ms is not None else situation.recording.cpu_ms
        text = (
            f"Its computing takes {ms(min(computing_ms(cpu, situation.memory_mb), situation.median_ms))} of "
            f"{ms(situation.median_ms)}, and threads "
            f"or tasks compute no faster: one runs at a time. The waits are {ms(waiting)} in all."
        )
        if chains:
            text += f" And {chains[0].reason}."
        return "Keep it sequential: it computes, and concurrency does not help that", text, (), ()
    for group in situation.dependence.groups:
        width, duration = best_width(situation, group)
        if duration is not None:
            text = (
                f"{len(group.chains)} calls could go side by side, but {width} at once would take {ms(duration.value)} "
                f"({ms(duration.low)} to {ms(duration.high)}) instead of {ms(situation.median_ms)}: that is no gain "
                f"that could be told from noise{_limited(situation)}."
            )
            return "Keep it sequential: the gain would be lost in the noise", text, group.calls, group.lines
    if chains and _waited(situation, chains[0].calls) >= _WORTH_A_WORD * situation.recording.duration_ms:
        chain = chains[0]
        text = (
            f"{len(chain.calls)} calls wait {ms(_waited(situation, chain.calls))} one after another, and have to: "
            f"{chain.reason}. {_helps(situation, chain)}, side by side does not."
        )
        return "Keep the calls in their order: each needs the one before", text, chain.calls, chain.lines
    if situation.dependence.gave_up:
        text = (
            f"The source could not be followed to its calls: it is too large, too entangled, or not there. "
            f"{ms(waiting)} of {ms(situation.median_ms)} are waiting. "
            "Look for yourself whether calls need nothing of each other."
        )
        return "Not known: what could go side by side", text, (), ()
    text = f"No two calls that wait could go side by side: {ms(waiting)} of {ms(situation.median_ms)} are waiting."
    return "Keep it sequential: there is nothing to put side by side", text, (), ()


def _waited(situation: Situation, calls: tuple[int, ...]) -> float:
    return sum(situation.calls[call].waiting_ms for call in calls if call in situation.calls)


def _helps(situation: Situation, chain: Chain) -> str:
    """What helps instead: a poll is shortened by nothing that a reader of pages needs."""
    called = [situation.calls[call] for call in chain.calls if call in situation.calls]
    first, last = min(call.start_ms for call in called), max(call.end_ms for call in called)
    is_one_call = len({(call.line, call.name) for call in called if call.kind != "sleep"}) == 1
    sleeps = any(call.kind == "sleep" and first <= call.start_ms <= last for call in situation.library_calls)
    if "the same call again" in chain.reason or (sleeps and is_one_call):
        return (
            "To ask less often, or to be told when it is done (an event, a queue, a wait in Step Functions) helps here"
        )
    return "Fewer or larger requests help here (larger pages, a batch operation, a join, a cache)"


def _limited(situation: Situation) -> str:
    if situation.share >= 1:
        return ""
    return f"; at {situation.memory_mb} MB there is {situation.share:.0%} of a core, which all of them have to share"
