"""What the tests of the examples share: their servers, and a bare process that runs one variant as Lambda would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from surroundings import Surroundings

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

_RUN = """
import importlib, json, sys
from meantime.testing import LambdaContext
variant, timeout, times = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
event = sys.stdin.read()
handler = importlib.import_module(variant).lambda_handler
answers, raised = [], None
try:
    for _ in range(times):
        answers.append(handler(json.loads(event), LambdaContext(timeout)))
except Exception as error:
    raised = f"{type(error).__name__}: {error}"
tools = [name for name in sys.modules if name.startswith("meantime.tools")]
print(json.dumps({"answers": answers, "raised": raised, "tools": tools}))
"""


def _invoke(
    folder: Path, variant: str, event: Any, environment: dict[str, str], *, timeout: float = 30.0, times: int = 1
) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", _RUN, variant, str(timeout), str(times)],
        cwd=folder,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath} | environment,
        input=json.dumps(event),
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
    )
    assert process.returncode == 0, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result | {"log": process.stderr}


@pytest.fixture(scope="session")
def invoke() -> Callable[..., dict[str, Any]]:
    """Invokes a variant in a process with no variables but those given, in which every warning is an error.

    Gives its `answers`, the first cold and the others warm, what it `raised`, its `log`, and the `tools` it loaded.
    """
    return _invoke


@pytest.fixture(scope="session")
def served() -> Iterator[Surroundings]:
    """The servers of all examples, filled; one set for all tests, since the AWS server takes seconds to start."""
    from surroundings import surroundings  # noqa: PLC0415  # found by the path that is set above

    with surroundings() as running:
        yield running
