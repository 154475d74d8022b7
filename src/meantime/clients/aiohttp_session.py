"""aiohttp sessions: one for each environment, on its loop, with a connection for each task."""

from __future__ import annotations

from meantime.clients.settings import CONNECT_TIMEOUT, MAX_IDLE, READ_TIMEOUT, check, library
from meantime.executors.arguments import DEFAULT_MAX_CONCURRENCY
from meantime.resources import warm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from typing import Any

    from aiohttp import ClientSession

_TOTAL = 300.0  # aiohttp's own default; within an invocation the deadline comes first


def aiohttp(
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    ssl: Any = True,
    **options: Any,
) -> Callable[[], Coroutine[Any, Any, ClientSession]]:
    """Make a warm resource, at module level, that gives an `aiohttp.ClientSession`: `session = await http()`.

    The session is made when first asked for, kept over invocations with its connections, and closed with its loop.
    Within an invocation no call takes longer than to the deadline: there it raises DeadlineExceeded. It keeps no
    cookies, unless `cookies` or a `cookie_jar` are among the options: those of one invocation's user are nothing to the
    next.

    Args:
        max_concurrency: The most calls under way at once: so many connections there are, and further calls wait.
        connect_timeout: Seconds to connect.
        read_timeout: Seconds that an answer, or its next piece, may take.
        ssl: As for `aiohttp.TCPConnector`: an SSL context, for one.
        options: Whatever else `aiohttp.ClientSession` takes; what they set wins.

    Raises:
        ModuleNotFoundError: aiohttp is not installed.
        ImportError: It is older than 3.12, and knows no middlewares.
        TypeError: A number is none.
        ValueError: A number is out of range.
    """
    check(max_concurrency, connect_timeout, read_timeout)
    module = library("aiohttp")
    if not hasattr(module, "ClientMiddlewareType"):
        raise ImportError(
            f"clients.aiohttp needs aiohttp 3.12 or later, and {module.__version__} is installed; "
            "pip install 'aiohttp>=3.12'",
            name="aiohttp",
        )
    from meantime.clients.aiohttp_deadline import keep_alive_socket, within_deadline  # noqa: PLC0415  # aiohttp is loaded by now

    settings = {
        "timeout": module.ClientTimeout(total=_TOTAL, sock_connect=connect_timeout, sock_read=read_timeout),
        **options,
        "middlewares": (within_deadline, *options.get("middlewares", ())),
    }

    async def http_session() -> AsyncGenerator[ClientSession, None]:
        given = dict(settings)
        if "connector" not in given:
            given["connector"] = module.TCPConnector(
                limit=max_concurrency, keepalive_timeout=MAX_IDLE, ssl=ssl, socket_factory=keep_alive_socket
            )
        if not {"cookies", "cookie_jar"} & given.keys():
            given["cookie_jar"] = module.DummyCookieJar()
        async with module.ClientSession(**given) as session:
            yield session

    http_session.__qualname__ = "clients.aiohttp"
    return warm(max_idle=MAX_IDLE)(http_session)  # by the wall clock: aiohttp's own stands still in a freeze
