"""What is to be run: a function's handler, code and settings, checked before anything starts."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = "$LATEST"

_ACCOUNT: Final = "123456789012"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS: Final = ("AWS_LAMBDA_RUNTIME_API", "_HANDLER", "_LAMBDA_TELEMETRY_LOG_FD", "AWS_LAMBDA_MAX_CONCURRENCY")


@dataclass(frozen=True)
class Function:
    """One Lambda function, as the emulator runs it.

    Args:
        handler: `package.module.function`, found in `code`.
        code: The code folder: working directory and first place of the process to import from.
        memory_mb: 128 to 10,240; also decides the share of CPU.
        timeout: Seconds one invocation may take, above 0 and at most 900.
        environment: Variables the function sees; they win over those AWS sets.
        name: Letters, digits, `-` and `_`; made from the handler if empty.
        python: The interpreter that runs it; it must have `awslambdaric` installed.
        reserved_concurrency: Most invocations at once; above it `TooManyRequestsError`. None: no limit.
        snap_start: Whether it is initialised, frozen and restored, with its hooks, before its first invocation.

    Raises:
        ValueError: A setting that AWS or this machine cannot take; the text says which and why.
    """

    handler: str
    code: Path = field(default_factory=Path)
    memory_mb: int = limits.MEMORY_MIN_MB
    timeout: float = 3.0
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    python: Path = field(default_factory=lambda: Path(sys.executable))
    reserved_concurrency: int | None = None
    snap_start: bool = False

    def __post_init__(self) -> None:
        _check_handler(self.handler)
        _check_limits(self.memory_mb, self.timeout, self.reserved_concurrency)
        _check_variables(self.environment)
        settle = object.__setattr__  # the dataclass is frozen for everybody else
        settle(self, "code", _existing_folder(Path(self.code)))
        settle(self, "python", _interpreter(Path(self.python)))
        settle(self, "environment", dict(self.environment))
        settle(self, "name", self.name or _name_of(self.handler))
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r} is not 1 to 64 letters, digits, hyphens and underscores")

    @property
    def region(self) -> str:
        """The region the function believes to be in."""
        return self.environment.get("AWS_REGION", "us-east-1")

    @property
    def arn(self) -> str:
        """The name by which it is invoked."""
        return f"arn:aws:lambda:{self.region}:{_ACCOUNT}:function:{self.name}"

    @property
    def cpu_share(self) -> float:
        """How many cores it gets; 1.0 is one whole core."""
        return limits.cpu_share(self.memory_mb)


def _check_handler(handler: str) -> None:
    module, dot, function = handler.rpartition(".")
    if not dot or not module or not function:
        raise ValueError(f"handler {handler!r} is not of the form package.module.function")


def _check_limits(memory_mb: int, timeout: float, reserved_concurrency: int | None) -> None:
    if isinstance(memory_mb, bool) or not isinstance(memory_mb, int):
        raise ValueError(f"memory_mb is a whole number of MB, not {memory_mb!r}")  # noqa: TRY004  # one type for all bad settings
    if not limits.MEMORY_MIN_MB <= memory_mb <= limits.MEMORY_MAX_MB:
        raise ValueError(f"memory_mb {memory_mb} is not in {limits.MEMORY_MIN_MB}..{limits.MEMORY_MAX_MB}")
    if not 0 < timeout <= limits.TIMEOUT_MAX:
        raise ValueError(f"timeout {timeout} is not above 0 and at most {limits.TIMEOUT_MAX:g} seconds")
    if reserved_concurrency is not None and reserved_concurrency < 0:
        raise ValueError(f"reserved_concurrency {reserved_concurrency} is below 0; None means no limit")


def _check_variables(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"environment variable name {name!r} is not letters, digits and underscores")
        if not isinstance(value, str):
            raise ValueError(f"environment variable {name} is {value!r}, which is not text")  # noqa: TRY004  # one type for all bad settings
        if "\0" in value:
            raise ValueError(f"environment variable {name} holds a NUL character")
        if name in _OURS:
            raise ValueError(f"environment variable {name} is how the emulator talks to the runtime; leave it out")
    # AWS measures the text of the JSON object that holds them.
    measured = json.dumps(dict(environment), ensure_ascii=False, separators=(",", ":"))
    if (size := len(measured.encode(errors="surrogatepass"))) > limits.VARIABLES_MAX_BYTES:
        raise ValueError(f"the environment variables have {size} bytes; AWS takes {limits.VARIABLES_MAX_BYTES}")


def _existing_folder(code: Path) -> Path:
    folder = code.expanduser().resolve()
    if not folder.is_dir():
        raise ValueError(f"code folder {folder} is not there" if not folder.exists() else f"{folder} is no folder")
    return folder


def _interpreter(python: Path) -> Path:
    found = shutil.which(python.expanduser())
    if found is None:
        raise ValueError(f"python {python} is not an executable file, nor on PATH")
    # Not resolved: a virtual environment's interpreter is a link, and the link decides which packages it has.
    return Path(found).absolute()


def _name_of(handler: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", handler)[:64]
