from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from meantime.tools.report.page import looks, render_page, write_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Page

    from meantime.tools.report.recording import RecordedCall
    from meantime.tools.report.results import Results, Run

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop


def calls_of(run: Run) -> tuple[RecordedCall, ...]:
    assert run.recording is not None
    return run.recording.calls


def with_calls(run: Run, calls: tuple[RecordedCall, ...]) -> Run:
    assert run.recording is not None
    return replace(run, recording=replace(run.recording, calls=calls))


def test_the_page_asks_nothing_of_the_network_and_reports_no_error(open_page: OpenPage) -> None:
    with open_page() as page:
        assert page.title() == "One invocation, many waits · Meantime"


def test_the_page_forbids_itself_what_it_does_not_hold(open_page: OpenPage) -> None:
    """A script that got in by another way does not run, and a request does not leave."""
    complaints: list[str] = []
    failures: list[str | None] = []
    with open_page(complaints=complaints) as page:
        page.on("requestfailed", lambda request: failures.append(request.failure))
        page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
                const image = new Image();
                document.body.append(image);
                return new Promise((resolve) => {
                    image.onerror = resolve;
                    image.src = "http://127.0.0.1:9/picture.png";
                });
            }"""
        )

        assert page.evaluate("window.ran") is None
    assert failures == ["csp"]
    assert sum("Content Security Policy" in complaint for complaint in complaints) == 2


def test_the_page_is_light_enough_to_send(results: Results) -> None:
    assert len(render_page(results).encode()) < 1_510_000


def test_a_name_with_markup_in_it_is_shown_as_text(open_page: OpenPage, results: Results) -> None:
    name = calls_of(results.runs_of("apis")[0])[1].name
    assert "</script><b" in name
    with open_page() as page:
        section = page.locator("section.example[data-example='apis']")
        section.locator("details.calls summary").click()

        assert page.locator(".broken-out").count() == 0
        assert name in section.locator(".row .what").all_inner_texts()
        section.get_by_role("cell", name=name).first.wait_for()


def test_titles_and_verdicts_with_markup_are_shown_as_text(
    open_page: OpenPage, results: Results, tmp_path: Path
) -> None:
    hostile = '</script><b class="broken-out">"&amp;'
    example = results.examples[1]
    verdict = replace(example.verdicts[0], text=hostile)
    examples = (replace(example, title=hostile, description=hostile, verdicts=(verdict,)),)
    machine = replace(results.machine, cpu=hostile, versions={hostile: hostile}, notes=(hostile,))
    runs = tuple(replace(run, variant=run.variant + hostile) for run in results.runs_of("s3"))
    path = tmp_path / "hostile.html"
    write_page(replace(results, examples=examples, machine=machine, runs=runs), path, title=hostile)

    with open_page(path.as_uri()) as page:
        assert page.locator(".broken-out").count() == 0
        assert page.locator("h1").inner_text() == hostile
        assert page.locator(".verdicts .overall").inner_text() == hostile
        assert page.locator(".strip").count() == 2


def test_a_long_name_makes_no_page_wider_than_a_phone(open_page: OpenPage, results: Results, tmp_path: Path) -> None:
    name = "x" * 200
    examples = tuple(
        replace(example, verdicts=tuple(replace(verdict, text=name) for verdict in example.verdicts))
        for example in results.examples
    )
    runs = tuple(with_calls(run, tuple(replace(call, name=name) for call in calls_of(run))) for run in results.runs)
    path = tmp_path / "long.html"
    write_page(replace(results, examples=examples, runs=runs), path)

    with open_page(path.as_uri(), width=360) as page:
        page.locator(".row").first.wait_for()

        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_name_that_no_encoding_takes_does_not_hinder_the_page(
    open_page: OpenPage, results: Results, tmp_path: Path
) -> None:
    run = results.runs[0]
    first, *others = calls_of(run)
    odd = replace(with_calls(run, (replace(first, name="GET /\ud800"), *others)), variant="\udcff")
    path = tmp_path / "odd.html"

    write_page(replace(results, runs=(odd, *results.runs[1:])), path)

    with open_page(path.as_uri()) as page:
        assert page.locator(".row").count() > 0


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("2026-01-05", "5 January 2026"),
        ("2026-11-23T17:35:33+00:00", "23 November 2026, 17:35 UTC"),
        ("2026-11-23T23:35:33-02:00", "24 November 2026, 01:35 UTC"),
        ("2026-11-23T17:35:33", "23 November 2026, 17:35"),
        ("last Monday", "last Monday"),
        ("0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00+05:00"),
    ],
)
def test_the_date_reads_as_in_a_sentence(results: Results, date: str, shown: str) -> None:
    page = render_page(replace(results, machine=replace(results.machine, date=date)))

    assert f">{shown}</time>" in page
    assert f"<dt>Date</dt><dd>{shown}</dd>" in page


def test_how_it_was_measured_is_told(results: Results) -> None:
    page = render_page(results)

    for told in (
        "Synthetic CPU at 2.5 GHz, 2 cores, Linux-6.1-synthetic",
        "3.11.7; awslambdaric 4.2.2; boto3 1.44.0",
        "cgroup v2 quota, memory / 1769 of a core, 20 ms periods",
        "cgroup v2 memory.max",
        "cgroup v2 freezer",
        "us-east-1, x86_64, as of 2026-01-02: $0.0000166667 per GB-second, $0.20 per million requests.",
        "https://aws.amazon.com/lambda/pricing/",
        "Initialised at full CPU, as AWS does.",
    ):
        assert told in page


def test_the_data_in_the_page_cannot_end_its_element(results: Results) -> None:
    data = re.search(r'id="results">(.*)</script>', render_page(results))

    assert data is not None
    assert "<" not in data[1]


def test_known_variants_keep_their_look_and_others_take_free_ones() -> None:
    assert looks(["uvloop", "tasks", "sequential", "anyio"]) == {"uvloop": 5, "tasks": 3, "sequential": 1, "anyio": 6}
