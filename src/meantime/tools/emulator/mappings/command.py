"""The command `meantime emulator run`: connects a queue or a stream with a function, and shows what comes of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

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
from meantime.tools.emulator.mappings.errors import NotDrainedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.display import Display
    from meantime.tools.emulator.mappings.mapping import Mapping
    from meantime.tools.emulator.mappings.statistics import Statistics

_FAILED: Final = 1
_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130
_SHOW_EVERY: Final = 0.25
_QUEUES_ONLY: Final = ("maximum_concurrency",)
_STREAMS_ONLY: Final = (
    "starting_position",
    "parallelization_factor",
    "bisect_batch_on_function_error",
    "maximum_retry_attempts",
    "maximum_record_age",
    "on_failure",
    "tumbling_window",
)


def run(
    handler: Handler,
    *,
    queue: Annotated[str | None, typer.Option(metavar="URL|ARN", help="The SQS queue to read.")] = None,
    stream: Annotated[
        str | None, typer.Option(metavar="ARN", help="The Kinesis data stream, or DynamoDB stream, to read.")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where it is served; AWS_ENDPOINT_URL serves as well.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="By default that of the URL or ARN.")] = None,
    code: Code = Path(),
    memory: Memory = limits.MEMORY_MIN_MB,
    timeout: Timeout = 3.0,
    env: Variables = None,
    reserved_concurrency: Annotated[
        int | None, typer.Option(metavar="N", help="The function's own limit; above it invocations are throttled.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="Records of an invocation.")] = None,
    batch_window: Annotated[int | None, typer.Option(metavar="S", help="Seconds to gather a batch, 0 to 300.")] = None,
    report_batch_item_failures: Annotated[
        bool | None, typer.Option("--report-batch-item-failures", help="The answer may list failed records.")
    ] = None,
    maximum_concurrency: Annotated[
        int | None, typer.Option(metavar="N", help="Queue: batches at once, 2 to 1,000. Without it, up to 1,000.")
    ] = None,
    starting_position: Annotated[
        str | None, typer.Option(metavar="TRIM_HORIZON|LATEST|TIME", help="Stream: where to begin.")
    ] = None,
    parallelization_factor: Annotated[
        int | None, typer.Option(metavar="N", help="Stream: batches of a shard at once, 1 to 10.")
    ] = None,
    bisect_batch_on_function_error: Annotated[
        bool | None, typer.Option("--bisect-batch-on-function-error", help="Stream: halve a batch that failed.")
    ] = None,
    maximum_retry_attempts: Annotated[
        int | None, typer.Option(metavar="N", help="Stream: then a batch is given up; -1 for never.")
    ] = None,
    maximum_record_age: Annotated[
        int | None, typer.Option(metavar="S", help="Stream: seconds, then a record is given up; -1 for never.")
    ] = None,
    on_failure: Annotated[
        str | None, typer.Option(metavar="ARN", help="Stream: the queue or topic told of what is given up.")
    ] = None,
    tumbling_window: Annotated[int | None, typer.Option(metavar="S", help="Stream: seconds of a window.")] = None,
    drain: Annotated[bool, typer.Option("--drain", help="End when all is processed, not only at Ctrl-C.")] = False,
    drain_timeout: Annotated[
        float | None, typer.Option(metavar="S", help="With --drain: end then at the latest, with exit code 1.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Print the functions' logs on standard error.")] = False,
    output: Output = Format.text,
) -> None:
    """Read a queue or a stream as Lambda's event source mapping does, and invoke the function with its records.

    Shows on a terminal what happens, until Ctrl-C or, with --drain, until all is processed.
    Exits with 0 when drained, 1 if records were given up or not drained in time, 2 if it could not be run as asked.
    Ctrl-C gives back what was read and not processed, and exits with 130.
    """
    given = {
        "batch_size": batch_size,
        "batch_window": batch_window,
        "report_batch_item_failures": report_batch_item_failures,
        "maximum_concurrency": maximum_concurrency,
        "starting_position": starting_position,
        "parallelization_factor": parallelization_factor,
        "bisect_batch_on_function_error": bisect_batch_on_function_error,
        "maximum_retry_attempts": maximum_retry_attempts,
        "maximum_record_age": maximum_record_age,
        "on_failure": on_failure,
        "tumbling_window": tumbling_window,
    }
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        function = chosen_function(handler, code, memory, timeout, env, reserved_concurrency=reserved_concurrency)
        mapping, display = _made(
            function,
            queue,
            stream,
            {"endpoint_url": endpoint_url, "region": region, **settings},
            live=output is Format.text,
            log=log,
        )
    except ValueError as error:
        _fail(str(error), _BAD_INPUT)
    _run(mapping, display, drain=drain, drain_timeout=drain_timeout, output=output, logged=log)


def _made(
    function: Function, queue: str | None, stream: str | None, settings: dict[str, Any], *, live: bool, log: bool
) -> tuple[Mapping, Display]:
    """Return the mapping that is asked for, and what shows it.

    Raises:
        ValueError: It cannot be.
    """
    # Here, so that the other commands need not wait for botocore.
    from meantime.tools.emulator.mappings.display import Display  # noqa: PLC0415
    from meantime.tools.emulator.mappings.sqs import SQSMapping  # noqa: PLC0415
    from meantime.tools.emulator.mappings.streams import StreamMapping  # noqa: PLC0415

    if (queue is None) == (stream is None):
        raise ValueError("give --queue or --stream, one of the two")
    others = _STREAMS_ONLY if queue is not None else _QUEUES_ONLY
    for name in others:
        if name in settings:
            raise ValueError(f"--{name.replace('_', '-')} is for {'streams' if queue is not None else 'queues'} only")
    display = Display(f"{'queue' if queue is not None else 'stream'} {queue or stream}", wanted=live)

    def print_log(invocation: Invocation) -> None:
        display.print(invocation.log)

    observer = print_log if log else None
    if queue is not None:
        return SQSMapping(function, queue_url=queue, on_invocation=observer, **settings), display
    if "starting_position" in settings:
        settings["starting_position"] = _position(settings["starting_position"])
    return StreamMapping(function, stream_arn=stream or "", on_invocation=observer, **settings), display


def _run(
    mapping: Mapping, display: Display, *, drain: bool, drain_timeout: float | None, output: Format, logged: bool
) -> None:
    from meantime.tools.emulator.mappings.display import as_json, summary  # noqa: PLC0415  # as above
    from meantime.tools.emulator.mappings.interruption import interruption  # noqa: PLC0415

    before: Statistics | None = None
    known: tuple[str, ...] = ()
    drained, problem = False, ""
    with interruption() as interrupted:
        try:
            with mapping:
                before = mapping.statistics()
                known = mapping.warnings
                _warn(known)
                drained, problem = _watched(mapping, display, interrupted, drain=drain, timeout=drain_timeout)
                if not drained:
                    mapping.close(finish=False)
        except (ValueError, EmulatorError) as error:
            problem = str(error)
        if before is None:
            _fail(problem, _BAD_INPUT)
        stopped = interrupted.is_set()
    after = mapping.statistics()
    _warn(warning for warning in mapping.warnings if warning not in known)
    if output is Format.json:
        typer.echo(as_json(mapping, after, drained=drained, interrupted=stopped))
    else:
        from rich.console import Console  # noqa: PLC0415  # as above

        Console(highlight=False).print(summary(mapping, after))
        if after.partials and not logged:
            typer.echo("An answer does not say why a record failed; the function's log may: --log", err=True)
    if problem:
        _fail(problem, _FAILED)
    if stopped:
        raise typer.Exit(_INTERRUPTED)
    if after.discarded or (after.dead_letters or 0) > (before.dead_letters or 0):
        raise typer.Exit(_FAILED)


def _watched(
    mapping: Mapping, display: Display, interrupted: Any, *, drain: bool, timeout: float | None
) -> tuple[bool, str]:
    """Show the mapping until its end; return whether it is drained, and what went wrong."""
    draining = mapping.drained(timeout) if drain else None
    with display:
        while not interrupted.wait(_SHOW_EVERY):
            display.show(mapping.statistics())
            if draining is not None and draining.done():
                try:
                    draining.result()
                except NotDrainedError as error:
                    return False, str(error)
                return True, ""
            if mapping.error is not None:
                return False, str(mapping.error)
    return False, ""


def _position(text: str) -> Any:
    if text in ("TRIM_HORIZON", "LATEST"):
        return text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"--starting-position {text!r} is neither TRIM_HORIZON nor LATEST nor a time such as 2026-01-31T12:00:00Z"
        ) from None


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        typer.echo(f"Warning: {warning}", err=True)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(code)
