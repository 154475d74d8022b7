"""Results as a run might give them, made by arithmetic, clearly not measured; and a browser to see their page with."""

from __future__ import annotations

import math
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from meantime.tools.report.page import write_page
from meantime.tools.report.recording import Accounting, RecordedCall, RecordedThread, Recording, Wait
from meantime.tools.report.results import Example, Machine, Prices, Results, Run, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

MEMORIES = (128, 512, 1769)
HOSTILE_NAME = 'GET /</script><b class="broken-out">orders</b>'
USD_PER_GB_SECOND = 0.0000166667
USD_PER_REQUEST = 0.0000002


@dataclass(frozen=True, kw_only=True)
class Imagined:
    """One call of an imagined invocation."""

    name: str
    start_ms: float
    end_ms: float
    waiting_ms: float
    computing_ms: float
    lane: int


@dataclass(frozen=True)
class Shape:
    """What an imagined example does."""

    name: str
    title: str
    description: str
    calls: tuple[str, ...]
    latency_ms: float
    cpu_ms: float
    variants: tuple[str, ...] = ("sequential", "threads", "tasks")


SHAPES = (
    Shape(
        "apis", "Calling several APIs", "Asks three HTTP APIs that answer after 300 ms each.",
        ("GET /customers", HOSTILE_NAME, "GET /shipments"), 300, 1.1,
    ),
    Shape(
        "s3", "Parallel S3 reads", "Reads twenty small objects from S3.",
        ("s3 GetObject",) * 20, 20, 2.2, ("sequential", "threads"),
    ),
    Shape(
        "dynamodb", "Several DynamoDB queries", "Queries eight partitions of one DynamoDB table.",
        ("dynamodb Query",) * 8, 12, 2.4, ("sequential", "threads"),
    ),
    Shape(
        "sqs", "An SQS batch that calls an API", "Posts each of ten messages to an API of 120 ms.",
        ("POST /orders",) * 10, 120, 0.9,
    ),
    Shape(
        "mixed", "Fetch, transform, store", "Fetches five documents, transforms and stores them.",
        ("GET /documents", "transform", "s3 PutObject") * 5, 40, 3.5,
    ),
    Shape(
        "thumbnails", "Thumbnails", "Scales four images with Pillow: there is nothing to wait for.",
        ("thumbnail",) * 4, 0, 55,
    ),
)  # fmt: skip


@pytest.fixture(scope="session")
def results() -> Results:
    """Results that every test may look at; none of them can be changed."""
    return synthetic_results()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for this module, no longer: while it is up, this thread has a running event loop."""
    if CHROMIUM is None:
        pytest.skip("no Chromium found (chromium, chromium-browser or google-chrome): the page was not looked at")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(results: Results, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "index.html"
    write_page(results, path)
    return path.as_uri()


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """A tab to use again: a page that comes where another was is there in half the time."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def open_page(browser: Browser, tab: Page, address: str) -> Callable[..., AbstractContextManager[Page]]:
    @contextmanager
    def opened(
        url: str = address,
        *,
        width: int = 1280,
        color_scheme: Literal["light", "dark"] = "light",
        reduced_motion: Literal["reduce", "no-preference"] = "no-preference",
        complaints: list[str] | None = None,
        **options: Any,
    ) -> Iterator[Page]:
        """A tab with the page in it; fails at the end if the page complained or asked for anything else."""
        context = browser.new_context(**options) if options or complaints is not None else None
        page = context.new_page() if context else tab
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=color_scheme, media="null", reduced_motion=reduced_motion)
        page.mouse.move(0, 0)
        try:
            with watched(page, url) as found:
                yield page
            if complaints is None:
                assert found == []
            else:
                complaints += found
        finally:
            if context:
                context.close()

    return opened


@contextmanager
def watched(page: Page, url: str) -> Iterator[list[str]]:
    """The page at this address, fresh; gives what it complains of and asks for meanwhile."""
    found: list[str] = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": lambda message: found.append(f"{message.type}: {message.text}"),
        "pageerror": lambda error: found.append(str(error)),
        "request": lambda request: found.append(request.url) if request.url != url else None,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        page.goto(url)
        yield found
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        page.goto("about:blank")  # what comes next is not to find its scroll bars where these were


def synthetic_results() -> Results:
    """Six examples, two or three variants, three memory sizes."""
    random = Random(1769)
    return Results(
        machine=Machine(
            date="2026-01-15",
            python="3.11.7",
            platform="Linux-6.1-synthetic",
            cpu="Synthetic CPU at 2.5 GHz",
            cores=2,
            cpu_limit="cgroup v2 quota, memory / 1769 of a core, 20 ms periods",
            memory_limit="cgroup v2 memory.max",
            freeze="cgroup v2 freezer",
            versions={"awslambdaric": "4.2.2", "boto3": "1.44.0"},
            notes=("Initialised at full CPU, as AWS does.",),
        ),
        prices=Prices(
            date="2026-01-02",
            source="https://aws.amazon.com/lambda/pricing/",
            region="us-east-1",
            architecture="x86_64",
            usd_per_gb_second=USD_PER_GB_SECOND,
            usd_per_request=USD_PER_REQUEST,
        ),
        examples=tuple(
            Example(
                name=shape.name,
                title=shape.title,
                description=shape.description,
                verdicts=(
                    Verdict(text=f"Invented for tests: {shape.title.lower()} wait {shape.latency_ms:g} ms a call."),
                    Verdict(memory_mb=128, text="threads gain little: the client's own CPU is the limit."),
                ),
            )
            for shape in SHAPES
        ),
        runs=tuple(
            synthetic_run(shape, variant, memory_mb, random)
            for shape in SHAPES
            for variant in shape.variants
            for memory_mb in MEMORIES
        ),
    )


def synthetic_run(shape: Shape, variant: str, memory_mb: int, random: Random) -> Run:
    """Seven invocations of one shape, by a model of waits that overlap and of CPU that does not."""
    share = min(1.0, memory_mb / 1769)
    calls = []
    processor_free = 0.0
    clock = 0.0
    for index, name in enumerate(shape.calls):
        start = clock if variant == "sequential" else 0.4 * index
        waited = shape.latency_ms * random.uniform(1.0, 1.05)
        processor_free = max(processor_free, start + waited) + shape.cpu_ms / share
        calls.append(
            Imagined(
                name=name,
                start_ms=start,
                end_ms=processor_free,
                waiting_ms=waited,
                computing_ms=shape.cpu_ms,
                lane=0 if variant == "sequential" else index % 10,
            )
        )
        clock = processor_free
    length = max(call.end_ms for call in calls) + 0.5
    durations = tuple(round(length * random.uniform(1.0, 1.08), 3) for _ in range(7))
    billed = float(math.ceil(median(durations)))
    waits = [call.waiting_ms for call in calls]
    return Run(
        example=shape.name,
        variant=variant,
        memory_mb=memory_mb,
        durations_ms=durations,
        cold_ms=180 + random.uniform(0, 40),
        first_ms=length * 1.3,
        p50_ms=median(durations),
        p95_ms=max(durations),
        ideal_ms=sum(waits) if variant == "sequential" else max(waits),
        billed_ms=billed,
        cost_per_million_usd=1e6 * (billed / 1000 * memory_mb / 1024 * USD_PER_GB_SECOND + USD_PER_REQUEST),
        cpu_ms=shape.cpu_ms * len(calls),
        recording=synthetic_recording(calls, memory_mb, length),
    )


def synthetic_recording(calls: list[Imagined], memory_mb: int, length: float) -> Recording:
    """What the wait clock would have written of these calls: each waits first, then computes or is held up."""
    lanes = sorted({call.lane for call in calls}, key=str)
    waiting = sum(call.waiting_ms for call in calls)
    alone = min(waiting, length) if len(lanes) == 1 else 0.0
    computing = min(sum(call.computing_ms for call in calls), length - alone)
    return Recording(
        function="orders",
        handler="app.handler",
        memory_mb=memory_mb,
        python="3.11.7",
        cold=False,
        request_id="8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        date="2026-01-15T12:00:00+00:00",
        duration_ms=length,
        cpu_ms=sum(call.computing_ms for call in calls),
        accounting=Accounting(
            waiting_alone_ms=alone,
            waiting_together_ms=0.0 if alone else length - computing,
            computing_ms=computing,
            lock_ms=0.0,
            throttled_ms=length - alone - computing if alone else 0.0,
            unexplained_ms=0.0,
        ),
        calls=tuple(
            RecordedCall(
                id=number,
                name=call.name,
                kind="http",
                start_ms=call.start_ms,
                end_ms=call.end_ms,
                waiting_ms=call.waiting_ms,
                computing_ms=call.computing_ms,
                held_up_ms=max(0.0, call.end_ms - call.start_ms - call.waiting_ms - call.computing_ms),
                thread=lanes.index(call.lane),
                line="app.py:31",
                function="fetch",
            )
            for number, call in enumerate(calls)
        ),
        waits=tuple(
            Wait(
                kind="receive",
                start_ms=call.start_ms,
                end_ms=call.start_ms + call.waiting_ms,
                thread=lanes.index(call.lane),
                call=number,
            )
            for number, call in enumerate(calls)
            if call.waiting_ms
        ),
        threads=tuple(RecordedThread(name=f"worker-{lane}", computing_ms=computing, held_up_ms=0.0) for lane in lanes),
    )
