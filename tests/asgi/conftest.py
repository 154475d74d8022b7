"""Small ASGI applications, and requests for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import meantime
from meantime.testing import LambdaContext, http_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]


@pytest.fixture
def answering() -> Callable[..., Any]:
    """Makes an application without a lifespan that answers each request so."""

    def make(body: bytes = b"well", status: int = 200, headers: Any = ()) -> Any:
        async def app(scope: Any, receive: Receive, send: Send) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        return app

    return make


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Sends one request through an adapter for this application, and gives what Lambda would."""

    def one(app: Any, method: str = "GET", target: str = "/", *, timeout: float = 3.0, **options: Any) -> Any:
        request = {name: options.pop(name) for name in ("body", "headers", "source") if name in options}
        options.setdefault("lifespan", "off")
        adapter = meantime.ASGIAdapter(app, **options)
        return adapter(http_event(method, target, **request), LambdaContext(timeout=timeout))

    return one
