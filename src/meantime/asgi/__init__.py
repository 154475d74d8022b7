"""Applications for the web on Lambda: FastAPI, Starlette, Django, Litestar, Quart and any other that speaks ASGI 3.

`ASGIAdapter(app)` is what Lambda calls. `register` adds an `EventSource` of your own.
"""

from __future__ import annotations

from meantime.lazy_names import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOMES)
