"""boto3 clients against real servers: their pool, their deadline, their retries, their trust."""

from __future__ import annotations

import logging
import ssl
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.exceptions import RetriesExceededError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from botocore.exceptions import SSLError as BotocoreSSLError

import meantime
from meantime import clients, threads
from meantime.testing import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = 10.0  # far above what a call to its deadline takes, far below the timeouts


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def make(server) -> Callable[..., Any]:
    """Makes an S3 client of the test server."""
    return lambda **options: clients.boto3("s3", **{"endpoint_url": server.url, **options})


def get(client: Any, key: str) -> bytes:
    return client.get_object(Bucket="bucket", Key=key)["Body"].read()


def test_it_is_a_client_of_the_service_with_the_options_given(make):
    client = make(region_name="eu-west-1")

    assert client.meta.service_model.service_name == "s3"
    assert client.meta.region_name == "eu-west-1"
    assert get(client, "ok") == b"ok"


def test_the_address_in_the_environment_is_respected(server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)

    assert get(clients.boto3("s3"), "ok") == b"ok"


def test_ten_bursts_of_32_calls_open_no_more_than_32_connections(make, server):
    client = make(max_concurrency=32)

    for _ in range(10):
        threads.map(lambda _: get(client, "slow"), range(32), max_concurrency=32)

    assert server.requests == {"slow": 320}
    assert server.connections <= 32


def test_a_call_that_gets_no_answer_ends_at_the_deadline_and_says_so(make, server, within, elapsed):
    client = make()
    get(client, "ok")

    with (
        within(0.3),
        pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/bucket/hang for 0\.\d+ s") as caught,
    ):
        get(client, "hang")

    assert 0.3 <= elapsed() < LONG
    assert [call.function for call in caught.value.waiting] == [f"GET {server.url}/bucket/hang"]
    assert isinstance(caught.value.__cause__, ReadTimeoutError)
    assert server.requests == {"ok": 1, "hang": 1}


def test_the_error_names_the_operation_where_the_address_does_not(server, within):
    client = clients.boto3("dynamodb", endpoint_url=f"{server.url}/hang")

    with within(0.1), pytest.raises(meantime.DeadlineExceeded, match=r"hang.* \(DynamoDB_20120810\.GetItem\)"):
        client.get_item(TableName="t", Key={"k": {"S": "v"}})


def test_an_answer_that_trickles_ends_at_the_deadline(server, within, elapsed):
    client = clients.boto3("dynamodb", endpoint_url=f"{server.url}/trickle")

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match="trickle"):
        client.get_item(TableName="t", Key={"k": {"S": "v"}})

    assert elapsed() < LONG


@pytest.mark.parametrize(
    "read",
    [
        lambda body: body.read(),
        lambda body: list(body.iter_chunks(1)),
        lambda body: list(body.iter_lines()),
        lambda body: [body.readinto(bytearray(1)) for _ in range(10_000)],
        lambda body: body.readlines(),
    ],
    ids=["read", "iter_chunks", "iter_lines", "readinto", "readlines"],
)
def test_a_body_that_trickles_ends_at_the_deadline(make, within, elapsed, read):
    body = make().get_object(Bucket="bucket", Key="trickle")["Body"]

    with within(0.1), pytest.raises(meantime.DeadlineExceeded, match="the body of GET"):
        read(body)

    assert elapsed() < LONG


def test_no_call_is_begun_after_the_deadline(make, server, within):
    client = make()

    with within(0.0), pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/bucket/ok was not begun"):
        get(client, "ok")

    assert server.connections == 0


def test_no_second_attempt_is_begun_for_which_there_is_no_time(make, server, within, elapsed):
    client = make()
    client.meta.events.register_first("needs-retry.s3", lambda **_: 60.0)

    with within(30.0), pytest.raises(ClientError, match="SlowDown"):
        get(client, "unavailable")

    assert server.requests == {"unavailable": 1}
    assert elapsed() < LONG


def test_no_second_attempt_is_begun_after_the_deadline(make, server, within):
    client = make()

    with within(30.0) as deadline:
        client.meta.events.register("response-received.s3", lambda **_: setattr(deadline, "at", 0.0))
        with pytest.raises(ClientError, match="SlowDown"):
            get(client, "unavailable")

    assert server.requests == {"unavailable": 1}


def test_a_failed_call_is_tried_three_times_as_standard_mode_does(make, server, within):
    client = make()

    with within(60.0), pytest.raises(ClientError, match="SlowDown"):
        get(client, "unavailable")

    assert server.requests == {"unavailable": 3}
    assert client.meta.config.retries["mode"] == "standard"


def test_outside_an_invocation_the_clients_own_timeouts_hold(make):
    client = make(read_timeout=0.2, config=Config(retries={"total_max_attempts": 1}))

    with pytest.raises(ReadTimeoutError):
        get(client, "hang")


def test_a_timeout_that_comes_before_the_deadline_is_the_librarys_own_error(make, within):
    client = make(read_timeout=0.2, config=Config(retries={"total_max_attempts": 1}))

    with within(60.0), pytest.raises(ReadTimeoutError):
        get(client, "hang")


def test_connecting_takes_no_longer_than_to_the_deadline(unanswering, within, elapsed):
    client = clients.boto3("s3", endpoint_url=unanswering, connect_timeout=30)

    with within(0.3), pytest.raises(meantime.DeadlineExceeded) as caught:
        get(client, "ok")

    assert elapsed() < LONG
    assert isinstance(caught.value.__cause__, ConnectTimeoutError)


def test_a_transfer_on_the_callers_own_thread_ends_at_the_deadline(make, within, elapsed, tmp_path):
    """On threads of its own it knows of no deadline, as the page says. It tries again after any TimeoutError."""
    client = make()

    with within(0.3), pytest.raises(RetriesExceededError) as caught:
        client.download_file("bucket", "trickle", str(tmp_path / "it"), Config=TransferConfig(use_threads=False))

    assert isinstance(caught.value.last_exception, meantime.DeadlineExceeded)
    assert elapsed() < LONG


def test_a_handler_that_fans_out_gets_the_deadline_not_a_client_error(make):
    client = make(max_concurrency=4)

    @meantime.handler
    def lambda_handler(event, context):
        return threads.map(lambda key: get(client, key), ["ok", "hang", "hang"], max_concurrency=4)

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler({}, LambdaContext(timeout=1.0))


def test_a_connection_is_used_again_after_a_call_that_ended_in_time(make, server, within):
    client = make()

    for _ in range(5):
        with within(5.0):
            get(client, "ok")

    assert server.connections == 1


def test_calls_through_a_proxy_end_at_the_deadline_too(server, within, elapsed, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    client = clients.boto3("s3", endpoint_url="http://example.invalid", config=Config(s3={"addressing_style": "path"}))

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match=r"GET http://example\.invalid/bucket/trickle"):
        get(client, "trickle")

    assert elapsed() < LONG


def test_other_clients_stay_as_they_are(make, server, within):
    make()
    plain = boto3.client("s3", endpoint_url=server.url)

    with within(0.0):
        assert get(plain, "ok") == b"ok"


class TestSettings:
    def test_the_pool_is_as_wide_as_the_fan_out(self, make):
        assert make(max_concurrency=32).meta.config.max_pool_connections == 32
        assert make().meta.config.max_pool_connections == 10

    def test_a_read_may_take_as_long_as_botocore_lets_it(self, make):
        """Bedrock, or another function, may take that long; a timeout would make the same call twice."""
        assert make().meta.config.read_timeout == 60

    def test_ours_yield_to_what_the_users_config_sets(self, make):
        config = Config(max_pool_connections=5, read_timeout=7, retries={"total_max_attempts": 5}, tcp_keepalive=False)

        settings = make(config=config).meta.config

        assert (settings.max_pool_connections, settings.read_timeout, settings.connect_timeout) == (5, 7, 2.0)
        assert settings.retries == {"mode": "standard", "total_max_attempts": 5}
        assert settings.tcp_keepalive is False

    def test_a_users_retry_mode_is_respected(self, make, monkeypatch):
        assert make(config=Config(retries={"mode": "adaptive"})).meta.config.retries["mode"] == "adaptive"

        monkeypatch.setenv("AWS_RETRY_MODE", "legacy")

        assert make().meta.config.retries["mode"] == "legacy"

    def test_a_keyword_wins_over_the_config(self, make):
        config = Config(max_pool_connections=5, read_timeout=7)

        settings = make(config=config, max_concurrency=8, read_timeout=9).meta.config

        assert (settings.max_pool_connections, settings.read_timeout) == (8, 9)

    def test_a_session_of_the_users_own_makes_the_client(self, server):
        session = boto3.Session(region_name="ap-south-1")

        client = clients.boto3("s3", session=session, endpoint_url=server.url)

        assert client.meta.region_name == "ap-south-1"

    def test_a_connection_asks_now_and_then_whether_the_other_side_is_there(self, make, server):
        client = make()
        get(client, "ok")

        assert keep_alive_of(client) == (1, 60)

    def test_not_if_the_user_forbids_it(self, make):
        client = make(config=Config(tcp_keepalive=False))
        get(client, "ok")

        assert keep_alive_of(client)[0] == 0


def test_many_threads_may_make_clients_at_once(server):
    barrier = Barrier(8)

    def make_one(_: int) -> bytes:
        barrier.wait(30)
        return get(clients.boto3("s3", endpoint_url=server.url), "ok")

    assert threads.map(make_one, range(8), max_concurrency=8) == [b"ok"] * 8


def test_a_boto3_that_is_not_known_still_works_and_is_named_in_the_log(caplog):
    class Unknown:
        def client(self, service: str, **options: Any) -> object:
            return service

    with caplog.at_level(logging.WARNING, logger="meantime"):
        client = clients.boto3("s3", session=Unknown())

    assert client == "s3"
    assert "do not end at the deadline" in caplog.text


class TestTrust:
    @pytest.fixture
    def make(self, tls_server) -> Callable[..., Any]:
        """Makes an S3 client of the test server, that tries each call once."""
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return lambda **options: clients.boto3("s3", endpoint_url=tls_server.url, config=config, **options)

    def test_all_clients_share_one_ssl_context_that_parses_the_authorities_once(
        self, make, tls_server, trusted, monkeypatch
    ):
        parsed = count_parsing(monkeypatch)

        for client in (make(max_concurrency=8), make(max_concurrency=8)):
            threads.map(partial(get, client), ["slow"] * 8, max_concurrency=8)

        assert len(trusted) == 1
        assert 2 <= tls_server.handshakes <= 16
        assert parsed == []

    def test_the_users_own_bundle_is_respected(self, make, bundle):
        assert get(make(verify=str(bundle)), "ok") == b"ok"

    @pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
    def test_the_bundle_in_the_environment_is_respected(self, make, bundle, name, monkeypatch):
        monkeypatch.setenv(name, str(bundle))

        assert get(make(), "ok") == b"ok"

    def test_a_server_that_nobody_vouches_for_is_refused(self, make, tls_server):
        with pytest.raises(BotocoreSSLError, match="CERTIFICATE_VERIFY_FAILED"):
            get(make(), "ok")

        assert tls_server.requests == {}

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_who_verifies_nothing_changes_nothing_for_the_others(self, make):
        reckless, careful = make(verify=False), make()

        assert get(reckless, "ok") == b"ok"
        with pytest.raises(BotocoreSSLError):
            get(careful, "ok")
        assert clients.ssl_context().verify_mode is ssl.CERT_REQUIRED

    def test_a_certificate_of_the_clients_own_is_not_shared(self, tls_server, authority, trusted, tmp_path):
        path = tmp_path / "client.pem"
        authority.issue_cert("client").private_key_and_cert_chain_pem.write_to_path(path)

        clients.boto3("s3", endpoint_url=tls_server.url, config=Config(client_cert=str(path)))

        assert trusted == []


def count_parsing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of authorities that connections parse from now on."""
    from urllib3.util import ssl_  # noqa: PLC0415  # only here

    parsed: list[str] = []
    original = ssl_.ssl_wrap_socket

    def wrap(sock: Any, *arguments: Any, **options: Any) -> Any:
        if options.get("ca_certs"):
            parsed.append(options["ca_certs"])
        return original(sock, *arguments, **options)

    monkeypatch.setattr("urllib3.connection.ssl_wrap_socket", wrap)
    return parsed


def keep_alive_of(client: Any) -> tuple[int, int]:
    """Whether a kept connection asks, and after how many seconds of silence first."""
    import socket  # noqa: PLC0415  # only here

    (pool,) = client._endpoint.http_session._manager.pools._container.values()
    sock = next(connection for connection in pool.pool.queue if connection is not None).sock
    return (
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    )
