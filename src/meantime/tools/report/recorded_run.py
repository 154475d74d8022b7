"""Which of the recorded runs of a function to show, where there is place for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.report.advice import Advice
from meantime.tools.report.promises import advised_run

if TYPE_CHECKING:
    from meantime.tools.report.results import Example, Results, Run


def recorded_run(results: Results, example: Example) -> Run | None:
    """Give the run that the first piece of advice is about, or else the first handler's at the most memory.

    None where nothing was recorded.
    """
    run = advised_run(results, example, example.advice[0] if example.advice else Advice(code="", title="", text=""))
    if run is not None and run.recording is not None:
        return run
    recorded = [run for run in results.runs_of(example.name) if run.recording is not None]
    return recorded[-1] if recorded else None
