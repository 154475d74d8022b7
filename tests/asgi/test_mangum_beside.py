"""Mangum beside Meantime in one process: on the one loop, with the same application, and after a loop was given up."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

import meantime
from meantime.testing import LambdaContext, http_event

if TYPE_CHECKING:
    from collections.abc import Callable

    import fastapi

    from meantime.environment import Environment
else:
    fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed here")

mangum = pytest.importorskip("mangum", reason="Mangum is not installed here")


@pytest.fixture
def one_loop(environment: Environment) -> Callable[[], Any]:
    """Makes the environment's loop the thread's own, as it is in Lambda, and tells which it is."""

    @meantime.handler
    async def loop(event: Any, context: Any) -> Any:
        return asyncio.get_running_loop()

    loop({}, LambdaContext())
    return lambda: loop({}, LambdaContext())


@pytest.fixture
def application() -> Any:
    """An application that tells which loop it runs on, and counts what its lifespan does."""
    happened: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any):
        happened.append("startup")
        yield {"happened": happened}
        happened.append("shutdown")

    app = fastapi.FastAPI(lifespan=lifespan)
    app.state.happened = happened
    app.state.loops = set()

    @app.get("/async")
    async def on_the_loop():
        app.state.loops.add(asyncio.get_running_loop())
        return {"status": "ok"}

    @app.get("/def")
    def on_a_thread():
        return {"status": "ok"}

    return app


def served(answer: Any) -> tuple[int, str]:
    return answer["statusCode"], answer["body"]


OK = (200, '{"status":"ok"}')


@pytest.mark.parametrize("path", ["/async", "/def"])
def test_mangum_and_a_handler_are_called_in_turn_on_one_loop(one_loop, application, path):
    by_mangum = mangum.Mangum(application)

    answers, loops = [], set()
    for _ in range(50):
        answers.append(served(by_mangum(http_event("GET", path), LambdaContext())))
        loops.add(one_loop())

    assert answers == [OK] * 50
    assert len(loops) == 1
    assert application.state.loops <= loops


@pytest.mark.parametrize("path", ["/async", "/def"])
def test_mangum_and_the_adapter_serve_one_application_in_turn_on_one_loop(one_loop, application, path):
    by_mangum, by_us = mangum.Mangum(application), meantime.ASGIAdapter(application)

    answers = []
    for _ in range(50):
        answers.append(served(by_us(http_event("GET", path), LambdaContext())))
        answers.append(served(by_mangum(http_event("GET", path), LambdaContext())))

    assert answers == [OK] * 100
    assert application.state.loops <= {one_loop()}


def test_the_adapter_starts_an_application_once_and_mangum_for_each_request(one_loop, application):
    by_mangum, by_us = mangum.Mangum(application), meantime.ASGIAdapter(application)

    for _ in range(10):
        by_us(http_event("GET", "/async"), LambdaContext())
    once = list(application.state.happened)
    for _ in range(10):
        by_mangum(http_event("GET", "/async"), LambdaContext())

    assert once == ["startup"]
    assert application.state.happened[1:] == ["startup", "shutdown"] * 10


@pytest.mark.blocks_the_loop
def test_mangum_finds_a_loop_after_meantime_has_given_its_own_up(environment, one_loop, application):
    by_mangum = mangum.Mangum(application)

    @meantime.handler(reserve=0.5)
    async def blocks(event, context):
        time.sleep(60)  # noqa: ASYNC251  # it is to block

    with pytest.raises(meantime.DeadlineExceeded):
        blocks({}, LambdaContext(timeout=1))
    answer = by_mangum(http_event("GET", "/async"), LambdaContext())

    assert environment.statistics().loops_retired == 1
    assert served(answer) == OK


def test_a_client_of_the_handlers_loop_serves_mangums_application_too(one_loop, application):
    @meantime.warm
    async def bound_to_its_loop():
        yield asyncio.Lock()

    @meantime.handler
    async def handler(event, context):
        async with await bound_to_its_loop():
            await asyncio.sleep(0)

    @application.get("/locked")
    async def locked():
        lock = await bound_to_its_loop()
        waiting = asyncio.create_task(lock.acquire())  # a lock is bound to a loop by its first waiter
        async with lock:
            await asyncio.sleep(0)
        await waiting
        lock.release()
        return {"status": "ok"}

    by_mangum = mangum.Mangum(application)
    answers = []
    for _ in range(3):
        handler({}, LambdaContext())
        answers.append(served(by_mangum(http_event("GET", "/locked"), LambdaContext())))

    assert answers == [OK] * 3


def test_a_task_that_mangums_request_left_is_ended_and_told_by_the_next_invocation(one_loop, application, caplog):
    async def left_behind() -> None:
        await asyncio.sleep(3600)

    @application.get("/leaves")
    async def leaves():
        application.left = asyncio.create_task(left_behind())
        return {"status": "ok"}

    by_mangum = mangum.Mangum(application)
    by_mangum(http_event("GET", "/leaves"), LambdaContext())
    with caplog.at_level(logging.WARNING, "meantime"):
        one_loop()

    assert application.left.cancelled()
    assert "left_behind" in caplog.text


@pytest.fixture
def ordinary() -> Any:
    """An application that does what most do."""
    app = fastapi.FastAPI()

    @app.get("/items/{number}")
    async def item(number: int, tags: list[str] = fastapi.Query([])):  # noqa: B008  # as FastAPI wants it
        return {"number": number, "tags": tags}

    @app.post("/items", status_code=201)
    async def add(body: dict[str, Any], response: fastapi.Response):
        response.set_cookie("last", "1")
        response.set_cookie("seen", "2")
        return body

    @app.get("/elsewhere")
    async def elsewhere():
        return fastapi.responses.RedirectResponse("/items/1")

    @app.get("/image")
    async def image():
        return fastapi.Response(b"\x89PNG\r\n", media_type="image/png")

    @app.get("/page")
    async def page(request: fastapi.Request):
        name = request.cookies.get("name", "nobody")
        return fastapi.responses.HTMLResponse(f"<p>{name} at {request.url}, from {request.client.host}</p>")

    @app.get("/fails")
    async def fails():
        raise ValueError

    @app.get("/event")
    async def event(request: fastapi.Request):
        scope = request.scope
        return [scope["aws.event"]["routeKey"], scope["aws.context"].function_name]

    return app


@pytest.mark.parametrize(
    "event",
    [
        http_event("GET", "/items/7?tags=a&tags=b%20c"),
        http_event("GET", "/items/seven"),
        http_event("GET", "/nothing"),
        http_event("DELETE", "/items/7"),
        http_event("POST", "/items", body={"name": "Zoë"}),
        http_event("POST", "/items", body="{", headers={"content-type": "application/json"}),
        http_event("GET", "/elsewhere"),
        http_event("GET", "/image"),
        http_event("GET", "/page?a=1", headers={"cookie": "name=Ada; other=1"}),
        http_event("GET", "/fails"),
        http_event("GET", "/event"),
        http_event("GET", "/openapi.json"),
    ],
    ids=lambda event: f"{event['requestContext']['http']['method']} {event['rawPath']}",
)
def test_an_ordinary_application_answers_the_same_through_both(one_loop, ordinary, event):
    by_mangum = mangum.Mangum(ordinary)(event, LambdaContext())
    by_us = meantime.ASGIAdapter(ordinary)(event, LambdaContext())

    if "content-type" not in by_us["headers"]:
        del by_mangum["headers"]["content-type"]  # it has made one up
    assert by_us == by_mangum
