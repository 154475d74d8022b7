"""A stand-in for PostgreSQL on your own machine: a file of SQLite that takes the same queries."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


@asynccontextmanager
async def connected(path: str) -> AsyncIterator[Callable[..., Awaitable[list[Any]]]]:
    """The `fetch` of a connection, with the arguments of asyncpg's."""
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row

        async def fetch(query: str, *values: object) -> list[Any]:
            named = {str(number): value for number, value in enumerate(values, start=1)}  # $1, $2…
            return list(await connection.execute_fetchall(query, named))

        yield fetch
