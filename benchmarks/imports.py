"""What importing costs a cold start: each program in a Python of its own, in turn."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

from timing import Comparison, Requirement, compare

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MS = 3.0  # that `import meantime` may take more than an empty program
PROGRAMS = {
    "import meantime": "import meantime",
    "empty program": "pass",
    "meantime.handler and threads used": "import meantime; meantime.handler; meantime.threads",
    "import asyncio": "import asyncio",
}

# An adapter by itself, and one with all that it loads by its first answer: nothing is to be loaded later on the quiet.
APPLICATION = """
async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"answer"})

http = {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": ""}
event = {"version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": False}
event |= {"headers": {"host": "example.com"}, "requestContext": {"http": http, "stage": "$default"}}

class Context:
    aws_request_id = "0"
    get_remaining_time_in_millis = lambda self: 3000

"""
OUR_ADAPTER, PEER = "meantime.ASGIAdapter", "from mangum import Mangum"
ADAPTERS = {OUR_ADAPTER: "import meantime; meantime.ASGIAdapter", PEER: PEER}
OUR_ANSWER, PEER_ANSWER = "meantime.ASGIAdapter, until it has answered", "Mangum, until it has answered"
ANSWERS = {
    OUR_ANSWER: f"{APPLICATION}import meantime; meantime.ASGIAdapter(application, lifespan='off')(event, Context())",
    PEER_ANSWER: f"{APPLICATION}{PEER}; Mangum(application, lifespan='off')(event, Context())",
}


def run(program: str) -> None:
    """One Python, from start to end."""
    subprocess.run([sys.executable, "-I", "-c", program], check=True)  # noqa: S603  # our own programs


def benchmark() -> list[Comparison]:
    """Start each program in turn."""
    return [
        compare("starting Python", "program", starts(PROGRAMS), rounds=25),
        compare(
            "starting Python with an adapter, CPU time",
            "program",
            starts(ADAPTERS),
            Requirement(PEER, 1.03),  # no more than cannot be told apart
            rounds=25,
            timer=time_of_children,
        ),
        compare(
            "an adapter's first answer, CPU time",
            "program",
            starts(ANSWERS),
            Requirement(PEER_ANSWER, 1.1),  # with the end of the process, at which ours closes its loop
            rounds=25,
            timer=time_of_children,
        ),
    ]


def time_of_children() -> float:
    """The CPU time of the programs that have ended: two that are nearly alike are not told apart by the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def starts(programs: dict[str, str]) -> dict[str, Callable[[], None]]:
    """What starts each of them."""
    return {name: (lambda program=program: run(program)) for name, program in programs.items()}  # type: ignore[misc]  # a default keeps each its own


def failures(comparison: Comparison) -> list[str]:
    """What does not hold of the imports: they are held to a difference, not to a ratio."""
    if "import meantime" not in comparison.seconds:
        return []
    more_ms = (comparison.seconds["import meantime"] - comparison.seconds["empty program"]) * 1000
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", "import meantime, sys; print('asyncio' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    found = [f"import meantime takes {more_ms:.2f} ms, allowed are {MOST_MS:g}"] if more_ms > MOST_MS else []
    return [*found, "import meantime loads asyncio"] if loaded != "False" else found
