"""A server of the Model Context Protocol keeps its sessions in a task group of its lifespan: it is served for good."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

import meantime
from meantime.testing import LambdaContext, http_event

mcp = pytest.importorskip("mcp.server")

HEADERS = {"accept": "application/json, text/event-stream", "host": "127.0.0.1:8000"}


@pytest.fixture(params=[True, False], ids=["JSON", "server-sent events"])
def make(request):
    server = mcp.MCPServer("calculator")

    def add(a: int, b: int) -> int:
        return a + b

    async def hang(a: int, b: int) -> int:
        await asyncio.sleep(3600)
        return a + b

    server.add_tool(add)
    server.add_tool(hang)

    def adapter(**options):
        app = server.streamable_http_app(stateless_http=True, json_response=request.param)
        return meantime.ASGIAdapter(app, **options)

    return adapter


def ask(tool):
    call = {"name": tool, "arguments": {"a": 1, "b": 2}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    return http_event("POST", "/mcp", body=body, headers=HEADERS)


def result_of(answer):
    message = answer["body"].removeprefix("event: message\r\ndata: ").strip()
    return json.loads(message)["result"]["structuredContent"]["result"]


def test_warm_calls_are_answered_and_nothing_is_left_over(make, environment, caplog):  # python-sdk #3121 of Mangum
    adapter = make(leftovers="fail")

    with caplog.at_level(logging.WARNING, "meantime"):
        assert [result_of(adapter(ask("add"), LambdaContext(timeout=60))) for _ in range(4)] == [3] * 4

    assert caplog.text == ""
    assert environment.statistics().loops_made == 1


def test_a_tool_that_hangs_is_a_504_and_the_server_lives_on(make):
    adapter = make()

    assert adapter(ask("hang"), LambdaContext(timeout=1))["statusCode"] == 504
    assert [result_of(adapter(ask("add"), LambdaContext(timeout=60))) for _ in range(2)] == [3] * 2


def test_waiting_for_leftovers_does_not_wait_for_what_a_library_keeps_on_the_loop(make, clock):
    adapter = make(leftovers="wait")
    began = clock.monotonic()

    adapter(ask("add"), LambdaContext(timeout=900))

    assert clock.monotonic() - began < 60
