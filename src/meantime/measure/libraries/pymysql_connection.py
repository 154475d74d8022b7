"""pymysql: each statement is a call, and so are connecting, committing and rolling back."""

from __future__ import annotations

from functools import wraps

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
    """Note statements."""
    connection = module.Connection
    wrap(patches, connection, "query", lambda function: _noting(function, _statement))
    for name in ("commit", "rollback", "begin"):
        wrap(patches, connection, name, lambda function: _noting(function, lambda _: function.__name__.upper()))
    wrap(
        patches,
        connection,
        "connect",
        lambda function: making(_noting(function, lambda _: "CONNECT"), "pymysql.connect"),
    )


def _statement(args: tuple[Any, ...]) -> str:
    return statement_name(args[1]) if len(args) > 1 else "SQL"


def _noting(function: Callable[..., Any], name_of: Callable[[tuple[Any, ...]], str]) -> Callable[..., Any]:
    def describe(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
        if is_part():
            return None
        connection = args[0]
        timeout = getattr(connection, "_read_timeout", None)
        target = f"{connection.host}:{connection.port}"
        return Description(name_of(args), "sql", "pymysql", target, (), timeout, has_timeout=timeout is not None)

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        result = function(*args, **keywords)
        note_connection()
        return result

    return boundary(call, describe)
