"""What an ASGI adapter was told, checked: its application, and its keywords."""

from __future__ import annotations

from meantime.asgi.lifespan import MODES
from meantime.callables import argument_names, is_async_generator, is_generator, name_of
from meantime.options import may_take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_LEAST_STATUS, _MOST_STATUS = 100, 599
_LEAST_FAILURE = 400
_ARGUMENTS = 3  # (scope, receive, send)


def check_application(app: Any) -> None:
    """TypeError, which says what to do, unless this can be called as an ASGI 3 application is."""
    if isinstance(app, type):
        raise TypeError(
            f"ASGIAdapter takes an application, and {name_of(app)} is a class: give it an instance, as "
            f"ASGIAdapter({name_of(app)}()); one of ASGI 2 needs asgiref's guarantee_single_callable"
        )
    if not callable(app):
        raise TypeError(f"ASGIAdapter takes an ASGI application, a callable of (scope, receive, send), got {app!r:.80}")
    if may_take(app, _ARGUMENTS) and not (is_generator(app) or is_async_generator(app)):
        return
    name = name_of(app)
    if argument_names(app)[-2:] == ("event", "context"):
        raise TypeError(
            f"ASGIAdapter takes an ASGI application, and {name} is a Lambda handler already: give it the application "
            "that this one serves"
        )
    if may_take(app, 2):
        raise TypeError(
            f"ASGIAdapter takes an ASGI application, and {name} takes two arguments, as a WSGI application does "
            "(Flask, or Django's get_wsgi_application): wrap it with a2wsgi.WSGIMiddleware or asgiref's WsgiToAsgi"
        )
    raise TypeError(f"ASGIAdapter takes an ASGI application, a callable of (scope, receive, send); {name} is not one")


def check_lifespan(mode: Any) -> None:
    """ValueError unless it is one of the modes."""
    if mode not in MODES:
        raise ValueError(f'lifespan must be "auto", "on" or "off", got {mode!r:.80}')


def checked_base_path(path: Any) -> str:
    """The path without a slash at its end.

    Raises:
        TypeError: It is no text.
        ValueError: It does not begin with a slash.
    """
    if not isinstance(path, str):
        raise TypeError(f"base_path must be a text, as '/orders', got {path!r:.80}")
    if path and not path.startswith("/"):
        raise ValueError(f"base_path must begin with a slash, as '/orders', got {path!r:.80}")
    return path.rstrip("/")


def check_deadline_status(status: Any) -> None:
    """TypeError or ValueError unless a response that comes in place of another may have it."""
    _check_status("deadline_status", status, _LEAST_FAILURE)


def checked_statuses(statuses: Any) -> frozenset[int]:
    """The statuses of `fail_on`.

    Raises:
        TypeError: They are no whole numbers.
        ValueError: One is no HTTP status.
    """
    if isinstance(statuses, (str, bytes, int)) or not hasattr(statuses, "__iter__"):
        raise TypeError(f"fail_on must be a set of HTTP statuses, as {{500, 502}}, got {statuses!r:.80}")
    given: Iterable[Any] = statuses
    found = []
    for status in given:
        _check_status("fail_on", status, _LEAST_STATUS)
        found.append(int(status))
    return frozenset(found)


def check_flag(name: str, value: Any) -> None:
    """TypeError unless it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r:.80}")


def _check_status(name: str, status: Any, least: int) -> None:
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"{name} takes HTTP statuses, whole numbers, got {status!r:.80}")
    if not least <= status <= _MOST_STATUS:
        raise ValueError(f"{name} takes HTTP statuses from {least} to {_MOST_STATUS}, got {status}")
