"""psycopg 3, blocking and async: each statement is a call, and so are connecting, committing and rolling back."""

from __future__ import annotations

from functools import wraps
from importlib import import_module

from meantime.measure.boundaries import Description, boundary, boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.makers import making, making_async
from meantime.measure.libraries.nesting import is_part, note_connection
from meantime.measure.libraries.statements import statement_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches

# What a connection does that no method here tells of, by the generator that it waits for.
_STEPS = {
    "_enter_gen": "BEGIN", "_exit_gen": "COMMIT", "_stream_fetchone_gen": "FETCH", "_stream_send_gen": "SELECT",
    "_start_copy_gen": "COPY", "_read_gen": "COPY", "read_gen": "COPY", "_copy_to_gen": "COPY", "copy_to": "COPY",
    "copy_from": "COPY", "copy_end": "COPY", "_close_gen": "CLOSE", "_fetch_gen": "FETCH",
}  # fmt: skip
_IDLE = 0  # no transaction is open: there is nothing to commit


def record(module: ModuleType, patches: Patches) -> None:
    """Note statements."""
    for cursor in (module.Cursor, module.ServerCursor):
        _wrap_cursor(patches, cursor, _noting)
    for cursor in (module.AsyncCursor, module.AsyncServerCursor):
        _wrap_cursor(patches, cursor, _noting_async)
    for name in ("commit", "rollback"):
        wrap(patches, module.Connection, name, lambda function: _noting(function, _describe_end))
        wrap(patches, module.AsyncConnection, name, lambda function: _noting_async(function, _describe_end))
    wrap(patches, module.Connection, "wait", lambda function: _noting(function, _describe_wait))
    wrap(patches, module.AsyncConnection, "wait", lambda function: _noting_async(function, _describe_wait))
    is_its_own = module.connect == module.Connection.connect  # or a tracer's, or a test's
    wrap(patches, module.Connection, "connect", _noting_connect)
    wrap(
        patches,
        module.AsyncConnection,
        "connect",
        lambda function: making_async(_noting_async(function, _describe_connect), _CONNECT_ASYNC),
    )
    if is_its_own:
        patches.replace(module, "connect", module.Connection.connect)
    else:
        patches.wrap(module, "connect", _noting_connect)
    import_module("psycopg.waiting")  # what waits in C is loaded before anything is timed


def _noting_connect(function: Callable[..., Any]) -> Callable[..., Any]:
    return making(_noting(function, _describe_connect), _CONNECT)


_CONNECT = "psycopg.connect"
_CONNECT_ASYNC = "psycopg.AsyncConnection.connect"


def _wrap_cursor(patches: Patches, cursor: Any, noting: Callable[..., Any]) -> None:
    for name in ("execute", "executemany"):
        if name in vars(cursor):
            wrap(patches, cursor, name, lambda function: noting(function, _describe))
    if "Server" in cursor.__name__:  # what a server-side cursor has executed comes when it is fetched
        for name in ("fetchone", "fetchmany", "fetchall"):
            wrap(patches, cursor, name, lambda function: noting(function, _describe_fetch))


def _described(name: str, connection: Any) -> Description:
    return Description(name, "sql", "psycopg", _target_of(connection))


def _target_of(connection: Any) -> str:
    """Where a connection leads."""
    try:
        return f"{connection.info.host or connection.info.hostaddr}:{connection.info.port}"
    except Exception:  # noqa: BLE001  # it is closed or broken, and what is noted must not raise
        return ""


def _describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    statement = args[1] if len(args) > 1 else keywords.get("query", "")
    return _described(statement_name(statement), args[0].connection)


def _describe_fetch(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    return None if is_part() else _described("FETCH", args[0].connection)


def _describe_end(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    connection = args[0]
    if is_part() or connection.closed or connection.pgconn.transaction_status == _IDLE:
        return None
    return _described("COMMIT OR ROLLBACK", connection)


def _describe_wait(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    step = getattr(args[1], "__name__", "") if len(args) > 1 else ""
    return _described(_STEPS.get(step, "SQL"), args[0])


def _describe_connect(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    timeout = keywords.get("connect_timeout")
    seconds = float(timeout) if isinstance(timeout, (int, float)) else None
    target = f"{keywords.get('host', '')}:{keywords.get('port', '')}".strip(":")
    if not target and len(args) > 1 and isinstance(args[1], str):
        target = _target_of_conninfo(args[1])
    return Description("CONNECT", "sql", "psycopg", target, (), seconds)


def _target_of_conninfo(conninfo: str) -> str:
    parts = import_module("psycopg.conninfo").conninfo_to_dict(conninfo)
    return f"{parts.get('host', '')}:{parts.get('port', '')}".strip(":")


def _noting(function: Callable[..., Any], describe: Callable[..., Any]) -> Callable[..., Any]:
    method = getattr(function, "__name__", "connect")  # a tracer's may have none

    def named(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        return _with_end(method, describe(args, keywords))

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        result = function(*args, **keywords)
        note_connection(new=method == "connect")
        return result

    return boundary(call, named)


def _noting_async(function: Callable[..., Any], describe: Callable[..., Any]) -> Callable[..., Any]:
    method = getattr(function, "__name__", "connect")  # a tracer's may have none

    def named(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        return _with_end(method, describe(args, keywords))

    @wraps(function)
    async def call(*args: Any, **keywords: Any) -> Any:
        result = await function(*args, **keywords)
        note_connection(new=method == "connect")
        return result

    return boundary_async(call, named)


def _with_end(method: str, description: Description | None) -> Description | None:
    if description is not None and method in {"commit", "rollback"}:
        description.name = method.upper()
    return description
