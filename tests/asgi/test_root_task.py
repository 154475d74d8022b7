"""`def` routes: their threads stay for the next request, are no leftovers, and hold up no process's end."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import textwrap
import threading
import time
from threading import Event

import pytest

import meantime
from meantime.testing import LambdaContext, http_event

fastapi = pytest.importorskip("fastapi")
anyio = pytest.importorskip("anyio")

EVENT = http_event("GET", "/")


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "AnyIO worker thread"]


@pytest.fixture(autouse=True)
def _no_worker_stays(environment):
    """A test's own workers end with its loop."""
    yield
    environment.close()
    for worker in workers():
        worker.join(10)
    assert workers() == []


@pytest.fixture
def app():
    application = fastapi.FastAPI()

    @application.get("/")
    def route():
        return threading.get_ident()

    @application.get("/three")
    async def three():
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(anyio.to_thread.run_sync, barrier.wait)
        return len(workers())

    barrier = threading.Barrier(3, timeout=30)
    return application


def test_one_thread_serves_request_after_request(app):
    adapter = meantime.ASGIAdapter(app)

    threads = {adapter(EVENT, LambdaContext(timeout=30))["body"] for _ in range(20)}

    assert len(threads) == 1
    assert len(workers()) == 1


def test_there_are_as_many_threads_as_run_at_once(app):
    adapter = meantime.ASGIAdapter(app)

    counts = {adapter(http_event("GET", "/three"), LambdaContext(timeout=30))["body"] for _ in range(5)}

    assert counts == {"3"}


def test_an_idle_worker_is_no_leftover(app, environment, caplog):
    adapter = meantime.ASGIAdapter(app, leftovers="fail")
    with caplog.at_level(logging.WARNING, "meantime"):
        for _ in range(5):
            adapter(EVENT, LambdaContext(timeout=30))

    assert caplog.records == []
    assert environment.statistics().leftover_threads == 0


def test_a_route_that_outlasts_the_deadline_is_reported_once_and_by_its_own_name(environment, clock, caplog):
    application = fastapi.FastAPI()
    go_on = Event()

    @application.get("/slow")
    def slow_route():
        clock.advance(5)
        go_on.wait(60)

    @application.get("/")
    def route():
        return threading.get_ident()

    adapter = meantime.ASGIAdapter(application)
    with caplog.at_level(logging.WARNING, "meantime"):
        answer = adapter(http_event("GET", "/slow"), LambdaContext(timeout=5))
    (busy,) = workers()
    go_on.set()

    assert answer["statusCode"] == 504
    assert "slow_route" in caplog.text.split("Left over")[1]
    assert environment.statistics().leftover_threads == 1
    assert environment.statistics().loops_made == 1
    assert adapter(EVENT, LambdaContext(timeout=30))["statusCode"] == 200
    assert caplog.text.count("Left over") == 1
    assert busy.is_alive()


def test_a_busy_worker_is_waited_for_where_leftovers_says_so():
    application = fastapi.FastAPI()
    begun, done = threading.Event(), []

    def thorough():
        begun.set()
        time.sleep(0.05)
        done.append("work")

    async def work():
        await anyio.to_thread.run_sync(thorough, abandon_on_cancel=True)

    @application.get("/")
    async def route():
        async with anyio.create_task_group() as group:
            group.start_soon(work)
            while not begun.is_set():
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()

    meantime.ASGIAdapter(application, leftovers="wait")(EVENT, LambdaContext(timeout=30))

    assert done == ["work"]


def test_the_threads_end_with_the_loop_and_the_next_loop_has_its_own(app, environment):
    adapter = meantime.ASGIAdapter(app)
    adapter(EVENT, LambdaContext(timeout=30))
    (before,) = workers()

    environment.kept_loop.retire(2.0)
    before.join(30)

    assert not before.is_alive()
    assert adapter(EVENT, LambdaContext(timeout=30))["statusCode"] == 200


def test_the_threads_of_a_loop_that_was_given_up_end_with_the_next_request(app, environment):
    adapter = meantime.ASGIAdapter(app)
    adapter(EVENT, LambdaContext(timeout=30))
    (before,) = workers()

    environment.kept_loop.abandon()
    adapter(EVENT, LambdaContext(timeout=30))
    before.join(30)
    gc.collect()  # what was given up ends here, and not within some other test

    assert not before.is_alive()


def test_two_adapters_share_the_root_task_of_their_loop(app, environment):
    for _ in range(2):
        meantime.ASGIAdapter(app)(EVENT, LambdaContext(timeout=30))

    assert len(workers()) == 1


def test_main_under_asyncio_run_leaves_it_whole(app):
    """The callback that anyio looks for would stop the loop while its last tasks end."""
    import asyncio  # noqa: PLC0415  # for this test

    adapter = meantime.ASGIAdapter(app)

    assert asyncio.run(adapter.main(EVENT, LambdaContext(timeout=30)))["statusCode"] == 200


def test_without_anyio_nothing_of_it_is_loaded(run_python):
    run_python(
        """
        import sys, meantime
        from meantime.testing import LambdaContext, http_event

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        meantime.ASGIAdapter(app, lifespan="off")(http_event("GET", "/"), LambdaContext())
        assert "anyio" not in sys.modules
        """
    )


PROGRAM = """
import sys, threading, fastapi, meantime
from meantime.testing import LambdaContext, http_event
{loop}
app = fastapi.FastAPI()

@app.get("/")
def route():
    return threading.get_ident()

adapter = meantime.ASGIAdapter(app)
idents = {{adapter(http_event("GET", "/"), LambdaContext(timeout=30))["body"] for _ in range(5)}}
assert len(idents) == 1, idents
{end}
print("end")
"""

UVLOOP = "import asyncio, uvloop; asyncio.set_event_loop(uvloop.new_event_loop())"


@pytest.mark.parametrize("end", ["", "meantime.current_environment().kept_loop.abandon()"])
@pytest.mark.parametrize("loop", ["", UVLOOP])
def test_the_process_ends_at_once(loop, end):
    if loop:
        pytest.importorskip("uvloop")
    source = textwrap.dedent(PROGRAM).format(loop=loop, end=end)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
