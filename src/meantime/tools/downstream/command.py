"""The command `meantime downstream`: serve a delayed API, a delay proxy, a relay or an AWS server until Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from meantime.tools.downstream.api import DEFAULT_LATENCY, DelayedAPI
from meantime.tools.downstream.aws import PYTHON_VARIABLE, AWSServer, AWSServerError
from meantime.tools.downstream.listener import HOST
from meantime.tools.downstream.proxy import DelayProxy
from meantime.tools.downstream.relay import DelayRelay
from meantime.tools.downstream.service import CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from meantime.tools.downstream.service import DelayedService
    from meantime.tools.downstream.statistics import Statistics

app = typer.Typer(
    help="What functions call, on this machine: a delayed API, a delay proxy, a relay, a server with AWS's protocols.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


Port = Annotated[int, typer.Option(help="The port of 127.0.0.1 to serve on; 0 for a free one.")]
LatencyText = Annotated[
    str,
    typer.Option(
        help="From a request's arrival to its answer: 20ms, 0.3s, uniform:10ms-30ms, "
        "normal:mean=20ms,deviation=5ms, lognormal:p50=20ms,p99=200ms."
    ),
]
MaxConcurrency = Annotated[int | None, typer.Option(help="Requests under way at once; more are throttled.")]
Rate = Annotated[float | None, typer.Option(help="Requests taken in any one second; more are throttled.")]
MaxConnections = Annotated[int | None, typer.Option(help="Connections; more are closed at once.")]
FailureRate = Annotated[float, typer.Option(help="The part of requests, 0 to 1, that is answered with status 500.")]
Seed = Annotated[int | None, typer.Option(help="Draw the same latencies and failures each time.")]
OutputFormat = Annotated[
    Format,
    typer.Option("--format", help="A table, or JSON: a line with the address, a line with the counters."),
]


@app.command()
def proxy(
    upstream: Annotated[str, typer.Argument(help="The endpoint behind the proxy, such as http://127.0.0.1:4566.")],
    *,
    port: Port = 0,
    latency: LatencyText = "0s",
    max_concurrency: MaxConcurrency = None,
    rate: Rate = None,
    max_connections: MaxConnections = None,
    failure_rate: FailureRate = 0.0,
    seed: Seed = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Make an endpoint slow, scarce or failing, and change nothing else.

    What is above a limit is answered as S3, DynamoDB, SQS or a plain API would answer it.
    """
    with _bad_input():
        server = DelayProxy(
            upstream,
            latency=latency,
            max_concurrency=max_concurrency,
            rate=rate,
            max_connections=max_connections,
            failure_rate=failure_rate,
            seed=seed,
            port=port,
        )
    _serve(server, f"in front of {server.upstream}, latency {server.latency}", output)


@app.command()
def api(
    *,
    port: Port = 0,
    latency: LatencyText = f"{DEFAULT_LATENCY:g}s",
    max_concurrency: MaxConcurrency = None,
    rate: Rate = None,
    max_connections: MaxConnections = None,
    failure_rate: FailureRate = 0.0,
    seed: Seed = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Answer any path with small JSON after a delay; ?delay=50ms and ?status=503 choose for one request."""
    with _bad_input():
        server = DelayedAPI(
            latency,
            max_concurrency=max_concurrency,
            rate=rate,
            max_connections=max_connections,
            failure_rate=failure_rate,
            seed=seed,
            port=port,
        )
    _serve(server, f"answers any path, latency {server.latency}", output)


@app.command()
def relay(
    upstream: Annotated[str, typer.Argument(help="The server behind the relay, such as 127.0.0.1:5432.")],
    *,
    port: Port = 0,
    latency: LatencyText = "0s",
    seed: Seed = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Make any TCP server slow, a database or a cache say: each of its answers comes no sooner than the latency."""
    with _bad_input():
        server = DelayRelay(upstream, latency=latency, seed=seed, port=port)
    with _interruption() as interrupted:
        try:
            server.start()
        except OSError as error:
            _fail(error.strerror or str(error))
        try:
            address = f"{HOST}:{server.port}"
            if output is Format.JSON:
                _print_json({"address": address})
            else:
                typer.echo(f"Relay at {address}, in front of {upstream}, latency {server.latency}; Ctrl-C ends it.")
            interrupted.wait()
        finally:
            server.close()
        answers, connections = len(server.answers), server.connections
        if output is Format.JSON:
            _print_json({"statistics": {"answers": answers, "connections": connections}})
        else:
            typer.echo(f"{answers} answers over {connections} connections")


@app.command()
def aws(
    *,
    port: Port = 0,
    python: Annotated[
        str | None,
        typer.Option(help="The interpreter that has ministack.", envvar=PYTHON_VARIABLE),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="Text, or a line of JSON.")] = Format.TABLE,
) -> None:
    """Serve S3, DynamoDB, SQS and more to unmodified AWS SDKs; empty at the start, forgotten at the end."""
    with _bad_input():
        server = AWSServer(port=port, python=python)
    with _interruption() as interrupted, contextlib.ExitStack() as stack:
        try:
            stack.enter_context(server)
        except AWSServerError as error:
            _fail(str(error))
        except OSError as error:
            _fail(error.strerror or str(error))
        if output is Format.JSON:
            _print_json({"url": server.url, "environment": server.environment})
        else:
            exports = "\n".join(f"export {name}={value}" for name, value in server.environment.items())
            typer.echo(f"AWS server at {server.url}; Ctrl-C ends it. For any AWS SDK:\n\n{exports}\n")
            options = " ".join(f"--env {name}={value}" for name, value in server.environment.items())
            typer.echo(f"For a function on the emulator, which gets nothing of your shell:\n\n{options}\n")
        interrupted.wait()


def _serve(server: DelayedService, description: str, output: Format) -> None:
    """Serve until Ctrl-C, then print the counters."""
    kind = type(server).__name__
    with _interruption() as interrupted:
        try:
            server.start()
        except OSError as error:
            _fail(error.strerror or str(error))
        try:
            if output is Format.JSON:
                _print_json({"url": server.url})
            else:
                typer.echo(f"{kind} at {server.url}, {description}; Ctrl-C ends it.")
                typer.echo(
                    f"Counters meanwhile: GET {server.url}{CONTROL}/statistics; POST {CONTROL}/reset forgets them."
                )
            interrupted.wait()
        finally:
            server.close()
        if output is Format.JSON:
            _print_json({"statistics": server.statistics().as_dict()})
        else:
            _print_table(kind, server.statistics())


def _print_json(line: dict[str, Any]) -> None:
    typer.echo(json.dumps(line))


def _print_table(kind: str, statistics: Statistics) -> None:
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("served", "throttled", "failed", "unreachable", "abandoned", "refused_connections"):
        table.add_row(name.replace("_", " "), f"{getattr(statistics, name)}")
    table.add_row("peak concurrency", f"{statistics.peak_concurrency}")
    table.add_row("peak connections", f"{statistics.peak_connections}")
    if statistics.durations is not None:
        table.add_section()
        for name in ("mean", "p50", "p95", "p99", "longest"):
            table.add_row(f"{name} to answer", f"{getattr(statistics.durations, name) * 1000:.1f} ms")
    if statistics.operations:
        table.add_section()
        for operation, number in statistics.operations.items():
            table.add_row(operation, f"{number}")
    # Not as the table's own title, which would wrap at the table's width.
    typer.echo(f"{kind}: {statistics.requests} requests in {statistics.elapsed:.1f} s")
    Console().print(table)


@contextlib.contextmanager
def _bad_input() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        _fail(str(error))


def _fail(message: str) -> None:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(2)


@contextlib.contextmanager
def _interruption() -> Iterator[threading.Event]:
    """An event that Ctrl-C, or a polite kill, sets; the second time it ends the command at once."""
    interrupted = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        interrupted.set()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
