"""What an adapter does when the invocation's time is over: the client hears of it, and the environment lives on."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time

import pytest

import meantime
from meantime import DeadlineExceeded, tasks
from meantime.testing import LambdaContext, http_event

START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b"well"}


@pytest.fixture
def slow(clock):
    """An application that is slow where it is asked to be, and how."""

    async def asks_the_database():
        await clock.sleep_async(60)

    async def app(scope, receive, send):
        path = scope["path"]
        if path == "/raises":
            try:
                await asks_the_database()
            except asyncio.CancelledError:
                raise LookupError("connection lost") from None
        if path == "/answers":
            try:
                await asks_the_database()
            except asyncio.CancelledError:
                await send({**START, "status": 503})
                await send(END)
                return
        if path == "/half":
            await send(START)
            await send({**END, "more_body": True})
        if path == "/background":
            await send(START)
            await send(END)
        if path != "/fast":
            await asks_the_database()
        await send(START)
        await send(END)

    return app


def test_the_client_gets_504_and_the_log_names_what_was_waiting(serve, slow, caplog, environment):
    with caplog.at_level(logging.WARNING, "meantime"):
        answer = serve(slow, "GET", "/slow", timeout=5, reserve=1)

    assert answer["statusCode"] == 504
    assert json.loads(answer["body"]) == {"message": "Gateway Timeout"}
    assert answer["headers"]["content-type"] == "application/json"
    (record,) = caplog.records
    assert record.getMessage().startswith("GET /slow: the client gets 504. The deadline of the invocation passed")
    assert "slow.app" in record.getMessage()
    assert environment.statistics().deadlines_exceeded == 1


@pytest.mark.parametrize("path", ["/slow", "/half", "/raises"])
@pytest.mark.parametrize("source", ["api-gateway-v2", "api-gateway-v1", "alb", "function-url"])
def test_it_comes_in_the_form_of_the_events_source_whatever_the_application_makes_of_its_end(serve, slow, path, source):
    answer = serve(slow, "GET", path, timeout=5, deadline_status=503, source=source)

    assert answer["statusCode"] == 503
    assert json.loads(answer["body"]) == {"message": "Service Unavailable"}


def test_the_application_is_cancelled_and_the_next_request_is_answered_on_the_same_loop(slow, environment):
    adapter = meantime.ASGIAdapter(slow, lifespan="off")

    statuses = [
        adapter(http_event("GET", path), LambdaContext(timeout=5))["statusCode"] for path in ("/slow", "/fast", "/slow")
    ]

    assert statuses == [504, 200, 504]
    assert environment.statistics().loops_made == 1


def test_a_response_of_the_applications_own_at_its_cancellation_is_kept(serve, slow):
    assert serve(slow, "GET", "/answers", timeout=5)["statusCode"] == 503


def test_a_complete_response_is_answered_and_what_was_cut_off_is_logged(serve, slow, caplog):
    """As of a background task that takes too long."""
    with caplog.at_level(logging.WARNING, "meantime"):
        answer = serve(slow, "GET", "/background", timeout=5)

    assert (answer["statusCode"], answer["body"]) == (200, "well")
    (record,) = caplog.records
    assert "the response was complete, and what the application went on to do was cut off" in record.getMessage()
    assert "slow.app" in record.getMessage()


def test_where_fail_on_names_the_status_the_invocation_fails_with_what_was_waiting(serve, slow, caplog):
    with pytest.raises(DeadlineExceeded, match=r"^GET /slow: .*slow\.app"), caplog.at_level(logging.ERROR, "meantime"):
        serve(slow, "GET", "/slow", timeout=5, fail_on={504})

    assert caplog.records == []


def test_a_complete_response_that_fail_on_names_fails_the_invocation_at_the_deadline_with_both_reasons(
    serve, slow, caplog
):
    both = r"^GET /background: the response is 200, which fail_on names\. The deadline .*slow\.app"
    with pytest.raises(DeadlineExceeded, match=both), caplog.at_level(logging.ERROR, "meantime"):
        serve(slow, "GET", "/background", timeout=5, fail_on={200})

    assert caplog.records == []


def test_a_verb_that_meets_the_deadline_is_a_504_and_no_500(clock, caplog):
    """Though a framework has answered 500 for the error, which it does not know."""
    starlette = pytest.importorskip("starlette.applications")
    from starlette.routing import Route  # noqa: PLC0415  # it may not be installed

    async def fetch(url):
        await clock.sleep_async(60)

    async def route(request):
        return await tasks.map(fetch, ["a", "b"])

    adapter = meantime.ASGIAdapter(starlette.Starlette(routes=[Route("/", route)]))
    with caplog.at_level(logging.ERROR, "meantime"):
        answer = adapter(http_event("GET", "/"), LambdaContext(timeout=5))

    assert answer["statusCode"] == 504
    assert "fetch('a')" in caplog.text


def test_a_background_task_of_starlette_holds_the_response_and_is_finished(clock):
    starlette = pytest.importorskip("starlette.applications")
    from starlette.background import BackgroundTask  # noqa: PLC0415  # it may not be installed
    from starlette.responses import PlainTextResponse  # noqa: PLC0415  # likewise
    from starlette.routing import Route  # noqa: PLC0415  # likewise

    done = []

    async def after():
        await clock.sleep_async(2)
        done.append("after")

    async def route(request):
        return PlainTextResponse("well", background=BackgroundTask(after))

    adapter = meantime.ASGIAdapter(starlette.Starlette(routes=[Route("/", route)]))
    answer = adapter(http_event("GET", "/"), LambdaContext(timeout=5))

    assert (answer["body"], done) == ("well", ["after"])


@pytest.mark.blocks_the_loop
def test_code_that_blocks_the_loop_is_interrupted_and_the_environment_lives_on(caplog):
    async def app(scope, receive, send):
        if scope["path"] == "/blocks":
            time.sleep(60)  # noqa: ASYNC251  # it blocks the loop on purpose
        await send(START)
        await send(END)

    adapter = meantime.ASGIAdapter(app, lifespan="off", reserve=0.4)
    with caplog.at_level(logging.WARNING, "meantime"):
        blocked = adapter(http_event("GET", "/blocks"), LambdaContext(timeout=0.8))
    after = adapter(http_event("GET", "/"), LambdaContext())
    gc.collect()  # what was given up ends here, and not within some other test

    assert (blocked["statusCode"], after["statusCode"]) == (504, 200)
    assert "blocking code on the event loop" in caplog.text
    assert "loop is given up, since what ran on it had to be cut off; it is number 1 in this environment" in caplog.text


@pytest.fixture
def routes(clock):
    """Routes of Starlette that wait in different ways, behind a middleware of the application's own."""
    applications = pytest.importorskip("starlette.applications")
    from starlette.middleware.base import BaseHTTPMiddleware  # noqa: PLC0415  # it may not be installed
    from starlette.responses import StreamingResponse  # noqa: PLC0415  # likewise
    from starlette.routing import Route  # noqa: PLC0415  # likewise

    async def query():
        await clock.sleep_async(60)

    async def awaits(request):
        await query()

    def blocks(request):
        clock.sleep(60)

    async def streams(request):
        async def rows():
            yield "first"
            await query()

        return StreamingResponse(rows())

    async def middleware(request, call_next):
        return await call_next(request)

    app = applications.Starlette(routes=[Route(f"/{each.__name__}", each) for each in (awaits, blocks, streams)])
    behind = applications.Starlette(routes=app.routes)
    behind.add_middleware(BaseHTTPMiddleware, dispatch=middleware)
    return {"alone": app, "behind a middleware": behind}


@pytest.mark.parametrize("application", ["alone", "behind a middleware"])
@pytest.mark.parametrize(
    ("path", "innermost"),
    [("/awaits", "routes.query"), ("/streams", "routes.query"), ("/blocks", "routes.blocks on a thread")],
)
def test_the_log_names_the_applications_own_code_within_the_frameworks(routes, caplog, application, path, innermost):
    adapter = meantime.ASGIAdapter(routes[application], lifespan="off")

    with caplog.at_level(logging.ERROR, "meantime"):
        adapter(http_event("GET", path), LambdaContext(timeout=5))

    (record,) = (each for each in caplog.records if each.levelno == logging.ERROR)
    assert f"{innermost}, at {__file__}:" in record.getMessage()
