"""What was saved before: recordings in files or in logs, and results; made into the one model that is reported."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from meantime.measure.log_lines import MARKER, documents_in
from meantime.tools.measure.bill import bills
from meantime.tools.measure.findings import with_findings
from meantime.tools.measure.pricing import billed, cost_per_million
from meantime.tools.measure.runs import nearest
from meantime.tools.measure.work import AGAIN
from meantime.tools.report.intervals import median_interval
from meantime.tools.report.recording import FORMAT, Recording
from meantime.tools.report.results import Example, Machine, Results, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.report.results import Prices

_WHOLE_CORE_MB = 1769  # what ran outside Lambda had a core for itself
_UNKNOWN = "not known: recorded elsewhere"
_A_PERCENTILE = 2  # of one value says nothing


class SavedError(ValueError):
    """A file holds nothing that can be shown; the text names it and says what can."""


def shown_results(files: Sequence[Path], *, code: Path | None, prices: Prices) -> Results:
    """Read the files.

    Args:
        files: One results.json; or any number of recordings, and of logs that hold some.
        code: The folder of the recorded functions, where their source is to be read.
        prices: What the bill is made from, for recordings.

    Raises:
        SavedError: One of them cannot be read, or holds nothing that can be shown.
    """
    recordings: list[Recording] = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise SavedError(f"{path} cannot be read: {error.strerror}") from error
        document = _parsed(text)
        if isinstance(document, dict) and "runs" in document:
            if len(files) > 1:
                raise SavedError(f"{path} is a whole results.json: show it by itself")
            return Results.read(path)
        recordings += _recordings(document, text, path)
    return _of_recordings(recordings, code=code, prices=prices)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _recordings(document: object, text: str, path: Path) -> list[Recording]:
    """The recordings of one file: it is one, or it has some between its lines."""
    if isinstance(document, dict) and document.get("format") == FORMAT:
        return [Recording.of(document, str(path))]
    found = [Recording.of(each, f"{path}, recording {number}") for number, each in enumerate(documents_in(text), 1)]
    if not found:
        cut = " A recording in it is cut off: save the whole log." if MARKER in text else ""
        raise SavedError(f"{path} holds no recording: a file or a log of meantime.measure, or a results.json.{cut}")
    return found


def _of_recordings(recordings: Sequence[Recording], *, code: Path | None, prices: Prices) -> Results:
    examples, runs = [], []
    for name in dict.fromkeys(map(_name, recordings)):
        own = [recording for recording in recordings if _name(recording) == name]
        sizes = sorted({recording.memory_mb or _WHOLE_CORE_MB for recording in own})
        its_runs = [
            _run(name, size, [one for one in own if (one.memory_mb or _WHOLE_CORE_MB) == size], prices)
            for size in sizes
        ]
        example = Example(name=name, title=name, description=_description(own))
        examples.append(
            with_findings(example, its_runs, prices=prices, code=code, recordings=own, options=_again(code))
        )
        runs += its_runs
    return Results(
        machine=_machine(recordings),
        prices=prices,
        examples=tuple(examples),
        runs=tuple(runs),
        bills=bills(runs, prices),
    )


def _again(code: Path | None) -> str:
    """How it is measured here: the event that it had is not in a recording, nor are its variables."""
    return AGAIN if code is None or code == Path() else f"{AGAIN} --code {shlex.quote(str(code))}"


def _name(recording: Recording) -> str:
    return recording.handler or recording.function or "recorded"


def _description(recordings: Sequence[Recording]) -> str:
    many = len(recordings)
    days = sorted({recording.date[:10] for recording in recordings})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{many} recorded invocation{'s' if many > 1 else ''}, {when}."


def _run(name: str, memory_mb: int, recordings: Sequence[Recording], prices: Prices) -> Run:
    """The recordings at one memory size; those that were the first of their environment do not count as warm ones."""
    warm = [one for one in recordings if not one.cold] or list(recordings)
    cold = [one for one in recordings if one.cold]
    durations = [one.duration_ms for one in warm]
    billed_ms = median(billed(duration) for duration in durations)
    enough = len(durations) >= _A_PERCENTILE
    return Run(
        example=name,
        variant=name,
        memory_mb=memory_mb,
        durations_ms=tuple(durations),
        cold_ms=0.0,
        p50_ms=median(durations),
        p95_ms=quantiles(durations, n=20, method="inclusive")[-1] if enough else durations[0],
        ideal_ms=None,
        billed_ms=billed_ms,
        cost_per_million_usd=cost_per_million(prices, billed_ms, memory_mb),
        cpu_ms=median(one.cpu_ms for one in warm),
        first_ms=median(one.duration_ms for one in cold) if cold else None,
        interval_ms=median_interval(durations),
        recording=nearest(warm, median(durations)),
    )


def _machine(recordings: Sequence[Recording]) -> Machine:
    notes = ["Durations are those of the handler while it was recorded, without what the runtime adds."]
    if any(recording.memory_mb is None for recording in recordings):
        notes.append(f"What was recorded outside Lambda is shown as {_WHOLE_CORE_MB} MB, one whole core.")
    return Machine(
        date=max(recording.date for recording in recordings),
        python=", ".join(sorted({recording.python for recording in recordings})),
        platform=_UNKNOWN,
        cpu=_UNKNOWN,
        cores=1,
        cpu_limit="as where it was recorded",
        memory_limit="as where it was recorded",
        freeze="as where it was recorded",
        notes=tuple(notes),
    )
