"""What `meantime measure` prints: the diagnosis first, then numbers, pictures, advice, memory and the bill."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from meantime.tools.report.advice import Diagnosis, Estimate, Prediction
from meantime.tools.report.figures import ABSENT, TIMES
from meantime.tools.report.results import Example
from meantime.tools.report.terminal import print_report


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_diagnosis_comes_before_everything_else(shown, results):
    text = words(shown(print_report, results))

    assert text.startswith("app.handler 1 event, 7 warm invocations at each memory size IO-bound: It waits for 91 %")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("waits", "IO-bound"), ("computes", "CPU-bound"), ("mixed", "Mixed"), ("fast_enough", "Fast enough")],
)
def test_the_diagnosis_has_a_name(shown, results, kind, name):
    example = replace(results.examples[0], diagnosis=Diagnosis(kind=kind, text="So it is."))

    assert f"{name}: So it is." in shown(print_report, replace(results, examples=(example,)))


def test_every_handler_has_its_numbers_at_every_size(shown, results):
    text = shown(print_report, results)

    assert f"512 MB  app.handler         985 (981..990)   1,001       {ABSENT}       8.41   312" in text
    assert f"        app.threaded        352 (348..357)     368    2.8{TIMES}       3.13   312" in text


def test_what_cannot_be_told_apart_is_called_noise(shown, results):
    text = shown(print_report, results)

    assert "        app.threaded  1,179 (1,175..1,184)   1,195   noise       2.66   312" in text
    assert "noise: the difference is inside the noise of these invocations." in text


def test_the_recorded_run_that_the_advice_is_about_is_shown(shown, results):
    text = shown(print_report, results)

    assert "Where the time went: app.handler at 512 MB, one invocation of 985 ms" in text
    assert "─  waiting alone  900.0 ms       91%" in text
    assert "GET /customers  app.py:31" in text
    assert "client made during the invocation: requests.Session" in text


def test_advice_says_what_why_where_the_promise_its_condition_the_change_and_how_to_verify(shown, results):
    lines = shown(print_report, results).splitlines()
    start = lines.index("1. Make the three calls side by side: threads, 3 at once")

    assert [line.rstrip() for line in lines[start + 1 : start + 10]] == [
        "   GET /customers, GET /orders and GET /shipments take 320 ms each, one after",
        "   another, on one line of code; requests is a blocking library, so threads.",
        "   Where: app.py:31, app.py:32, app.py:33",
        "   Then: 985 → 356 ms (320 to 392); 64 % less",
        "   Then: $8.41 → $3.17 per million ($2.85 to $3.49); 62 % less",
        "   Holds if the calls do not depend on each other.",
        "     -    answers = [fetch(url) for url in urls]",
        "     +    answers = threads.map(fetch, urls, max_concurrency=3)",
        "   Verify: meantime measure app.handler --against app.threaded --event event.json",
    ]


def test_advice_without_a_promise_has_none(shown, results):
    lines = shown(print_report, results).splitlines()
    start = lines.index("2. Make requests.Session once, outside the handler")

    assert [line.rstrip() for line in lines[start + 1 : start + 4]] == [
        "   It is made anew in each invocation, which takes 14 ms.",
        "   Where: app.py:12",
        "",
    ]


def test_what_if_says_what_side_by_side_would_take_and_what_was_measured(shown, results):
    lines = [line.rstrip() for line in shown(print_report, results).splitlines()]
    start = lines.index("If its calls went side by side, ms: app.handler")

    assert lines[start + 1].split() == ["executor", "at", "once", "128", "MB", "512", "MB"]
    assert lines[start + 3].split() == ["threads", "1", "1,180", "980/985"]
    assert lines[start + 4].split() == ["3", ABSENT, "356"]
    assert "Predicted; behind a slash what was measured." in lines


def test_what_if_that_nothing_was_measured_of_is_called_predicted(shown, results):
    predictions = tuple(replace(each, measured_ms=None) for each in results.examples[0].predictions)
    example = replace(results.examples[0], predictions=predictions, best_memory=None)

    lines = shown(print_report, replace(results, examples=(example,))).splitlines()

    assert "Predicted." in lines
    assert not any("Power Tuning" in line for line in lines)


def test_nothing_measured_is_no_table(shown, results):
    text = shown(print_report, replace(results, runs=(), bills=(results.bills[0],)))

    assert "p50 ms" not in text
    assert f"128 MB  app.handler       {ABSENT}" in text


def test_each_function_is_told_by_itself(shown, results):
    other = replace(results.examples[0], name="other", title="other.handler")
    runs = tuple(replace(run, example="other", variant=f"other.{run.variant}") for run in results.runs)
    bills = tuple(replace(bill, example="other", variant=f"other.{bill.variant}") for bill in results.bills)

    text = shown(
        print_report,
        replace(
            results,
            examples=(*results.examples, other),
            runs=(*results.runs, *runs),
            bills=(*results.bills, *bills),
        ),
    )

    first, second = text.split("\nother.handler\n")
    assert "other.app" not in first
    assert second.count("saves $5.28 per million") == first.count("saves $5.28 per million") == 1


@pytest.mark.parametrize("width", [80, 100])
def test_what_if_of_many_sizes_is_told_in_several_tables_and_not_cut(shown, results, width):
    sizes = (128, 256, 512, 1024, 1536, 1769, 3008, 10240)
    predictions = tuple(
        Prediction(
            executor=executor, max_concurrency=number, memory_mb=size, measured_ms=12_345.0,
            duration_ms=Estimate(value=size + 10_000.0, low=0.0, high=99_999.0),
        )
        for executor in ("threads", "tasks") for number in (1, 64) for size in sizes
    )  # fmt: skip
    example = replace(results.examples[0], predictions=predictions)

    text = shown(print_report, replace(results, examples=(example,)), width=width)

    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert all(text.count(f"{size + 10_000:,}/12,345") == 4 for size in sizes)


def test_the_memory_sizes_say_what_was_measured_and_which_is_best_for_what(shown, results):
    text = shown(print_report, results)

    assert " 128 MB  1,187  1,128..1,246       2.67  measured   cost" in text
    assert " 256 MB  1,040    988..1,092       4.53  predicted  balance" in text
    assert "1769 MB    951      903..999      27.58  predicted  speed" in text
    assert "AWS Lambda Power Tuning" in text


def test_the_bill_is_per_million_and_per_month_at_the_rate_that_was_given(shown, results):
    text = shown(print_report, results)

    assert "Bill, US dollars at 2 million per month" in text
    assert "512 MB  app.handler      985     8.21      0.20  0.03      8.44   16.88" in text
    assert "At 512 MB app.threaded saves $5.28 per million, $10.55 per month." in text
    assert "At 128 MB app.threaded costs about what app.handler does: the difference is noise." in words(text)


def test_a_small_saving_is_called_one(shown, results):
    bills = tuple(replace(bill, invocations_per_month=None, per_month_usd=None) for bill in results.bills)

    text = shown(print_report, replace(results, bills=bills, rate=""))

    assert "At 512 MB app.threaded saves $5.28 per million: latency is the gain, not money." in text
    assert "per month" not in text


def test_what_costs_more_is_told_as_well(shown, results):
    bills = tuple(
        replace(bill, per_million_usd=bill.per_million_usd + 20, per_month_usd=bill.per_month_usd + 40)
        if bill.variant == "app.threaded"
        else bill
        for bill in results.bills
    )

    text = words(shown(print_report, replace(results, bills=bills)))

    assert "At 512 MB app.threaded costs $14.72 per million, $29.45 per month more than app.handler." in text


def test_prices_cold_starts_the_free_tier_and_the_machine_are_named(shown, results):
    text = words(shown(print_report, results))

    assert "Prices: us-east-1, x86_64, 2026-01-02. The bill takes 1% of the invocations for cold starts." in text
    assert "The free tier (1,000,000 requests and 400,000 GB-seconds a month, an account) is not applied." in text
    assert "Measured 2026-01-15: Synthetic CPU, 2 cores, Python 3.11.7; CPU limit: cgroup v2 quota." in text


def test_without_cold_starts_in_the_bill_it_says_so(shown, results):
    text = words(shown(print_report, replace(results, cold_share=0.0)))

    assert "Cold starts are not in the bill; INIT is billed since August 2025." in text


def test_what_there_are_no_numbers_for_is_left_out(shown, results):
    bare = replace(
        results,
        examples=(Example(name="app", title="app.handler"),),
        runs=tuple(replace(run, recording=None, interval_ms=None) for run in results.runs),
        bills=(),
    )

    text = shown(print_report, bare)

    for heading in ("Where the time went", "What to do", "Memory", "Bill", "IO-bound"):
        assert heading not in text
    assert "512 MB  app.handler      985" in text


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_nothing_is_cut_whatever_the_width(shown, results, width):
    long = "orders.handlers.fulfilment.a_rather_long_name.handler"
    runs = tuple(replace(run, variant=long) if run.variant == "app.threaded" else run for run in results.runs)

    text = shown(print_report, replace(results, runs=runs, bills=()), width=width)

    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert long in "".join(line[8:].split()[0] for line in text.splitlines() if line[8:].strip())


def test_a_terminal_that_knows_only_ascii_gets_only_ascii(shown, results):
    text = shown(print_report, results, encoding="ascii")

    assert text.isascii()
    assert "Then: 985 -> 356 ms (320 to 392); 64 % less" in text
    assert "985 (981..990)" in text


def test_a_command_to_copy_is_not_broken(results):
    stream = StringIO()
    print_report(results, Console(file=stream, width=40, color_system=None))

    assert "   Verify: meantime measure app.handler --against app.threaded --event event.json\n" in stream.getvalue()


def test_advice_says_for_which_size_it_is_and_why_that_one(shown, results):
    recording = next(run.recording for run in results.runs if run.recording is not None)
    recorded = tuple(replace(run, recording=recording) for run in results.runs)

    assert "What to do at 512 MB 1. " in words(shown(print_report, results))
    assert "What to do at 512 MB That is the largest size measured" in words(
        shown(print_report, replace(results, runs=recorded))
    )


def test_a_size_that_was_run_once_has_no_range(shown, results):
    (example, *others) = results.examples
    point = replace(example.memory_points[0], duration_ms=Estimate(value=120.0, low=120.0, high=120.0))
    example = replace(example, memory_points=(point,), best_memory=None)

    assert "120..120" not in shown(print_report, replace(results, examples=(example, *others)))


def test_of_several_handlers_it_is_said_which_one_the_memory_sizes_are_of(shown, results):
    text = shown(print_report, results).splitlines()

    assert "Memory: app.handler" in text
    assert "If its calls went side by side, ms: app.handler" in text
