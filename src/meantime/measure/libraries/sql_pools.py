"""Pools of database connections: a call that has to wait for one says so, and for how long."""

from __future__ import annotations

from meantime.measure.boundaries import Description, boundary, boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.sums import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note the waits."""
    if module.__name__ == "sqlalchemy.pool.impl":
        wrap(patches, module.QueuePool, "_do_get", lambda function: boundary(function, _describe_sqlalchemy))
    elif module.__name__ == "psycopg_pool.pool":
        wrap(patches, module.ConnectionPool, "getconn", lambda function: boundary(function, _describe_psycopg))
    else:
        wrap(
            patches, module.AsyncConnectionPool, "getconn", lambda function: boundary_async(function, _describe_psycopg)
        )


def _describe_psycopg(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    pool = args[0]
    if pool._pool:  # noqa: SLF001  # the connections that are free
        return None
    add("pool_full", f"psycopg_pool {pool.name}", pool, count=1, fixed={"pool_size": float(pool.max_size)})
    timeout = keywords.get("timeout", args[1] if len(args) > 1 else None)
    return Description(
        f"connection pool {pool.name}",
        "pool",
        "psycopg_pool",
        pool.name,
        (),
        pool.timeout if timeout is None else timeout,
    )


def _describe_sqlalchemy(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    pool = args[0]
    most = pool._max_overflow  # noqa: SLF001  # as the pool itself asks
    if most < 0 or pool._overflow < most or pool._pool.qsize():  # noqa: SLF001  # likewise
        return None
    size = float(pool.size() + most)
    add("pool_full", "sqlalchemy.QueuePool", pool, count=1, fixed={"pool_size": size})
    return Description("connection pool", "pool", "sqlalchemy", "", (), pool.timeout())
