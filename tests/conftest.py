"""What every test stands on: an execution environment of its own, and a guard against blocking the loop."""

from __future__ import annotations

import ast
import gc
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

from meantime.executors.underway import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meantime.environment import Environment
    from meantime.testing import FakeClock


# Machines are shared and slow: how long an example takes says nothing.
settings.register_profile("meantime", deadline=None)
settings.load_profile("meantime")


if sys.version_info < (3, 11, 8):
    # There a parse that begins within another breaks both (python/cpython#106905): pytest's, of a test module, within
    # which what a test gave up is collected, which says so with a traceback, for which Python parses its lines.
    parse = ast.parse

    def parse_undisturbed(*given: Any, **options: Any) -> ast.AST:
        collects = gc.isenabled()
        gc.disable()
        try:
            return parse(*given, **options)
        finally:
            if collects:
                gc.enable()

    ast.parse = parse_undisturbed  # type: ignore[assignment]


# What the terminal of whoever runs the tests is like, and that a service runs them, is no affair of the programs under
# test: rich and typer ask for these.
_OF_THE_TERMINAL = (
    "CLICOLOR", "COLORTERM", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS",
    "TERMINAL_WIDTH", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "blocks_the_loop: this test blocks the event loop on purpose")
    # Started in the background, as a CI service may, we inherit an ignored SIGINT; the programs under test must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in _OF_THE_TERMINAL:
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm"


@pytest.fixture(autouse=True)
def _nothing_blocks_the_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("blocks_the_loop"):
        yield
        return
    with blockbuster_ctx():
        yield


@pytest.fixture
def clock(fake_clock: FakeClock) -> FakeClock:
    """A clock to hold."""
    return fake_clock


@pytest.fixture(autouse=True)
def environment(fresh_environment: Environment) -> Iterator[Environment]:
    """A fresh execution environment; after the test no call of it may be under way."""
    yield fresh_environment
    assert registry.wait_until_idle(30), f"left under way: {registry.waiting()}"


@pytest.fixture
def run_python() -> Callable[[str], str]:
    """Runs source text in a Python of its own; fails with what that printed unless it ends well."""

    def run(source: str) -> str:
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", textwrap.dedent(source)],
            env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
