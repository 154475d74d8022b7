"""An `AsyncClient` of httpx or httpx2 whose calls end at the deadline of the invocation."""

from __future__ import annotations

from functools import cache

from meantime.clients.ending import described
from meantime.clients.scope import UntilDeadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType
    from typing import Any

    from httpx import AsyncByteStream, AsyncClient, Request, Response


@cache
def client_class(module: ModuleType) -> type[AsyncClient]:
    """The class of clients, of this library."""
    base: type[AsyncClient] = module.AsyncClient
    byte_stream: type[AsyncByteStream] = module.AsyncByteStream

    class DeadlineClient(base):  # type: ignore[misc,valid-type]  # its base is known at run time
        """An `AsyncClient` whose calls raise DeadlineExceeded at the deadline of the invocation."""

        async def send(self, request: Request, *, stream: bool = False, **options: Any) -> Response:
            """Send one request; redirects, and without `stream` the body, are part of it."""
            async with UntilDeadline(lambda: _described(request)):
                response: Response = await super().send(request, stream=stream, **options)
            if stream:
                response.stream = DeadlineStream(response.stream, request)
            return response

    class DeadlineStream(byte_stream):  # type: ignore[misc,valid-type]  # its base is known at run time
        """A body that is read piece by piece, until the deadline of the invocation."""

        def __init__(self, stream: Any, request: Request) -> None:
            self._stream = stream
            self._request = request

        async def __aiter__(self) -> AsyncIterator[bytes]:
            pieces = aiter(self._stream)
            try:
                while True:
                    async with UntilDeadline(lambda: f"the body of {_described(self._request)}"):
                        piece = await anext(pieces, None)
                    if piece is None:
                        return
                    yield piece
            finally:
                await pieces.aclose()

        async def aclose(self) -> None:
            """Let go of the connection."""
            await self._stream.aclose()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    DeadlineClient.__qualname__ = DeadlineClient.__name__ = base.__name__
    return DeadlineClient


def _described(request: Request) -> str:
    return described(request.method, str(request.url))
