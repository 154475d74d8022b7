"""The application's lifespan, by the ASGI specification (lifespan 2.0): once for each loop, and once in Lambda."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import subprocess
import sys
import textwrap
import traceback
from pathlib import Path

import pytest

import meantime
from meantime import LifespanFailed, LoopRunning
from meantime.asgi import lifespan as lifespan_module
from meantime.testing import LambdaContext, http_event

EVENT = http_event("GET", "/")


class Recording:
    """An application that tells what happened to it, and on which loop."""

    def __init__(self, *, fail=None, raises=None, answer=True, on_startup=None):
        self.happened = []
        self.states = []
        self.fail = fail
        self.raises = raises
        self.answer = answer
        self.on_startup = on_startup

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.happened.append("request")
            self.states.append(scope["state"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"well"})
            return
        assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
        assert await receive() == {"type": "lifespan.startup"}
        self.happened.append("startup")
        task = asyncio.current_task()
        if self.on_startup is not None:
            await self.on_startup()
        if self.raises is not None:
            raise self.raises
        if not self.answer:
            return
        if self.fail is not None:
            await send({"type": "lifespan.startup.failed", "message": self.fail})
            return
        scope["state"]["client"] = self
        await send({"type": "lifespan.startup.complete"})
        assert await receive() == {"type": "lifespan.shutdown"}
        assert asyncio.current_task() is task
        self.happened.append("shutdown")
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture
def in_lambda(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setattr(lifespan_module, "_age_of_process", lambda: 0.0)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_startup_comes_once_over_a_hundred_requests_and_shutdown_with_the_environments_end(environment):
    app = Recording()
    adapter = meantime.ASGIAdapter(app)

    for _ in range(100):
        adapter(EVENT, LambdaContext())
    environment.close()

    assert app.happened == ["startup", *["request"] * 100, "shutdown"]


def test_in_lambda_the_startup_is_part_of_the_initialisation(in_lambda):
    app = Recording()

    meantime.ASGIAdapter(app)

    assert app.happened == ["startup"]


def test_elsewhere_it_comes_with_the_first_request():
    app = Recording()
    adapter = meantime.ASGIAdapter(app)
    assert app.happened == []

    adapter(EVENT, LambdaContext())

    assert app.happened == ["startup", "request"]


def test_imported_where_a_loop_runs_already_nothing_is_started(in_lambda):
    app = Recording()

    async def uvicorn_imports():
        meantime.ASGIAdapter(app)

    asyncio.run(uvicorn_imports())

    assert app.happened == []


def test_a_retired_loop_takes_the_lifespan_with_it_and_the_next_request_starts_it_on_the_new_one(environment):
    app = Recording()
    adapter = meantime.ASGIAdapter(app)

    adapter(EVENT, LambdaContext())
    environment.kept_loop.retire(2.0)
    adapter(EVENT, LambdaContext())

    assert app.happened == ["startup", "request", "shutdown", "startup", "request"]


def test_a_loop_that_was_given_up_has_no_shutdown_and_the_next_one_has_a_startup(environment):
    app = Recording()
    adapter = meantime.ASGIAdapter(app)

    adapter(EVENT, LambdaContext())
    environment.kept_loop.abandon()
    adapter(EVENT, LambdaContext())
    gc.collect()  # what was given up ends here, and not within some other test

    assert app.happened == ["startup", "request", "startup", "request"]


def test_over_a_snapshot_it_is_shut_down_and_started_again_after_the_restore(in_lambda):
    from meantime.resources.restoring import close_before_snapshot, discard_after_restore  # noqa: PLC0415

    app = Recording()
    adapter = meantime.ASGIAdapter(app)
    close_before_snapshot()
    discard_after_restore()
    adapter(EVENT, LambdaContext())

    assert app.happened == ["startup", "shutdown", "startup", "request"]


def test_each_request_has_a_shallow_copy_of_the_state():
    app = Recording()
    adapter = meantime.ASGIAdapter(app)

    for _ in range(2):
        adapter(EVENT, LambdaContext())
        app.states[-1]["mine"] = 1

    assert app.states == [{"client": app, "mine": 1}, {"client": app, "mine": 1}]
    assert app.states[0] is not app.states[1]


def test_off_does_not_ask_the_application():
    app = Recording()

    meantime.ASGIAdapter(app, lifespan="off")(EVENT, LambdaContext())

    assert app.happened == ["request"]
    assert app.states == [{}]


@pytest.mark.parametrize("app", [Recording(raises=LookupError("no lifespan here")), Recording(answer=False)])
def test_auto_takes_an_application_that_raises_or_returns_for_one_without_a_lifespan(app, environment):
    adapter = meantime.ASGIAdapter(app)

    for _ in range(2):
        assert adapter(EVENT, LambdaContext())["statusCode"] == 200
    environment.close()

    assert app.happened == ["startup", "request", "request"]


def test_auto_logs_what_an_application_raises_that_has_asked_for_its_startup(caplog):
    with caplog.at_level(logging.WARNING, "meantime"):
        meantime.ASGIAdapter(Recording(raises=LookupError("no database")))(EVENT, LambdaContext())

    (record,) = caplog.records
    assert "Recording raised LookupError('no database') at its startup" in record.getMessage()


def test_auto_says_nothing_of_one_that_does_not_know_the_scope(answering, caplog):
    with caplog.at_level(logging.DEBUG, "meantime"):
        meantime.ASGIAdapter(answering())(EVENT, LambdaContext())

    assert caplog.records == []


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (Recording(raises=LookupError("no database")), r"raised LookupError\('no database'\)"),
        (Recording(answer=False), "returned from its lifespan without an answer"),
    ],
)
def test_on_makes_that_a_failed_startup(in_lambda, app, words):
    with pytest.raises(LifespanFailed, match=words):
        meantime.ASGIAdapter(app, lifespan="on")


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_a_failed_startup_fails_the_initialisation_with_the_applications_message(in_lambda, mode, environment):
    with pytest.raises(LifespanFailed, match="The startup of Recording has failed: no database") as caught:
        meantime.ASGIAdapter(Recording(fail="no database"), lifespan=mode)

    assert caught.value.reason == "no database"
    assert environment.resources == []


def test_after_a_failed_startup_the_loop_is_as_good_as_new(in_lambda):
    async def pinger():
        await asyncio.sleep(3600)

    async def on_startup():
        tasks.append(asyncio.create_task(pinger()))

    tasks = []
    failing = Recording(fail="no database", on_startup=on_startup)
    with pytest.raises(LifespanFailed):
        meantime.ASGIAdapter(failing)
    adapter = meantime.ASGIAdapter(Recording())

    assert tasks[0].cancelled()
    assert adapter(EVENT, LambdaContext())["statusCode"] == 200


def test_a_startup_that_fails_with_the_first_request_fails_that_and_is_tried_again_with_the_next():
    app = Recording(fail="no database")
    adapter = meantime.ASGIAdapter(app)

    with pytest.raises(LifespanFailed, match="no database"):
        adapter(EVENT, LambdaContext())
    app.fail = None

    assert adapter(EVENT, LambdaContext())["statusCode"] == 200
    assert app.happened == ["startup", "startup", "request"]


def test_starlette_tells_why_its_lifespan_failed_and_then_where(in_lambda):
    starlette = pytest.importorskip("starlette.applications")
    from contextlib import asynccontextmanager  # noqa: PLC0415  # for this test

    @asynccontextmanager
    async def lifespan(app):
        if app is not None:
            raise LookupError("no database")
        yield

    with pytest.raises(LifespanFailed) as caught:
        meantime.ASGIAdapter(starlette.Starlette(lifespan=lifespan))

    first, _, rest = str(caught.value).partition("\n\n")
    assert first == "The startup of Starlette has failed: LookupError: no database"
    assert rest == caught.value.reason
    assert rest.startswith("Traceback (most recent call last):")
    assert isinstance(caught.value.__cause__, LookupError)


def test_the_traceback_of_a_failed_startup_has_nothing_of_meantimes_own_but_the_adapter(in_lambda, monkeypatch):
    with pytest.raises(LifespanFailed) as at_init:
        meantime.ASGIAdapter(Recording(fail="no database"))
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API")
    adapter = meantime.ASGIAdapter(Recording(fail="no database"))
    with pytest.raises(LifespanFailed) as at_request:
        adapter(EVENT, LambdaContext())

    for caught in (at_init, at_request):
        names = [Path(frame.filename).name for frame in traceback.extract_tb(caught.tb)]
        assert names == ["test_lifespan.py", "adapter.py"]


def test_a_traceback_alone_is_told_by_its_last_line_first(in_lambda):
    text = 'Traceback (most recent call last):\n  File "app.py", line 7, in connect\nLookupError: no database\n'

    with pytest.raises(
        LifespanFailed, match=r"^The startup of Recording has failed: LookupError: no database\n\nTrace"
    ):
        meantime.ASGIAdapter(Recording(fail=text))


def test_a_startup_longer_than_an_initialisation_goes_on_with_the_first_request(in_lambda, clock, caplog):
    async def on_startup():
        await clock.sleep_async(20)

    app = Recording(on_startup=on_startup)
    began = clock.monotonic()
    with caplog.at_level(logging.WARNING, "meantime"):
        adapter = meantime.ASGIAdapter(app)
    assert "it goes on with the first request" in caplog.text
    assert clock.monotonic() - began == 9

    assert adapter(EVENT, LambdaContext(timeout=30))["statusCode"] == 200
    assert clock.monotonic() - began == 20
    assert app.happened == ["startup", "request"]


@pytest.mark.parametrize("kind", ["provisioned-concurrency", "snap-start", "lambda-managed-instances"])
def test_where_an_initialisation_has_minutes_a_long_startup_is_waited_for(in_lambda, clock, monkeypatch, kind):
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)

    async def on_startup():
        await clock.sleep_async(60)
        app.happened.append("started")

    app = Recording(on_startup=on_startup)
    meantime.ASGIAdapter(app)

    assert app.happened == ["startup", "started"]


def test_a_startup_that_outlasts_the_deadline_of_the_first_request_is_named_and_tried_again(clock, caplog):
    async def connects_to_the_database():
        await clock.sleep_async(20)

    app = Recording(on_startup=connects_to_the_database)
    adapter = meantime.ASGIAdapter(app)
    with caplog.at_level(logging.ERROR, "meantime"):
        answer = adapter(EVENT, LambdaContext(timeout=5))

    assert answer["statusCode"] == 504
    assert "Recording.__call__" in caplog.text
    assert adapter(EVENT, LambdaContext(timeout=30))["statusCode"] == 200
    assert app.happened == ["startup", "startup", "request"]


def test_a_task_of_the_lifespan_runs_on_through_all_requests_and_is_no_leftover(environment):
    async def pinger():
        while True:
            ran.append(1)
            await asyncio.sleep(0)

    async def on_startup():
        tasks.append(asyncio.create_task(pinger()))

    ran, tasks = [], []
    app = Recording(on_startup=on_startup)
    adapter = meantime.ASGIAdapter(app, leftovers="fail")
    adapter(EVENT, LambdaContext())
    before = len(ran)
    adapter(EVENT, LambdaContext())

    assert len(ran) > before
    assert environment.statistics().leftover_tasks == 0
    environment.close()
    assert tasks[0].cancelled()


class Grouping(Recording):
    """An application whose lifespan holds a task group open, into which requests put what is to outlive them."""

    def __init__(self, work):
        super().__init__()
        self.work = work
        self.group = None
        self.refusal = None

    async def __call__(self, scope, receive, send):
        anyio = pytest.importorskip("anyio")
        if scope["type"] == "http":
            self.group.start_soon(self.work)
            await super().__call__(scope, receive, send)
            return
        await receive()
        if isinstance(self.refusal, Exception):
            raise self.refusal
        if self.refusal is not None:
            await send({"type": "lifespan.startup.failed", "message": self.refusal})
            return
        async with anyio.create_task_group() as group:
            self.group = group
            self.happened.append("startup")
            await send({"type": "lifespan.startup.complete"})
            await receive()
            group.cancel_scope.cancel()
        self.happened.append("shutdown")
        await send({"type": "lifespan.shutdown.complete"})


def test_what_a_request_puts_into_a_task_group_of_the_lifespan_lives_on_and_so_does_the_application(environment):
    async def work():  # as a session of MCP's: were it cancelled as a leftover, anyio would cancel the whole group
        while True:
            ran.append(1)
            await asyncio.sleep(0)

    ran = []
    app = Grouping(work)
    adapter = meantime.ASGIAdapter(app, leftovers="fail")
    adapter(EVENT, LambdaContext())
    before = len(ran)
    adapter(EVENT, LambdaContext())

    assert app.happened == ["startup", "request", "request"]
    assert len(ran) > before
    environment.close()
    assert app.happened[-1] == "shutdown"


def test_the_deadline_of_a_request_does_not_end_what_it_has_put_into_a_group_of_the_lifespan(environment, clock):
    async def slow(scope, receive, send):
        await app(scope, receive, send_nothing if scope["type"] == "http" else send)
        await clock.sleep_async(60)

    async def send_nothing(message):
        pass

    app = Grouping(asyncio.Event().wait)
    adapter = meantime.ASGIAdapter(slow)
    for _ in range(2):
        assert adapter(EVENT, LambdaContext(timeout=5))["statusCode"] == 504

    assert app.happened == ["startup", "request", "request"]


def test_what_goes_on_in_a_group_of_the_lifespan_has_the_deadline_of_its_request_no_longer(environment):
    async def work():
        deadlines.append(meantime.current_deadline())
        await again.wait()
        deadlines.append(meantime.current_deadline())
        results.append(await meantime.tasks.map(asyncio.sleep, [0, 0]))

    again = asyncio.Event()
    deadlines, results = [], []
    app = Grouping(work)
    adapter = meantime.ASGIAdapter(app, leftovers="fail")
    adapter(EVENT, LambdaContext())
    again.set()
    app.work = asyncio.Event().wait
    for _ in range(2):
        adapter(EVENT, LambdaContext())

    assert results == [[None, None]]
    assert deadlines[0] is not None
    assert deadlines[1:] == [None]
    assert app.happened == ["startup", "request", "request", "request"]


def test_a_verb_that_is_called_there_later_goes_on_over_the_ends_of_requests(environment):
    async def work():
        await again.wait()
        results.append(await meantime.tasks.map(wait, [1, 2]))

    async def wait(item):
        await done.wait()
        return item

    again, done = asyncio.Event(), asyncio.Event()
    results = []
    app = Grouping(work)
    adapter = meantime.ASGIAdapter(app)
    adapter(EVENT, LambdaContext())
    again.set()
    app.work = asyncio.Event().wait
    adapter(EVENT, LambdaContext())
    done.set()
    adapter(EVENT, LambdaContext())

    assert results == [[1, 2]]
    assert app.happened == ["startup", "request", "request", "request"]


def test_a_lifespan_that_has_ended_by_itself_is_told_and_starts_again_with_the_next_request(caplog):
    async def break_down():
        raise OSError("the broker has gone")

    app = Grouping(break_down)
    adapter = meantime.ASGIAdapter(app)
    for _ in range(2):
        assert adapter(EVENT, LambdaContext())["statusCode"] == 200

    assert app.happened == ["startup", "request", "startup", "request"]
    assert "The lifespan of Grouping has ended long before its shutdown" in caplog.text
    assert "the broker has gone" in caplog.text


def test_a_lifespan_that_shuts_down_unasked_starts_again_too(caplog):
    async def leave():
        app.group.cancel_scope.cancel()

    app = Grouping(leave)
    adapter = meantime.ASGIAdapter(app)
    for _ in range(2):
        assert adapter(EVENT, LambdaContext())["statusCode"] == 200

    assert app.happened[:5] == ["startup", "request", "shutdown", "startup", "request"]
    assert "has ended long before its shutdown. It starts again with the next request" in caplog.text


async def refuse():
    raise RuntimeError("run() can only be called once per instance")


@pytest.mark.parametrize("fail", ["can be started once only", None], ids=["fails", "raises"])
@pytest.mark.parametrize("other", [False, True], ids=["HTTP", "other"])
def test_in_lambda_a_restart_that_fails_ends_the_process_so_that_there_is_a_new_one(
    in_lambda, environment, caplog, fail, other
):
    app = Grouping(refuse)
    adapter = meantime.ASGIAdapter(app, other=lambda event, context: None)
    adapter(EVENT, LambdaContext())
    environment.kept_loop.ready().run_until_complete(asyncio.sleep(0.01))  # the group ends
    app.refusal = fail or RuntimeError("can be started once only")

    with pytest.raises(SystemExit) as ended:
        adapter({} if other else EVENT, LambdaContext())

    environment.kept_loop.ready().run_until_complete(asyncio.sleep(0.01))  # here nothing has ended: what was, closes
    assert ended.value.code == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"] == [
        "The startup of Grouping has failed: can be started once only. The process ends, since the application has "
        "been started before, and some can be only once in a process: the next request gets a new environment"
        if fail
        else "Grouping raised RuntimeError('can be started once only'), and it has had a lifespan before. The process "
        "ends, since the application has been started before, and some can be only once in a process: the next request "
        "gets a new environment"
    ]


def test_elsewhere_a_restart_that_fails_fails_the_request(caplog):
    app = Grouping(refuse)
    adapter = meantime.ASGIAdapter(app)
    adapter(EVENT, LambdaContext())
    app.refusal = "can be started once only"

    for _ in range(2):
        with pytest.raises(LifespanFailed, match="can be started once only"):
            adapter(EVENT, LambdaContext())


def test_in_lambda_a_startup_that_fails_after_the_initialisation_was_over_ends_the_process(in_lambda, clock):
    async def on_startup():
        await clock.sleep_async(20)

    adapter = meantime.ASGIAdapter(Recording(on_startup=on_startup, fail="no database"))

    with pytest.raises(SystemExit):
        adapter(EVENT, LambdaContext(timeout=30))


def test_in_lambda_the_first_startup_within_a_request_fails_that_and_the_second_ends_the_process(monkeypatch):
    adapter = meantime.ASGIAdapter(Recording(fail="no database"))
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")

    with pytest.raises(LifespanFailed):
        adapter(EVENT, LambdaContext())
    with pytest.raises(SystemExit):
        adapter(EVENT, LambdaContext())


def test_an_application_that_returns_once_it_has_started_is_served_and_not_started_again():
    class Hasty(Recording):
        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                await super().__call__(scope, receive, send)
                return
            self.happened.append("startup")
            await send({"type": "lifespan.startup.complete"})

    app = Hasty()
    adapter = meantime.ASGIAdapter(app)
    for _ in range(2):
        adapter(EVENT, LambdaContext())

    assert app.happened == ["startup", "request", "request"]


def test_a_shutdown_that_fails_is_logged(environment, caplog):
    class Failing(Recording):
        async def __call__(self, scope, receive, send):
            async def failing_send(message):
                if message["type"] == "lifespan.shutdown.complete":
                    message = {"type": "lifespan.shutdown.failed", "message": "still busy"}
                await send(message)

            await super().__call__(scope, receive, failing_send)

    adapter = meantime.ASGIAdapter(Failing())
    adapter(EVENT, LambdaContext())
    environment.close()

    assert "Failing failed to close" in caplog.text
    assert "still busy" in caplog.text


def test_an_answer_that_may_not_come_is_refused_in_words(in_lambda):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.started"})

    with pytest.raises(LifespanFailed, match=r"'lifespan\.started'.*lifespan\.startup\.complete"):
        meantime.ASGIAdapter(app, lifespan="on")


def test_the_deadline_of_the_first_request_is_none_of_the_lifespan():
    seen = []

    async def on_startup():
        seen.append(meantime.current_deadline())

    meantime.ASGIAdapter(Recording(on_startup=on_startup))(EVENT, LambdaContext())

    assert seen == [None]


def test_two_applications_have_a_lifespan_each_on_one_loop(environment):
    one, other = Recording(), Recording()
    for app in (one, other, one):
        meantime.ASGIAdapter(app)(EVENT, LambdaContext())

    environment.close()

    assert other.happened == ["startup", "request", "shutdown"]


def test_it_cannot_be_closed_from_within(environment):
    async def app(scope, receive, send):
        with pytest.raises(LoopRunning):
            environment.close()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    assert meantime.ASGIAdapter(app, lifespan="off")(EVENT, LambdaContext())["statusCode"] == 200


PROGRAM = """
import asyncio, sys, threading, meantime
from meantime.testing import LambdaContext, http_event

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print(await asyncio.to_thread(lambda: "shutdown"), flush=True)  # it may still use threads
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})

handler = meantime.ASGIAdapter(app)
handler(http_event("GET", "/"), LambdaContext())
"""


@pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 12, 2),
    reason="Python starts no thread then: https://github.com/python/cpython/issues/113964",
)
def test_it_is_shut_down_at_the_end_of_the_process_while_threads_can_still_be_used(run_python):
    assert run_python(PROGRAM) == "shutdown\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_it_is_shut_down_when_lambda_says_that_the_environment_ends(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12")
    # Not print: the signal may come before that has returned, and Python prints nothing within a print.
    waiting = textwrap.dedent(PROGRAM) + "import os, signal\nos.write(1, b'up\\n')\nsignal.pause()\n"
    process = subprocess.Popen([sys.executable, "-X", "dev", "-c", waiting], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()

    assert rest == "shutdown\n"
    assert process.returncode == -signal.SIGTERM


def test_a_handler_of_the_functions_own_for_that_signal_stays(in_lambda, monkeypatch):
    def own(number, frame): ...

    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12")
    signal.signal(signal.SIGTERM, own)
    meantime.ASGIAdapter(Recording())

    assert signal.getsignal(signal.SIGTERM) is own
