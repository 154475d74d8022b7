"""What real clients raise and return, told apart: throttled, transient, fatal, well."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg
import boto3
import httpx
import httpx2
import psycopg
import pytest
import redis
import requests
import trustme
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from meantime.recognition import FATAL, SUCCESS, THROTTLED, TRANSIENT, attempts_already_made, kind_of, retry_after_of
from meantime.tools.downstream import DelayedAPI, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES = {200: SUCCESS, 302: SUCCESS, 404: FATAL, 408: TRANSIENT, 409: FATAL, 429: THROTTLED, 500: TRANSIENT}
STATUSES |= {501: FATAL, 502: TRANSIENT, 503: THROTTLED, 504: TRANSIENT}


@pytest.fixture(scope="module")
def api() -> Iterator[DelayedAPI]:
    with DelayedAPI(latency=0) as server:
        yield server


@pytest.fixture
def throttling(api: DelayedAPI) -> Iterator[DelayProxy]:
    """A proxy that has had all the requests it takes for a long time."""
    with DelayProxy(api.url, rate=0.001) as proxy:
        with_urllib(proxy.url)
        yield proxy


@pytest.fixture
def hanging_up() -> Iterator[str]:
    """The address of a server that closes every connection after the request, unanswered."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def breaking_off() -> Iterator[str]:
    """The address of a server whose answers end before they should."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def refusing() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def untrusted() -> Iterator[str]:
    """The address of a server whose certificate nobody has signed that the clients know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            connection, address = super().get_request()
            return context.wrap_socket(connection, server_side=True), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), socketserver.StreamRequestHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def with_requests(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        response = session.get(url, timeout=timeout, allow_redirects=False)
        if raises:
            response.raise_for_status()
        return response


def with_httpx(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    with httpx.Client(timeout=timeout, trust_env=False) as client:
        response = client.get(url)
        if raises and response.status_code != 302:
            response.raise_for_status()
        return response


def with_httpx2(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    with httpx2.Client(timeout=timeout, trust_env=False) as client:
        response = client.get(url)
        if raises and response.status_code != 302:
            response.raise_for_status()
        return response


def with_httpx_async(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    async def get() -> Any:
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            response = await client.get(url)
            if raises and response.status_code != 302:
                response.raise_for_status()
            return response

    return asyncio.run(get())


def with_aiohttp(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    async def get() -> Any:
        limits = aiohttp.ClientTimeout(total=timeout)
        async with (
            aiohttp.ClientSession(timeout=limits, raise_for_status=raises) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            await response.read()
            return response

    return asyncio.run(get())


def with_urllib3(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request("GET", url, timeout=timeout)  # it raises for no status


def with_urllib(url: str, *, raises: bool = False, timeout: float = 20) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:  # noqa: S310  # of a server of the test
            response.read()
            return response
    except urllib.error.HTTPError as error:
        error.close()
        raise


CLIENTS = [with_requests, with_httpx, with_httpx2, with_httpx_async, with_aiohttp, with_urllib3, with_urllib]


@pytest.fixture(params=CLIENTS, ids=lambda client: client.__name__.removeprefix("with_"))
def get(request: pytest.FixtureRequest) -> Any:
    """Each client's GET."""
    return request.param


def outcome_of(call: Any, *args: Any, **keywords: Any) -> Any:
    """What a call returns, or raises."""
    try:
        return call(*args, **keywords)
    except Exception as error:
        return error


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_a_response_is_told_by_its_status_raised_or_not(status, kind, get, api):
    if status == 302 and get is with_urllib:
        pytest.skip("it follows the redirect, which leads nowhere")
    url = f"{api.url}/?status={status}"
    assert kind_of(outcome_of(get, url)) == kind
    assert kind_of(outcome_of(get, url, raises=True)) == kind


def test_a_connection_that_is_refused_is_transient(get, refusing):
    assert kind_of(outcome_of(get, refusing)) == TRANSIENT


def test_a_connection_that_ends_unanswered_is_transient(get, hanging_up):
    assert kind_of(outcome_of(get, hanging_up)) == TRANSIENT


def test_an_answer_that_breaks_off_is_transient(get, breaking_off):
    assert kind_of(outcome_of(get, breaking_off)) == TRANSIENT


def test_an_answer_that_takes_too_long_is_transient(get, api):
    assert kind_of(outcome_of(get, f"{api.url}/?delay=5", timeout=0.1)) == TRANSIENT


def test_a_certificate_that_is_not_trusted_is_fatal(get, untrusted):
    assert kind_of(outcome_of(get, untrusted)) == FATAL


def test_an_address_that_makes_no_sense_is_fatal(get):
    assert kind_of(outcome_of(get, "nonsense://127.0.0.1")) == FATAL


def test_what_a_server_asks_to_wait_is_read_from_any_response(get, throttling):
    for raises in (False, True):
        outcome = outcome_of(get, throttling.url, raises=raises)
        assert kind_of(outcome) == THROTTLED
        assert 900 < retry_after_of(outcome) <= 1000


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3": ("get_object", {"Bucket": "bucket", "Key": "key"}),
    "dynamodb": ("get_item", {"TableName": "table", "Key": {"id": {"S": "1"}}}),
    "sqs": ("send_message", {"QueueUrl": "http://127.0.0.1/queue", "MessageBody": "text"}),
    "kinesis": ("put_record", {"StreamName": "stream", "Data": b"", "PartitionKey": "1"}),
    "lambda": ("invoke", {"FunctionName": "function"}),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:topic", "Message": "text"}),
}


def of_aws(service: str, url: str, operation: str = "", *, attempts: int = 1, **config: Any) -> Any:
    """What a call of boto3 returns, or raises."""
    client = boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # no secret
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, **config),
    )
    usual, arguments = CALLS[service]
    with closing(client):
        return outcome_of(getattr(client, operation or usual), **arguments)


@pytest.mark.parametrize("service", CALLS)
def test_a_service_of_aws_that_throttles_is_told_by_its_words(service, throttling):
    error = of_aws(service, throttling.url)
    assert isinstance(error, ClientError)
    assert kind_of(error) == THROTTLED


@pytest.mark.parametrize("service", CALLS)
def test_a_service_of_aws_that_fails_is_transient(service, api):
    with DelayProxy(api.url, failure_rate=1) as failing:
        error = of_aws(service, failing.url)
    assert isinstance(error, ClientError)
    assert kind_of(error) == TRANSIENT


def test_a_throttled_head_has_no_words_and_is_told_by_its_status(throttling):
    error = of_aws("s3", throttling.url, "head_object")
    assert error.response["Error"]["Code"] == "503"
    assert kind_of(error) == THROTTLED


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_service_of_aws_that_refuses_is_fatal(status, api):
    api.respond("/bucket/key", status=status)
    assert kind_of(of_aws("s3", api.url)) == FATAL


def test_an_answer_of_aws_is_a_success(api):
    api.reset()
    answer = of_aws("s3", api.url)
    answer["Body"].close()
    assert kind_of(answer) == SUCCESS


def test_the_attempts_that_botocore_has_made_are_counted(throttling):
    assert attempts_already_made(of_aws("s3", throttling.url)) == 1
    assert attempts_already_made(of_aws("s3", throttling.url, attempts=2)) == 2


def test_what_botocore_loses_on_the_way_is_transient(refusing, hanging_up, breaking_off, api):
    api.respond("/bucket/key", latency=5)
    assert kind_of(of_aws("s3", refusing)) == TRANSIENT
    assert kind_of(of_aws("s3", hanging_up)) == TRANSIENT
    assert kind_of(of_aws("s3", api.url, read_timeout=0.1)) == TRANSIENT
    body = of_aws("s3", breaking_off)["Body"]
    assert kind_of(outcome_of(body.read)) == TRANSIENT


def test_what_botocore_can_never_do_is_fatal(untrusted):
    assert kind_of(of_aws("s3", untrusted)) == FATAL
    assert kind_of(of_aws("s3", "http://127.0.0.1", "delete_objects")) == FATAL  # an argument is missing


@pytest.mark.blocks_the_loop  # asyncpg looks for files
def test_a_database_that_is_not_there_is_transient(refusing):
    port = refusing.rpartition(":")[2]
    url = f"postgresql://nobody@127.0.0.1:{port}/nothing"
    assert kind_of(outcome_of(psycopg.connect, url, connect_timeout=5)) == TRANSIENT
    assert kind_of(outcome_of(asyncio.run, asyncpg.connect(url))) == TRANSIENT
    with closing(redis.Redis(port=int(port))) as client:
        assert kind_of(outcome_of(client.ping)) == TRANSIENT
