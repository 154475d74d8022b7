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
def deploy(tmp_path, recipe, request):
    """Deploys the recipe, perhaps with a setting exchanged, and calls it twice, so that its pool is full."""
    server = request.getfixturevalue(SERVERS[recipe])
    emulators = []

    def start(old: str = "", new: str = "") -> Deployed:
        (tmp_path / "app.py").write_text(RECIPES[recipe].replace(old, new), encoding="utf-8")
        function = Function("app.lambda_handler", tmp_path, memory_mb=1769, timeout=10.0, environment=server.variables)
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


def test_a_hundred_invocations(deploy):
    function = deploy()

    for _ in range(100):
        function.invoke()

    assert function.server.clients() <= WIDTH


@pytest.mark.parametrize("width", [1, WIDTH])
def test_the_server_restarts_while_the_environment_is_frozen(deploy, width):
    function = deploy()

    for _ in range(3):
        function.server.restart()
        function.invoke(width)
        function.invoke()


@pytest.mark.parametrize("width", [1, WIDTH])
def test_a_freeze_is_longer_than_the_servers_idle_timeout(deploy, width):
    function = deploy()

    for _ in range(2):
        function.server.wait_until_all_clients_are_gone()
        function.invoke(width)
        function.invoke()


def test_a_freeze_is_longer_than_max_idle(deploy):
    function = deploy("max_idle=60", "max_idle=0.001")

    for _ in range(10):
        function.invoke()
