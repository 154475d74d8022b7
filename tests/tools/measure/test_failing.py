"""`--fail-if`: what is understood, what is refused before any work, and what is said of the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.measure.failing import Condition, check
from meantime.tools.measure.metrics import BY_NAME, FACTORS
from meantime.tools.report.billing import Bill
from meantime.tools.report.recording import Accounting, Recording
from meantime.tools.report.results import Example, Machine, Prices, Results, Run

RECORDING = Recording(
    function="f", handler="app.handler", memory_mb=512, python="3.11", cold=False, request_id="r", date="2026-01-01",
    duration_ms=400.0, cpu_ms=40.0,
    accounting=Accounting(
        waiting_alone_ms=300.0, waiting_together_ms=20.0, computing_ms=60.0, lock_ms=0.0, throttled_ms=12.0,
        unexplained_ms=8.0,
    ),
)  # fmt: skip


def run(memory_mb: int = 512, variant: str = "app.handler", **fields) -> Run:
    values = {
        "durations_ms": (390.0, 410.0, 431.0), "cold_ms": 250.0, "p50_ms": 410.0, "p95_ms": 431.0, "ideal_ms": None,
        "billed_ms": 411.0, "cost_per_million_usd": 3.5, "cpu_ms": 40.0, "recording": RECORDING, **fields,
    }  # fmt: skip
    return Run(example="app", variant=variant, memory_mb=memory_mb, **values)


def results(*runs: Run, bills: tuple[Bill, ...] = ()) -> Results:
    return Results(
        machine=Machine(
            date="2026-01-01", python="3.11", platform="p", cpu="c", cores=2, cpu_limit="q", memory_limit="m",
            freeze="f",
        ),
        prices=Prices(
            date="2026-01-01", source="s", region="us-east-1", architecture="x86_64", usd_per_gb_second=0.0000166667,
            usd_per_request=0.0000002,
        ),
        examples=(Example(name="app", title="app"),), runs=runs, bills=bills,
    )  # fmt: skip


def findings(text: str, *runs: Run) -> list[tuple[bool, str]]:
    return [(found.failed, found.text) for found in Condition.parse(text).check(results(*(runs or (run(),))))]


def test_what_is_over_its_limit_fails_and_says_by_what():
    assert findings("p95 > 400ms") == [(True, "p95 is 431 ms at 512 MB, over 400 ms")]


def test_what_is_not_over_its_limit_passes_and_says_so_too():
    assert findings("p95 > 0.5 s") == [(False, "p95 is 431 ms at 512 MB, not over 500 ms")]


def test_a_memory_size_narrows_it():
    found = findings("p95>400 ms at 128MB", run(128, p95_ms=431.0), run(512))

    assert found == [(True, "p95 is 431 ms at 128 MB, over 400 ms")]


def test_without_one_every_size_that_was_measured_counts():
    assert [failed for failed, _ in findings("p50 >= 410ms", run(128), run(512))] == [True, True]


def test_a_handler_narrows_it_and_is_named_where_there_are_several():
    found = findings(
        "p95 > 400ms for new.handler at 512 MB", run(), run(variant="new.handler", p95_ms=400.0, p50_ms=400.0)
    )

    assert found == [(False, "p95 is 400 ms at 512 MB for new.handler, not over 400 ms")]


@pytest.mark.parametrize("text", ["cost > $3", "cost > 3 $", "cost > 3$ per million", "cost > 3 $/million"])
def test_money_is_written_before_or_behind(text):
    assert findings(text) == [(True, "cost is $3.50 at 512 MB, over $3.00")]


def test_a_time_may_be_taken_as_a_part_of_the_duration():
    assert findings("waiting > 75%") == [(True, "waiting is 80 % at 512 MB, over 75 %")]
    assert findings("alone > 290 ms") == [(True, "alone is 300 ms at 512 MB, over 290 ms")]


def test_the_explained_part_may_not_sink():
    assert findings("explained < 97%") == [(False, "explained is 98 % at 512 MB, not under 97 %")]


def test_what_cannot_be_judged_fails():
    assert findings("waiting > 75%", run(recording=None)) == [
        (True, "waiting is not known at 512 MB: the run has no recording")
    ]
    assert findings("month > $10") == [(True, "month is not known at 512 MB: say how often it is invoked with --rate")]


def test_what_is_about_nothing_that_was_measured_fails():
    assert findings("p95 > 1s at 256MB") == [(True, "p95 > 1s at 256MB: nothing was measured that this is about")]


def test_a_month_is_judged_by_its_bill():
    bill = Bill(
        example="app", variant="app.handler", memory_mb=512, compute_per_million_usd=3.3, requests_per_million_usd=0.2,
        init_per_million_usd=0.5, per_million_usd=4.0, invocations_per_month=2e6, per_month_usd=8.0,
    )  # fmt: skip
    measured = results(run(), bills=(bill,))

    found = check([Condition.parse("month > $7.50"), Condition.parse("cost > $3.90")], measured)

    assert [each.text for each in found] == [
        "month is $8.00 at 512 MB, over $7.50",
        "cost is $4.00 at 512 MB, over $3.90",
    ]


def test_a_metric_that_will_not_be_known_is_refused_before_any_work():
    with pytest.raises(ValueError, match="say how often it is invoked with --rate"):
        Condition.parse("month > $5").require(["app.handler"], [512], rated=False)
    with pytest.raises(ValueError, match="waiting is known of a recording, and there will be none with --no-record"):
        Condition.parse("waiting > 60%").require(["app.handler"], [512], recorded=False)
    Condition.parse("p95 > 1s").require(["app.handler"], [512], recorded=False, rated=False)


def test_a_scope_that_will_not_be_measured_is_refused_before_any_work():
    with pytest.raises(ValueError, match="256 MB is not measured; 128 MB, 512 MB will be"):
        Condition.parse("p95 > 1s at 256MB").require(["app.handler"], [512, 128])
    with pytest.raises(ValueError, match=r"old\.handler is not measured; app\.handler will be"):
        Condition.parse("p95 > 1s for old.handler").require(["app.handler"], [512])
    Condition.parse("p95 > 1s at 512MB for app.handler").require(["app.handler"], [512])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not a metric, a comparison and a number"),
        ("p95 400ms", "it is not a metric, a comparison and a number"),
        ("p95 = 400ms", "it is not a metric, a comparison and a number"),
        ("p42 > 400ms", "there is no metric 'p42'"),
        ("p95 > 400", "p95 needs ms or s, and there is no unit"),
        ("p95 > $400", "p95 needs ms or s, and there is the unit"),
        ("p95 > 400 minutes", "the unit 'minutes'"),
        ("cost > 5ms", r"cost needs \$, and there is the unit 'ms'"),
        ("cost > 5%", "cost has no percentage"),
        ("p95 > 5%", "p95 has no percentage"),
        ("explained < 97ms", "explained needs %"),
        ("cost > $5ms", "'ms' behind a number of dollars"),
        ("p95 > 400ms at home", "'at home' is no memory size and no handler"),
        ("p95 > 400ms at 512MB at 128MB", "is no memory size and no handler"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_is(text, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        Condition.parse(text)

    assert "p50, p95, p99" in str(refused.value)
    assert "'p95 > 400ms at 512MB'" in str(refused.value)


@given(st.sampled_from(sorted(BY_NAME)), st.sampled_from([">", ">=", "<", "<="]), st.integers(0, 10**6))
def test_every_metric_can_be_judged_and_never_passes_and_fails_at_once(name, comparison, number):
    unit = next(iter(FACTORS[BY_NAME[name].unit]))
    opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}[comparison]

    (found,) = Condition.parse(f"{name} {comparison} {number} {unit}").check(results(run()))
    (other,) = Condition.parse(f"{name} {opposite} {number} {unit}").check(results(run()))

    assert "not known" in found.text or found.failed != other.failed
