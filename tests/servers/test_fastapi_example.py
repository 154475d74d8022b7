"""The queries of examples/fastapi against PostgreSQL, which it has when it is deployed; locally it has SQLite."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from pathlib import Path

import pytest

asyncpg = pytest.importorskip("asyncpg")

pytestmark = pytest.mark.blocks_the_loop  # asyncpg looks for files when it connects

FOLDER = Path(__file__).parents[2] / "examples" / "fastapi"


@pytest.fixture
def orders(postgresql, monkeypatch):
    """The module, for a database with the example's table."""
    monkeypatch.setenv("DATABASE_URL", postgresql.variables["DATABASE_URL"])
    monkeypatch.syspath_prepend(FOLDER)
    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(with_connection(postgresql, (FOLDER / "schema.sql").read_text()))
        import orders  # noqa: PLC0415  # found by the path that is set above

        yield orders
        loop.run_until_complete(with_connection(postgresql, "DROP TABLE orders"))
    del sys.modules["orders"]


async def with_connection(postgresql, statement):
    connection = await asyncpg.connect(postgresql.variables["DATABASE_URL"])
    await connection.execute(statement)
    await connection.close()


def test_an_order_is_stored_once_and_found_again(orders):
    async def use():
        await orders.ready()
        first = await orders.add("o-2", "lamp", 2, "east")
        again = await orders.add("o-2", "rug", 9, "north")
        await orders.add("o-1", "cup", 1, "north")
        return first, again, await orders.find("o-1"), await orders.find("o-3"), await orders.first(10)

    lamp = {"number": "o-2", "product": "lamp", "quantity": 2, "supplier": "east"}
    cup = {"number": "o-1", "product": "cup", "quantity": 1, "supplier": "north"}
    with asyncio.Runner() as runner:
        assert runner.run(use()) == ((lamp, True), (lamp, False), cup, None, [cup, lamp])
