"""aiohttp: each request is a call until its head is there, and reading its body a part of it."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import request_name, split
from meantime.measure.libraries.bodies import note_body, reading_async
from meantime.measure.libraries.nesting import enclosing, is_part
from meantime.measure.libraries.sums import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note what sessions request, what is read of the answers, and the waits of their connectors."""
    if module.__name__ == "aiohttp.client":
        wrap(patches, module.ClientSession, "_request", _noting)
    elif module.__name__ == "aiohttp.client_reqrep":
        wrap(patches, module.ClientResponse, "read", reading_async)
        _record_streams(patches)
    else:
        wrap(patches, module.BaseConnector, "_wait_for_available_connection", _noting_pool)


def _record_streams(patches: Patches) -> None:
    from importlib import import_module  # noqa: PLC0415  # where aiohttp is used

    stream = import_module("aiohttp.streams").StreamReader
    for name in ("read", "readany", "readchunk", "readline", "readuntil", "readexactly"):
        if hasattr(stream, name):
            wrap(patches, stream, name, lambda function: reading_async(function, _connection_of))


def _connection_of(stream: Any) -> Any:
    """What a body comes over, for which it can be known: a stream has no room for a weak reference."""
    return getattr(stream, "_protocol", None)


def _describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    session, method, url = args[:3]
    base = getattr(session, "_base_url", None)
    whole = str(base.join(url if hasattr(url, "join") else type(base)(url)) if base is not None else url)
    timeout = keywords.get("timeout")
    timeout = timeout if hasattr(timeout, "total") else getattr(session, "_timeout", None)
    limits = [each for each in (getattr(timeout, name, None) for name in ("total", "sock_read")) if each]
    seconds = float(min(limits)) if limits else None
    return Description(
        request_name(method, whole), "http", "aiohttp", split(whole)[0], (), seconds, has_timeout=seconds is not None
    )


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def request(session: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        response = await function(session, *args, **keywords)
        if call is not None and call.description.library == "aiohttp":
            note_body(response, call)
            note_body(_connection_of(getattr(response, "content", None)), call)
            if call.new_connection is None:
                call.used_connection(new=False)
        return response

    return boundary_async(request, _describe)


def _noting_pool(function: Callable[..., Any]) -> Callable[..., Any]:
    def describe(args: tuple[Any, ...], _: dict[str, Any]) -> Description:
        connector, key = args[0], args[1]
        host, port = getattr(key, "host", ""), getattr(key, "port", None)
        target = f"{host}:{port}" if port else str(host)
        add("pool_full", target, connector, count=1, fixed={"pool_size": float(getattr(connector, "limit", 0) or 0)})
        return Description(f"connection pool of {host}", "pool", "aiohttp", target)

    return boundary_async(function, describe)
