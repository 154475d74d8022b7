"""The command `meantime emulator run`, as its user meets it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.emulator.conftest import descendants, wait_for
from tests.tools.emulator.test_emulator_cleanup import left_by
from typer.testing import CliRunner

from meantime.tools.emulator.command import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.emulator.conftest import Deploy
    from tests.tools.emulator.mappings.conftest import QueueUnderTest, Traced
    from typer.testing import Result

    from meantime.tools.downstream import AWSServer

    MakeQueue = Callable[..., QueueUnderTest]
    MakeTraced = Callable[..., Traced]

REPORTING = """
def handler(event, context):
    print("handling", len(event["Records"]))
    poisonous = [r["messageId"] for r in event["Records"] if "poison" in r["body"]]
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in poisonous]}
"""
SLEEPING = """
def handler(event, context):
    trace("began")
    time.sleep(60)
"""


def run(traced: Traced, *arguments: str, timeout: float = 2.0) -> Result:
    code = str(traced.function.code)
    settings = ["--code", code, "--memory", "1769", "--timeout", str(timeout), "--env", f"TRACE={traced.file}"]
    return CliRunner().invoke(app, ["run", "app.handler", *settings, *arguments])


def started(traced: Traced, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "meantime", "emulator", "run", "app.handler", "--code", str(traced.function.code)]
    settings = ["--memory", "1769", "--env", f"TRACE={traced.file}"]
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir()}
    return subprocess.Popen([*command, *settings, *arguments], env=environment, **options)


def test_a_drained_queue_ends_with_a_table(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue(visibility=60, max_receive_count=5)
    queue.send([{"number": n} for n in range(25)])

    result = run(traced(REPORTING), "--queue", queue.url, "--report-batch-item-failures", "--drain")

    assert result.exit_code == 0, result.stderr
    assert f"queue {queue.url}" in result.stdout
    assert "CPU limited to 1.00 of a core at 1769 MB by" in result.stdout
    (done,) = [line.split() for line in result.stdout.splitlines() if line.startswith("done")]
    assert done[1] == "25"
    assert result.stderr == ""


def test_as_json_it_is_one_document(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(25)])

    result = run(
        traced(REPORTING), "--queue", queue.url, "--drain", "--format", "json", "--maximum-concurrency", "2",
        "--batch-size", "5",
    )  # fmt: skip

    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document.keys() == {
        "function", "source", "settings", "mechanisms", "warnings", "statistics", "drained", "interrupted",
    }  # fmt: skip
    assert document["settings"] == {
        "batch_size": 5,
        "batch_window": 0,
        "maximum_concurrency": 2,
        "report_batch_item_failures": False,
    }
    assert document["drained"] is True
    assert document["interrupted"] is False
    statistics = document["statistics"]
    assert (statistics["done"], statistics["in_flight"], statistics["waiting"]) == (25, 0, 0)
    assert statistics["per_second"] > 0
    assert statistics["peak_concurrency"] <= 2
    assert document["warnings"][0].startswith("the queue has no dead-letter queue")
    assert "Warning: the queue has no dead-letter queue" in result.stderr


@pytest.mark.parametrize("output", ["text", "json"])
def test_failures_reported_in_vain_are_told_once_at_the_end(
    output: str, make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=60, max_receive_count=5)
    queue.send([{"poison": True}, {}, {"poison": True}, {"poison": True}])
    warning = "answers named 3 records as failed, but ReportBatchItemFailures is off: treated as done"

    result = run(traced(REPORTING), "--queue", queue.url, "--drain", "--format", output, "--batch-size", "1")

    assert result.exit_code == 0, result.stderr
    assert result.stderr == f"Warning: {warning}\n"
    if output == "json":
        document = json.loads(result.stdout)
        assert document["warnings"] == [warning]
        assert (document["statistics"]["ignored"], document["statistics"]["done"]) == (3, 4)


def test_what_the_last_error_of_each_kind_said_stands_beside_its_number(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=1, max_receive_count=1)
    queue.send([{}])
    function = traced("""
def handler(event, context):
    raise ValueError("no price\\nfor order 7" + "!" * 1000)
""")

    result = run(function, "--queue", queue.url, "--drain", timeout=1.0)

    assert "1 x ValueError, the last: no price for order 7!!!" in " ".join(result.stdout.split())
    assert "!" * 300 not in "".join(result.stdout.split())


def test_new_dead_letters_exit_with_1(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue(visibility=1, max_receive_count=1)
    queue.send([{"poison": True}, {}])

    result = run(
        traced(REPORTING), "--queue", queue.url, "--report-batch-item-failures", "--drain", "--format", "json",
        timeout=1.0,
    )  # fmt: skip

    assert result.exit_code == 1
    assert json.loads(result.stdout)["statistics"]["dead_letters"] == 1


def test_a_queue_that_is_not_drained_in_time_exits_with_1(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"poison": True}])

    result = run(
        traced(REPORTING), "--queue", queue.url, "--report-batch-item-failures", "--drain", "--drain-timeout", "0.5"
    )

    assert result.exit_code == 1
    assert "was not empty after 0.5 s" in result.stderr
    assert "partly failed" in result.stdout
    assert "does not say why a record failed; the function's log may: --log" in result.stderr


def test_logs_are_printed_when_asked_for(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": 1}])

    result = run(traced(REPORTING), "--queue", queue.url, "--drain", "--log", "--format", "json")

    assert json.loads(result.stdout)["drained"]
    assert "handling 1\nEND RequestId" in result.stderr


def test_a_stream_has_settings_of_its_own(aws: AWSServer, client: Callable[[str], Any], traced: MakeTraced) -> None:
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="run-command", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="run-command")["StreamDescriptionSummary"]["StreamARN"]
    for number in range(4):
        kinesis.put_record(StreamName="run-command", PartitionKey="a", Data=str(number).encode())
    app = traced("""
def handler(event, context):
    if any(base64.b64decode(record["kinesis"]["data"]) == b"2" for record in event["Records"]):
        raise ValueError("no")
""")

    result = run(
        app, "--stream", arn, "--endpoint-url", aws.url, "--drain", "--format", "json", "--starting-position",
        "2020-01-01T00:00:00Z", "--bisect-batch-on-function-error", "--maximum-retry-attempts", "0",
    )  # fmt: skip

    assert result.exit_code == 1, result.stderr
    document = json.loads(result.stdout)
    assert document["settings"]["starting_position"] == "2020-01-01T00:00:00+00:00"
    assert (document["statistics"]["done"], document["statistics"]["discarded"]) == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give --queue or --stream, one of the two"),
        (("--queue", "http://a/b", "--stream", "arn"), "give --queue or --stream, one of the two"),
        (("--queue", "http://a/b", "--tumbling-window", "5"), "--tumbling-window is for streams only"),
        (("--stream", "arn", "--maximum-concurrency", "5"), "--maximum-concurrency is for queues only"),
        (("--stream", "arn"), "stream_arn 'arn' is the ARN neither of"),
        (("--stream", "arn", "--starting-position", "soon"), "--starting-position 'soon' is neither TRIM_HORIZON"),
        (("--queue", "http://a/b", "--batch-size", "0"), "batch_size 0 is not in"),
        (("--queue", "http://a/b", "--env", "x"), "--env 'x' is not of the form NAME=VALUE"),
    ],
)
def test_bad_input_is_one_line_and_exits_with_2(deploy: Deploy, arguments: tuple[str, ...], complaint: str) -> None:
    function = deploy("def handler(event, context): pass")

    result = CliRunner().invoke(app, ["run", "app.handler", "--code", str(function.code), *arguments])

    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_queue_that_is_not_there_exits_with_2(aws: AWSServer, traced: MakeTraced) -> None:
    result = run(traced(REPORTING), "--queue", f"{aws.url}/000000000000/nowhere", "--drain")

    assert result.exit_code == 2
    assert "nowhere cannot be read" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_no_process_and_no_message_invisible(
    make_queue: MakeQueue, traced: MakeTraced, number: signal.Signals
) -> None:
    queue = make_queue(visibility=600)
    queue.send([{"number": n} for n in range(30)])
    app = traced(SLEEPING)
    process = started(
        app, "--queue", queue.url, "--timeout", "100", "--format", "json",
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: bool(app.trace()), timeout=60)
    children = descendants(process.pid)

    process.send_signal(number)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    document = json.loads(output)
    assert document["interrupted"] is True
    assert document["statistics"]["released"] >= 10
    assert queue.depth() == {"visible": 30, "invisible": 0}
    wait_for(lambda: not left_by(process.pid, children))


def test_a_second_ctrl_c_ends_it_at_once_and_the_watchdog_clears_up(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": 1}])
    app = traced(SLEEPING)
    process = started(
        app, "--queue", queue.url, "--timeout", "20", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: bool(app.trace()), timeout=60)
    children = descendants(process.pid)

    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)

    assert process.returncode in (-signal.SIGINT, 130)
    wait_for(lambda: not left_by(process.pid, children))


def test_on_a_terminal_it_shows_live_what_happens(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(12)])
    app = traced("def handler(event, context): time.sleep(0.3)")
    terminal, end = pty.openpty()
    process = started(
        app, "--queue", queue.url, "--drain", "--batch-size", "2", "--maximum-concurrency", "2",
        stdout=subprocess.DEVNULL, stderr=end,
    )  # fmt: skip
    os.close(end)

    shown = _all_of(terminal)

    assert process.wait(60) == 0
    for word in ("per second", "in flight", "redelivered", "waiting", "environments"):
        assert word in shown
    assert shown.count("per second") > 2


def _all_of(terminal: int) -> str:
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(terminal)
    return shown.decode(errors="replace")
