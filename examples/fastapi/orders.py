"""Orders in a database: PostgreSQL, or on your own machine a file of SQLite if DATABASE_URL names one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import meantime

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    Fetch = Callable[..., Awaitable[list[Any]]]  # a query and the values of its $1, $2…; gives rows

_SQLITE = "sqlite:///"
_FIND = "SELECT number, product, quantity, supplier FROM orders WHERE number = $1"
_FIRST = "SELECT number, product, quantity, supplier FROM orders ORDER BY number LIMIT $1"
_ADD = """
INSERT INTO orders (number, product, quantity, supplier) VALUES ($1, $2, $3, $4)
ON CONFLICT (number) DO NOTHING RETURNING number, product, quantity, supplier
"""


async def _answers(fetch: Fetch) -> None:
    await fetch("SELECT 1")


# Made anew when a freeze was so long that the server, or what sits between, may have forgotten its connections.
@meantime.warm(max_idle=60, max_age=300, check=_answers)
async def database() -> AsyncGenerator[Fetch, None]:
    """The `fetch` of a pool that is kept between invocations."""
    url = os.environ["DATABASE_URL"]
    if url.startswith(_SQLITE):
        from local_database import connected  # noqa: PLC0415  # it is not deployed

        async with connected(url.removeprefix(_SQLITE)) as fetch:
            yield fetch
        return
    # Not above: on your own machine you may have no PostgreSQL.
    import asyncpg  # noqa: PLC0415

    async with asyncpg.create_pool(url, min_size=0, max_size=5, timeout=2, command_timeout=5) as pool:
        yield pool.fetch


async def ready() -> None:
    """Return when the database answers."""
    await _answers(await database())


async def add(number: str, product: str, quantity: int, supplier: str) -> tuple[dict[str, Any], bool]:
    """Store an order unless there is one of that number; gives the one that is stored, and whether it is new."""
    fetch = await database()
    added = await fetch(_ADD, number, product, quantity, supplier)
    rows = added or await fetch(_FIND, number)
    return dict(rows[0]), bool(added)


async def find(number: str) -> dict[str, Any] | None:
    """The order of this number."""
    fetch = await database()
    rows = await fetch(_FIND, number)
    return dict(rows[0]) if rows else None


async def first(limit: int) -> list[dict[str, Any]]:
    """As many orders, by their numbers."""
    fetch = await database()
    return [dict(row) for row in await fetch(_FIRST, limit)]
