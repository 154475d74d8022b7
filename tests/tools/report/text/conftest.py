"""Recordings and results made by hand, and a terminal to see them on."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from meantime.tools.report.advice import (
    Advice,
    BestMemory,
    Diagnosis,
    Estimate,
    MemoryPoint,
    Prediction,
)
from meantime.tools.report.billing import Bill
from meantime.tools.report.recording import (
    Accounting,
    Observation,
    RecordedCall,
    RecordedThread,
    Recording,
    Wait,
)
from meantime.tools.report.results import Example, Machine, Prices, Results, Run, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

MACHINE = Machine(
    date="2026-01-15", python="3.11.7", platform="Linux-6.1", cpu="Synthetic CPU", cores=2,
    cpu_limit="cgroup v2 quota", memory_limit="cgroup v2", freeze="cgroup v2 freezer",
)  # fmt: skip
PRICES = Prices(
    date="2026-01-02", source="https://aws.amazon.com/lambda/pricing/", region="us-east-1", architecture="x86_64",
    usd_per_gb_second=0.0000166667, usd_per_request=0.0000002, free_requests=1e6, free_gb_seconds=4e5,
)  # fmt: skip
DIFF = """\
-    answers = [fetch(url) for url in urls]
+    answers = threads.map(fetch, urls, max_concurrency=3)"""


@pytest.fixture
def shown() -> Callable[..., str]:
    def shown(draw: Callable[..., None], *args: Any, width: int = 80, encoding: str = "utf-8", **keywords: Any) -> str:
        """What a function prints on a terminal without colour; only what is to be copied may be wider than that."""
        stream = TextIOWrapper(BytesIO(), encoding=encoding)
        draw(*args, Console(file=stream, width=width, color_system=None, highlight=False), **keywords)
        stream.flush()
        text = stream.buffer.getvalue().decode(encoding)
        assert all(len(line) <= width for line in text.splitlines() if "Verify: " not in line), text
        return text

    return shown


@pytest.fixture
def make_call() -> Callable[..., RecordedCall]:
    return call


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    return recording


def call(identifier: int, start_ms: float, end_ms: float, name: str = "GET /orders", **fields: Any) -> RecordedCall:
    length = end_ms - start_ms
    values = {"kind": "http", "waiting_ms": length, "computing_ms": 0.0, "line": "app.py:31", **fields}
    return RecordedCall(id=identifier, name=name, start_ms=start_ms, end_ms=end_ms, **values)


def recording(*calls: RecordedCall, duration_ms: float = 1000.0, **fields: Any) -> Recording:
    values: dict[str, Any] = {
        "accounting": Accounting(
            waiting_alone_ms=duration_ms, waiting_together_ms=0.0, computing_ms=0.0, lock_ms=0.0, throttled_ms=0.0,
            unexplained_ms=0.0,
        ),
        "threads": (RecordedThread(name="MainThread", computing_ms=0.0, held_up_ms=0.0),),
        **fields,
    }  # fmt: skip
    return Recording(
        function="orders", handler="app.handler", memory_mb=512, python="3.11.7", cold=False, request_id="8476a536",
        date="2026-01-15T12:00:00+00:00", duration_ms=duration_ms, cpu_ms=12.0, calls=calls, **values,
    )  # fmt: skip


@pytest.fixture
def three_calls() -> Recording:
    """Three calls one after another: each waits 300 ms, computes 8 ms, and is held up for 12 ms."""
    calls = tuple(
        call(
            number, 20 + 320 * number, 340 + 320 * number, name, waiting_ms=300.0, computing_ms=8.0, held_up_ms=12.0,
            line=f"app.py:{31 + number}", function="fetch", library="requests", target="api.example:443",
        )
        for number, name in enumerate(("GET /customers", "GET /orders", "GET /shipments"))
    )  # fmt: skip
    waits = tuple(
        Wait(kind="receive", start_ms=each.start_ms + 5, end_ms=each.start_ms + 305, call=each.id) for each in calls
    )
    return recording(
        *calls, duration_ms=985.0, waits=waits,
        accounting=Accounting(
            waiting_alone_ms=900.0, waiting_together_ms=0.0, computing_ms=38.0, lock_ms=0.0, throttled_ms=42.0,
            unexplained_ms=5.0,
        ),
        observations=(
            Observation(
                kind="client_made", text="requests.Session", line="app.py:12", start_ms=2.0, duration_ms=14.0
            ),
        ),
    )  # fmt: skip


@pytest.fixture
def fan_out() -> Recording:
    """Forty reads by ten workers, each an item with its S3 call within."""
    calls = []
    for number in range(40):
        start = 20.0 * (number // 10) + number % 10
        calls += [
            call(2 * number, start, start + 22, f"load({number}.jpg)", kind="item", waiting_ms=18.0, computing_ms=4.0,
                 line="app.py:20", thread=1 + number % 10),
            call(2 * number + 1, start + 1, start + 21, "s3 GetObject", kind="aws", parent=2 * number,
                 waiting_ms=18.0, computing_ms=2.0, line="app.py:11", thread=1 + number % 10),
        ]  # fmt: skip
    threads = [RecordedThread(name=f"worker-{number}", computing_ms=2.0, held_up_ms=0.0) for number in range(11)]
    return recording(*calls, duration_ms=95.0, threads=tuple(threads))


def estimate(value: float, error: float = 0.1) -> Estimate:
    return Estimate(value=value, low=value * (1 - error), high=value * (1 + error))


@pytest.fixture
def results(three_calls: Recording) -> Results:
    """What `meantime measure app.handler --against app.threaded` might give at two memory sizes."""
    runs = tuple(
        Run(
            example="app", variant=variant, memory_mb=memory_mb,
            durations_ms=tuple(p50 + change for change in (-9.0, -4.0, -2.0, 0.0, 3.0, 5.0, 21.0)),
            cold_ms=312.0, first_ms=p50 + 60, p50_ms=p50, p95_ms=p50 + 16, ideal_ms=None, billed_ms=p50, cpu_ms=38.0,
            interval_ms=(p50 - 4, p50 + 5), cost_per_million_usd=p50 / 1000 * memory_mb / 1024 * 16.6667 + 0.2,
            recording=three_calls if variant == "app.handler" and memory_mb == 512 else None,
        )
        for memory_mb, sequential, threaded in ((128, 1187.0, 1179.0), (512, 985.0, 352.0))
        for variant, p50 in (("app.handler", sequential), ("app.threaded", threaded))
    )  # fmt: skip
    example = Example(
        name="app", title="app.handler", description="1 event, 7 warm invocations at each memory size",
        verdicts=(
            Verdict(memory_mb=128, text="the difference is inside the noise."),
            Verdict(memory_mb=512, text="app.threaded answers in 352 ms instead of 985 ms, 2.8 times faster."),
        ),
        diagnosis=Diagnosis(
            kind="waits",
            text="It waits for 91 % of its time, one call after another: 900 of 985 ms at 512 MB are waiting alone.",
        ),
        advice=(
            Advice(
                code="side-by-side", title="Make the three calls side by side: threads, 3 at once",
                text="GET /customers, GET /orders and GET /shipments take 320 ms each, one after another, on one line "
                "of code; requests is a blocking library, so threads.",
                calls=(0, 1, 2), lines=("app.py:31", "app.py:32", "app.py:33"), executor="threads", max_concurrency=3,
                duration_ms=estimate(356.0), cost_per_million_usd=estimate(3.17),
                assumption="if the calls do not depend on each other", change=DIFF,
                verify="meantime measure app.handler --against app.threaded --event event.json",
                before_ms=985.0, before_cost_per_million_usd=8.41, of_memory_mb=512,
            ),
            Advice(
                code="client-outside", title="Make requests.Session once, outside the handler",
                text="It is made anew in each invocation, which takes 14 ms.", lines=("app.py:12",),
            ),
        ),
        predictions=(
            Prediction(executor="threads", max_concurrency=1, memory_mb=128, duration_ms=estimate(1180.0)),
            Prediction(
                executor="threads", max_concurrency=1, memory_mb=512, duration_ms=estimate(980.0), measured_ms=985.0
            ),
            Prediction(executor="threads", max_concurrency=3, memory_mb=512, duration_ms=estimate(356.0)),
        ),
        memory_points=tuple(
            MemoryPoint(
                memory_mb=memory_mb, duration_ms=estimate(duration, 0.05),
                cost_per_million_usd=estimate(duration / 1000 * memory_mb / 1024 * 16.6667 + 0.2, 0.05),
                measured=memory_mb in (128, 512),
            )
            for memory_mb, duration in ((128, 1187.0), (256, 1040.0), (512, 985.0), (1024, 958.0), (1769, 951.0))
        ),
        best_memory=BestMemory(speed_mb=1769, cost_mb=128, balance_mb=256),
    )  # fmt: skip
    bills = tuple(
        Bill(
            example=run.example, variant=run.variant, memory_mb=run.memory_mb,
            compute_per_million_usd=run.cost_per_million_usd - 0.2, requests_per_million_usd=0.2,
            init_per_million_usd=0.03, per_million_usd=run.cost_per_million_usd + 0.03,
            invocations_per_month=2e6, per_month_usd=2 * (run.cost_per_million_usd + 0.03),
        )
        for run in runs
    )  # fmt: skip
    return Results(
        machine=MACHINE, prices=PRICES, examples=(example,), runs=runs, bills=bills, rate="2 million per month",
        cold_share=0.01,
    )  # fmt: skip
