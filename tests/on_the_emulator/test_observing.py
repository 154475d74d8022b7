"""What a handler reports, as it stands in the log that the real runtime client writes."""

from __future__ import annotations

import json
import textwrap

import pytest

from meantime.tools.emulator import Emulator, Function


@pytest.fixture
def emulate(tmp_path):
    """Starts an emulator for a function given as source text."""

    def start(source: str, **environment: str) -> Emulator:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Emulator(
            Function(handler="app.lambda_handler", code=tmp_path, memory_mb=512, timeout=10.0, environment=environment)
        )

    return start


def json_lines(log):
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_leftovers_are_one_line_with_fields_where_the_log_is_json(emulate):
    source = """
        import asyncio, meantime

        async def send_metrics():
            await asyncio.sleep(60)

        @meantime.handler
        async def lambda_handler(event, context):
            asyncio.create_task(send_metrics())
            asyncio.create_task(send_metrics())
    """
    with emulate(source, AWS_LAMBDA_LOG_FORMAT="JSON") as lambda_:
        result = lambda_.invoke({})

    (line,) = [line for line in json_lines(result.log) if "leftovers" in line]
    assert (line["level"], line["logger"], line["requestId"]) == ("WARNING", "meantime", result.request_id)
    assert [(each["kind"], each["name"], each["state"]) for each in line["leftovers"]] == [
        ("task", "send_metrics", "cancelled")
    ] * 2
    assert all(each["place"].startswith("/") and "app.py:" in each["place"] for each in line["leftovers"])


def test_what_blocks_the_loop_is_named_once_an_environment_variable_says_so(emulate):
    source = """
        import time, meantime

        def load():
            time.sleep(1)

        @meantime.handler
        async def lambda_handler(event, context):
            load()
    """
    with emulate(source, MEANTIME_BLOCKED_AFTER="0.2") as lambda_:
        result = lambda_.invoke({})

    assert "The event loop was blocked for at least" in result.log
    assert "in load, at" in result.log


def test_metrics_are_a_line_of_json_by_itself_once_an_environment_variable_says_so(emulate):
    source = """
        import asyncio, meantime
        from meantime import tasks

        @meantime.handler
        async def lambda_handler(event, context):
            await tasks.map(asyncio.sleep, [0.01] * 5)
    """
    with emulate(source, MEANTIME_METRICS="1") as lambda_:
        results = [lambda_.invoke({}) for _ in range(2)]

    lines = [line for result in results for line in json_lines(result.log)]
    assert [(line["ColdStart"], line["PeakConcurrency"]) for line in lines] == [(1, 5), (0, 5)]
    assert [line["RequestId"] for line in lines] == [result.request_id for result in results]
    assert all(line["_aws"]["CloudWatchMetrics"] for line in lines)
