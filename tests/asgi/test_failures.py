"""What becomes of an application's errors: the client's response, the log, and Lambda's count of failures."""

from __future__ import annotations

import asyncio
import logging

import pytest

import meantime
from meantime import InvocationCancelled, ResponseFailed
from meantime.testing import LambdaContext, http_event

START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b"well"}


async def broken(scope, receive, send):
    raise LookupError("no such row")


async def broken_afterwards(scope, receive, send):
    await send(START)
    await send(END)
    raise LookupError("no such row")


async def broken_half_way(scope, receive, send):
    await send(START)
    await send({**END, "more_body": True})
    raise LookupError("no such row")


@pytest.mark.parametrize("app", [broken, broken_half_way])
def test_an_exception_is_a_500_and_its_traceback_is_logged_once(serve, caplog, app):
    with caplog.at_level(logging.DEBUG, "meantime"):
        answer = serve(app, "GET", "/rows/7")

    assert (answer["statusCode"], answer["body"]) == (500, "Internal Server Error")
    (record,) = caplog.records
    assert record.exc_info[0] is LookupError
    assert record.getMessage().startswith("GET /rows/7: the application raised LookupError('no such row')")


def test_an_exception_that_cannot_even_be_shown_is_a_500_too(serve, caplog):
    class Unspeakable(Exception):
        def __repr__(self):
            raise AttributeError("not loaded")

        __str__ = __repr__

    async def app(scope, receive, send):
        raise Unspeakable

    assert serve(app)["statusCode"] == 500
    assert "the application raised <Unspeakable> without a response" in caplog.records[0].getMessage()


def test_a_response_that_was_complete_is_kept_and_the_exception_that_came_after_it_is_logged(serve, caplog):
    with caplog.at_level(logging.ERROR, "meantime"):
        answer = serve(broken_afterwards)

    assert (answer["statusCode"], answer["body"]) == (200, "well")
    assert "after its response was complete; the client gets 200" in caplog.records[0].getMessage()


def test_the_500_of_a_framework_that_raises_again_is_sent_and_the_exception_is_logged(serve, caplog):
    """As Starlette's ServerErrorMiddleware does."""
    starlette = pytest.importorskip("starlette.applications")
    from starlette.responses import PlainTextResponse  # noqa: PLC0415  # it may not be installed
    from starlette.routing import Route  # noqa: PLC0415  # likewise

    async def route(request):
        raise LookupError("no such row")

    async def page(request, error):
        return PlainTextResponse("our own page", 500)

    app = starlette.Starlette(routes=[Route("/", route)], exception_handlers={500: page})
    with caplog.at_level(logging.ERROR, "meantime"):
        answer = serve(app)

    assert (answer["statusCode"], answer["body"]) == (500, "our own page")
    (record,) = caplog.records
    assert record.getMessage() == "GET /: the application raised LookupError('no such row'); the client gets its 500"
    assert record.exc_info[0] is LookupError


@pytest.mark.parametrize("app", [broken, broken_half_way, broken_afterwards])
def test_raise_errors_lets_the_invocation_fail_with_the_error_itself_and_leaves_the_log_to_lambda(serve, caplog, app):
    with pytest.raises(LookupError, match="no such row"), caplog.at_level(logging.DEBUG, "meantime"):
        serve(app, raise_errors=True)

    assert caplog.records == []


def test_raise_errors_lets_an_application_without_a_response_fail_the_invocation(serve):
    async def app(scope, receive, send):
        return

    with pytest.raises(meantime.ASGIProtocolError, match="without a response"):
        serve(app, raise_errors=True)


def test_a_status_of_fail_on_fails_the_invocation_and_names_the_request(serve, answering):
    with pytest.raises(ResponseFailed, match="GET /up: the response is 502") as caught:
        serve(answering(status=502), "GET", "/up?x=1", fail_on={500, 502})

    assert (caught.value.status, caught.value.request) == (502, "GET /up")


def test_a_status_that_fail_on_does_not_name_is_an_answer(serve, answering):
    assert serve(answering(status=503), fail_on={500, 502})["statusCode"] == 503


def test_where_fail_on_names_500_an_exception_fails_the_invocation_itself(serve):
    with pytest.raises(LookupError):
        serve(broken, fail_on={500})


def test_a_body_that_is_no_base64_is_a_400_and_the_application_is_not_asked(serve, caplog):
    asked = []

    async def app(scope, receive, send):
        asked.append(scope)

    adapter = meantime.ASGIAdapter(app, lifespan="off")
    event = {**http_event("POST", "/rows", body=b"\x00"), "body": "%%%", "isBase64Encoded": True}
    with caplog.at_level(logging.WARNING, "meantime"):
        answer = adapter(event, LambdaContext())

    assert answer["statusCode"] == 400
    assert asked == []
    assert "POST /rows: the client gets 400" in caplog.records[0].getMessage()


def test_a_body_that_is_no_text_is_a_400(answering, caplog):
    adapter = meantime.ASGIAdapter(answering(), lifespan="off")

    with caplog.at_level(logging.WARNING, "meantime"):
        answer = adapter({**http_event("POST", "/rows"), "body": {"number": 7}}, LambdaContext())

    assert answer["statusCode"] == 400
    assert "the event's body is a dict, and no text" in caplog.records[0].getMessage()


@pytest.mark.parametrize("source", ["api-gateway-v2", "function-url", "api-gateway-v1", "alb", "vpc-lattice-v2"])
def test_a_line_of_the_log_is_never_ended_by_what_a_client_has_put_into_the_path(serve, caplog, source):
    with caplog.at_level(logging.ERROR, "meantime"):
        serve(broken, "GET", "/rows%0AERROR%20all%20is%20lost%0D%1B%5B2K%E2%80%A8?token=secret", source=source)

    line = caplog.records[0].getMessage()
    assert line.startswith("GET /rows\\nERROR all is lost\\r\\x1b[2K\\u2028: the application raised LookupError")
    assert "secret" not in line


def test_a_response_that_lambda_would_refuse_is_a_500_with_a_log_line_that_says_what_to_do(serve, answering, caplog):
    with caplog.at_level(logging.ERROR, "meantime"):
        answer = serve(answering(bytes(5_000_000), headers=[(b"content-type", b"image/png")]), "GET", "/big")

    assert (answer["statusCode"], answer["body"]) == (500, '{"message": "The response is too large"}')
    assert "GET /big: the response is 66667" in caplog.records[0].getMessage()
    assert "presigned URL" in caplog.records[0].getMessage()


def test_the_exit_of_the_application_ends_the_process_as_with_a_handler(serve):
    async def app(scope, receive, send):
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        serve(app)


def test_a_keyboard_interrupt_is_no_500(serve):
    async def app(scope, receive, send):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(app)


def test_a_cancellation_from_nowhere_is_no_500(serve):
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(InvocationCancelled):
        serve(app)


def test_after_each_failure_the_next_request_is_answered(answering):
    failures = [broken, broken_half_way, broken_afterwards]
    well = answering()

    async def app(scope, receive, send):
        await (failures.pop() if failures else well)(scope, receive, send)

    adapter = meantime.ASGIAdapter(app, lifespan="off")
    statuses = [adapter(http_event("GET", "/"), LambdaContext())["statusCode"] for _ in range(4)]

    assert statuses == [200, 500, 500, 200]
