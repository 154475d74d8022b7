"""PostgreSQL and Redis, started as the tests start theirs."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FUNCTIONS = Path(__file__).parents[2] / "tests" / "tools" / "measure" / "functions"


@contextmanager
def databases() -> Iterator[dict[str, int]]:
    """The port of each, by its name, while they run."""
    sys.path.insert(0, str(_FUNCTIONS))
    from strangers import servers_of_the_tests  # noqa: PLC0415  # the path is set

    tests = servers_of_the_tests()
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
