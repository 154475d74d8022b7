"""How soon a reader has what a streaming application sends: from `send` in the function to the stream outside."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from timing import Comparison, Requirement

from meantime.testing import http_event
from meantime.tools.emulator import Emulator, Function
from meantime.tools.emulator.http_integration import PreludeReader

if TYPE_CHECKING:
    from collections.abc import Iterator

INVOCATIONS = 200
ALLOWED: Final = "20 ms"

# Each chunk is the moment at which it is sent: the monotonic clock is the same in every process of a machine.
SOURCE = """
import asyncio, time, meantime

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for more in (True, True, False):
        moment = repr(time.monotonic()).encode() + b" "
        await send({"type": "http.response.body", "body": moment, "more_body": more})
        await asyncio.sleep(0.002)

handler = meantime.ASGIAdapter(app, lifespan="off", streaming=True)
"""


def latencies(emulator: Emulator) -> tuple[float, float]:
    """Seconds from sending the first and the second chunk of one response to having them."""
    reader = PreludeReader()
    seconds: list[float] = []
    with emulator.stream(http_event("GET", "/", source="function-url")) as stream:
        for piece in stream:
            moments = reader.feed(piece.data).split()
            seconds += [piece.at - float(moment) for moment in moments]
    return seconds[0], seconds[1]


def benchmark() -> Iterator[Comparison]:
    """Measure warm invocations on the emulator; the first has the cold start and does not count."""
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder)
        (code / "app.py").write_text(SOURCE)
        with Emulator(Function("app.handler", code=code, memory_mb=1769)) as emulator:
            measured = [latencies(emulator) for _ in range(INVOCATIONS + 1)][1:]
    first, second = (median(each) for each in zip(*measured, strict=True))
    allowed = 0.020
    yield Comparison(
        "a chunk of a streamed response: from the application to the reader",
        "chunk",
        {"the first, with the response's start": first, "the next": second, ALLOWED: allowed},
        {"the next": first / second, ALLOWED: first / allowed},
        (Requirement(ALLOWED, 1.0),),
    )
