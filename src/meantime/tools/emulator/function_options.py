"""The options that say what function a command runs: the same in `invoke`, `serve` and `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meantime.tools.emulator import limits

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
