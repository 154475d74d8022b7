"""What the runs of one work say: how it spends its time, what to change, and what it would take and cost then."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from meantime.tools.measure.advice import advise
from meantime.tools.measure.calibration import calibrated
from meantime.tools.measure.diagnosis import diagnose
from meantime.tools.measure.kept_promises import kept, with_measured
from meantime.tools.measure.memory_sizes import best_memory, memory_points
from meantime.tools.measure.prediction import predict
from meantime.tools.measure.verdict import verdicts
from meantime.tools.measure.what_if import predictions
from meantime.tools.report.comparison import baseline_of
from meantime.tools.report.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from meantime.tools.measure.changed_code import Change
    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Example, Prices, Run


def with_findings(
    example: Example,
    runs: Sequence[Run],
    *,
    prices: Prices,
    code: Path | None = None,
    recordings: Sequence[Recording] = (),
    handler: str = "",
    options: str = "",
    changes: Mapping[str, Change] = MappingProxyType({}),
) -> Example:
    """The example, with what its runs say behind what it has to say already.

    Args:
        example: What was run.
        runs: Its runs.
        prices: What the money is made from.
        code: The function's folder, where the source is to be read.
        recordings: All recordings of the variant that the others are compared with.
        handler: That variant's, as `package.module.function`.
        options: What else a command needs that measures it.
        changes: What was changed in the code of a variant, by its name.
    """
    baseline = baseline_of(runs)
    if baseline is None:
        return example
    as_it_is = [run for run in runs if run.variant == baseline.variant]
    others = [run for run in runs if run.variant != baseline.variant]
    if any(run.errors for run in runs):
        return _without_findings(example, runs, as_it_is, prices)
    recordings = calibrated(recordings, as_it_is)
    points = memory_points(as_it_is, prices, predict=predict if recordings else None, recordings=recordings)
    recorded = [run for run in as_it_is if run.recording is not None]
    advice = advise(
        as_it_is, code, prices=prices, recordings=recordings, points=points, handler=handler, options=options
    )
    return replace(
        example,
        verdicts=(*example.verdicts, *kept(changes, as_it_is, others), *verdicts(runs)),
        diagnosis=diagnose(max(recorded, key=lambda run: run.memory_mb)) if recorded else None,
        advice=tuple(with_measured(each, changes, others) for each in advice),
        predictions=predictions(
            as_it_is, others, recordings, code, widths={each.max_concurrency or 1 for each in advice}
        ),
        memory_points=points,
        best_memory=best_memory(points) if len(points) > 1 else None,
    )


def _without_findings(example: Example, runs: Sequence[Run], as_it_is: Sequence[Run], prices: Prices) -> Example:
    """The example where answers were errors: how long an error takes says nothing about the function."""
    wrong = next(run for run in runs if run.errors)
    said = Verdict(
        text=f"{wrong.variant}: {wrong.errors}. How long an error takes is not how long the work takes, so nothing is "
        "concluded or advised: let it answer well, and measure again."
    )
    return replace(
        example, verdicts=(*example.verdicts, said), memory_points=memory_points(as_it_is, prices), best_memory=None
    )
