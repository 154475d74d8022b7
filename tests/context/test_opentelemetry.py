"""OpenTelemetry's spans in threads and tasks have the handler's span for their parent."""

from __future__ import annotations

import asyncio

import pytest

import meantime
from meantime import in_thread, sequential, tasks, threads
from meantime.testing import LambdaContext

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed here")

from opentelemetry import trace  # it may be absent
from opentelemetry.sdk.trace import TracerProvider  # likewise
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # likewise
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # likewise

ITEMS = range(4)


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test")
    provider.shutdown()


def parents(exporter):
    """The name of each span's parent, by its own name."""
    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans}
    return {span.name: None if span.parent is None else names[span.parent.span_id] for span in spans}


@pytest.mark.parametrize("executor", [threads, sequential], ids=lambda each: each.__name__.rpartition(".")[2])
@pytest.mark.parametrize("verb", ["map", "settle"])
def test_in_a_blocking_handlers_calls(exporter, tracer, executor, verb):
    def call(item):
        with tracer.start_as_current_span(f"outer {item}"), tracer.start_as_current_span(f"inner {item}"):
            pass

    @meantime.handler
    def lambda_handler(event, context):
        with tracer.start_as_current_span("handler"):
            getattr(executor, verb)(call, ITEMS)
        return trace.get_current_span()

    assert lambda_handler({}, LambdaContext(60)) is trace.INVALID_SPAN
    assert parents(exporter) == {
        "handler": None,
        **{f"outer {item}": "handler" for item in ITEMS},
        **{f"inner {item}": f"outer {item}" for item in ITEMS},
    }


@pytest.mark.parametrize("way", ["tasks.map", "tasks.gather", "asyncio.gather", "in_thread"])
def test_in_an_async_handlers_calls(exporter, tracer, way):
    barrier = asyncio.Barrier(len(ITEMS))

    async def call(item):
        with tracer.start_as_current_span(f"outer {item}"):
            await barrier.wait()
            with tracer.start_as_current_span(f"inner {item}"):
                await barrier.wait()

    def blocking_call(item):
        with tracer.start_as_current_span(f"outer {item}"), tracer.start_as_current_span(f"inner {item}"):
            pass

    @meantime.handler
    async def lambda_handler(event, context):
        with tracer.start_as_current_span("handler"):
            if way == "tasks.map":
                await tasks.map(call, ITEMS)
            elif way == "tasks.gather":
                await tasks.gather(*(call(item) for item in ITEMS))
            elif way == "asyncio.gather":
                await asyncio.gather(*(call(item) for item in ITEMS))
            else:
                await tasks.map(in_thread(blocking_call), ITEMS)

    lambda_handler({}, LambdaContext(60))

    assert parents(exporter) == {
        "handler": None,
        **{f"outer {item}": "handler" for item in ITEMS},
        **{f"inner {item}": f"outer {item}" for item in ITEMS},
    }


def test_a_span_around_the_handler_is_the_parent_of_what_is_inside(exporter, tracer):
    @meantime.handler
    async def lambda_handler(event, context):
        with tracer.start_as_current_span("handler"):
            await asyncio.sleep(0)

    with tracer.start_as_current_span("runtime"):
        lambda_handler({}, LambdaContext(60))

    assert parents(exporter) == {"runtime": None, "handler": "runtime"}


def test_a_kept_thread_keeps_no_span_of_an_earlier_invocation(tracer):
    def leave_current(_):
        return trace.get_current_span(), trace.use_span(tracer.start_span("left")).__enter__()

    @meantime.handler
    def lambda_handler(event, context):
        return threads.map(leave_current, [1], max_concurrency=1)[0][0]

    assert [lambda_handler({}, LambdaContext(60)) for _ in range(2)] == [trace.INVALID_SPAN] * 2
