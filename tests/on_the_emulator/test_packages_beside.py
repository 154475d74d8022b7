"""Packages beside the function's own module, as `pip install --target` lays them out: reports name its lines."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution

import pytest

from meantime.testing import http_event
from meantime.tools.emulator import Emulator, Function

SOURCE = """\
import asyncio
import time

import meantime
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route


def in_thread(request):
    time.sleep(3)
    return PlainTextResponse("never")


async def streams(request):
    async def pieces():
        yield b"one"
        await asyncio.sleep(60)

    return StreamingResponse(pieces())


async def leaves(request):
    asyncio.create_task(asyncio.sleep(60))
    return PlainTextResponse("well")


routes = [Route("/thread", in_thread), Route("/streams", streams), Route("/leaves", leaves)]
lambda_handler = meantime.ASGIAdapter(Starlette(routes=routes))
"""


@pytest.fixture
def log_of(tmp_path):
    """What is logged for a request, with Starlette and anyio in the function's own folder."""
    for name in ("starlette", "anyio"):
        for file in distribution(name).files or ():
            if ".." not in file.parts:
                path = tmp_path / file
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), path)
    (tmp_path / "app.py").write_text(SOURCE)
    with Emulator(Function("app.lambda_handler", tmp_path, memory_mb=1769, timeout=2.0)) as emulator:
        yield lambda target: str(emulator.invoke(http_event("GET", target)).log)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/thread", "in_thread on a thread, at {folder}/app.py:11"),
        ("/streams", "pieces, at {folder}/app.py:18"),
        ("/leaves", "task sleep, started at {folder}/app.py:24"),
    ],
)
def test_a_report_names_the_functions_line(log_of, tmp_path, target, words):
    log = log_of(target)

    assert words.format(folder=tmp_path) in log
    assert "starlette/" not in log
    assert "anyio/" not in log
