"""Above a limit, and by the failure rate, the proxy says no in the words of the service; boto3 understands them."""

from __future__ import annotations

import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.exceptions import ClientError

from meantime.tools.downstream import DelayProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.downstream.conftest import RawUpstream

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "GetObject", {"Bucket": "bucket", "Key": "key"}),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}),
    ("sqs", "SendMessage", {"QueueUrl": "http://127.0.0.1/000000000000/queue", "MessageBody": "hello"}),
    ("kinesis", "ListStreams", {}),
    ("stepfunctions", "ListStateMachines", {}),
    ("sns", "ListTopics", {}),
    ("lambda", "ListFunctions", {}),
]
THROTTLED = {
    "s3": (503, "SlowDown"),
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "sqs": (400, "RequestThrottled"),
    "kinesis": (400, "ProvisionedThroughputExceededException"),
    "stepfunctions": (400, "ThrottlingException"),
    "sns": (400, "Throttling"),
    "lambda": (429, "429"),
}
FAILED = {
    "s3": (500, "InternalError"),
    "dynamodb": (500, "InternalServerError"),
    "sqs": (500, "InternalFailure"),
    "kinesis": (500, "InternalFailure"),
    "stepfunctions": (500, "InternalFailure"),
    "sns": (500, "InternalFailure"),
    "lambda": (500, "500"),
}


def error_of(client: Callable[..., Any], url: str, service: str, operation: str, arguments: dict[str, Any]) -> Any:
    made = client(service, url)
    with pytest.raises(ClientError) as error:
        made._make_api_call(operation, dict(arguments))
    return error.value


@pytest.mark.parametrize(("service", "operation", "arguments"), CALLS, ids=[call[0] for call in CALLS])
def test_boto3_understands_that_it_is_throttled(
    upstream: RawUpstream, client: Callable[..., Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with DelayProxy(upstream.url, rate=0.001) as proxy:
        requests.get(proxy.url, timeout=10)

        error = error_of(client, proxy.url, service, operation, arguments)

        status, code = THROTTLED[service]
        assert error.response["Error"]["Code"] == code
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert error.response["ResponseMetadata"]["HTTPHeaders"]["x-meantime-throttled"] == "rate=0.001"
        assert proxy.requests[-1].outcome == "throttled"
    assert len(upstream.received) == 1


@pytest.mark.parametrize(("service", "operation", "arguments"), CALLS, ids=[call[0] for call in CALLS])
def test_boto3_understands_that_the_service_failed(
    upstream: RawUpstream, client: Callable[..., Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with DelayProxy(upstream.url, failure_rate=1) as proxy:
        error = error_of(client, proxy.url, service, operation, arguments)

        status, code = FAILED[service]
        assert error.response["Error"]["Code"] == code
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert proxy.statistics().failed == 1
    assert upstream.received == []


def test_exceptions_of_boto3_have_their_own_classes(upstream: RawUpstream, client: Callable[..., Any]) -> None:
    with DelayProxy(upstream.url, rate=0.001) as proxy:
        requests.get(proxy.url, timeout=10)
        dynamodb, sqs = client("dynamodb", proxy.url), client("sqs", proxy.url)

        with pytest.raises(dynamodb.exceptions.ProvisionedThroughputExceededException, match="provisioned throughput"):
            dynamodb.get_item(TableName="t", Key={"id": {"S": "1"}})
        with pytest.raises(sqs.exceptions.RequestThrottled, match="throttled"):
            sqs.send_message(**CALLS[2][2])


def test_the_query_protocol_of_sqs_is_throttled_in_its_own_form(upstream: RawUpstream) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, Signature=0"
    with DelayProxy(upstream.url, rate=0.001) as proxy:
        requests.get(proxy.url, timeout=10)

        answer = requests.post(proxy.url, data={"Action": "SendMessage"}, headers={"Authorization": scope}, timeout=10)

    assert answer.status_code == 403
    assert "<Code>RequestThrottled</Code>" in answer.text


def test_plain_http_is_throttled_with_429_and_told_when_to_come_again(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, rate=0.25) as proxy:
        requests.get(proxy.url, timeout=10)

        answer = requests.get(proxy.url, timeout=10)

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "4"
    assert answer.json()["error"] == "TooManyRequests"


def test_max_concurrency_counts_what_is_under_way(upstream: RawUpstream) -> None:
    upstream.may_answer.clear()
    with DelayProxy(upstream.url, max_concurrency=3) as proxy, ThreadPoolExecutor(3) as pool:
        first = [pool.submit(requests.get, proxy.url, timeout=30) for _ in range(3)]
        for _ in first:
            assert upstream.arrived.acquire(timeout=10)

        assert proxy.statistics().in_flight == 3
        assert requests.get(proxy.url, timeout=10).status_code == 429

        upstream.may_answer.set()
        assert [call.result().status_code for call in first] == [200] * 3
        assert requests.get(proxy.url, timeout=10).status_code == 200
        statistics = proxy.statistics()

    assert (statistics.served, statistics.throttled, statistics.in_flight) == (4, 1, 0)
    assert statistics.peak_concurrency == 3


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("GET", b"Content-Length: 2\r\n\r\nok"),
        ("GET", b"Content-Length: 0\r\n\r\n"),
        ("HEAD", b"Content-Length: 2\r\n\r\n"),
        ("GET", b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000),
        ("GET", b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ],
    ids=["counted", "empty", "head", "large", "chunked"],
)
def test_as_many_workers_as_max_concurrency_are_never_throttled(
    upstream: RawUpstream, method: str, answer: bytes
) -> None:
    """A request counts as over before its client has its answer."""
    upstream.answer = b"HTTP/1.1 200 OK\r\n" + answer
    with DelayProxy(upstream.url, max_concurrency=4) as proxy:

        def work(_worker: int) -> set[int]:
            with requests.Session() as session:
                return {session.request(method, proxy.url, timeout=30).status_code for _ in range(100)}

        with ThreadPoolExecutor(4) as pool:
            statuses = set().union(*pool.map(work, range(4)))

        assert statuses == {200}
        assert proxy.statistics().served == 400


def test_connections_above_the_limit_are_closed_at_once_and_counted(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, max_connections=2) as proxy, ExitStack() as stack:
        address = urlsplit(proxy.url)
        kept = [http.client.HTTPConnection(address.netloc, timeout=10) for _ in range(2)]
        for connection in kept:
            stack.enter_context(closing(connection))
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"ok"

        with socket.create_connection((address.hostname, address.port), timeout=10) as refused:
            assert refused.recv(1) == b""
        statistics = proxy.statistics()
        assert (statistics.connections, statistics.peak_connections, statistics.refused_connections) == (2, 2, 1)

        kept[0].close()
        for _ in range(1000):  # the proxy sees the end of the connection a moment later
            if proxy.statistics().connections == 1:
                break
            threading.Event().wait(0.01)
        assert requests.get(proxy.url, timeout=10).status_code == 200


def test_the_failure_rate_is_the_part_that_fails(upstream: RawUpstream) -> None:
    with DelayProxy(upstream.url, failure_rate=0.25, seed=3) as proxy, requests.Session() as session:
        statuses = [session.get(proxy.url, timeout=10).status_code for _ in range(200)]

        assert statuses.count(500) == proxy.statistics().failed
        assert 30 <= statuses.count(500) <= 70


def test_the_same_seed_fails_the_same_requests(upstream: RawUpstream) -> None:
    def statuses() -> list[int]:
        with DelayProxy(upstream.url, failure_rate=0.5, seed=11) as proxy, requests.Session() as session:
            return [session.get(proxy.url, timeout=10).status_code for _ in range(30)]

    assert statuses() == statuses()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"latency": "soon"}, "is no time"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"rate": 0}, "rate"),
        ({"max_connections": 0}, "max_connections"),
        ({"failure_rate": 1.5}, "failure_rate"),
        ({"failure_rate": float("nan")}, "failure_rate"),
        ({"port": 70_000}, "port"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DelayProxy("http://127.0.0.1:1", **arguments)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:80", "ftp://host", "http://", "http://h/path", "http://h?q", "http://u@h", "http://h:x"]
)
def test_an_upstream_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="scheme and host and nothing after them"):
        DelayProxy(address)
