"""The options that say what function a command runs: the same in `invoke`, `serve` and `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meantime.tools.emulator import limits
from meantime.tools.emulator.function import Function
from meantime.tools.emulator.handler_file import check_handler
from meantime.tools.emulator.variable_option import parsed_variables

Handler = Annotated[str, typer.Argument(help="package.module.function, found in the code folder.")]
Code = Annotated[Path, typer.Option(metavar="DIR", help="The code folder.")]
Memory = Annotated[
    int,
    typer.Option(
        min=limits.MEMORY_MIN_MB,
        max=limits.MEMORY_MAX_MB,
        metavar="MB",
        help=f"{limits.MEMORY_MIN_MB} to {limits.MEMORY_MAX_MB}; decides the CPU share, too.",
    ),
]
Timeout = Annotated[
    float, typer.Option(metavar="S", help=f"Seconds an invocation may take, at most {limits.TIMEOUT_MAX:g}.")
]
Variables = Annotated[
    list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="An environment variable; may be repeated.")
]


def chosen_function(
    handler: str,
    code: Path,
    memory: int,
    timeout: float,
    variables: list[str] | None,
    *,
    reserved_concurrency: int | None = None,
) -> Function:
    """Return the function that the options say.

    Raises:
        ValueError: There is none like that.
    """
    function = Function(
        handler,
        code=code,
        memory_mb=memory,
        timeout=timeout,
        environment=parsed_variables(variables or []),
        reserved_concurrency=reserved_concurrency,
    )
    check_handler(function)
    return function
