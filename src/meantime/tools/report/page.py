"""The report as one self-contained HTML page: it holds its data, its style and its charts, and asks no network."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from meantime.tools.report.embedding import defaults, embedded
from meantime.tools.report.figures import memory
from meantime.tools.report.measured_sheets import bill_sheet, handlers_sheet, memory_sheet, savings, told_of
from meantime.tools.report.observed import observed
from meantime.tools.report.promises import advised_run, advised_size, promises
from meantime.tools.report.shares import PARTS, bars
from meantime.tools.report.sheets import example_sheet, summary_sheet
from meantime.tools.report.wording import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.report.promises import Promise
    from meantime.tools.report.results import Example, Results, Run
    from meantime.tools.report.shares import Bar
    from meantime.tools.report.sheets import Sheet

_PACKAGE = "meantime.tools.report"
_CHARTS = "vendor/echarts/echarts.min.js"
_SCRIPTS = (
    "look.js", "recording.js", "segments.js", "rows.js", "span.js", "painter.js", "strips.js", "details.js",
    "names.js", "gestures.js", "waterfall.js", "calls.js", "axes.js", "curve.js", "what_if.js", "memory_cost.js",
    "advice.js", "page.js",
)  # fmt: skip
_STYLES = ("page.css", "tables.css", "advice.css", "shares.css", "figures.css", "waterfall.css", "narrow.css")

# Each variant keeps its colour, dash and marker over all pages; others take the places after these.
_LOOKS = {"sequential": 1, "threads": 2, "tasks": 3, "processes": 4}
_LOOKS_DRAWN = 6
_SPOKEN = {
    "sequential": "one after another",
    "threads": "on threads",
    "tasks": "on asyncio tasks",
    "processes": "in processes",
}


@dataclass(frozen=True)
class View:
    """What the page tells of one example."""

    example: Example
    runs: tuple[Run, ...]
    sheet: Sheet
    bill: Sheet
    memory: Sheet
    savings: tuple[str, ...]
    observed: tuple[tuple[Run, tuple[str, ...]], ...]
    bars: tuple[Bar, ...]
    promised: tuple[tuple[Promise, ...], ...]
    advised: tuple[Run | None, ...]
    advised_size: tuple[str, str]
    told_of: str

    @property
    def recorded_memories(self) -> list[tuple[int, str]]:
        """The memory sizes with a recording, each with its label."""
        return [(each, memory(each)) for each in sorted({bar.run.memory_mb for bar in self.bars})]

    @property
    def chosen_memory(self) -> int:
        """The memory size that is shown first: the one that the advice was made from, else the largest."""
        first = self.advised[0] if self.advised else None
        return first.memory_mb if first and first.recording else max(each for each, _ in self.recorded_memories)

    @property
    def variants(self) -> int:
        """How many there are."""
        return len({run.variant for run in self.runs})

    @property
    def executors(self) -> list[tuple[str, str]]:
        """What the predictions are for."""
        return [(each, each) for each in dict.fromkeys(one.executor for one in self.example.predictions)]


def write_page(results: Results, path: Path, *, title: str = "One invocation, many waits") -> None:
    """Write the report to `path` as one HTML file, making its folder where it is missing.

    Args:
        results: What to show.
        path: The file to write.
        title: The page's heading.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name may hold a lone surrogate, which no encoding takes.
    path.write_text(render_page(results, title=title), encoding="utf-8", errors="backslashreplace")


def render_page(results: Results, *, title: str = "One invocation, many waits") -> str:
    """Give the report as the text of one HTML file."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    charts = _read(_CHARTS)
    script = "\n".join(_read(f"templates/{name}") for name in _SCRIPTS)
    style = "\n".join(_read(f"templates/{name}") for name in _STYLES)
    views = [_view(results, example) for example in results.examples]
    variants = _variants(results)
    return environment.get_template("page.html.j2").render(
        title=title,
        results=results,
        summary=summary_sheet(results),
        views=views,
        advised=any(example.advice for example in results.examples),
        recorded=any(view.bars for view in views),
        columns=views[0].sheet.columns if views else (),
        parts=PARTS,
        variants=variants,
        sizes=sorted({run.memory_mb for run in results.runs}),
        spoken=_SPOKEN,
        kinds=KINDS,
        examples_of_ours=set(variants) <= set(_SPOKEN),
        looks=looks(run.variant for run in results.runs),
        memory=memory,
        date=moment(results.machine.date),
        price=f"{results.prices.usd_per_gb_second:.10f}".rstrip("0"),
        style=Markup(style),  # noqa: S704  # our own files
        scripts=[Markup(charts), Markup(script)],  # noqa: S704  # our own files
        script_sources=" ".join(_source(text) for text in (charts, script)),
        data=embedded(results),
        defaults=defaults(),
    )


def looks(variants: Iterable[str]) -> dict[str, int]:
    """Give each variant the number of its look, which style and charts share."""
    found = dict.fromkeys(variants)
    unknown = [variant for variant in found if variant not in _LOOKS]
    first_free = len(_LOOKS)
    others = {variant: (first_free + index) % _LOOKS_DRAWN + 1 for index, variant in enumerate(unknown)}
    return {variant: _LOOKS.get(variant) or others[variant] for variant in found}


def moment(date: str) -> str:
    """Give a day or time in ISO 8601 as a sentence has it, a time with its zone in UTC; other text as it is."""
    try:
        time = datetime.fromisoformat(date)
        if time.tzinfo is not None:
            time = time.astimezone(UTC)
    except (ValueError, OverflowError):
        return date
    day = f"{time.day} {time:%B %Y}"
    if len(date) <= len("2026-01-15"):
        return day
    return f"{day}, {time:%H:%M}{' UTC' if time.tzinfo is not None else ''}"


def _view(results: Results, example: Example) -> View:
    runs = results.runs_of(example.name)
    return View(
        example=example,
        runs=runs,
        # What the downstream really delivered is known where the downstream is ours.
        sheet=example_sheet(results, example, details=True)
        if any(run.ideal_ms is not None for run in runs)
        else handlers_sheet(results, example),
        bill=bill_sheet(results, example),
        memory=memory_sheet(example),
        savings=savings(results, example),
        observed=tuple((run, observed(run.recording)) for run in runs if run.recording is not None),
        bars=bars(runs),
        promised=tuple(promises(results, example, advice) for advice in example.advice),
        told_of=told_of(results, example),
        advised_size=advised_size(results, example),
        advised=tuple(advised_run(results, example, advice) for advice in example.advice),
    )


def _variants(results: Results) -> list[str]:
    found = dict.fromkeys(run.variant for run in results.runs)
    return sorted(found, key=lambda variant: _LOOKS.get(variant, len(_LOOKS) + 1))


def _read(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _source(script: str) -> str:
    """Give the hash by which the page's own policy lets just this script run (CSP level 3, section 8.4)."""
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
