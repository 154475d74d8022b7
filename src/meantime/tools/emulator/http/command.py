"""The command `meantime emulator serve`: a port before a function, as a function URL or an API is one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from meantime.tools.emulator import limits
from meantime.tools.emulator.errors import EmulatorError
from meantime.tools.emulator.format_option import Format, Output
from meantime.tools.emulator.function_options import (
    Code,
    Handler,
    Memory,
    Timeout,
    Variables,
    chosen_function,
)
from meantime.tools.emulator.hints import hint
from meantime.tools.emulator.http.access_log import AccessLog, FunctionLog
from meantime.tools.emulator.http.api_gateway_v1 import ApiGatewayV1
from meantime.tools.emulator.http.api_gateway_v2 import ApiGatewayV2
from meantime.tools.emulator.http.front import HttpFront
from meantime.tools.emulator.http.function_url import FunctionUrl
from meantime.tools.emulator.http.http_api_payload_v1 import HttpApiPayloadV1
from meantime.tools.emulator.http.sources import made

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.exchange import Exchange
    from meantime.tools.emulator.http.source import Source
    from meantime.tools.emulator.invocation import Invocation

_BAD_INPUT: Final = 2
_PORT: Final = 3000


class SourceName(StrEnum):
    """The event sources."""

    function_url = "function-url"
    api_gateway_v2 = "api-gateway-v2"
    http_api_payload_v1 = "http-api-payload-v1"
    api_gateway_v1 = "api-gateway-v1"
    alb = "alb"
    alb_multi_value = "alb-multi-value"
    vpc_lattice_v1 = "vpc-lattice-v1"
    vpc_lattice_v2 = "vpc-lattice-v2"


_STAGED: Final = (SourceName.api_gateway_v1, SourceName.api_gateway_v2, SourceName.http_api_payload_v1)


def serve(
    handler: Handler,
    *,
    url: Annotated[bool, typer.Option("--url", help="As a function URL; the default.")] = False,
    source: Annotated[
        SourceName | None, typer.Option(metavar="NAME", help=f"As another event source: {', '.join(SourceName)}.")
    ] = None,
    stage: Annotated[
        str | None, typer.Option(metavar="NAME", help="API Gateway: the stage that every path begins with.")
    ] = None,
    binary_media_type: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="REST API: bodies of it are binary; */* for all. May be repeated."),
    ] = None,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Function URL, REST API: pass streamed answers on as they come.")
    ] = False,
    code: Code = Path(),
    memory: Memory = limits.MEMORY_MIN_MB,
    timeout: Timeout = 3.0,
    env: Variables = None,
    max_environments: Annotated[
        int | None, typer.Option(metavar="N", help="Requests at once, each in its environment; more are throttled.")
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="The port; 0 for a free one.")] = _PORT,
    reload: Annotated[bool, typer.Option(help="New environments when a file in the code folder changes.")] = True,
    log: Annotated[
        FunctionLog, typer.Option(metavar="PART", help="The function's log: function (its own lines), all, none.")
    ] = FunctionLog.function,
    output: Output = Format.text,
) -> None:
    """Serve a function over HTTP, as a function URL, API Gateway, a load balancer or VPC Lattice does.

    Each request is an event, in an environment that serves no other at that time; the answer becomes HTTP again.
    Prints a line a request on standard output, the function's log on standard error. Ctrl-C, or SIGTERM, stops it.
    Exits with 0 when stopped, 2 if it could not be run as asked.
    """
    shown = AccessLog(log=log, as_json=output is Format.json)
    try:
        function = chosen_function(handler, code, memory, timeout, env, reserved_concurrency=max_environments)
        front = HttpFront(
            function,
            _made(_chosen(source, url=url), stage, binary_media_type or [], streaming=streaming),
            host=host,
            port=port,
            on_exchange=lambda exchange: _show(shown, front, exchange),
            on_invocation=lambda invocation: _tell(shown, function, invocation),
        )
        asyncio.run(_serve(front, function, shown, reload=reload))
    except (ValueError, EmulatorError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(error.strerror or str(error))


async def _serve(front: HttpFront, function: Function, shown: AccessLog, *, reload: bool) -> None:
    stopping = _stopping()
    async with front, asyncio.TaskGroup() as tasks:
        if reload:
            from meantime.tools.emulator.http.reload import reload_on_change  # noqa: PLC0415  # who does not, need not

            tasks.create_task(reload_on_change(front, function.code, shown, stopping))
        shown.note(f"{function.handler} at {front.url} as {front.source.title}. Ctrl-C stops it.")
        shown.note(
            f"{function.memory_mb} MB, {function.cpu_share:.2f} of a core, timeout {function.timeout:g} s"
            + (f"; watching {function.code}" if reload else ""),
            style="",
        )
        await stopping.wait()
        shown.note("stopping")


def _show(shown: AccessLog, front: HttpFront, exchange: Exchange) -> None:
    shown.exchange(exchange)
    shown.note_once(front.source.warning(exchange.request))


def _tell(shown: AccessLog, function: Function, invocation: Invocation) -> None:
    shown.invocation(invocation)
    if (more := hint(function, invocation)) is not None:
        shown.note(more, style="yellow")


def _stopping() -> asyncio.Event:
    """Return an event that Ctrl-C, or a polite kill, sets; the second one ends the command at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop)
    return stopping


def _chosen(source: SourceName | None, *, url: bool) -> SourceName:
    if url and source not in (None, SourceName.function_url):
        raise ValueError(f"--url and --source {source} are two event sources; give one")
    return source or SourceName.function_url


def _made(name: SourceName, stage: str | None, binary: list[str], *, streaming: bool) -> Source:
    """Return the event source.

    Raises:
        ValueError: It has not got a setting that was given.
    """
    if stage is not None and name not in _STAGED:
        raise ValueError(f"--stage is for API Gateway, and {name} has none")
    if binary and name is not SourceName.api_gateway_v1:
        raise ValueError(f"--binary-media-type is for REST APIs (--source api-gateway-v1), not for {name}")
    if streaming and name not in (SourceName.function_url, SourceName.api_gateway_v1):
        raise ValueError(f"--streaming is for function URLs and REST APIs, not for {name}")
    if name is SourceName.api_gateway_v1:
        return ApiGatewayV1(stage=stage or "", binary_media_types=binary, streaming=streaming)
    if name is SourceName.api_gateway_v2:
        return ApiGatewayV2(stage=stage or "$default")
    if name is SourceName.http_api_payload_v1:
        return HttpApiPayloadV1(stage=stage or "$default")
    if name is SourceName.function_url:
        return FunctionUrl(streaming=streaming)
    return made(name)


def _fail(message: str) -> NoReturn:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(_BAD_INPUT)
