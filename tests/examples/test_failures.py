"""What the examples answer when something fails, comes too late or was asked wrongly."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from catalogue import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_NAME = {example.name: example for example in EXAMPLES}
VARIANTS = pytest.mark.parametrize("variant", ["sequential", "threads", "tasks"])
BLOCKING = pytest.mark.parametrize("variant", ["sequential", "threads"])


class FaultyAPI(ThreadingHTTPServer):
    """An API that fails, or does not answer before it is closed, for the paths that it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FaultyAPIHandler)
        self.failing: set[str] = set()
        self.silent: set[str] = set()
        self.keys: list[str | None] = []  # the Idempotency-Key of every request
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class FaultyAPIHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyAPI

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.server.keys.append(self.headers["Idempotency-Key"])
        if self.path in self.server.silent:
            self.server.closing.wait(60)
            self.close_connection = True
            return
        self.send_response(500 if self.path in self.server.failing else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[FaultyAPI]:
    with FaultyAPI() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def invoice_paths(event: dict[str, Any]) -> list[str]:
    """Where each message of the event is sent, in the messages' order."""
    return [f"/orders/{json.loads(record['body'])['id']}/invoice" for record in event["Records"]]


def failed_messages(run: dict[str, Any]) -> list[str]:
    """The messages that are to come again."""
    return [failure["itemIdentifier"] for failure in run["answers"][0]["batchItemFailures"]]


@VARIANTS
def test_only_the_message_that_failed_comes_again(variant, api, invoke):
    example = BY_NAME["sqs_batch"]
    event = example.event
    api.failing = {invoice_paths(event)[3]}

    run = invoke(example.folder, variant, event, {"API_URL": api.url})

    assert failed_messages(run) == [event["Records"][3]["messageId"]]
    assert sorted(api.keys) == sorted(record["messageId"] for record in event["Records"])
    assert f"message {event['Records'][3]['messageId']} failed at receive 1 and will come again" in run["log"]


@VARIANTS
def test_a_message_whose_body_is_no_json_comes_again_alone(variant, api, invoke):
    example = BY_NAME["sqs_batch"]
    event = example.event
    event["Records"][0]["body"] = "an order, please"

    run = invoke(example.folder, variant, event, {"API_URL": api.url})

    assert failed_messages(run) == [event["Records"][0]["messageId"]]


@pytest.mark.parametrize(
    ("variant", "first_unfinished", "last_unfinished"), [("sequential", 7, 9), ("threads", 7, 7), ("tasks", 7, 7)]
)
def test_messages_unfinished_at_the_deadline_come_again(variant, first_unfinished, last_unfinished, api, invoke):
    """One after another, those behind the message that hangs are unfinished too; side by side, it alone is."""
    example = BY_NAME["sqs_batch"]
    event = example.event
    api.silent = {invoice_paths(event)[7]}

    run = invoke(example.folder, variant, event, {"API_URL": api.url}, timeout=2.0)

    unfinished = event["Records"][first_unfinished : last_unfinished + 1]
    assert failed_messages(run) == [record["messageId"] for record in unfinished]


@VARIANTS
def test_an_api_that_fails_makes_a_bad_gateway(variant, api, invoke):
    api.failing = {"/customers/c-1042/orders"}

    run = invoke(BY_NAME["several_apis"].folder, variant, BY_NAME["several_apis"].event, {"API_URL": api.url})

    assert run["answers"][0]["statusCode"] == 502
    assert "/customers/c-1042/orders" in run["log"]


@VARIANTS
def test_an_api_that_cannot_be_reached_makes_a_bad_gateway(variant, invoke):
    example = BY_NAME["several_apis"]
    with socket.socket() as taken:  # but not listened on: nobody else can take the port meanwhile
        taken.bind(("127.0.0.1", 0))

        run = invoke(example.folder, variant, example.event, {"API_URL": f"http://127.0.0.1:{taken.getsockname()[1]}"})

    assert run["answers"][0]["statusCode"] == 502


@VARIANTS
def test_an_api_that_is_silent_until_the_deadline_makes_a_gateway_timeout(variant, api, invoke):
    api.silent = {"/customers/c-1042/orders"}
    example = BY_NAME["several_apis"]

    run = invoke(example.folder, variant, example.event, {"API_URL": api.url}, timeout=2.0)

    assert run["answers"][0]["statusCode"] == 504
    assert "deadline" in run["log"]


@BLOCKING
def test_a_report_of_no_day_is_a_bad_request(variant, served, invoke):
    run = invoke(
        BY_NAME["s3_reads"].folder,
        variant,
        {"pathParameters": {"date": "yesterday"}},
        served.environment_of(BY_NAME["s3_reads"]),
    )

    assert run["answers"][0]["statusCode"] == 400


@BLOCKING
def test_a_report_of_a_day_without_objects_is_not_found(variant, served, invoke):
    run = invoke(
        BY_NAME["s3_reads"].folder,
        variant,
        {"pathParameters": {"date": "1999-12-31"}},
        served.environment_of(BY_NAME["s3_reads"]),
    )

    assert run["answers"][0]["statusCode"] == 404


@BLOCKING
def test_readings_of_no_sensor_are_a_bad_request(variant, served, invoke):
    run = invoke(BY_NAME["dynamodb_queries"].folder, variant, {}, served.environment_of(BY_NAME["dynamodb_queries"]))

    assert run["answers"][0]["statusCode"] == 400


@BLOCKING
def test_a_sensor_without_readings_has_none(variant, served, invoke):
    run = invoke(
        BY_NAME["dynamodb_queries"].folder,
        variant,
        {"queryStringParameters": {"sensors": "greenhouse-01,attic"}},
        served.environment_of(BY_NAME["dynamodb_queries"]),
    )

    readings = json.loads(run["answers"][0]["body"])
    assert readings["attic"] is None
    assert readings["greenhouse-01"]["read_at"] == "2026-03-01T07:00:00Z"


@VARIANTS
def test_a_document_that_is_not_there_fails_the_invocation(variant, served, invoke):
    example = BY_NAME["fetch_transform_store"]
    event = example.event
    event["detail"]["documents"].append("orders-1999-12-31")

    run = invoke(example.folder, variant, event, served.environment_of(example))

    assert run["answers"] == []
    assert "404" in run["raised"]
