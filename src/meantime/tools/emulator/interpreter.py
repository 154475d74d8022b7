"""Asks a function's interpreter whether it can run one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Final

from meantime.tools.emulator.errors import EmulatorError

_QUESTION: Final = (
    "import importlib.util, sys; "
    "print('%d.%d' % sys.version_info[:2], importlib.util.find_spec('awslambdaric') is not None)"
)


def version_of(python: Path) -> str:
    """Return an interpreter's version, as in `3.12`.

    Raises:
        EmulatorError: It has no `awslambdaric`, or does not run.
    """
    if python == Path(sys.executable).absolute():
        version, has_client = f"{sys.version_info[0]}.{sys.version_info[1]}", _found_here()
    else:
        version, has_client = _ask(python)
    if not has_client:
        raise EmulatorError(
            f"{python} has no awslambdaric, AWS's runtime client; install it there (pip install awslambdaric) "
            "or name another interpreter as Function(python=...)"
        )
    return version


def _found_here() -> bool:
    return importlib.util.find_spec("awslambdaric") is not None


def _ask(python: Path) -> tuple[str, bool]:
    try:
        answer = subprocess.run(  # noqa: S603  # the user's own interpreter
            [str(python), "-c", _QUESTION], check=True, capture_output=True, text=True, timeout=30
        ).stdout.split()
        return answer[0], answer[1] == "True"
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise EmulatorError(f"{python} does not run as a Python interpreter: {error}") from error
