"""X-Ray's segment reaches threads and tasks: what they open hangs under what their caller had open."""

from __future__ import annotations

import asyncio
import threading

import pytest

import meantime
from meantime import in_thread, sequential, tasks, threads
from meantime.loop import kept_loop_of
from meantime.testing import LambdaContext

pytest.importorskip("aws_xray_sdk", reason="aws-xray-sdk is not installed here")

ITEMS = range(3)
NESTED = {f"inner {item}": f"outer {item}" for item in ITEMS}


@pytest.fixture
def call(recorder):
    """A blocking call with a subsegment in a subsegment, which waits until all of them have theirs open."""
    barrier = threading.Barrier(len(ITEMS))

    def call(item):
        with recorder.in_subsegment(f"outer {item}"):
            barrier.wait(30)
            with recorder.in_subsegment(f"inner {item}"):
                barrier.wait(30)
            barrier.wait(30)

    return call


@pytest.fixture
def call_async(recorder):
    """The same for tasks."""
    barrier = asyncio.Barrier(len(ITEMS))

    async def call_async(item):
        async with recorder.in_subsegment_async(f"outer {item}"):
            await barrier.wait()
            async with recorder.in_subsegment_async(f"inner {item}"):
                await barrier.wait()
            await barrier.wait()

    return call_async


def fan_outs(call, call_async):
    """Ways to make the three calls side by side in an async handler."""
    return {
        "tasks.map": lambda: tasks.map(call_async, ITEMS),
        "tasks.settle": lambda: tasks.settle(call_async, ITEMS),
        "tasks.gather": lambda: tasks.gather(*(call_async(item) for item in ITEMS)),
        "asyncio.gather": lambda: asyncio.gather(*(call_async(item) for item in ITEMS)),
        "in_thread": lambda: tasks.map(in_thread(call), ITEMS),
        "threads in a thread": lambda: in_thread(lambda: threads.map(call, ITEMS))(),
    }


FAN_OUTS = list(fan_outs(None, None))


@pytest.mark.parametrize("way", FAN_OUTS)
def test_subsegments_of_an_async_handlers_calls_hang_under_the_handlers(recorder, daemon, call, call_async, way):
    @meantime.handler
    async def lambda_handler(event, context):
        async with recorder.in_subsegment_async("handler"):
            await fan_outs(call, call_async)[way]()

    with recorder.in_segment("function"):
        lambda_handler({}, LambdaContext(60))

    assert daemon.parents() == {
        "function": None,
        "handler": "function",
        **{f"outer {item}": "handler" for item in ITEMS},
        **NESTED,
    }


@pytest.mark.parametrize("way", FAN_OUTS)
def test_on_lambda_too(recorder_on_lambda, daemon, call, call_async, way):
    @meantime.handler
    async def lambda_handler(event, context):
        async with recorder_on_lambda.in_subsegment_async("handler"):
            await fan_outs(call, call_async)[way]()

    lambda_handler({}, LambdaContext(60))

    assert daemon.parents() == {
        "handler": "53995c3f42cd8ad8",  # what the fixture's trace header says
        **{f"outer {item}": "handler" for item in ITEMS},
        **NESTED,
    }


@pytest.mark.parametrize("way", FAN_OUTS)
def test_with_the_sdks_context_for_asyncio_too(recorder, daemon, call, call_async, way):
    from aws_xray_sdk.core.async_context import AsyncContext  # noqa: PLC0415  # it may be absent

    loop = kept_loop_of(meantime.current_environment()).ready()
    recorder.configure(context=AsyncContext(loop=loop))  # makes the loop's tasks, from now on

    @meantime.handler
    async def lambda_handler(event, context):
        async with recorder.in_segment_async("function"), recorder.in_subsegment_async("handler"):
            await fan_outs(call, call_async)[way]()

    lambda_handler({}, LambdaContext(60))

    assert daemon.parents() == {
        "function": None,
        "handler": "function",
        **{f"outer {item}": "handler" for item in ITEMS},
        **NESTED,
    }


@pytest.mark.parametrize("verb", ["map", "settle", "gather", "as_completed"])
def test_subsegments_of_a_blocking_handlers_threads_hang_under_the_handlers(recorder, daemon, call, verb):
    @meantime.handler
    def lambda_handler(event, context):
        with recorder.in_subsegment("handler"):
            if verb == "gather":
                threads.gather(*(lambda item=item: call(item) for item in ITEMS))
            else:
                list(getattr(threads, verb)(call, ITEMS))

    with recorder.in_segment("function"):
        lambda_handler({}, LambdaContext(60))

    assert daemon.parents() == {
        "function": None,
        "handler": "function",
        **{f"outer {item}": "handler" for item in ITEMS},
        **NESTED,
    }


def test_a_kept_thread_keeps_nothing_of_an_earlier_invocation(recorder, daemon):
    def leave_open(item):
        recorder.begin_subsegment(f"left open {item}")

    def call(item):
        with recorder.in_subsegment(f"call {item}"):
            pass

    @meantime.handler
    def lambda_handler(event, context):
        threads.map(leave_open if event == "first" else call, [event], max_concurrency=1)

    for name in ("first", "second"):
        with recorder.in_segment(f"function {name}"):
            lambda_handler(name, LambdaContext(60))

    assert daemon.parents()["call second"] == "function second"


def test_each_invocation_on_lambda_has_the_segment_of_its_own_trace(recorder_on_lambda, daemon, monkeypatch):
    @meantime.handler
    def lambda_handler(event, context):
        threads.map(lambda item: recorder_on_lambda.in_subsegment(f"call {item}").__enter__(), [event])

    @meantime.handler
    def good_handler(event, context):
        def call(item):
            with recorder_on_lambda.in_subsegment(f"call {item}"):
                pass

        threads.map(call, [event])

    lambda_handler("left open", LambdaContext(60))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1")
    good_handler("second", LambdaContext(60))

    (document,) = daemon.documents()
    assert (document["name"], document["parent_id"]) == ("call second", "463ac35c9f6413ad")
    assert document["trace_id"] == "1-67891233-abcdef012345678912345678"


def test_without_a_handler_it_travels_too(recorder, daemon):
    def call(item):
        with recorder.in_subsegment(f"call {item}"):
            pass

    with recorder.in_segment("script"):
        threads.map(call, ITEMS)
        sequential.map(lambda item: call(f"after {item}"), [1])

    assert daemon.parents() == {"script": None, **{f"call {item}": "script" for item in (*ITEMS, "after 1")}}


def test_what_was_open_before_meantime_was_used_stays_open(recorder, daemon):
    with recorder.in_segment("script"), recorder.in_subsegment("open before"):
        threads.map(lambda _: recorder.put_annotation("seen", "yes"), [1])

    (document,) = daemon.documents()
    assert document["subsegments"][0]["annotations"] == {"seen": "yes"}


def test_a_context_of_somebodys_own_is_left_alone(recorder):
    from aws_xray_sdk.core.context import Context  # noqa: PLC0415  # it may be absent

    class Own(Context):  # type: ignore[misc]  # the SDK has no types
        def __init__(self):
            super().__init__()
            self._local = own

    class Store:
        entities = None

    own = Store()
    context = Own()
    recorder.configure(context=context)

    threads.map(str, [1])

    assert context._local is own


def test_where_xray_is_not_loaded_nothing_loads_it(run_python):
    run_python(
        """
        import sys
        import meantime
        from meantime import threads
        from meantime.testing import LambdaContext

        @meantime.handler
        def lambda_handler(event, context):
            return threads.map(str, [1])

        lambda_handler({}, LambdaContext())
        assert not [name for name in sys.modules if name.startswith("aws_xray_sdk")]
        """
    )
