"""The library where it belongs: in the real runtime client, over cold and warm invocations and freezes."""

from __future__ import annotations

import textwrap
import time

import pytest

from meantime.tools.downstream import DelayedAPI
from meantime.tools.emulator import Emulator, Function


@pytest.fixture
def emulate(tmp_path):
    """Starts an emulator for a function given as source text."""

    def start(source: str, handler: str = "app.lambda_handler", **settings) -> Emulator:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Emulator(Function(handler=handler, code=tmp_path, **{"memory_mb": 512, "timeout": 10.0} | settings))

    return start


def test_a_warm_httpx_client_serves_a_hundred_invocations_on_one_connection(emulate):
    source = """
        import os, httpx, meantime

        @meantime.warm
        async def http():
            async with httpx.AsyncClient(timeout=5) as client:
                yield client

        @meantime.handler
        async def lambda_handler(event, context):
            client = await http()
            return (await client.get(os.environ["API_URL"] + "/profile")).status_code
    """
    with DelayedAPI(0.0) as api, emulate(source, environment={"API_URL": api.url}) as lambda_:
        results = [lambda_.invoke({}) for _ in range(101)]
        statistics = api.statistics()

    assert [result.error for result in results] == [None] * 101
    assert {result.payload for result in results} == {200}
    assert [result.cold for result in results] == [True] + [False] * 100
    assert len({result.environment_id for result in results}) == 1
    assert statistics.served == 101
    assert statistics.peak_connections == 1


def test_a_task_left_behind_by_one_invocation_never_runs_in_the_next(emulate):
    source = """
        import asyncio, meantime

        ran = []

        async def background(number):
            await asyncio.sleep(0.01)
            ran.append(number)

        @meantime.handler
        async def lambda_handler(event, context):
            if event == 1:
                asyncio.create_task(background(event))
            else:
                await asyncio.sleep(0.1)
            return ran
    """
    with emulate(source) as lambda_:
        first, second = lambda_.invoke(1), lambda_.invoke(2)

    assert (first.payload, second.payload) == ([], [])
    assert not second.cold
    assert "Left over at the end of the invocation, cancelled: task background, started at" in first.log
    assert "Left over" not in second.log


def test_at_the_deadline_the_answer_comes_and_the_environment_lives_on(emulate):
    source = """
        import asyncio, meantime
        from meantime import tasks

        def too_late(event, context, error):
            return {"waiting": [[each.function, each.item] for each in error.waiting]}

        @meantime.handler(reserve=0.5, on_deadline=too_late)
        async def lambda_handler(event, context):
            return await tasks.map(asyncio.sleep, event)
    """
    with emulate(source, timeout=1.5) as lambda_:
        late, good = lambda_.invoke([60]), lambda_.invoke([0])

    assert late.error is None
    assert late.payload == {"waiting": [["sleep", 60]]}
    assert good.payload == [None]
    assert not good.cold


def test_without_on_deadline_the_error_names_what_was_waiting_and_the_environment_lives_on(emulate):
    source = """
        import meantime
        from meantime import threads
        from time import sleep

        @meantime.handler(reserve=0.5)
        def lambda_handler(event, context):
            return threads.map(sleep, event)
    """
    with emulate(source, timeout=1.5) as lambda_:
        late, good = lambda_.invoke([20]), lambda_.invoke([0])

    assert late.error.error_type == "DeadlineExceeded"
    assert "sleep(20) for" in late.error.message
    assert "app.py:" in late.error.message
    assert "still running: call sleep(20)" in late.log
    assert good.payload == [None]
    assert not good.cold


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_code_that_blocks_over_the_deadline_is_interrupted_instead_of_killed_with_its_environment(emulate, kind):
    source = f"""
        import time, meantime

        @meantime.handler(reserve=0.6)
        {kind} lambda_handler(event, context):
            time.sleep(event)
            return "answer"
    """
    with emulate(source, timeout=1.5) as lambda_:
        late, good = lambda_.invoke(60), lambda_.invoke(0)

    assert late.error.error_type == "DeadlineExceeded"
    assert "in lambda_handler" in late.error.message
    assert good.payload == "answer"
    assert not good.cold


def test_no_alarm_of_an_invocation_reaches_the_runtime_client_between_invocations(emulate):
    source = """
        import meantime

        @meantime.handler(reserve=0.1)
        def lambda_handler(event, context):
            return "answer"
    """
    with emulate(source, timeout=0.5) as lambda_:
        results = [lambda_.invoke({})]
        time.sleep(0.6)  # past the time at which the alarm was set to ring
        results.append(lambda_.invoke({}))

    assert [result.payload for result in results] == ["answer", "answer"]
    assert not results[1].cold


def test_a_stray_cancelled_error_fails_the_invocation_and_not_the_environment(emulate):
    source = """
        import asyncio, meantime

        @meantime.handler
        async def lambda_handler(event, context):
            if event == "cancel":
                raise asyncio.CancelledError
            return "answer"
    """
    with emulate(source) as lambda_:
        cancelled, good = lambda_.invoke("cancel"), lambda_.invoke("good")

    assert cancelled.error.error_type == "InvocationCancelled"
    assert good.payload == "answer"
    assert not good.cold
