"""The adapter as a handler: what it takes, what it is, and how it stands beside the other handlers."""

from __future__ import annotations

import asyncio
import copy
import functools
import json
import pickle
import time

import pytest

import meantime
from meantime.testing import LambdaContext, http_event


def test_a_request_is_answered(serve, answering):
    answer = serve(answering(b"well", 201, [(b"content-type", b"text/plain")]))

    assert (answer["statusCode"], answer["headers"]["content-type"], answer["body"]) == (201, "text/plain", "well")


def test_the_scope_has_the_event_and_the_context_and_a_state_of_its_own(answering):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        scope["state"]["mine"] = len(scopes)
        await answering()(scope, receive, send)

    adapter = meantime.ASGIAdapter(app, lifespan="off")
    event, context = http_event("GET", "/"), LambdaContext()
    adapter(event, context)
    adapter(event, context)

    assert scopes[0]["aws.event"] is event
    assert scopes[0]["aws.context"] is context
    assert [scope["state"] for scope in scopes] == [{"mine": 1}, {"mine": 2}]
    assert scopes[0]["asgi"] == {"version": "3.0", "spec_version": "2.5"}


def test_all_requests_run_on_the_one_loop_of_the_environment(answering, environment):
    loops = set()

    async def app(scope, receive, send):
        loops.add(asyncio.get_running_loop())
        await answering()(scope, receive, send)

    @meantime.handler
    async def beside(event, context):
        loops.add(asyncio.get_running_loop())

    adapter = meantime.ASGIAdapter(app)
    for _ in range(3):
        adapter(http_event("GET", "/"), LambdaContext())
        beside({}, LambdaContext())

    assert len(loops) == 1
    assert environment.statistics().invocations == 6


def test_the_deadline_of_the_invocation_holds_in_the_application(serve, answering):
    seen = []

    async def app(scope, receive, send):
        seen.append(meantime.current_deadline().remaining())
        await answering()(scope, receive, send)

    serve(app, timeout=10, reserve=2)

    assert 7 < seen[0] <= 8


def test_a_task_left_by_one_request_never_runs_in_the_next(answering, caplog):
    ran, left = [], []

    async def late():
        await asyncio.sleep(0.001)
        ran.append("late")

    async def app(scope, receive, send):
        if scope["path"] == "/leaves":
            left.append(asyncio.create_task(late()))
        else:
            await asyncio.sleep(0.01)
        await answering()(scope, receive, send)

    adapter = meantime.ASGIAdapter(app, lifespan="off")
    adapter(http_event("GET", "/leaves"), LambdaContext())
    adapter(http_event("GET", "/"), LambdaContext())

    assert ran == []
    assert left[0].cancelled()
    assert "late" in caplog.text


def test_a_task_left_by_a_request_is_finished_where_leftovers_says_so(serve, answering):
    ran, left = [], []

    async def late():
        await asyncio.sleep(0.001)
        ran.append("late")

    async def app(scope, receive, send):
        left.append(asyncio.create_task(late()))
        await answering()(scope, receive, send)

    serve(app, leftovers="wait")

    assert ran == ["late"]


def test_main_can_be_awaited_where_a_loop_runs_and_calling_there_says_so(answering):
    adapter = meantime.ASGIAdapter(answering())

    async def test():
        with pytest.raises(meantime.LoopRunning, match=r"^ASGIAdapter was .*`await handler\.main\(event, context\)`"):
            adapter(http_event("GET", "/"), LambdaContext())
        return await adapter.main(http_event("GET", "/"), LambdaContext())

    assert asyncio.run(test())["statusCode"] == 200


def test_it_can_be_wrapped_as_a_function_with_what_asks_for_its_name(answering):
    adapter = meantime.ASGIAdapter(answering())

    @functools.wraps(adapter)
    def traced(event, context):
        return adapter(event, context)

    assert adapter.__name__ == traced.__name__ == "ASGIAdapter"
    assert traced(http_event("GET", "/"), LambdaContext())["statusCode"] == 200


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_would_copy_it_is_told_that_it_stays_in_its_process(answering, copied):
    with pytest.raises(TypeError, match=r"an ASGIAdapter cannot be copied or pickled: .* make another"):
        copied(meantime.ASGIAdapter(answering()))


@pytest.mark.parametrize("fails", [False, True])
def test_what_an_application_does_to_its_scope_is_its_own_affair(serve, answering, fails, caplog):
    async def app(scope, receive, send):
        inner = dict(scope)
        scope.clear()
        if fails:
            raise LookupError("no such row")
        await answering()(inner, receive, send)

    answer = serve(app, "POST", "/orders", fail_on={404})

    assert answer["statusCode"] == (500 if fails else 200)
    assert ("POST /orders: the application raised" in caplog.text) == fails


def test_many_requests_at_once_on_one_loop_do_not_meet(answering):
    async def app(scope, receive, send):
        await asyncio.sleep(0)
        body = (await receive())["body"]
        await asyncio.sleep(0)
        await answering(body)(scope, receive, send)

    adapter = meantime.ASGIAdapter(app)

    async def test():
        calls = (adapter.main(http_event("POST", "/", body=str(n)), LambdaContext()) for n in range(32))
        return await asyncio.gather(*calls)

    assert [answer["body"] for answer in asyncio.run(test())] == [str(n) for n in range(32)]


def test_an_asyncio_run_between_two_requests_does_no_harm(answering):
    """After one, Mangum finds no loop any more."""
    adapter = meantime.ASGIAdapter(answering())
    adapter(http_event("GET", "/"), LambdaContext())
    asyncio.run(asyncio.sleep(0))

    assert adapter(http_event("GET", "/"), LambdaContext())["statusCode"] == 200


def test_a_partial_and_a_plain_function_that_gives_a_coroutine_are_applications(serve, answering):
    async def app(greeting, scope, receive, send):
        await answering(greeting)(scope, receive, send)

    assert serve(functools.partial(app, b"hello"))["body"] == "hello"
    assert serve(lambda scope, receive, send: app(b"hi", scope, receive, send))["body"] == "hi"


def test_each_request_is_an_invocation_in_the_metrics(serve, answering, capsys):
    serve(answering(), metrics="Shop")

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop"


@pytest.mark.blocks_the_loop
def test_what_blocks_the_loop_is_named(serve, answering, caplog):
    async def app(scope, receive, send):
        time.sleep(0.3)  # noqa: ASYNC251  # it blocks the loop on purpose
        await answering()(scope, receive, send)

    serve(app, blocked_after=0.05)

    assert "The event loop was blocked" in caplog.text
    assert "test_adapter.py" in caplog.text


def test_left_work_fails_the_invocation_where_leftovers_says_so(serve, answering):
    async def app(scope, receive, send):
        left.append(asyncio.create_task(asyncio.sleep(60)))
        await answering()(scope, receive, send)

    left = []
    with pytest.raises(meantime.WorkLeftOver) as caught:
        serve(app, leftovers="fail")

    assert isinstance(caught.value.answer, dict)
    assert caught.value.answer["statusCode"] == 200


class Flask:
    def __call__(self, environ, start_response): ...


class FastAPI:
    def __init__(self):
        pass

    async def __call__(self, scope, receive, send): ...


async def lambda_handler(event, context): ...


async def of_four(scope, receive, send, more): ...


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (None, "got None"),
        ("app.main:app", "got 'app.main:app'"),
        (FastAPI, r"FastAPI is a class: give it an instance, as ASGIAdapter\(FastAPI\(\)\)"),
        (Flask(), "Flask takes two arguments, as a WSGI application does.*a2wsgi"),
        (lambda_handler, "lambda_handler is a Lambda handler already"),
        (of_four, "of_four is not one"),
    ],
)
def test_what_is_no_asgi_application_is_refused_with_what_to_do(app, words):
    with pytest.raises(TypeError, match=words):
        meantime.ASGIAdapter(app)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"lifespan": "maybe"}, ValueError, '"auto", "on" or "off"'),
        ({"base_path": "orders"}, ValueError, "begin with a slash"),
        ({"base_path": None}, TypeError, "base_path must be a text"),
        ({"deadline_status": 200}, ValueError, "from 400 to 599"),
        ({"deadline_status": "504"}, TypeError, "deadline_status takes HTTP statuses"),
        ({"fail_on": 502}, TypeError, "fail_on must be a set"),
        ({"fail_on": {"502"}}, TypeError, "fail_on takes HTTP statuses"),
        ({"fail_on": {5}}, ValueError, "from 100 to 599"),
        ({"streaming": "yes"}, TypeError, "streaming must be True or False"),
        ({"raise_errors": 1}, TypeError, "raise_errors must be True or False"),
        ({"reserve": -1}, ValueError, "reserve"),
        ({"leftovers": "drop"}, ValueError, "leftovers"),
        ({"other": 5}, TypeError, "handler takes a function"),
    ],
)
def test_a_wrong_option_is_refused_before_any_request(answering, options, error, words):
    with pytest.raises(error, match=words):
        meantime.ASGIAdapter(answering(), **options)


def test_the_base_path_becomes_the_root_path_with_or_without_a_slash_at_its_end(answering):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope["root_path"])
        await answering()(scope, receive, send)

    for base_path in ("/orders", "/orders/"):
        meantime.ASGIAdapter(app, base_path=base_path)(http_event("GET", "/orders/5"), LambdaContext())

    assert scopes == ["/orders", "/orders"]


def test_importing_meantime_loads_nothing_of_it(run_python):
    run_python(
        """
        import sys
        import meantime, meantime.asgi
        assert not [name for name in sys.modules if name.startswith("meantime.asgi.")]
        meantime.ASGIAdapter
        unused = {"json", "http", "dataclasses", "concurrent.futures.thread", "meantime.asgi.streaming"}
        assert not unused & set(sys.modules)
        """
    )
