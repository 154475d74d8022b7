"""asyncpg: each statement is a call; connecting, and waiting for a connection of its pool."""

from __future__ import annotations

from functools import wraps
from importlib import import_module

from meantime.measure.boundaries import Description, boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import split
from meantime.measure.libraries.makers import making_async
from meantime.measure.libraries.nesting import is_part, note_connection
from meantime.measure.libraries.statements import statement_name
from meantime.measure.libraries.sums import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches

# Where each has its timeout, if it is given one by position.
_TIMEOUT_AT = {"_execute": 4, "_executemany": 3, "_copy_in": 3, "_copy_out": 3, "_bind_exec": 2, "_bind": 1, "_exec": 2}


def record(_: ModuleType, patches: Patches) -> None:
    """Note statements."""
    connection = import_module("asyncpg.connection").Connection
    for name in ("execute", "_execute", "_executemany", "_prepare", "_copy_in", "_copy_out"):
        wrap(patches, connection, name, _noting)
    wrap(patches, connection, "reset", _noting_reset)
    statement = import_module("asyncpg.prepared_stmt").PreparedStatement
    for name in ("fetch", "fetchval", "fetchrow", "fetchmany", "executemany", "explain"):
        if hasattr(statement, name):
            wrap(patches, statement, name, _noting)
    cursor = import_module("asyncpg.cursor").BaseCursor
    for name in ("_bind_exec", "_bind", "_exec"):
        wrap(patches, cursor, name, _noting)
    wrap(
        patches,
        import_module("asyncpg.connect_utils"),
        "_connect",
        lambda function: making_async(boundary_async(function, _describe_connect), "asyncpg.connect"),
    )
    pool = import_module("asyncpg.pool").Pool
    wrap(patches, pool, "_acquire", lambda function: boundary_async(function, _describe_acquire))
    wrap(patches, pool, "_async__init__", lambda function: making_async(function, "asyncpg.create_pool"))


def _described(statement: Any, connection: Any, timeout: Any) -> Description:
    config = getattr(connection, "_config", None)
    limit = timeout if isinstance(timeout, (int, float)) else getattr(config, "command_timeout", None)
    settings = getattr(getattr(connection, "_params", None), "server_settings", None) or {}
    has_timeout = True if limit is not None else None if "statement_timeout" in settings else False
    address = getattr(connection, "_addr", None)
    target = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address or "")
    return Description(
        statement_name(statement),
        "sql",
        "asyncpg",
        target,
        (),
        limit,
        has_timeout=has_timeout,
        waits_for="receive",
    )


def _describe(name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    owner, connection, timeout = args[0], args[0], keywords.get("timeout")
    position = _TIMEOUT_AT.get(name, len(args))
    if len(args) > position:
        timeout = args[position]
    if hasattr(owner, "_query"):  # a prepared statement, or a cursor
        return _described(owner._query, owner._connection, timeout)  # noqa: SLF001  # no property tells
    statement = args[1] if len(args) > 1 else keywords.get("query", "")
    return _described(statement, connection, timeout)


def _describe_connect(_: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    timeout = keywords.get("timeout")
    target = f"{keywords.get('host') or ''}:{keywords.get('port') or ''}".strip(":")
    dsn = keywords.get("dsn")
    if not target and isinstance(dsn, str) and "://" in dsn:
        target = split(dsn)[0]
    return Description("CONNECT", "sql", "asyncpg", target, (), timeout, has_timeout=timeout is not None)


def _describe_acquire(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    pool = args[0]
    if not pool._queue.empty():  # noqa: SLF001  # as the pool itself asks
        return None
    add("pool_full", "asyncpg pool", pool, count=1, fixed={"pool_size": float(pool.get_max_size())})
    timeout = args[1] if len(args) > 1 else keywords.get("timeout")
    return Description("connection pool", "pool", "asyncpg", "", (), timeout, has_timeout=timeout is not None)


def _noting(function: Callable[..., Any], named: str = "") -> Callable[..., Any]:
    method = function.__name__

    def describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        description = _describe(method, args, keywords)
        if description is not None:
            description.name = named or (f"PREPARE {description.name}" if method == "_prepare" else description.name)
        return description

    @wraps(function)
    async def call(*args: Any, **keywords: Any) -> Any:
        result = await function(*args, **keywords)
        note_connection()
        return result

    return boundary_async(call, describe)


def _noting_reset(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a pool sends when a connection comes back: a round trip, but no query of the function's."""
    return _noting(function, "RESET")
