"""TLS over blocking sockets: the handshake, and reading and writing, which OpenSSL does on the socket by itself."""

from __future__ import annotations

from functools import wraps

from meantime.measure.session import Active
from meantime.measure.sockets import noted_socket, received, sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches
    from meantime.measure.session import Call, Session


def install(patches: Patches) -> None:
    """Note TLS from now on."""
    patches.when_imported("ssl", lambda module: _install(patches, module.SSLSocket))


def _install(patches: Patches, kind: Any) -> None:
    for name, wait_kind, count in (
        ("do_handshake", "tls", None),
        ("read", "receive", _read),
        ("write", "send", _written),
        ("send", "send", _written),
    ):
        patches.wrap(kind, name, _wrapping(name, wait_kind, count))


def _wrapping(name: str, wait_kind: str, count: Any) -> Callable[[Any], Any]:
    return lambda function: _if_encrypted(function, noted_socket(function, name, wait_kind, count))


def _if_encrypted(function: Callable[..., Any], noted: Callable[..., Any]) -> Callable[..., Any]:
    """Before the handshake it is a plain socket, whose methods tell of themselves."""

    @wraps(function)
    def chosen(connection: Any, *args: Any, **keywords: Any) -> Any:
        if Active.session is None or getattr(connection, "_sslobj", None) is None:
            return function(connection, *args, **keywords)
        return noted(connection, *args, **keywords)

    return chosen


def _read(connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    answer = outcome[0]
    received(connection, answer if isinstance(answer, int) else len(answer), session, call)


def _written(connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    sent(connection, outcome[0], session, call)
