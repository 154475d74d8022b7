"""What the client gets where the application has no response for it."""

from __future__ import annotations

from meantime.asgi.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.asgi.conversation import Application

BAD_REQUEST = 400
FAILED = 500


def failure() -> Response:
    """The same as uvicorn and Starlette answer when an application has raised."""
    return _response(FAILED, b"Internal Server Error", b"text/plain; charset=utf-8")


def refusal(status: int, message: str = "") -> Response:
    """A status with a message as JSON, of the form that API Gateway has for its own.

    Args:
        status: The HTTP status.
        message: For the client; without it, the usual phrase for the status.
    """
    from http import HTTPStatus  # noqa: PLC0415  # the good path must not pay for it
    from json import dumps  # noqa: PLC0415  # likewise

    if not message:
        try:
            message = HTTPStatus(status).phrase
        except ValueError:  # a status of somebody's own
            message = f"Status {status}"
    return _response(status, dumps({"message": message}).encode(), b"application/json")


def serving(response: Response) -> Application:
    """An application that answers any request so, in place of one that is not to be asked."""

    async def app(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    return app


def _response(status: int, body: bytes, content_type: bytes) -> Response:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    return Response(status, headers, body)
