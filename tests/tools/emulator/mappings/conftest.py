"""Queues and streams on one local AWS server, and functions that leave a trace of what they were invoked with."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from meantime.tools.downstream import AWSServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy

    from meantime.tools.emulator import Function

# Of a real handler's start: a function that appends a line to the file that TRACE names.
TRACING = """
import base64, json, os, time

def trace(what):
    with open(os.environ["TRACE"], "a") as file:
        file.write(json.dumps(what) + "\\n")
"""


@pytest.fixture(scope="session")
def aws() -> Iterator[AWSServer]:
    with AWSServer() as server:
        yield server


@pytest.fixture(scope="session")
def client(aws: AWSServer) -> Callable[[str], Any]:
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in made:
            made[service] = boto3.client(
                service,
                endpoint_url=aws.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106  # the server's own
            )
        return made[service]

    return make


@pytest.fixture
def sqs(client: Callable[[str], Any]) -> Any:
    return client("sqs")


@dataclass(frozen=True)
class QueueUnderTest:
    """A queue and, if it has one, its dead-letter queue."""

    client: Any
    url: str
    arn: str
    dead_letter_url: str | None = None

    def send(self, bodies: Iterable[Any], *, group: Callable[[Any], str] | None = None) -> None:
        """Send these, each as JSON; to a FIFO queue with the group that each is of."""
        entries = [
            {
                "Id": str(number % 10),
                "MessageBody": json.dumps(body),
                **({"MessageGroupId": group(body), "MessageDeduplicationId": uuid.uuid4().hex} if group else {}),
            }
            for number, body in enumerate(bodies)
        ]
        for start in range(0, len(entries), 10):
            sent = self.client.send_message_batch(QueueUrl=self.url, Entries=entries[start : start + 10])
            assert not sent.get("Failed")

    def depth(self) -> dict[str, int]:
        """Return how many messages are visible, and how many are not."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        attributes = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))["Attributes"]
        return dict(zip(("visible", "invisible"), (int(attributes[name]) for name in names), strict=True))

    def dead_letters(self) -> list[Any]:
        """Take all messages out of the dead-letter queue."""
        bodies: list[Any] = []
        while messages := self.client.receive_message(QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            bodies += [json.loads(message["Body"]) for message in messages]
        return bodies


@pytest.fixture
def make_queue(sqs: Any) -> Callable[..., QueueUnderTest]:
    def make(*, fifo: bool = False, visibility: int = 30, max_receive_count: int | None = None) -> QueueUnderTest:
        name, end = f"queue-{uuid.uuid4().hex[:8]}", ".fifo" if fifo else ""
        attributes = {"VisibilityTimeout": str(visibility), **({"FifoQueue": "true"} if fifo else {})}
        dead = None
        if max_receive_count is not None:
            dead = sqs.create_queue(QueueName=f"dead-{name}{end}", Attributes={"FifoQueue": "true"} if fifo else {})[
                "QueueUrl"
            ]
            attributes["RedrivePolicy"] = json.dumps(
                {"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": max_receive_count}
            )
        url = sqs.create_queue(QueueName=name + end, Attributes=attributes)["QueueUrl"]
        return QueueUnderTest(sqs, url, arn_of(sqs, url), dead)

    return make


def arn_of(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


@dataclass(frozen=True)
class Traced:
    """A function and what it wrote down."""

    function: Function
    file: Path

    def trace(self) -> list[Any]:
        """Return what it wrote down, in the order it did."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []


@pytest.fixture
def traced(deploy: Deploy, tmp_path: Path) -> Callable[..., Traced]:
    """Deploys a handler that may call `trace(what)`; with a whole core, so that tests need not wait for its share."""

    def make(source: str, **settings: Any) -> Traced:
        file = tmp_path / "trace"
        settings = {"timeout": 2.0, "memory_mb": 1769, **settings}
        environment = {"TRACE": str(file), **settings.pop("environment", {})}
        return Traced(deploy(TRACING + source, environment=environment, **settings), file)

    return make
