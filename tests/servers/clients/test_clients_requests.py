"""requests sessions against real servers: their pool, their deadline, their cookies, their trust."""

from __future__ import annotations

import contextvars
import io
import os
import socket
import ssl
import struct
from threading import Event, Thread

import pytest
import requests
from urllib3 import Timeout

import meantime
from meantime import clients, clock, threads
from meantime.testing import LambdaContext

LONG = 10.0  # far above what a call to its deadline takes, far below the timeouts


def test_ten_bursts_of_32_calls_open_no_more_than_32_connections(server):
    session = clients.requests(max_concurrency=32)

    for _ in range(10):
        threads.map(lambda _: session.get(f"{server.url}/slow"), range(32), max_concurrency=32)

    assert server.requests == {"slow": 320}
    assert server.connections <= 32


def test_a_call_that_gets_no_answer_ends_at_the_deadline_and_says_so(server, within, elapsed):
    session = clients.requests()
    session.get(f"{server.url}/ok")

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/hang for 0\.\d+ s") as caught:
        session.get(f"{server.url}/hang?token=secret")

    assert 0.3 <= elapsed() < LONG
    assert [call.function for call in caught.value.waiting] == [f"GET {server.url}/hang"]
    assert isinstance(caught.value.__cause__, requests.ReadTimeout)


@pytest.mark.parametrize("timeout", [60, (60, 60), (60, None), Timeout(60), Timeout(total=60)], ids=str)
def test_a_timeout_of_the_users_own_is_cut_at_the_deadline(server, within, elapsed, timeout):
    session = clients.requests()

    with within(0.3), pytest.raises(meantime.DeadlineExceeded):
        session.get(f"{server.url}/hang", timeout=timeout)

    assert elapsed() < LONG


@pytest.mark.parametrize("timeout", [0.1, (60, 0.1), Timeout(0.1), Timeout(total=0.1)], ids=str)
def test_a_timeout_of_the_users_own_that_is_shorter_holds(server, within, elapsed, timeout):
    session = clients.requests()

    with within(60.0), pytest.raises(requests.ReadTimeout):
        session.get(f"{server.url}/hang", timeout=timeout)

    assert elapsed() < LONG


def test_outside_an_invocation_a_timeout_of_the_users_own_holds(server):
    session = clients.requests()

    with pytest.raises(requests.ReadTimeout):
        session.get(f"{server.url}/hang", timeout=0.1)


def test_a_call_without_a_timeout_has_the_sessions_own(server):
    session = clients.requests(read_timeout=0.1)

    with pytest.raises(requests.ReadTimeout):
        session.get(f"{server.url}/hang")


def test_connecting_takes_no_longer_than_to_the_deadline(unanswering, within, elapsed):
    session = clients.requests(connect_timeout=60)

    with within(0.3), pytest.raises(meantime.DeadlineExceeded):
        session.get(unanswering)

    assert elapsed() < LONG


def test_an_answer_that_trickles_ends_at_the_deadline(server, within, elapsed):
    session = clients.requests()
    session.get(f"{server.url}/ok")

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match=rf"the body of GET {server.url}/trickle"):
        session.get(f"{server.url}/trickle")

    assert elapsed() < LONG


@pytest.mark.parametrize(
    "read",
    [
        lambda response: list(response.iter_content(1)),
        lambda response: list(response.iter_lines()),
        lambda response: response.raw.read(),
        lambda response: [response.raw.readinto(bytearray(1)) for _ in range(10_000)],
        lambda response: response.raw.readline(),
        lambda response: list(response.raw),
    ],
    ids=["iter_content", "iter_lines", "read", "readinto", "readline", "iteration"],
)
def test_a_stream_that_trickles_ends_at_the_deadline(server, within, elapsed, read):
    session = clients.requests()

    with session.get(f"{server.url}/trickle", stream=True) as response:
        assert response.status_code == 200
        with within(0.1), pytest.raises(meantime.DeadlineExceeded, match="the body of GET"):
            read(response)

    assert elapsed() < LONG


def test_a_stream_that_stalls_ends_at_the_deadline(server, within, elapsed):
    session = clients.requests(read_timeout=60)

    response = session.get(f"{server.url}/stall", stream=True)
    with within(0.1), pytest.raises(meantime.DeadlineExceeded, match="the body of GET"):
        response.raw.read()

    assert elapsed() < LONG


def test_an_upload_that_is_taken_in_small_sips_ends_at_the_deadline(server, within, elapsed):
    session = clients.requests(connect_timeout=60)

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match=rf"POST {server.url}/sip"):
        session.post(f"{server.url}/sip", data=io.BytesIO(bytes(50_000_000)))

    assert elapsed() < LONG


def test_in_an_empty_context_there_is_no_deadline(server, within):
    """As the page says, for what must be sent after the deadline."""
    session = clients.requests()

    with within(0.0):
        assert contextvars.Context().run(lambda: session.get(f"{server.url}/ok").text) == "ok"


def test_a_stream_is_read_as_ever(server):
    with clients.requests().get(f"{server.url}/ok", stream=True) as response:
        assert list(response.iter_content(1)) == [b"o", b"k"]
        assert response.raw.status == 200


def test_each_redirect_has_only_what_is_left(server, within, elapsed):
    session = clients.requests()

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match="hang"):
        session.get(f"{server.url}/redirect")

    assert elapsed() < LONG


def test_no_call_is_begun_after_the_deadline(server, within):
    session = clients.requests()

    with within(0.0), pytest.raises(meantime.DeadlineExceeded, match=rf"GET {server.url}/ok was not begun"):
        session.get(f"{server.url}/ok")

    assert server.connections == 0


def test_a_handler_that_fans_out_gets_the_deadline_not_a_client_error(server):
    session = clients.requests()

    @meantime.handler
    def lambda_handler(event, context):
        return threads.map(lambda part: session.get(f"{server.url}/{part}"), ["ok", "hang", "hang"])

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler({}, LambdaContext(timeout=1.0))


def test_the_cookies_of_one_invocation_are_nothing_to_the_next(server):
    session = clients.requests()

    assert session.get(f"{server.url}/cookie").cookies["user"] == "alice"
    session.get(f"{server.url}/ok")
    session.get(f"{server.url}/ok", cookies={"mine": "1"})

    assert server.cookies == [None, None, "mine=1"]


def test_an_error_that_is_not_owed_to_the_deadline_stays_what_it_is(within):
    session = clients.requests()

    with within(60.0), pytest.raises(requests.ConnectionError):
        session.get("http://127.0.0.1:9")


class TestKeptConnections:
    def test_a_connection_is_used_again(self, server, within):
        session = clients.requests()

        for _ in range(5):
            with within(5.0):
                session.get(f"{server.url}/ok")

        assert server.connections == 1

    def test_not_after_a_minute_of_wall_time_as_in_a_freeze(self, server, monkeypatch):
        session = clients.requests()
        session.get(f"{server.url}/ok")

        thawed = clock.wall() + 60.0
        monkeypatch.setattr(clock, "wall", lambda: thawed)
        session.get(f"{server.url}/ok")

        assert server.connections == 2

    def test_not_in_a_forked_child(self, server):
        session = clients.requests()
        session.get(f"{server.url}/ok")

        child = os.fork()
        if child == 0:
            os._exit(0 if session.get(f"{server.url}/ok").text == "ok" else 1)

        assert os.waitpid(child, 0)[1] == 0
        session.get(f"{server.url}/ok")
        assert server.connections == 2

    def test_the_timeout_of_one_answer_is_not_that_of_the_next_request(self, server, within):
        session = clients.requests()
        with within(0.3):
            session.get(f"{server.url}/ok")
        with within(60.0):
            session.post(f"{server.url}/ok", data=b"x" * 5_000_000)

        assert server.connections == 1


def test_a_connection_asks_now_and_then_whether_the_other_side_is_there(server):
    with clients.requests().get(f"{server.url}/trickle", stream=True) as response:
        sock = response.raw.connection.sock

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_calls_through_a_proxy_end_at_the_deadline_too(server, within, elapsed, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    session = clients.requests()

    with within(0.3), pytest.raises(meantime.DeadlineExceeded, match=r"GET http://example\.invalid/hang"):
        session.get("http://example.invalid/hang")

    assert elapsed() < LONG
    assert server.requests == {"hang": 1}


def test_other_sessions_stay_as_they_are(server, within):
    clients.requests()

    with requests.Session() as plain, within(0.0):
        assert plain.get(f"{server.url}/ok", timeout=60).text == "ok"


class TestTrust:
    def test_all_sessions_share_one_ssl_context_with_boto3(self, tls_server, trusted, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        clients.boto3("s3")
        clients.httpx()
        for session in (clients.requests(), clients.requests()):
            assert session.get(f"{tls_server.url}/ok").text == "ok"

        assert trusted == [clients.ssl_context()]
        assert tls_server.handshakes == 2

    def test_a_server_that_has_no_name_but_its_address_is_trusted_as_well(self, tls_server, trusted):
        url = tls_server.url.replace("localhost", "127.0.0.1")

        assert clients.requests().get(f"{url}/ok").text == "ok"

    def test_the_users_own_bundle_is_respected(self, tls_server, bundle):
        assert clients.requests().get(f"{tls_server.url}/ok", verify=str(bundle)).text == "ok"

    @pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_the_bundle_in_the_environment_is_respected(self, tls_server, bundle, name, monkeypatch):
        monkeypatch.setenv(name, str(bundle))

        assert clients.requests().get(f"{tls_server.url}/ok").text == "ok"

    def test_a_server_that_nobody_vouches_for_is_refused(self, tls_server):
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            clients.requests().get(f"{tls_server.url}/ok")

        assert tls_server.requests == {}

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_one_call_that_verifies_nothing_changes_nothing_for_the_next(self, tls_server):
        session = clients.requests()

        assert session.get(f"{tls_server.url}/ok", verify=False).text == "ok"
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{tls_server.url}/ok")
        assert clients.ssl_context().verify_mode is ssl.CERT_REQUIRED

    def test_the_handshake_takes_no_longer_than_to_the_deadline(self, within, elapsed):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            session = clients.requests(connect_timeout=60)

            with within(0.3), pytest.raises(meantime.DeadlineExceeded):
                session.get(f"https://127.0.0.1:{silent.getsockname()[1]}/")

        assert elapsed() < LONG


def test_a_connection_that_was_reset_is_not_used_again(server):
    """What the client does about an idle connection that its server has closed: it looks before it sends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        session = clients.requests()

        answered, is_reset = Event(), Event()

        def serve_two() -> None:
            for _ in range(2):
                connection, _address = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    if not is_reset.is_set():
                        answered.wait(30)  # a reset throws away what the client has not read
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
                is_reset.set()

        thread = Thread(target=serve_two)
        thread.start()
        assert session.post(url).text == "ok"
        answered.set()
        assert is_reset.wait(30)
        assert session.post(url).text == "ok"
        thread.join()
