"""What the field's adapter gets wrong (Mangum 0.22, and where it is told of), and this one does not."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

import meantime
from meantime.testing import LambdaContext, http_event


@pytest.fixture(autouse=True)
def _environment(fresh_environment):
    """Each test is an environment of its own."""


async def send_all(send, *, status=200, headers=(), body=b""):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def echo(*names):
    """An application that answers with these parts of its scope."""

    async def app(scope, receive, send):
        body = json.dumps({name: scope[name] for name in names}, default=str).encode()
        await send_all(send, headers=[(b"content-type", b"application/json")], body=body)

    return app


def call(app, event=None, **options):
    options.setdefault("lifespan", "off")
    return meantime.ASGIAdapter(app, **options)(event or http_event("GET", "/"), LambdaContext(timeout=3.0))


def scope_of(event, *names, **options):
    return json.loads(call(echo(*names), event, **options)["body"])


# Of lifespan and loop


def test_lifespan_runs_once_and_not_on_every_call():  # Mangum #342; FastMCP fails on its second warm call so
    messages = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = (await receive())["type"]
                messages.append(message)
                await send({"type": f"{message}.complete"})
                if message == "lifespan.shutdown":
                    return
        await send_all(send)

    adapter = meantime.ASGIAdapter(app, lifespan="on")
    for _ in range(5):
        assert adapter(http_event("GET", "/"), LambdaContext())["statusCode"] == 200

    assert messages == ["lifespan.startup"]


def test_lifespan_on_does_not_ignore_a_startup_that_raises():
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise RuntimeError("no database")
        await send_all(send)

    with pytest.raises(meantime.LifespanFailed, match="no database"):
        call(app, lifespan="on")


def test_asyncio_run_after_the_adapter_is_built_breaks_nothing():
    adapter = meantime.ASGIAdapter(echo("path"), lifespan="off")

    async def main():
        return 1

    asyncio.run(main())

    assert adapter(http_event("GET", "/"), LambdaContext())["statusCode"] == 200


def test_a_call_from_another_thread_is_served():
    adapter = meantime.ASGIAdapter(echo("path"), lifespan="off")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(adapter(http_event("GET", "/x"), LambdaContext())))
    thread.start()
    thread.join()

    assert [answer["statusCode"] for answer in answers] == [200]


def test_a_task_left_by_one_request_does_not_run_in_the_next():
    ran = []
    tasks = []
    release = asyncio.Event()

    async def late():
        await release.wait()
        ran.append("late")

    async def app(scope, receive, send):
        if scope["path"] == "/first":
            tasks.append(asyncio.create_task(late()))
        else:
            release.set()
            for _ in range(10):
                await asyncio.sleep(0)
        await send_all(send)

    adapter = meantime.ASGIAdapter(app, lifespan="off")
    adapter(http_event("GET", "/first"), LambdaContext())
    adapter(http_event("GET", "/second"), LambdaContext())

    assert ran == []
    assert tasks[0].cancelled()


@pytest.mark.parametrize("leaving", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_process_does_not_become_a_500(leaving):
    async def app(scope, receive, send):
        raise leaving

    with pytest.raises(leaving):
        call(app)


def test_a_cancellation_does_not_become_a_500():
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(meantime.InvocationCancelled):
        call(app)


def test_there_is_a_deadline_and_the_client_hears_of_it(caplog, fake_clock):
    async def app(scope, receive, send):
        await fake_clock.sleep_async(60)

    assert call(app)["statusCode"] == 504
    assert "GET /" in caplog.text


def test_def_routes_keep_their_thread():
    applications = pytest.importorskip("starlette.applications")
    routing = pytest.importorskip("starlette.routing")
    plain = pytest.importorskip("starlette.responses").PlainTextResponse

    def route(request):
        return plain(str(threading.get_ident()))

    adapter = meantime.ASGIAdapter(applications.Starlette(routes=[routing.Route("/", route)]))

    assert len({adapter(http_event("GET", "/"), LambdaContext())["body"] for _ in range(20)}) == 1


def test_an_application_may_rely_on_an_error_from_send_after_the_response():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["asgi"]["spec_version"])
        await send_all(send)
        with pytest.raises(OSError, match=r".+"):
            await send({"type": "http.response.body", "body": b"more"})

    assert call(app)["statusCode"] == 200
    assert seen == ["2.5"]


def test_receive_waits_after_the_body_and_does_not_say_that_the_client_has_gone():
    async def app(scope, receive, send):
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        assert not waiting.done()
        await send_all(send)
        assert await waiting == {"type": "http.disconnect"}

    assert call(app)["statusCode"] == 200


# Of requests


@pytest.mark.parametrize("source", ["vpc-lattice-v1", "vpc-lattice-v2"])
def test_vpc_lattice_is_recognised_for_what_it_is(source):  # Mangum #319
    event = http_event("GET", "/orders?page=2", source=source)

    assert scope_of(event, "path", "method", "query_string") == {
        "path": "/orders",
        "method": "GET",
        "query_string": "b'page=2'",
    }


def test_cookies_of_a_rest_api_are_joined_with_semicolons():
    event = http_event("GET", "/", headers=[("Cookie", "a=1"), ("Cookie", "b=2")], source="api-gateway-v1")

    assert ["b'cookie'", "b'a=1; b=2'"] in scope_of(event, "headers")["headers"]


def test_duplicate_headers_of_a_rest_api_stay_apart():
    event = http_event("GET", "/", headers=[("X-Tag", "a"), ("X-Tag", "b")], source="api-gateway-v1")

    assert ["b'x-tag'", "b'a'"] in scope_of(event, "headers")["headers"]
    assert ["b'x-tag'", "b'b'"] in scope_of(event, "headers")["headers"]


@pytest.mark.parametrize("source", ["api-gateway-v1", "api-gateway-v2"])
def test_the_root_path_is_set(source):  # Mangum #318
    event = http_event("GET", "/orders", stage="prod", source=source)

    assert scope_of(event, "root_path", "path") == {"root_path": "/prod", "path": "/prod/orders"}


@pytest.mark.parametrize("source", ["function-url", "api-gateway-v1", "alb"])
def test_the_base_path_prod_does_not_turn_production_x_into_uction_x(source):
    event = http_event("GET", "/production/x", source=source)

    assert scope_of(event, "root_path", "path", base_path="/prod") == {"root_path": "", "path": "/production/x"}


@pytest.mark.parametrize("source", ["api-gateway-v2", "api-gateway-v1", "alb"])
def test_a_host_of_ipv6_does_not_crash(source):
    event = http_event("GET", "/", headers={"Host": "[::1]:8080"}, source=source)

    assert scope_of(event, "server") == {"server": ["::1", 8080]}


@pytest.mark.parametrize("source", ["api-gateway-v2", "api-gateway-v1"])
def test_the_port_of_https_is_443_and_not_80(source):
    event = http_event("GET", "/", source=source)
    for name in ("headers", "multiValueHeaders"):
        event.get(name, {}).pop("x-forwarded-port", None)

    assert scope_of(event, "server")["server"][1] == 443


def test_a_body_that_is_not_base64_is_the_clients_mistake():
    event = http_event("POST", "/", body=b"x") | {"body": "this is no base64"}

    assert call(echo("path"), event)["statusCode"] == 400


# Of responses


def answer(**response):
    async def app(scope, receive, send):
        await send_all(send, **response)

    return call(app)


def test_a_response_header_of_latin_1_does_not_crash():
    assert answer(headers=[(b"x-name", "Grüße".encode("latin-1"))])["headers"]["x-name"] == "Grüße"


@pytest.mark.parametrize(
    "content_type", ["application/problem+json", "application/ld+json", "image/svg+xml", "application/atom+xml"]
)
def test_what_is_text_is_not_sent_as_base64(content_type):
    assert answer(headers=[(b"content-type", content_type.encode())], body=b"{}")["isBase64Encoded"] is False


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_gets_no_content_type(status):
    assert answer(status=status)["headers"] == {}


def test_five_megabytes_of_bytes_which_are_more_as_base64_are_refused_with_a_line_that_says_so(caplog):
    response = answer(headers=[(b"content-type", b"application/octet-stream")], body=bytes(5_000_000))

    assert response["statusCode"] == 500
    assert "6666" in caplog.text  # as base64, and what stands around it
    assert "6291556 at most" in caplog.text
    assert "presigned URL of S3" in caplog.text


@pytest.mark.parametrize(("source", "can_stream"), [("function-url", True), ("alb", False), ("vpc-lattice-v2", False)])
def test_a_response_that_is_too_large_is_told_to_stream_only_where_that_can_be(caplog, source, can_stream):
    async def app(scope, receive, send):
        await send_all(send, headers=[(b"content-type", b"text/plain")], body=b"x" * 7_000_000)

    assert call(app, http_event("GET", "/", source=source))["statusCode"] == 500
    assert ("streaming=True" in caplog.text) is can_stream


def test_a_load_balancer_takes_one_megabyte(caplog):
    async def app(scope, receive, send):
        await send_all(send, headers=[(b"content-type", b"text/plain")], body=b"x" * 1_100_000)

    assert call(app, http_event("GET", "/", source="alb"))["statusCode"] == 500
    assert call(app, http_event("GET", "/", source="vpc-lattice-v1"))["statusCode"] == 200
    assert "1048576 at most" in caplog.text


@pytest.mark.parametrize("source", ["api-gateway-v2", "api-gateway-v1", "alb"])
def test_a_middleware_may_take_headers_away_with_every_source(source):  # exclude_headers does not on payload 2.0
    async def app(scope, receive, send):
        await send_all(send, headers=[(b"x-kept", b"1"), (b"x-internal", b"2")])

    async def without(scope, receive, send):
        async def send_less(message):
            if message["type"] == "http.response.start":
                message["headers"] = [pair for pair in message["headers"] if pair[0] != b"x-internal"]
            await send(message)

        await app(scope, receive, send_less)

    assert call(without, http_event("GET", "/", source=source))["headers"] == {"x-kept": "1"}


def test_an_error_of_the_application_can_reach_the_metric_errors():  # Mangum #285
    async def app(scope, receive, send):
        raise LookupError("gone")

    assert call(app)["statusCode"] == 500
    with pytest.raises(LookupError, match="gone"):
        call(app, raise_errors=True)
    with pytest.raises(Exception, match=r"gone|500"):
        call(app, fail_on={500})
