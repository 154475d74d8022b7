"""The function at the smallest memory size, invoked with a recording and without, in turn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accounted.rows import Round, Row

from meantime.tools.emulator import Emulator, Function
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from accounted.servers import Servers

    from meantime.tools.emulator import Invocation

MEMORY_MB = 128
_WARMING_UP = 2


def row(name: str, servers: Servers, rounds: int) -> Row:
    """Its row of the table."""
    function = Function(
        "lambdas.lambda_handler",
        Path(__file__).parent,
        memory_mb=MEMORY_MB,
        timeout=60,
        environment={"API_URL": f"http://127.0.0.1:{servers.ports['http']}"},
    )
    made = Row(name)
    with Emulator(function) as emulator:

        def invoke(*, records: bool) -> Invocation:
            invocation = emulator.invoke({"records": records})
            if invocation.error is not None:
                raise RuntimeError(f"{invocation.error.error_type}: {invocation.error.message}\n{invocation.log}")
            return invocation

        for _ in range(_WARMING_UP):
            invoke(records=True)
        for number in range(rounds):
            plain = invoke(records=False) if number % 2 else None
            servers.reset()
            recorded = invoke(records=True)
            answers = servers.answers()
            document = recorded.payload["recording"]
            plain = plain or invoke(records=False)
            made.rounds.append(
                Round(
                    recording=Recording.of(document),
                    answers=answers,
                    began=recorded.payload["began"],
                    wall=document["duration_ms"] / plain.duration_ms - 1,
                    cpu=(document["cpu_ms"] - plain.cpu_ms) / plain.duration_ms,
                    around_ms=recorded.duration_ms - document["duration_ms"],
                )
            )
    return made
