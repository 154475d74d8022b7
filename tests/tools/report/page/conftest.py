"""Results as `meantime measure` gives them, several handlers and sizes: made by arithmetic, clearly not measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest

from meantime.tools.report.advice import Advice, BestMemory, Diagnosis, Estimate, MemoryPoint, Prediction
from meantime.tools.report.page import write_page
from meantime.tools.report.recording import Accounting, Observation, RecordedCall, RecordedThread, Recording, Wait
from meantime.tools.report.results import Example, Machine, Prices, Results, Run

if TYPE_CHECKING:
    from pathlib import Path

MEMORIES = (128, 512, 1769)
HANDLERS = {"app.handler": 1, "side_by_side.handler": 8}
POINTS = (128, 256, 512, 1024, 1769, 3008)
WIDTHS = (1, 2, 4, 8, 16, 32, 64)
USD_PER_GB_SECOND = 0.0000166667
USD_PER_REQUEST = 0.0000002
ERROR_AT = 17  # of the calls of an invocation: it times out, and is tried again


@dataclass
class Inventor:
    """One invocation by the arithmetic of lanes: each does its calls in turn, and computing waits for its share."""

    width: int
    memory_mb: int
    random: Random
    calls: list[RecordedCall] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    free: list[float] = field(default_factory=list)
    core_free: float = 0.0
    known: set[tuple[str, int]] = field(default_factory=set)

    def work(self, name: str, target: str, waits_ms: float, cpu_ms: float, *, kind: str = "http") -> None:
        """Do one item on the lane that is free first: a call, its connection where the lane has none, its answer."""
        self.free = self.free or [0.4 * lane for lane in range(self.width)]
        lane = min(range(self.width), key=lambda each: self.free[each])
        start = now = self.free[lane]
        item = len(self.calls)
        new = (target, lane) not in self.known
        self.known.add((target, lane))
        failing = item == ERROR_AT
        steps = [("name_resolution", 1.2), ("connect", 0.9), ("tls", 7.5)] if new and kind != "item" else []
        steps.append(("receive", waits_ms * self.random.uniform(0.85, 1.3) * (2 if failing else 1)))
        parts: list[tuple[str, float, float]] = []
        for what, length in steps if waits_ms else []:
            parts.append((what, now, now + length))
            self.waits.append(
                Wait(kind=what, start_ms=now, end_ms=now + length, thread=lane, call=item, computed_before_ms=0.05)
            )
            now += length + 0.05
        ready = now
        begins = max(ready, self.core_free)
        now = self.core_free = begins + cpu_ms / min(1.0, self.memory_mb / 1769)
        waiting = sum(end - begin for _, begin, end in parts)
        line = f"app.py:{31 + item % 3}"
        usual = RecordedCall(
            id=item, name=name, kind=kind, start_ms=start, end_ms=now, waiting_ms=waiting, computing_ms=cpu_ms,
            held_up_ms=max(0.0, now - start - waiting - cpu_ms), target=target, thread=lane,
            overlapped_ms=waiting * (0.9 if self.width > 1 else 0.0),
            library={"aws": "boto3", "sql": "psycopg"}.get(kind, "requests"),
            line=line, function="fetch", stack=("app.py:58 in handler", f"{line} in fetch"),
            sent_bytes=612, received_bytes=2_048 + 37 * item, new_connection=new, timeout_s=5.0, has_timeout=True,
            parameters=("TableName", "KeyConditionExpression") if kind == "aws" else (),
            error="ReadTimeout" if failing else None, attempts=2 if failing else 1,
        )  # fmt: skip
        self.calls.append(usual)
        for what, begin, end in parts if new else ():
            if what == "receive":
                continue
            part = replace(
                usual, id=len(self.calls), name=what.replace("_", " "), kind="socket", start_ms=begin, end_ms=end,
                waiting_ms=end - begin, computing_ms=0.0, held_up_ms=0.0, parent=item, new_connection=None,
                parameters=(), error=None, attempts=1,
            )  # fmt: skip
            self.calls.append(part)
        self.free[lane] = now

    def recording(self, handler: str) -> Recording:
        """What the wait clock would have written."""
        length = max(call.end_ms for call in self.calls) + 1.5
        top = [call for call in self.calls if call.parent is None]
        names = ["MainThread"] if self.width == 1 else [f"meantime-{lane}" for lane in range(self.width)]
        return Recording(
            function="orders", handler=handler, memory_mb=self.memory_mb, python="3.13.1", cold=False,
            request_id="8476a536-e9f4-11e8-9739-2dfe598c3fcd", date="2026-11-25T19:00:00+00:00", duration_ms=length,
            cpu_ms=sum(call.computing_ms for call in top), accounting=accounted(top, length),
            calls=tuple(self.calls), waits=tuple(self.waits), code="/var/task",
            threads=tuple(
                RecordedThread(
                    name=name, held_up_ms=1.0,
                    computing_ms=sum(call.computing_ms for call in top if call.thread == lane),
                )
                for lane, name in enumerate(names)
            ),
            observations=(
                Observation(kind="client_made", text="requests.Session", line="app.py:22", start_ms=0.4),
            ),
        )  # fmt: skip


def accounted(calls: list[RecordedCall], length: float) -> Accounting:
    """The parts of the length, moment by moment: computing first, then who waits with whom."""
    changes: list[tuple[float, int, int]] = []
    for call in calls:
        ready = call.end_ms - call.computing_ms - call.held_up_ms
        for state, edges in enumerate(pairwise((call.start_ms, ready, ready + call.held_up_ms, call.end_ms))):
            changes += [(edges[0], state, 1), (edges[1], state, -1)]
    under_way = [0, 0, 0]
    sums = [0.0] * 5
    for (begin, state, change), (end, _, _) in pairwise([*sorted(changes), (length, 0, 0)]):
        under_way[state] += change
        waiting, held, computing = under_way
        sums[2 if computing else 0 if waiting == 1 else 1 if waiting else 3 if held else 4] += end - begin
    sums[4] += length - sum(sums)
    alone, together, computing_ms, held_up, rest = sums
    return Accounting(
        waiting_alone_ms=alone, waiting_together_ms=together, computing_ms=computing_ms,
        lock_ms=held_up * 0.25, throttled_ms=held_up * 0.75, unexplained_ms=rest,
    )  # fmt: skip


def invented(handler: str, width: int, memory_mb: int, calls: int) -> Recording:
    """An order desk: it looks customers up, asks for prices, and stores what came out."""
    inventor = Inventor(width=width, memory_mb=memory_mb, random=Random(calls))
    for index in range(calls):
        if index % 40 == 0:
            inventor.work("SELECT customers", "database.internal:5432", 9, 0.4, kind="sql")
        elif index % 3 == 0:
            inventor.work("dynamodb Query", "orders", 12, 1.4, kind="aws")
        else:
            inventor.work("GET /prices", "prices.example:443", 38, 0.6)
    return inventor.recording(handler)


def cost(duration_ms: float, memory_mb: int) -> float:
    return 1e6 * (math.ceil(duration_ms) / 1000 * memory_mb / 1024 * USD_PER_GB_SECOND + USD_PER_REQUEST)


def estimate(value: float, spread: float) -> Estimate:
    return Estimate(value=value, low=value * (1 - spread), high=value * (1 + spread))


def run_of(example: str, recording: Recording) -> Run:
    random = Random(len(recording.calls))
    assert recording.memory_mb is not None
    length = recording.duration_ms
    durations = tuple(round(length * random.uniform(0.97, 1.06), 2) for _ in range(15))
    middle = sorted(durations)[7]
    return Run(
        example=example, variant=recording.handler, memory_mb=recording.memory_mb, durations_ms=durations,
        cold_ms=214.0, first_ms=length * 1.2, p50_ms=middle, p95_ms=max(durations), ideal_ms=None,
        billed_ms=float(math.ceil(middle)), cost_per_million_usd=cost(middle, recording.memory_mb),
        cpu_ms=recording.cpu_ms, interval_ms=(middle * 0.985, middle * 1.02), recording=recording,
    )  # fmt: skip


def example_of(name: str, runs: list[Run]) -> Example:
    """Diagnosis, advice and predictions by the model `max(waits / width, CPU / share)`."""
    own = next(run for run in runs if run.memory_mb == max(MEMORIES))
    assert own.recording is not None
    top = [call for call in own.recording.calls if call.parent is None]
    waits, cpu = sum(call.waiting_ms for call in top), sum(call.computing_ms for call in top)

    def duration(width: int, memory_mb: int) -> float:
        share = min(1.0, memory_mb / 1769)
        return waits + cpu / share if width == 1 else max(waits / width + cpu / share / 2, cpu / share) + 9

    measured = {(HANDLERS[run.variant], run.memory_mb): run.p50_ms for run in runs}
    sizes = sorted({run.memory_mb for run in runs})
    points = tuple(
        MemoryPoint(
            memory_mb=size, duration_ms=estimate(value, 0.015 if size in sizes else 0.09),
            cost_per_million_usd=estimate(cost(value, size), 0.015 if size in sizes else 0.09), measured=size in sizes,
        )
        for size in POINTS
        for value in [measured.get((1, size), duration(1, size))]
    )  # fmt: skip
    slow = tuple(call.id for call in top if call.name == "GET /prices")
    return Example(
        name=name, title=f"app.handler, {name}", description="The order desk of the tests: invented, not measured.",
        diagnosis=Diagnosis(
            kind="waits",
            text=f"It waits for {waits:,.0f} ms of {own.recording.duration_ms:,.0f} ms, one call after another, "
            f"and computes for {cpu:,.0f} ms.",
        ),
        advice=(
            Advice(
                code="side-by-side", title="Ask for the prices side by side: 8 threads",
                text=f"{len(slow)} calls of GET /prices stood in line. Each waits 38 ms and computes 0.6 ms, so at "
                "1769 MB eight of them fit into one.",
                calls=slow, lines=("app.py:31", "app.py:32"), executor="threads", max_concurrency=8,
                duration_ms=estimate(duration(8, 1769), 0.08),
                cost_per_million_usd=estimate(cost(duration(8, 1769), 1769), 0.08),
                assumption="if the calls do not depend on each other: none reads what another gave, as far as the "
                "source shows",
                change="-prices = [fetch(order) for order in orders]\n"
                "+prices = threads.map(fetch, orders, max_concurrency=8)\n",
                verify="meantime measure app.handler --event order.json --against side_by_side.handler",
            ),
            Advice(
                code="client-outside", title="Make the session once, outside the handler",
                text="requests.Session was made in each invocation; a new one opens its connections again.",
                calls=slow[:1], lines=("app.py:22",), duration_ms=estimate(duration(1, 1769) - 11, 0.01),
                change="+session = requests.Session()\n+\n def handler(event, context):\n"
                "-    session = requests.Session()\n",
            ),
            Advice(
                code="timeout", title="Give the database a timeout", text="SELECT customers waits without a limit.",
                lines=("app.py:33",),
            ),
        ),
        predictions=tuple(
            Prediction(
                executor="threads", max_concurrency=width, memory_mb=size,
                duration_ms=estimate(duration(width, size), 0.08), measured_ms=measured.get((width, size)),
            )
            for size in sizes
            for width in WIDTHS
        ),
        memory_points=points,
        best_memory=BestMemory(speed_mb=3008, cost_mb=128, balance_mb=512),
    )  # fmt: skip


def measured_results(calls: dict[str, int], memories: tuple[int, ...] = MEMORIES) -> Results:
    """Every handler at every memory size; `calls` names the events, and how many calls each makes."""
    runs = {
        event: [
            run_of(event, invented(handler, width, memory_mb, number))
            for memory_mb in memories
            for handler, width in HANDLERS.items()
        ]
        for event, number in calls.items()
    }
    return Results(
        machine=Machine(
            date="2026-11-25T19:00:00+00:00", python="3.13.1", platform="Linux-6.18-invented",
            cpu="Invented CPU at 2.5 GHz", cores=2, cpu_limit="cgroup v2 quota",
            memory_limit="cgroup v2 memory.max", freeze="cgroup v2 freezer",
        ),
        prices=Prices(
            date="2026-01-02", source="https://aws.amazon.com/lambda/pricing/", region="us-east-1",
            architecture="x86_64", usd_per_gb_second=USD_PER_GB_SECOND, usd_per_request=USD_PER_REQUEST,
        ),
        examples=tuple(example_of(event, own) for event, own in runs.items()),
        runs=tuple(run for own in runs.values() for run in own),
    )  # fmt: skip


@pytest.fixture(scope="session")
def measured() -> Results:
    """Two events, two handlers, three memory sizes."""
    return measured_results({"order.json": 60, "refund.json": 240})


@pytest.fixture(scope="session")
def measured_page(measured: Results, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(measured, tmp_path_factory.mktemp("measured") / "index.html")


@pytest.fixture(scope="session")
def crowded_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An invocation of 5,000 calls, parts not counted, sequential and on eight threads."""
    return written(measured_results({"batch.json": 5_000}, (1769,)), tmp_path_factory.mktemp("crowded") / "index.html")


def written(results: Results, path: Path) -> str:
    write_page(results, path, title="What app.handler waits for")
    return path.as_uri()
