"""Whether what was promised came out: changes that were measured, held against their patches and the advice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from meantime.tools.report.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meantime.tools.measure.changed_code import Change
    from meantime.tools.report.advice import Advice
    from meantime.tools.report.results import Run


def kept(changes: Mapping[str, Change], as_it_is: Sequence[Run], others: Sequence[Run]) -> tuple[Verdict, ...]:
    """Say of each change that promised a duration whether it came out.

    Args:
        changes: What was changed, by variant.
        as_it_is: The runs of the function without a change.
        others: All other runs.
    """
    return tuple(_kept(changes, as_it_is, others))


def _kept(changes: Mapping[str, Change], as_it_is: Sequence[Run], others: Sequence[Run]) -> Iterator[Verdict]:
    for name, change in changes.items():
        promised = change.promised
        if promised is None:
            continue
        run = _at(others, promised.memory_mb, name)
        before = _at(as_it_is, promised.memory_mb)
        if run is None or before is None:
            text = f"{name}: what it promises is of {promised.memory_mb:,} MB, which was not measured."
            yield Verdict(text=text)
        else:
            yield Verdict(text=promised.verdict(run, before), memory_mb=promised.memory_mb)


def with_measured(advice: Advice, changes: Mapping[str, Change], others: Sequence[Run]) -> Advice:
    """An advice whose change was measured says so first, and asks for no further verification."""
    for name, change in changes.items():
        if not advice.change or advice.change.strip() not in change.diff:
            continue
        run = _at(others, advice.memory_mb, name)
        if run is None:
            continue
        said = f"Measured beside it, as {name}: {run.p50_ms:,.0f} ms. What follows is the prediction. "
        return replace(advice, text=said + advice.text, verify="")
    return advice


def _at(runs: Sequence[Run], memory_mb: int | None, variant: str | None = None) -> Run | None:
    return next((run for run in runs if run.memory_mb == memory_mb and variant in (None, run.variant)), None)
