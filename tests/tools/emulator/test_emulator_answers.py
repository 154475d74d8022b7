"""What an invocation gives back: the answer, the measurements, the log, the world as the function sees it."""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from meantime.tools.emulator import AsyncEmulator, ClosedError, Emulator, RequestTooLargeError

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

ECHO = """
    def handler(event, context):
        return event
"""


def test_the_answer_is_what_the_handler_returned(deploy: Deploy) -> None:
    event = {"text": "grüße 🎉", "numbers": [1, 2.5, None], "nested": {"yes": True}}
    with Emulator(deploy(ECHO)) as emulator:
        result = emulator.invoke(event)
    assert result.payload == event
    assert result.error is None


def test_the_first_invocation_is_cold_and_the_next_one_warm_in_the_same_environment(deploy: Deploy) -> None:
    with Emulator(deploy(ECHO)) as emulator:
        first, second = emulator.invoke(1), emulator.invoke(2)
    assert (first.cold, second.cold) == (True, False)
    assert first.environment_id == second.environment_id
    assert first.request_id != second.request_id
    assert first.init_ms is not None
    assert first.init_ms > 1
    assert second.init_ms is None


def test_a_cold_start_bills_the_initialisation_and_every_millisecond_begun(deploy: Deploy) -> None:
    with Emulator(deploy(ECHO)) as emulator:
        cold, warm = emulator.invoke(), emulator.invoke()
    assert cold.init_ms is not None
    assert cold.billed_ms == math.ceil(cold.init_ms + cold.duration_ms)
    assert warm.billed_ms == math.ceil(warm.duration_ms)


def test_the_duration_is_that_of_the_handler(deploy: Deploy) -> None:
    source = """
        import time
        def handler(event, context):
            time.sleep(0.2)
    """
    with Emulator(deploy(source)) as emulator:
        emulator.invoke()
        before = time.monotonic()
        result = emulator.invoke()
        after = time.monotonic()
    assert 200 <= result.duration_ms < 1000
    assert before < result.started < result.finished < after
    assert result.duration_ms >= (result.finished - result.started) * 1000, "it ends with the runtime's next request"
    assert result.cpu_ms < 100


def test_the_log_holds_the_functions_output_in_order_between_the_platforms_lines(deploy: Deploy) -> None:
    source = """
        import logging, sys
        print("loading")
        def handler(event, context):
            print("one")
            logging.warning("two\\nand a half")
            print("three", end="")
            logging.error("föur")
            sys.stderr.write("five")
    """
    with Emulator(deploy(source)) as emulator:
        cold, warm = emulator.invoke(), emulator.invoke()
    own = (
        r"one\n"
        r"\[WARNING\]\t[-0-9T:.]+Z\t{id}\ttwo\nand a half\n"
        r"three\n"
        r"\[ERROR\]\t[-0-9T:.]+Z\t{id}\tföur\n"
        r"five\n"
    )
    lines = (
        r"START RequestId: {id} Version: \$LATEST\n" + own + r"END RequestId: {id}\n"
        r"REPORT RequestId: {id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\t"
    )
    assert re.fullmatch(r"loading\n" + lines.format(id=cold.request_id) + r"Init Duration: \d+\.\d\d ms\t\n", cold.log)
    assert re.fullmatch(lines.format(id=warm.request_id) + r"\n", warm.log)


def test_a_flood_of_output_blocks_nothing_and_is_kept_whole(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            for number in range(event):
                print("x" * 200, number)
    """
    with Emulator(deploy(source, memory_mb=1769, timeout=60)) as emulator:
        result = emulator.invoke(20_000)
        assert result.error is None
        assert result.log.count("x" * 200) == 20_000
        assert emulator.invoke(1).log.count("x" * 200) == 1


def test_the_context_tells_the_function_about_itself(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return {
                "id": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "name": context.function_name,
                "memory": context.memory_limit_in_mb,
                "left": context.get_remaining_time_in_millis(),
                "custom": context.client_context.custom,
            }
    """
    with Emulator(deploy(source, name="orders", memory_mb=256, timeout=7)) as emulator:
        result = emulator.invoke(client_context={"custom": {"a": "b"}})
    assert result.payload.pop("left") in range(6000, 7001)
    assert result.payload == {
        "id": result.request_id,
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
        "name": "orders",
        "memory": "256",
        "custom": {"a": "b"},
    }


def test_the_environment_variables_are_those_of_lambda_and_of_the_user(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the-developers-own")
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "yes")
    source = """
        import os, sys
        def handler(event, context):
            return {"variables": dict(os.environ), "path": sys.path[0], "folder": os.getcwd()}
    """
    function = deploy(source, name="orders", environment={"TABLE": "orders", "AWS_REGION": "eu-central-1"})
    with Emulator(function) as emulator:
        answer = emulator.invoke().payload
    variables = answer["variables"]
    assert variables["TABLE"] == "orders"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert variables["_HANDLER"] == "app.handler"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "orders"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/orders"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", variables["AWS_LAMBDA_RUNTIME_API"])
    assert re.fullmatch(r"AWS_Lambda_python3\.\d+", variables["AWS_EXECUTION_ENV"])
    assert variables["TZ"] == ":UTC"
    assert variables["AWS_ACCESS_KEY_ID"]
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert variables["LAMBDA_TASK_ROOT"] == answer["path"] == answer["folder"] == str(function.code)
    assert "AWS_PROFILE" not in variables
    assert "SECRET_OF_THE_DEVELOPER" not in variables


def test_an_answer_that_is_no_json_comes_as_text(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return b"plain"
    """
    with Emulator(deploy(source)) as emulator:
        assert emulator.invoke().payload == "plain"


def test_an_event_that_json_cannot_hold_is_refused_before_anything_starts(deploy: Deploy) -> None:
    with Emulator(deploy(ECHO)) as emulator:
        with pytest.raises(TypeError, match="the event is nothing JSON can hold"):
            emulator.invoke(object())
        with pytest.raises(ValueError, match="the event is nothing JSON can hold"):
            emulator.invoke(math.nan)
        assert emulator.invoke().cold


def test_an_event_larger_than_aws_takes_is_refused(deploy: Deploy) -> None:
    with Emulator(deploy(ECHO)) as emulator, pytest.raises(RequestTooLargeError) as caught:
        emulator.invoke("x" * 6_291_456)
    assert (caught.value.size, caught.value.limit) == (6_291_458, 6_291_456)


def test_the_largest_event_and_answer_that_aws_takes_pass(deploy: Deploy) -> None:
    with Emulator(deploy(ECHO, memory_mb=1769, timeout=60)) as emulator:
        assert len(emulator.invoke("x" * (6_291_456 - 2)).payload) == 6_291_454


def test_any_thread_may_invoke(deploy: Deploy) -> None:
    answers: list[int] = []
    with Emulator(deploy(ECHO)) as emulator:
        threads = [threading.Thread(target=lambda n=n: answers.append(emulator.invoke(n).payload)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [0, 1, 2, 3]


def test_the_asynchronous_twin_gives_the_same(deploy: Deploy) -> None:
    function = deploy(ECHO)

    async def run() -> None:
        async with AsyncEmulator(function) as emulator:
            results = await asyncio.gather(*(emulator.invoke(number) for number in range(3)))
            assert [result.payload for result in results] == [0, 1, 2]
            assert len({result.environment_id for result in results}) == 3
            assert (await emulator.invoke("again")).cold is False

    asyncio.run(run())


def test_a_caller_who_gives_up_does_not_stop_the_function(deploy: Deploy) -> None:
    """As on AWS: the environment finishes, and is used again."""
    source = """
        import time
        finished = 0
        def handler(event, context):
            global finished
            time.sleep(event)
            finished += 1
            return finished
    """
    function = deploy(source)

    async def run() -> None:
        async with AsyncEmulator(function) as emulator:
            await emulator.invoke(0)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(emulator.invoke(0.3), 0.05)
            # Busy with what was given up, it is not there for this one; afterwards it is, and has counted that.
            other = await emulator.invoke(0.5)
            assert other.cold
            both = [await emulator.invoke(0), *await asyncio.gather(emulator.invoke(0.1), emulator.invoke(0.1))]
            assert not any(result.cold for result in both)
            assert 3 in {result.payload for result in both}

    asyncio.run(run())


def test_an_emulator_that_is_not_running_says_so(deploy: Deploy) -> None:
    emulator = Emulator(deploy(ECHO))
    with pytest.raises(ClosedError, match="with statement"):
        emulator.invoke()
    with emulator:
        emulator.invoke()
    with pytest.raises(ClosedError, match="not running"):
        emulator.invoke()
    emulator.close()


def test_closing_ends_invocations_under_way(deploy: Deploy) -> None:
    source = """
        import time
        def handler(event, context):
            time.sleep(60)
    """
    function = deploy(source, timeout=90)

    async def run() -> None:
        async with AsyncEmulator(function) as emulator:
            invocations = [asyncio.ensure_future(emulator.invoke()) for _ in range(3)]
            await asyncio.sleep(0.3)
        for invocation in invocations:
            with pytest.raises(ClosedError, match="while the invocation was under way"):
                await invocation

    asyncio.run(run())
