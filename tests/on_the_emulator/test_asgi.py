"""The ASGI adapter where it belongs: in the real runtime client, cold and warm, over freezes, behind a real port."""

from __future__ import annotations

import asyncio
import json
import textwrap

import httpx
import psutil
import pytest

from meantime.testing import http_event
from meantime.tools.downstream import DelayedAPI
from meantime.tools.emulator import AsyncEmulator, Emulator, Function
from meantime.tools.emulator.http import HttpFront


@pytest.fixture
def function(tmp_path):
    """Makes a function of source text."""

    def make(source: str, **settings) -> Function:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Function("app.lambda_handler", tmp_path, **{"memory_mb": 1769, "timeout": 10.0} | settings)

    return make


@pytest.fixture
def emulate(function):
    """Starts an emulator for a function given as source text."""

    def start(source: str, **settings) -> Emulator:
        return Emulator(function(source, **settings))

    return start


def get(emulator: Emulator, target: str, method: str = "GET"):
    """What a request comes to, which must succeed: the body, parsed, and the invocation."""
    invocation = emulator.invoke(http_event(method, target))
    assert invocation.error is None, invocation.log
    assert invocation.payload["statusCode"] == 200, (invocation.payload, invocation.log)
    return json.loads(invocation.payload["body"]), invocation


def test_the_lifespan_runs_once_over_a_hundred_invocations_and_its_client_keeps_one_connection(emulate):
    source = """
        import os
        from contextlib import asynccontextmanager
        import fastapi, httpx, meantime

        started = []

        @asynccontextmanager
        async def lifespan(app):
            started.append("lifespan")
            async with httpx.AsyncClient(base_url=os.environ["API_URL"], timeout=5) as client:
                yield {"client": client}

        app = fastapi.FastAPI(lifespan=lifespan)

        @app.get("/")
        async def root(request: fastapi.Request):
            response = await request.state.client.get("/profile")
            return [response.status_code, len(started)]

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with DelayedAPI(0.0) as api, emulate(source, environment={"API_URL": api.url}) as lambda_:
        assert lambda_.mechanisms.freeze != "none"
        results = [get(lambda_, "/") for _ in range(101)]
        statistics = api.statistics()

    assert [body for body, _ in results] == [[200, 1]] * 101
    assert len({invocation.environment_id for _, invocation in results}) == 1
    assert statistics.peak_connections == 1


def test_the_lifespan_is_part_of_the_initialisation(emulate):
    source = """
        import asyncio, time
        from contextlib import asynccontextmanager
        import fastapi, meantime

        made = []

        @asynccontextmanager
        async def lifespan(app):
            await asyncio.sleep(0.3)
            made.append(time.monotonic())
            yield

        app = fastapi.FastAPI(lifespan=lifespan)

        @app.get("/")
        async def root():
            return made

        lambda_handler = meantime.ASGIAdapter(app)
        assert made  # as the module ends, so that it is frozen with a SnapStart image, and nobody waits for it
    """
    with emulate(source) as lambda_:
        _, cold = get(lambda_, "/")

    assert cold.init_ms is not None
    assert cold.init_ms > 300


def test_a_startup_that_fails_fails_the_initialisation_with_its_reason(emulate):
    source = """
        from contextlib import asynccontextmanager
        import fastapi, meantime

        @asynccontextmanager
        async def lifespan(app):
            raise RuntimeError("there is no database")
            yield

        lambda_handler = meantime.ASGIAdapter(fastapi.FastAPI(lifespan=lifespan))
    """
    with emulate(source) as lambda_:
        invocation = lambda_.invoke(http_event("GET", "/"))

    assert invocation.error is not None
    assert "there is no database" in invocation.log + invocation.error.message
    assert "startup" in (invocation.log + invocation.error.message).lower()


def test_an_application_that_starts_only_once_has_a_new_environment_once_its_lifespan_has_ended(emulate):
    source = """
        import os
        from contextlib import asynccontextmanager
        import anyio, fastapi, meantime

        @asynccontextmanager
        async def lifespan(app):  # as the session manager of the Model Context Protocol
            if hasattr(app.state, "group"):
                raise RuntimeError("can be run only once per instance")
            async with anyio.create_task_group() as app.state.group:
                yield
                app.state.group.cancel_scope.cancel()

        app = fastapi.FastAPI(lifespan=lifespan)

        @app.get("/")
        def root():
            return os.getpid()

        @app.get("/break")
        async def break_down():
            async def fail():
                raise LookupError("no such tool")

            app.state.group.start_soon(fail)
            return os.getpid()

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with emulate(source) as lambda_:
        first, _ = get(lambda_, "/")
        assert get(lambda_, "/break")[0] == first
        lost = lambda_.invoke(http_event("GET", "/"))
        second, _ = get(lambda_, "/")
        assert get(lambda_, "/")[0] == second != first

    assert lost.error.error_type == "Runtime.ExitError"
    assert "can be run only once per instance. The process ends" in lost.log


def test_def_routes_use_one_thread_where_one_runs_at_a_time(emulate):
    source = """
        import threading
        import fastapi, meantime

        app = fastapi.FastAPI()
        threads = set()

        @app.get("/")
        def root():
            threads.add(threading.get_native_id())
            return len(threads)

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with emulate(source) as lambda_:
        used = [get(lambda_, "/")[0] for _ in range(50)]

    assert used == [1] * 50


def test_def_routes_use_no_more_threads_than_run_at_once(emulate):
    source = """
        import asyncio, threading
        import anyio.to_thread, fastapi, meantime

        app = fastapi.FastAPI()
        threads = set()

        @app.get("/")
        async def root():
            together = threading.Barrier(3)

            def blocking():
                together.wait(5)
                threads.add(threading.get_native_id())

            await asyncio.gather(*(anyio.to_thread.run_sync(blocking) for _ in range(3)))
            return len(threads)

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with emulate(source) as lambda_:
        used = [get(lambda_, "/")[0] for _ in range(20)]

    assert used == [3] * 20


def test_a_task_left_by_one_request_never_runs_in_the_next(emulate):
    source = """
        import asyncio
        import fastapi, meantime

        app = fastapi.FastAPI()
        ran, kept = [], []

        async def behind(number):
            await asyncio.sleep(0.05)
            ran.append(number)

        @app.get("/leave/{number}")
        async def leave(number: int):
            kept.append(asyncio.create_task(behind(number)))
            return ran

        @app.get("/wait")
        async def wait():
            await asyncio.sleep(0.2)
            return ran

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with emulate(source) as lambda_:
        _, left = get(lambda_, "/leave/1")
        before, _ = get(lambda_, "/wait")
        after, _ = get(lambda_, "/wait")

    assert before == after
    assert before == [] or "Left over" not in left.log
    assert before == [] or left.duration_ms > 50


def test_background_tasks_are_done_before_the_invocation_ends(emulate):
    source = """
        import asyncio, time
        import fastapi, meantime

        app = fastapi.FastAPI()
        done = []

        async def later():
            await asyncio.sleep(0.05)
            done.append("async")

        def blocking():
            time.sleep(0.05)
            done.append("def")

        @app.get("/")
        async def root(tasks: fastapi.BackgroundTasks):
            tasks.add_task(later)
            tasks.add_task(blocking)
            return list(done)

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with emulate(source) as lambda_:
        seen = [get(lambda_, "/")[0] for _ in range(3)]

    assert seen == [[], ["async", "def"], ["async", "def"] * 2]


def test_at_the_deadline_the_client_gets_504_and_the_environment_lives_on(emulate):
    source = """
        import asyncio
        import fastapi, meantime

        app = fastapi.FastAPI()

        async def slow_query():
            await asyncio.sleep(60)

        @app.get("/slow")
        async def slow():
            await slow_query()

        @app.get("/")
        async def root():
            return "quick"

        lambda_handler = meantime.ASGIAdapter(app, reserve=0.5)
    """
    with emulate(source, timeout=1.5) as lambda_:
        late = lambda_.invoke(http_event("GET", "/slow"))
        body, quick = get(lambda_, "/")

    assert late.error is None
    assert late.payload["statusCode"] == 504
    assert "GET /slow" in late.log
    assert "app.py:" in late.log  # where it waited
    assert body == "quick"
    assert not quick.cold
    assert quick.environment_id == late.environment_id


@pytest.mark.parametrize("kind", ["SystemExit(3)", "KeyboardInterrupt", "asyncio.CancelledError"])
def test_what_is_no_error_of_the_application_is_no_500(emulate, kind):
    source = f"""
        import asyncio
        import meantime

        async def app(scope, receive, send):
            if scope["type"] == "http":
                raise {kind}

        lambda_handler = meantime.ASGIAdapter(app, lifespan="off")
    """
    with emulate(source) as lambda_:
        invocation = lambda_.invoke(http_event("GET", "/"))

    assert invocation.error is not None
    assert invocation.payload.get("statusCode") is None


HEARS_SIGNALS = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}  # there the runtime client waits for events in a thread
LEAVES = """
    import os
    from contextlib import asynccontextmanager
    import fastapi, meantime

    @asynccontextmanager
    async def lifespan(app):
        yield
        open("shut down", "w").close()

    app = fastapi.FastAPI(lifespan=lifespan)

    @app.get("/")
    def root():
        return os.getpid()  # from a thread

    lambda_handler = meantime.ASGIAdapter(app)
"""


def end(emulator: Emulator) -> None:
    """Serve a request, and end the process as Lambda would, which must be at once."""
    process = psutil.Process(get(emulator, "/")[0])
    process.terminate()
    _, alive = psutil.wait_procs([process], timeout=30)
    assert not alive


@pytest.mark.parametrize("environment", [{}, HEARS_SIGNALS], ids=["3.11", "3.12"])
def test_sigterm_ends_the_process_at_once_though_def_routes_have_left_threads(function, environment):
    # Frozen, it would end no sooner than it is thawed.
    with Emulator(function(LEAVES, environment=environment), freeze="none") as emulator:
        end(emulator)


def test_where_the_runtime_client_hears_sigterm_the_lifespan_shuts_down(function, tmp_path):
    with Emulator(function(LEAVES, environment=HEARS_SIGNALS), freeze="none") as emulator:
        end(emulator)

    assert (tmp_path / "shut down").exists()


def test_sys_exit_ends_the_process_at_once_though_def_routes_have_left_threads(emulate):
    source = """
        import sys
        import fastapi, meantime

        app = fastapi.FastAPI()

        @app.get("/")
        def root():
            return "from a thread"

        @app.get("/exit")
        async def leave():
            sys.exit(3)

        lambda_handler = meantime.ASGIAdapter(app)
    """
    with emulate(source) as lambda_:
        get(lambda_, "/")
        invocation = lambda_.invoke(http_event("GET", "/exit"))

    assert invocation.error.error_type == "Runtime.ExitError"  # had it waited for its threads, it would have timed out
    assert "exit status 3" in invocation.error.message


async def answers_of(front: HttpFront, count: int) -> list[httpx.Response]:
    """As many answers to as many requests at once."""
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(base_url=front.url, limits=limits, timeout=60) as client:
        return await asyncio.gather(*(client.get(f"/wait/{number}") for number in range(count)))


def test_thirty_two_concurrent_requests_have_thirty_two_environments_and_their_own_answers(function, tmp_path):
    source = """
        import os, time
        import meantime

        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            here = os.path.join(os.environ["MEETING"], scope["path"].rpartition("/")[2])
            open(here, "w").close()
            while len(os.listdir(os.environ["MEETING"])) < 32:  # until every other is under way, too
                time.sleep(0.05)
            body = f"{scope['path']} {os.getpid()}".encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

        lambda_handler = meantime.ASGIAdapter(app, lifespan="off")
    """

    async def run() -> list[httpx.Response]:
        async with AsyncEmulator(made) as emulator, HttpFront(emulator, "function-url") as front:
            return await answers_of(front, 32)

    meeting = tmp_path / "meeting"
    meeting.mkdir()
    made = function(source, memory_mb=512, timeout=60.0, environment={"MEETING": str(meeting)})

    answers = asyncio.run(run())

    assert [answer.status_code for answer in answers] == [200] * 32
    told = [answer.text.split() for answer in answers]
    assert [path for path, _ in told] == [f"/wait/{number}" for number in range(32)]
    assert len({process for _, process in told}) == 32
