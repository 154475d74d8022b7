"""httpx and httpx2 clients: one for each environment, on its loop, with a connection for each task."""

from __future__ import annotations

import sys
from contextlib import suppress

from meantime.clients.settings import CONNECT_TIMEOUT, MAX_IDLE, READ_TIMEOUT, check, library
from meantime.clients.trust import is_chosen_by_environment, ssl_context, system_context
from meantime.executors.arguments import DEFAULT_MAX_CONCURRENCY
from meantime.resources import warm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from types import ModuleType
    from typing import Any

    from httpx import AsyncClient
    from httpx2 import AsyncClient as AsyncClient2


def httpx(
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    **options: Any,
) -> Callable[[], Coroutine[Any, Any, AsyncClient]]:
    """Make a warm resource, at module level, that gives an `httpx.AsyncClient`: `client = await http()`.

    The client is made when first asked for, kept over invocations with its connections, and closed with its loop.
    Within an invocation no call takes longer than to the deadline: there it raises DeadlineExceeded. It keeps no
    cookies, unless `cookies` are among the options: those of one invocation's user are nothing to the next.

    Args:
        max_concurrency: The most calls under way at once: so many connections there are, and further calls wait.
        connect_timeout: Seconds to connect.
        read_timeout: Seconds that an answer, or its next piece, may take; likewise to send, and to get a connection.
        options: Whatever else `httpx.AsyncClient` takes; what they set wins.

    Raises:
        ModuleNotFoundError: httpx is not installed.
        TypeError: A number is none.
        ValueError: A number is out of range.
    """
    check(max_concurrency, connect_timeout, read_timeout)
    return _warm("httpx", (max_concurrency, connect_timeout, read_timeout), options)


def httpx2(
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    **options: Any,
) -> Callable[[], Coroutine[Any, Any, AsyncClient2]]:
    """Make a warm resource, at module level, that gives an `httpx2.AsyncClient`: `client = await http()`.

    As `clients.httpx`, in everything.

    Args:
        max_concurrency: The most calls under way at once: so many connections there are, and further calls wait.
        connect_timeout: Seconds to connect.
        read_timeout: Seconds that an answer, or its next piece, may take; likewise to send, and to get a connection.
        options: Whatever else `httpx2.AsyncClient` takes; what they set wins.

    Raises:
        ModuleNotFoundError: httpx2 is not installed.
        TypeError: A number is none.
        ValueError: A number is out of range.
    """
    check(max_concurrency, connect_timeout, read_timeout)
    return _warm("httpx2", (max_concurrency, connect_timeout, read_timeout), options)


def _warm(name: str, limits: tuple[int, float, float], options: dict[str, Any]) -> Callable[[], Any]:
    module = library(name)
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415  # the library has loaded it

    from meantime.clients.httpx_deadline import client_class  # noqa: PLC0415  # asyncio is loaded now, with the library

    max_concurrency, connect_timeout, read_timeout = limits
    settings = {
        "timeout": module.Timeout(read_timeout, connect=connect_timeout),
        "limits": module.Limits(
            max_connections=max_concurrency, max_keepalive_connections=max_concurrency, keepalive_expiry=MAX_IDLE
        ),
        "verify": _trust(module, options),
        **options,
    }
    make = client_class(module)
    # Now, so that a wrong option is told at once, and what the library loads late is loaded early: for 30 ms of CPU.
    make(**settings | {"verify": False})
    with suppress(ImportError):
        library("anyio._backends._asyncio")

    async def http_client() -> AsyncGenerator[Any, None]:
        async with make(**settings) as client:
            if "cookies" not in options:
                client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            yield client

    http_client.__qualname__ = f"clients.{name}"
    return warm(max_idle=MAX_IDLE)(http_client)  # by the wall clock: the library's own stands still in a freeze


def _trust(module: ModuleType, options: dict[str, Any]) -> Any:
    """The shared SSL context, where the user wants nothing that is special; else one as the library itself makes."""
    if {"verify", "cert", "transport"} & options.keys():
        return True
    trusts_environment = options.get("trust_env", True)
    if options.get("http2") or (trusts_environment and is_chosen_by_environment()):
        return module.create_ssl_context(trust_env=trusts_environment)
    if module.__name__ == "httpx":
        return ssl_context()
    if sys.platform != "linux":  # there httpx2 asks the operating system
        return module.create_ssl_context(trust_env=trusts_environment)
    return system_context()
