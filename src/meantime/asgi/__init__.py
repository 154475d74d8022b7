"""Applications for the web on Lambda: FastAPI, Starlette, Django, Litestar, Quart and any other that speaks ASGI 3.

`ASGIAdapter(app)` is what Lambda calls. `register` adds an `EventSource` of your own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.asgi.adapter import ASGIAdapter
    from meantime.asgi.response import Response
    from meantime.asgi.sources import register
    from meantime.asgi.sources.source import EventSource

__all__ = ["ASGIAdapter", "EventSource", "Response", "register"]

_HOMES = {
    "ASGIAdapter": "meantime.asgi.adapter",
    "EventSource": "meantime.asgi.sources.source",
    "Response": "meantime.asgi.response",
    "register": "meantime.asgi.sources",
}


def __getattr__(name: str) -> object:
    try:
        module_name = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'meantime.asgi' has no attribute {name!r}") from None
    from importlib import import_module  # noqa: PLC0415  # an import of this package alone must not pay for it

    value: object = getattr(import_module(module_name), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
