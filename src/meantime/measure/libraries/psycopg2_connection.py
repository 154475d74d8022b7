"""psycopg2: each statement of a connection that is made within the recording is a call.

Its connections and cursors are classes of C, which nobody can change: those made meanwhile are of subclasses. A
connection made before, or by classes of the function's own, shows as time in which a thread was blocked.
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module

from meantime.measure.boundaries import Description, boundary
from meantime.measure.libraries import wrap
from meantime.measure.libraries.makers import making
from meantime.measure.libraries.nesting import is_part, note_connection
from meantime.measure.libraries.statements import statement_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Have connections made of classes that note their statements."""
    extensions: Any = import_module("psycopg2.extensions")
    cursor = _subclass(extensions.cursor, ("execute", "executemany", "callproc", "copy_expert"))
    connection = _subclass(extensions.connection, ("commit", "rollback"))

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def connect(
            dsn: Any = None, connection_factory: Any = None, cursor_factory: Any = None, **keywords: Any
        ) -> Any:
            if connection_factory is None:
                connection_factory = connection
                if cursor_factory is None:
                    cursor_factory = cursor
            made = function(dsn, connection_factory, cursor_factory, **keywords)
            note_connection(new=True)
            return made

        return making(boundary(connect, _describe_connect), "psycopg2.connect")

    wrap(patches, module, "connect", noting)


def _subclass(kind: Any, methods: tuple[str, ...]) -> Any:
    return type(kind.__name__, (kind,), {name: _noted(getattr(kind, name)) for name in methods if hasattr(kind, name)})


def _noted(method: Any) -> Callable[..., Any]:
    name = method.__name__

    def describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        if is_part():
            return None
        connection = getattr(args[0], "connection", args[0])
        if name in {"commit", "rollback"}:
            if connection.closed or not connection.info.transaction_status:
                return None
            return _described(name.upper(), connection)
        statement = args[1] if len(args) > 1 else keywords.get("query", keywords.get("sql", ""))
        return _described("CALL" if name == "callproc" else statement_name(statement), connection)

    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        result = method(self, *args, **keywords)
        note_connection()
        return result

    call.__name__, call.__doc__ = name, method.__doc__
    return boundary(call, describe)


def _described(name: str, connection: Any) -> Description:
    parameters = connection.info.dsn_parameters
    return Description(name, "sql", "psycopg2", f"{parameters.get('host', '')}:{parameters.get('port', '')}".strip(":"))


def _describe_connect(_: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    target = f"{keywords.get('host', '')}:{keywords.get('port', '')}".strip(":")
    return Description("CONNECT", "sql", "psycopg2", target, (), keywords.get("connect_timeout"))
