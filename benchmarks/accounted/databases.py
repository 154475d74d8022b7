"""PostgreSQL and Redis, started as the tests start theirs."""

from __future__ import annotations

import importlib.util
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVERS_OF_THE_TESTS = Path(__file__).parents[2] / "tests" / "servers" / "conftest.py"


@contextmanager
def databases() -> Iterator[dict[str, int]]:
    """The port of each, by its name, while they run."""
    tests = _servers_of_the_tests()
    postgres = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])).parent
    redis = shutil.which("redis-server", path="/usr/bin:/usr/local/bin")
    owners = tests.account("postgres"), tests.account("redis")
    with ExitStack() as stack:
        yield {
            "postgresql": stack.enter_context(
                tests.running(lambda folder: tests.PostgreSQL(folder, owners[0], postgres), owners[0])
            ).port,
            "redis": stack.enter_context(
                tests.running(lambda folder: tests.Redis(folder, owners[1], redis), owners[1])
            ).port,
        }


def _servers_of_the_tests() -> Any:
    spec = importlib.util.spec_from_file_location("servers_of_the_tests", _SERVERS_OF_THE_TESTS)
    assert spec is not None  # noqa: S101  # the file is there
    assert spec.loader is not None  # noqa: S101  # likewise
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
