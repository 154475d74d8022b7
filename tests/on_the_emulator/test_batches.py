"""Batches in the real runtime client, and behind a queue of a real server: nothing lost, order kept, all in time."""

from __future__ import annotations

import json
import textwrap
import uuid
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from meantime.testing import kinesis_event, sqs_event
from meantime.tools.downstream import AWSServer
from meantime.tools.emulator import Emulator, Function
from meantime.tools.emulator.mappings import SQSMapping

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def function(tmp_path):
    """Makes a function of source text."""

    def make(source: str, **settings) -> Function:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Function(handler="app.lambda_handler", code=tmp_path, **{"memory_mb": 1769, "timeout": 10.0} | settings)

    return make


@pytest.fixture(scope="module")
def sqs() -> Iterator[Any]:
    with (
        AWSServer() as server,
        closing(
            boto3.client(
                "sqs",
                endpoint_url=server.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106  # the server's own
            )
        ) as client,
    ):
        yield client


HANGS_ON_A_THREAD = """
    import threading, meantime

    @meantime.batch.sqs
    def lambda_handler(message):
        if message.body == "hangs":
            threading.Event().wait()
"""
HANGS_ON_A_TASK = """
    import asyncio, meantime

    @meantime.batch.sqs
    async def lambda_handler(message):
        if message.body == "hangs":
            await asyncio.sleep(3600)
"""
CRASHES_IN_A_CHILD = """
    import os, meantime

    @meantime.batch.sqs(executor="processes", max_concurrency=2)
    def lambda_handler(message):
        if message.body == "hangs":
            os.kill(os.getpid(), 11)
"""


@pytest.mark.parametrize(
    "source", [HANGS_ON_A_THREAD, HANGS_ON_A_TASK, CRASHES_IN_A_CHILD], ids=["thread", "task", "child"]
)
def test_one_message_that_hangs_or_crashes_comes_again_and_the_environment_lives_on(function, source):
    first, second = sqs_event(["0", "hangs", "2"], queue="first"), sqs_event(["3"], queue="second")
    with Emulator(function(source, timeout=2.0)) as emulator:
        results = [emulator.invoke(event) for event in (first, second)]

    assert results[0].payload == {"batchItemFailures": [{"itemIdentifier": first["Records"][1]["messageId"]}]}
    assert results[1].payload == {"batchItemFailures": []}
    assert not results[1].cold


def test_what_lambda_gets_of_a_window_is_json(function):
    source = """
        import meantime

        def count(window, outcomes):
            return {"count": window.state.get("count", 0) + len(outcomes)}

        @meantime.batch.kinesis(window=count)
        async def lambda_handler(record):
            if record.json() == 2:
                raise ValueError
    """
    event = kinesis_event(range(4), partition_keys=["a"] * 4, state={})
    with Emulator(function(source)) as emulator:
        result = emulator.invoke(event)

    assert result.payload == {
        "batchItemFailures": [{"itemIdentifier": event["Records"][2]["kinesis"]["sequenceNumber"]}],
        "state": {"count": 2},
    }


def test_a_fifo_queue_is_drained_in_the_order_of_each_group_past_a_message_that_is_parked(function, sqs, tmp_path):
    """Side by side across groups; a message that fails once is done again before those behind it.

    Those are received again with it, which counts: a poisonous one is parked before it takes them to the dead letters.
    """
    source = """
        import os, meantime

        def write(name, message):
            with open(os.environ["FOLDER"] + "/" + name, "a") as file:
                file.write(message.body + "\\n")

        def park(message, error):
            if message.receive_count >= 3:
                write("parked", message)
                return True

        @meantime.batch.sqs(max_concurrency=5, on_failure=park)
        def lambda_handler(message):
            what = message.json()
            if what["poison"] or (what["flaky"] and message.receive_count == 1):
                raise ValueError(message.body)
            write("done", message)
    """
    messages = [
        {"group": number % 6, "number": number, "poison": number == 14, "flaky": number % 7 == 3}
        for number in range(60)
    ]
    url, dead = fifo_queue(sqs, max_receive_count=10)
    for message in messages:
        sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(message),
            MessageGroupId=str(message["group"]),
            MessageDeduplicationId=str(message["number"]),
        )

    app = function(source, timeout=2.0, environment={"FOLDER": str(tmp_path)})
    with SQSMapping(app, queue_url=url, maximum_concurrency=2, report_batch_item_failures=True) as mapping:
        mapping.drain(timeout=90)

    done = defaultdict(list)
    for what in map(json.loads, (tmp_path / "done").read_text().splitlines()):
        done[what["group"]].append(what["number"])
    assert done == {
        group: [number for number in range(60) if number % 6 == group and number != 14] for group in range(6)
    }
    assert json.loads((tmp_path / "parked").read_text())["number"] == 14
    assert "Messages" not in sqs.receive_message(QueueUrl=dead)


def fifo_queue(sqs: Any, max_receive_count: int) -> tuple[str, str]:
    """The addresses of a FIFO queue and of its dead-letter queue."""
    name = uuid.uuid4().hex
    dead = sqs.create_queue(QueueName=f"dead-{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": max_receive_count})
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "3", "RedrivePolicy": redrive}
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"], dead
