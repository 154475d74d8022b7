"""Warm pools over freezes, against real servers: each recipe of docs/resources.md as it stands loses no invocation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from meantime.tools.emulator import Emulator, Function

if TYPE_CHECKING:
    from meantime.tools.emulator.invocation import Invocation

PAGE = Path(__file__).parents[2] / "docs" / "resources.md"
RECIPE = re.compile(r"^### ([^\n]+)\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPES = dict(RECIPE.findall(PAGE.read_text(encoding="utf-8")))
SERVERS = {
    "asyncpg": "postgresql",
    "psycopg, async": "postgresql",
    "psycopg, blocking": "postgresql",
    "Redis, async": "redis_server",
    "Redis, blocking": "redis_server",
    "httpx": "http_api",
    "aiohttp": "http_api",
}
WIDTH = 10


class Deployed:
    """A recipe, deployed, and the server that it uses."""

    def __init__(self, emulator: Emulator, server) -> None:
        self.server = server
        self._emulator = emulator
        self._environments: set[str] = set()

    def invoke(self, width: int = WIDTH) -> Invocation:
        """One invocation, which must succeed, in the one environment that there is; afterwards that is frozen."""
        invocation = self._emulator.invoke({"numbers": list(range(width))})
        assert invocation.error is None, f"{invocation.error}\n{invocation.log}"
        assert invocation.payload == [2 * number for number in range(width)]
        self._environments.add(invocation.environment_id)
        assert len(self._environments) == 1
        return invocation


@pytest.fixture(params=SERVERS)
def recipe(request):
    return request.param


@pytest.fixture
def server(recipe, request):
    return request.getfixturevalue(SERVERS[recipe])


@pytest.fixture
def deploy(tmp_path, recipe, server):
    """Deploys the recipe, perhaps with settings exchanged, and calls it twice, so that its pool is full."""
    emulators = []

    def start(exchange: dict[str, str] | None = None, *, through=server) -> Deployed:
        source = RECIPES[recipe]
        for old, new in (exchange or {}).items():
            assert old in source
            source = source.replace(old, new)
        (tmp_path / "app.py").write_text(source, encoding="utf-8")
        function = Function("app.lambda_handler", tmp_path, memory_mb=1769, timeout=10.0, environment=through.variables)
        emulators.append(Emulator(function))
        emulators[0].__enter__()
        assert emulators[0].mechanisms.freeze != "none"
        deployed = Deployed(emulators[0], server)
        deployed.invoke()
        deployed.invoke()
        return deployed

    yield start
    for emulator in emulators:
        emulator.close()


def test_every_recipe_of_the_page_is_tested():
    assert RECIPES.keys() == SERVERS.keys()


def test_forty_invocations(deploy):
    function = deploy()

    for _ in range(40):
        function.invoke()

    assert function.server.clients() <= WIDTH


def test_the_server_restarts_while_the_environment_is_frozen(deploy):
    function = deploy()

    for width in (1, WIDTH, 1, WIDTH):
        function.server.restart()
        function.invoke(width)
        function.invoke()


def test_a_freeze_is_longer_than_the_servers_idle_timeout(deploy):
    function = deploy()

    for width in (1, WIDTH):
        function.server.wait_until_all_clients_are_gone()
        function.invoke(width)
        function.invoke()


def test_a_freeze_is_longer_than_max_idle(deploy):
    function = deploy({"max_idle=60": "max_idle=0.001"})

    for _ in range(10):
        function.invoke()


@pytest.mark.parametrize("recipe", ["Redis, async", "Redis, blocking"])
def test_redis_without_repeating_commands(deploy, recipe):
    function = deploy(
        {"retry=again": "protocol=2", "max_age=300": "max_age=300, check=lambda client: client.ping()"},
    )

    for _ in range(2):
        function.server.wait_until_all_clients_are_gone()
        function.invoke()
        function.server.restart()
        function.invoke()


def test_what_sits_between_forgets_the_connections_during_a_freeze_longer_than_max_idle(deploy, forward, server):
    between = forward(server)
    function = deploy({"max_idle=60": "max_idle=0.001"}, through=between)

    for _ in range(2):
        between.forget_all()
        invocation = function.invoke()
        assert invocation.duration_ms < 2000  # nothing of it went to connections that never answer


@pytest.mark.parametrize("recipe", ["asyncpg", "psycopg, async", "Redis, async", "Redis, blocking"])
def test_what_sits_between_forgets_the_connections_during_a_shorter_freeze(deploy, forward, server, recipe):
    between = forward(server)
    function = deploy(through=between)

    between.forget_all()

    function.invoke()
