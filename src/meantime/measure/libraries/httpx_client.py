"""httpx and httpx2: each request is a call, with its redirects; the wait for a connection of the pool."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, boundary, boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import request_name, split
from meantime.measure.libraries.bodies import note_body, reading_stream, reading_stream_async
from meantime.measure.libraries.nesting import enclosing, is_part, note_connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note what clients send, or the waits of their pools."""
    library = module.__name__.partition(".")[0]
    if library.startswith("httpcore"):
        kind = getattr(module, "AsyncPoolRequest", None)
        if kind is not None:
            wrap(patches, kind, "wait_for_connection", lambda function: boundary_async(function, _describe_wait))
        else:
            kind = module.PoolRequest
            wrap(patches, kind, "wait_for_connection", lambda function: boundary(function, _describe_wait))
        return
    wrap(patches, module.Client, "send", lambda function: _noting(function, library))
    wrap(patches, module.AsyncClient, "send", lambda function: _noting_async(function, library))
    wrap(patches, module.BoundSyncStream, "__iter__", reading_stream)
    wrap(patches, module.BoundAsyncStream, "__aiter__", reading_stream_async)


def _describe_wait(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    waiting = args[0]
    if waiting.connection is not None:
        return None
    host = waiting.request.url.host
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return Description(f"connection pool of {host}", "pool", "httpx", host)


def _describe(library: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    client = args[0]
    request = args[1] if len(args) > 1 else keywords["request"]
    url = str(request.url)
    timeouts = request.extensions.get("timeout")
    seconds = timeouts.get("read") if isinstance(timeouts, dict) else getattr(client.timeout, "read", None)
    has_timeout = True if seconds is not None else None if _has_own_transport(client, request) else False
    return Description(
        request_name(request.method, url), "http", library, split(url)[0], (), seconds, has_timeout=has_timeout
    )


def _has_own_transport(client: Any, request: Any) -> bool:
    """Whether somebody else's transport sends it, which may have a timeout of its own."""
    find = getattr(client, "_transport_for_url", None)
    transport = None if find is None else find(request.url)
    return type(transport).__name__ not in {"HTTPTransport", "AsyncHTTPTransport"}


def _sent(response: Any) -> None:
    """What is known of a call once its answer is there."""
    call = enclosing()
    if call is None:
        return
    stream = getattr(response, "stream", None)
    if stream is not None and not response.is_closed:
        note_body(stream, call)
    note_connection()


def _noting(function: Callable[..., Any], library: str) -> Callable[..., Any]:
    @wraps(function)
    def send(client: Any, *args: Any, **keywords: Any) -> Any:
        response = function(client, *args, **keywords)
        _sent(response)
        return response

    return boundary(send, lambda args, keywords: _describe(library, args, keywords))


def _noting_async(function: Callable[..., Any], library: str) -> Callable[..., Any]:
    @wraps(function)
    async def send(client: Any, *args: Any, **keywords: Any) -> Any:
        response = await function(client, *args, **keywords)
        _sent(response)
        return response

    return boundary_async(send, lambda args, keywords: _describe(library, args, keywords))
