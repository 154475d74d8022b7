"""How an invocation spends its time, in a sentence: it waits, it computes, both, or it is fast enough as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.report.advice import Diagnosis

if TYPE_CHECKING:
    from meantime.tools.report.recording import RecordedCall, Recording
    from meantime.tools.report.results import Run

FAST_ENOUGH_MS: Final = 20.0
"""Below this there is nothing to win that a caller, or the bill, would notice."""

_MOSTLY = 0.6  # of the duration: from here on one of the two is what it does
_SIDE = 0.1  # of the duration: less is not worth a word


def diagnose(run: Run) -> Diagnosis:
    """Say how an invocation spends its time.

    Args:
        run: A run with its recording; without one, the CPU time alone must tell.
    """
    duration = run.p50_ms
    waits, computes = _parts(run)
    if duration <= FAST_ENOUGH_MS:
        return Diagnosis(
            kind="fast_enough",
            text=f"It takes {_ms(duration)}: keep it sequential, there is nothing to win that anybody would notice.",
        )
    if waits >= _MOSTLY:
        return Diagnosis(kind="waits", text=f"It waits: {waits:.0%} of {_ms(duration)}{_for_what(run)}. {_cpu(run)}")
    if computes >= _MOSTLY:
        rest = "there is next to nothing to wait for" if waits < _SIDE else f"it waits for {waits:.0%} of the time"
        return Diagnosis(
            kind="computes",
            text=(
                f"It computes: {computes:.0%} of {_ms(duration)}; {rest}. {_cpu(run)} Calls side by side could win no "
                f"more than the waits{f' at {run.memory_mb:,} MB' if cpu_share(run.memory_mb) < 1 else ''}."
            ),
        )
    return Diagnosis(
        kind="mixed",
        text=(
            f"It waits for {waits:.0%} of {_ms(duration)} and computes for {computes:.0%}{_for_what(run)}. {_cpu(run)}"
        ),
    )


def computing_ms(cpu_ms: float, memory_mb: int) -> float:
    """How long CPU time of one thread takes at the share of CPU that the memory gives."""
    return cpu_ms / min(1.0, cpu_share(memory_mb))


def _parts(run: Run) -> tuple[float, float]:
    """The part of the time in which it waits, and the part in which it computes or is held up while it wants to."""
    recording = run.recording
    if recording is not None and recording.duration_ms:
        seen = recording.accounting
        waits = seen.waiting_alone_ms + seen.waiting_together_ms
        computes = seen.computing_ms + seen.lock_ms
        total = recording.duration_ms
        if cpu_share(run.memory_mb) < 1:
            computes += seen.throttled_ms
        else:
            # With a whole core it is held up by what else runs on this machine: that is none of its time.
            total = max(total - seen.throttled_ms, waits + computes, 1.0)
        return waits / total, computes / total
    computes = min(1.0, computing_ms(run.cpu_ms or 0.0, run.memory_mb) / run.p50_ms)
    return 1.0 - computes, computes


def _for_what(run: Run) -> str:
    recording = run.recording
    if recording is None:
        return ""
    waited: dict[str, float] = {}
    counts: dict[str, int] = {}
    for call in _leaves(recording):
        name = _short(call)
        waited[name] = waited.get(name, 0.0) + call.waiting_ms
        counts[name] = counts.get(name, 0) + 1
    if not waited:
        return ""
    name = max(waited, key=lambda each: waited[each])
    together = recording.accounting.waiting_together_ms
    how = ", partly side by side" if together > recording.accounting.waiting_alone_ms else ""
    count = f"{counts[name]} x " if counts[name] > 1 else ""
    return f", most of it for {count}{name}{how}"


def _leaves(recording: Recording) -> list[RecordedCall]:
    items = {call.id for call in recording.calls if call.kind == "item"}
    return [call for call in recording.calls if call.kind != "item" and (call.parent is None or call.parent in items)]


def _short(call: RecordedCall) -> str:
    """What like calls have in common: `GET 127.0.0.1:80`, `dynamodb GetItem`."""
    if call.kind == "http":
        return f"{call.name.split()[0]} {call.target}" if call.name else call.target
    return call.name


def _cpu(run: Run) -> str:
    cpu = run.cpu_ms if run.cpu_ms is not None else run.recording.cpu_ms if run.recording is not None else 0.0
    share = cpu_share(run.memory_mb)
    if share >= 1:
        return f"Its computing is {_ms(cpu)} of CPU."
    return (
        f"Its computing is {_ms(cpu)} of CPU, which take {_ms(computing_ms(cpu, run.memory_mb))} at "
        f"{share:.0%} of a core."
    )


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"  # noqa: PLR2004  # two digits
