"""The command `meantime downstream`, as its user meets it: what it prints, how it ends, what it says to bad input."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
from typer.testing import CliRunner

from meantime.tools.downstream.command import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.downstream.conftest import RawUpstream

COMMAND = [sys.executable, "-c", "from meantime.tools.downstream.command import app; app()"]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def interrupt(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    started = time.monotonic()
    process.send_signal(number)
    output = process.communicate(timeout=20)
    assert process.returncode == 0
    assert time.monotonic() - started < 5
    return output


def address_in(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, line
    return found[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_api_serves_until_interrupted_and_then_shows_its_counters(number: signal.Signals) -> None:
    with running("api", "--latency", "1ms") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = address_in(line)
        assert line == f"DelayedAPI at {url}, answers any path, latency 1ms; Ctrl-C ends it.\n"
        assert requests.get(f"{url}/users", timeout=10).json()["path"] == "/users"

        output, errors = interrupt(process, number)

    assert re.search(r"^DelayedAPI: 1 requests in \d+\.\d s$", output, re.MULTILINE)
    assert re.search(r"served\s+│\s+1 │", output)
    assert re.search(r"http GET\s+│\s+1 │", output)
    assert errors == ""


def test_the_proxy_prints_json_for_machines(upstream: RawUpstream) -> None:
    with running("proxy", upstream.url, "--rate", "0.001", "--format", "json") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [200, 429]

        output, errors = interrupt(process)

    statistics = json.loads(output)["statistics"]
    assert (statistics["served"], statistics["throttled"]) == (1, 1)
    assert errors == ""


@pytest.mark.parametrize("output", ["table", "json"])
def test_the_relay_says_where_it_is_and_what_it_passed_on(upstream: RawUpstream, output: str) -> None:
    behind = upstream.url.removeprefix("http://")
    with running("relay", behind, "--latency", "1ms", "--format", output) as process:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        assert requests.get(f"http://{found[0]}", timeout=10).text == "ok"

        told, errors = interrupt(process)

    assert ('"answers": 1, "connections": 1' if output == "json" else "1 answers over 1 connections") in told
    assert errors == ""


def test_the_aws_server_prints_what_an_sdk_needs_and_leaves_nothing() -> None:
    with running("aws", "--format", "json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["environment"]["AWS_ENDPOINT_URL"] == told["url"]
        assert requests.get(f"{told['url']}/_ministack/health", timeout=10).status_code == 200

        interrupt(process)

    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(told["url"], timeout=10)


def test_the_aws_server_prints_lines_for_a_shell() -> None:
    with running("aws") as process:
        assert process.stdout is not None
        url = address_in(process.stdout.readline())
        process.stdout.readline()
        assert process.stdout.readline() == f"export AWS_ENDPOINT_URL={url}\n"

        interrupt(process)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["proxy", "nowhere"], "The upstream is an address with scheme and host"),
        (["proxy", "http://h", "--latency", "soon"], "'soon' is no time"),
        (["proxy", "http://h", "--rate", "0"], "rate is a number of requests a second above zero"),
        (["proxy", "http://h", "--max-concurrency", "0"], "max_concurrency is a whole number, 1 or more"),
        (["proxy", "http://h", "--max-connections", "-1"], "max_connections is a whole number, 1 or more"),
        (["proxy", "http://h", "--failure-rate", "2"], "failure_rate is a number from 0 to 1"),
        (["api", "--port", "70000"], "A port is a number from 1 to 65535"),
        (["api", "--latency", "uniform:2s-1s"], "above its high end"),
        (["aws", "--python", "/nowhere/python"], "/nowhere/python does not exist"),
        (["aws", "--port", "70000"], "A port is a number from 1 to 65535"),
    ],
)
def test_bad_input_is_answered_with_a_sentence_and_exit_code_2(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


def test_a_port_that_is_taken_is_answered_with_a_sentence(upstream: RawUpstream) -> None:
    port = upstream.url.rpartition(":")[2]

    for arguments in (["api", "--port", port], ["aws", "--port", port]):
        result = CliRunner().invoke(app, arguments)

        assert result.exit_code == 2
        assert result.stderr.startswith(f"Error: Port {port} of 127.0.0.1 cannot be had")


@pytest.mark.parametrize("command", ["proxy", "api", "aws", "relay"])
def test_every_command_has_its_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])

    assert result.exit_code == 0
    assert "--port" in result.stdout
