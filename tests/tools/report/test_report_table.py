from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from typing import Literal

import pytest
from rich.console import Console

from meantime.tools.report.comparison import gains, times_faster
from meantime.tools.report.figures import ABSENT, MINUS, TIMES, dollars, milliseconds, times
from meantime.tools.report.results import Example, Machine, Prices, Results, Run
from meantime.tools.report.sheets import example_sheet, summary_sheet
from meantime.tools.report.table import markdown, print_results, sheet_markdown


def run(variant: str, p50_ms: float, *, memory_mb: int = 1769, cost: float = 1.0, ideal_ms: float | None = None) -> Run:
    return Run(
        example="one", variant=variant, memory_mb=memory_mb, durations_ms=(p50_ms,), cold_ms=200, p50_ms=p50_ms,
        p95_ms=p50_ms, ideal_ms=ideal_ms, billed_ms=p50_ms, cost_per_million_usd=cost, cpu_ms=None,
    )  # fmt: skip


def results_of(*runs: Run, title: str = "One") -> Results:
    machine = Machine(
        date="2026-01-15", python="3.11.7", platform="Linux", cpu="synthetic", cores=2,
        cpu_limit="quota", memory_limit="memory.max", freeze="freezer",
    )  # fmt: skip
    prices = Prices(
        date="2026-01-02", source="invented", region="us-east-1", architecture="arm64",
        usd_per_gb_second=0.00001, usd_per_request=0.0000002,
    )  # fmt: skip
    return Results(machine=machine, prices=prices, examples=(Example(name="one", title=title),), runs=runs)


def printed(results: Results, *, width: int = 100, terminal: bool = False) -> str:
    stream = StringIO()
    system: Literal["truecolor"] | None = "truecolor" if terminal else None
    print_results(results, Console(file=stream, width=width, force_terminal=terminal, color_system=system))
    return stream.getvalue()


def test_every_run_has_a_line_with_its_numbers() -> None:
    slow, fast = run("sequential", 900.0, cost=26.25), run("threads", 305.0, cost=8.98)

    text = printed(results_of(slow, fast))

    lines = [line.split() for line in text.splitlines()]
    assert ["1769", "MB", "sequential", "900", "900", f"1.0{TIMES}", "900", "26.25", "200"] in lines
    assert ["threads", "305", "305", f"3.0{TIMES}", "305", "8.98", "200"] in lines


@pytest.mark.parametrize("width", [80, 100])
def test_nothing_is_cut_at_the_width_of_a_terminal(results: Results, width: int) -> None:
    text = printed(results, width=width)

    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert text.count("sequential") >= 18


def test_figures_align_on_the_right(results: Results) -> None:
    sheet = example_sheet(results, results.examples[0])
    text = printed(replace(results, examples=results.examples[:1], runs=results.runs_of("apis")))
    heading = next(line for line in text.splitlines() if "billed ms" in line)
    end = heading.index("billed ms") + len("billed ms")

    billed = [line[:end].rsplit(" ", 1)[1] for line in text.splitlines() if re.search(r" (seq|thr|tas)\w+ +\d", line)]

    assert billed[: len(sheet.groups) * 3] == [row.cells[4] for group in sheet.groups for row in group.rows]


def test_nothing_is_said_by_colour(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")  # a dumb terminal has a width of its own
    in_terminal = printed(results, terminal=True)

    codes = {code for sequence in re.findall(r"\x1b\[([\d;]*)m", in_terminal) for code in sequence.split(";")}

    assert codes == {"0", "1", "2"}, "only bold, dim and reset"
    assert re.sub(r"\x1b\[[\d;]*m", "", in_terminal) == printed(results)


def test_a_pipe_gets_no_control_codes_at_all(results: Results) -> None:
    assert "\x1b" not in printed(results)


def test_a_terminal_that_knows_only_ascii_gets_only_ascii(results: Results) -> None:
    buffer = BytesIO()
    stream = TextIOWrapper(buffer, encoding="ascii")

    print_results(results, Console(file=stream, width=80))

    stream.flush()
    text = buffer.getvalue().decode("ascii")
    assert "2.9x" in text
    assert "-12" in text


def test_square_brackets_in_a_title_are_no_markup() -> None:
    text = printed(results_of(run("sequential", 9.0), title="[red]Reads[/red]"))

    assert "[red]Reads[/red]" in text


def test_verdicts_stand_below_their_table(results: Results) -> None:
    text = printed(results)

    assert "Invented for tests: parallel s3 reads wait 20 ms a call." in text
    assert "At 128 MB: threads gain little: the client's own CPU is the limit." in text


def test_the_fastest_is_found_per_memory_size() -> None:
    compared = gains(
        results_of(
            run("sequential", 1000.0, memory_mb=128, cost=2.5),
            run("threads", 500.0, memory_mb=128, cost=1.25),
            run("tasks", 400.0, memory_mb=128, cost=1.0),
            run("sequential", 900.0),
            run("threads", 300.0),
        )
    )

    assert [(gain.memory_mb, gain.best.variant) for gain in compared] == [(128, "tasks"), (1769, "threads")]
    assert compared[0].times == 2.5
    assert compared[0].saved_ms == 600
    assert compared[0].saved_usd == 1.5


def test_variants_too_near_to_tell_apart_share_the_first_place() -> None:
    (gain,) = gains(results_of(run("sequential", 900.0), run("threads", 303.0), run("tasks", 301.0)))

    assert gain.ties == ("tasks", "threads")


def test_a_gain_within_the_noise_is_called_none() -> None:
    sheet = summary_sheet(results_of(run("sequential", 900.0), run("threads", 895.0)))

    assert sheet.groups[0].rows[0].cells[:3] == ("1769 MB", "no gain", f"1.0{TIMES}")


def test_a_slower_variant_is_shown_as_a_loss() -> None:
    sheet = summary_sheet(results_of(run("sequential", 900.0, cost=1.0), run("threads", 1000.0, cost=1.1)))

    assert sheet.groups[0].rows[0].cells[1:] == ("slower", f"0.9{TIMES}", f"{MINUS}100", f"{MINUS}0.10")


def test_without_a_sequential_run_nothing_is_compared() -> None:
    alone = run("threads", 300.0)
    results = results_of(alone)

    assert gains(results) == ()
    assert times_faster(alone, results.runs) is None
    assert example_sheet(results, results.examples[0]).groups[0].rows[0].cells[3] == ABSENT
    assert "Summary" not in printed(results)
    assert "saved" not in markdown(results)


def test_an_example_without_runs_has_an_empty_table() -> None:
    results = results_of()

    assert example_sheet(results, results.examples[0], details=True).groups == ()
    assert "One" in printed(results)


def test_details_add_the_ideal_and_how_far_the_median_is_from_it() -> None:
    results = results_of(run("threads", 330.0, ideal_ms=300.0), run("tasks", 330.0, ideal_ms=0.0))

    sheet = example_sheet(results, results.examples[0], details=True)

    assert [column.heading for column in sheet.columns][-3:] == ["ideal ms", "p50 / ideal", "CPU ms"]
    assert sheet.groups[0].rows[0].cells[-2:] == ("1.10", ABSENT)
    assert sheet.groups[0].rows[1].cells[-2] == ABSENT


def test_markdown_tables_are_well_formed(results: Results) -> None:
    tables = [block for block in markdown(results).split("\n\n") if block.startswith("|")]

    assert len(tables) == 7
    for table in tables:
        heading, rule, *rows = table.splitlines()
        cells = len(re.split(r"(?<!\\)\|", heading))
        assert re.fullmatch(r"\|( -+:? \|)+", rule)
        assert rows
        assert all(len(re.split(r"(?<!\\)\|", row)) == cells for row in rows)
        assert len({len(line) for line in (heading, rule, *rows)}) == 1


def test_markdown_marks_the_fastest_in_bold() -> None:
    results = results_of(run("sequential", 900.0), run("threads", 300.0))

    text = markdown(results)

    assert re.search(r"\| 1769 MB \| \*\*threads\*\* +\| +\*\*300\*\* \|", text)
    assert "**sequential**" not in text


def test_markdown_shows_signs_as_they_are() -> None:
    results = results_of(run("sequential", 9.0), title="a|b *c* <d> $e")

    assert r"### a\|b \*c\* \<d\> \$e" in markdown(results)
    assert r"\$/million" in sheet_markdown(example_sheet(results, results.examples[0]))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (milliseconds(None), ABSENT),
        (milliseconds(1234.4), "1,234"),
        (milliseconds(3.44, 1), "3.4"),
        (milliseconds(-0.01, 1), "0.0"),
        (milliseconds(-12.0), f"{MINUS}12"),
        (times(2.94), f"2.9{TIMES}"),
        (times(123.4), f"123{TIMES}"),
        (dollars(1234.5), "1,234.50"),
    ],
)
def test_numbers_are_written_for_reading(written: str, expected: str) -> None:
    assert written == expected


def test_without_a_sequential_run_the_first_variant_is_what_others_are_compared_with() -> None:
    results = results_of(run("app.handler", 900.0), run("other.handler", 300.0))

    (gain,) = gains(results)

    assert (gain.baseline.variant, gain.best.variant, gain.times) == ("app.handler", "other.handler", 3.0)
    assert times_faster(results.runs[1], results.runs) == 3.0
