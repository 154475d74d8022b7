"""Mangum in the real runtime client: the article's own form as it stands, and beside Meantime in one environment."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from meantime.testing import http_event
from meantime.tools.emulator import Emulator, Function

# As the article has it, not a character changed.
ARTICLE = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()

@app.get("/health")
async def health():
    return {"status": "ok"}

handler = Mangum(app)
"""

OK = (200, '{"status":"ok"}')


@pytest.fixture
def emulate(tmp_path):
    """Starts an emulator for a function given as source text."""

    def start(source: str, **settings) -> Emulator:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Emulator(
            Function(handler="app.handler", code=tmp_path, **{"memory_mb": 1769, "timeout": 10.0} | settings)
        )

    return start


def served(result: Any) -> tuple[int, str]:
    assert result.error is None, result.error
    return result.payload["statusCode"], result.payload["body"]


def test_the_articles_own_form_runs_unchanged(emulate):
    with emulate(ARTICLE) as lambda_:
        results = [lambda_.invoke(http_event("GET", "/health")) for _ in range(50)]

    assert [served(result) for result in results] == [OK] * 50
    assert [result.cold for result in results] == [True] + [False] * 49


def test_the_articles_own_form_runs_beside_a_handler_of_meantime_on_one_loop(emulate):
    source = """
        import asyncio
        import meantime
        from fastapi import FastAPI
        from mangum import Mangum

        app = FastAPI()

        @app.get("/health")
        async def health():
            return {"status": "ok"}

        @app.get("/loop")
        async def loop():
            return id(asyncio.get_running_loop())

        http = Mangum(app)

        @meantime.handler
        async def queue(event, context):
            return id(asyncio.get_running_loop())

        def handler(event, context):
            return http(event, context) if "requestContext" in event else queue(event, context)
    """
    served_by_mangum, loops = [], set()
    with emulate(source) as lambda_:
        for _ in range(50):
            served_by_mangum.append(served(lambda_.invoke(http_event("GET", "/health"))))
            loops.add(lambda_.invoke({"Records": []}).payload)
        loops.add(int(lambda_.invoke(http_event("GET", "/loop")).payload["body"]))

    assert served_by_mangum == [OK] * 50
    assert len(loops) == 1


def test_mangum_answers_after_meantime_had_to_give_its_loop_up(emulate):
    source = """
        import time
        import meantime
        from fastapi import FastAPI
        from mangum import Mangum

        app = FastAPI()

        @app.get("/health")
        async def health():
            return {"status": "ok"}

        http = Mangum(app)

        @meantime.handler(reserve=0.6)
        async def queue(event, context):
            time.sleep(60)

        def handler(event, context):
            return http(event, context) if "requestContext" in event else queue(event, context)
    """
    with emulate(source, timeout=2.0) as lambda_:
        before = lambda_.invoke(http_event("GET", "/health"))
        late = lambda_.invoke({"Records": []})
        after = lambda_.invoke(http_event("GET", "/health"))

    assert served(before) == OK
    assert late.error.error_type == "DeadlineExceeded"
    assert served(after) == OK
    assert not after.cold


def test_mangum_and_the_adapter_serve_one_application_side_by_side(emulate):
    source = """
        import meantime
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from mangum import Mangum

        starts = 0

        @asynccontextmanager
        async def lifespan(app):
            global starts
            starts += 1
            yield

        app = FastAPI(lifespan=lifespan)

        @app.get("/health")
        async def health():
            return {"status": "ok"}

        @app.get("/def")
        def on_a_thread():
            return {"status": "ok"}

        @app.get("/starts")
        async def counted():
            return starts

        mangum, adapter = Mangum(app, lifespan="off"), meantime.ASGIAdapter(app)

        def handler(event, context):
            by = mangum if event["headers"]["host"] == "mangum.example.com" else adapter
            return by(event, context)
    """
    events = [
        http_event("GET", path) | {"headers": {"host": host}}
        for path in ("/health", "/def")
        for host in ("mangum.example.com", "example.com")
    ]
    with emulate(source) as lambda_:
        results = [lambda_.invoke(event) for _ in range(25) for event in events]
        starts = lambda_.invoke(http_event("GET", "/starts")).payload["body"]

    assert [served(result) for result in results] == [OK] * 100
    assert starts == "1"
