"""What is made within an invocation and could be kept: clients, sessions, pools, TLS contexts, connections."""

from __future__ import annotations

import sys
import time
from contextvars import ContextVar
from functools import partial, wraps

from meantime.measure.boundaries import is_of, observe
from meantime.measure.session import Active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

    from meantime.measure.patching import Patches

# Whether something is being made: what that makes for itself, a TLS context say, is a part of it.
_making: ContextVar[bool] = ContextVar("meantime.measure.making", default=False)

_KINDS = {
    "boto3.session": (("Session", "__init__", "boto3.Session"), ("Session", "client", "boto3.client"),
                      ("Session", "resource", "boto3.resource")),
    "botocore.session": (("Session", "create_client", "botocore client"),),
    "requests.sessions": (("Session", "__init__", "requests.Session"),),
    "urllib3.poolmanager": (("PoolManager", "__init__", "urllib3.PoolManager"),),
    "httpx._client": (("Client", "__init__", "httpx.Client"), ("AsyncClient", "__init__", "httpx.AsyncClient")),
    "httpx2._client": (("Client", "__init__", "httpx2.Client"), ("AsyncClient", "__init__", "httpx2.AsyncClient")),
    "aiohttp.client": (("ClientSession", "__init__", "aiohttp.ClientSession"),),
    "redis.client": (("Redis", "__init__", "redis.Redis"),),
    "redis.asyncio.client": (("Redis", "__init__", "redis.asyncio.Redis"),),
}  # fmt: skip
# Functions that make a client for one request: `requests.get`. Told of by the name that the caller has written.
_FOR_ONE_REQUEST = {
    "requests.api": "requests",
    "httpx._api": "httpx",
    "httpx2._api": "httpx2",
    "aiohttp.client": "aiohttp",
}
_NAMES_SERVICE = frozenset({"boto3.client", "boto3.resource", "botocore client"})


def record(module: ModuleType, patches: Patches) -> None:
    """Note what is made."""
    from meantime.measure.libraries import wrap  # noqa: PLC0415  # that package's own table names this file

    if module.__name__ == "ssl":
        wrap(patches, module, "create_default_context", lambda function: making(function, "ssl.create_default_context"))
        return
    for kind, method, text in _KINDS[module.__name__]:
        wrap(patches, getattr(module, kind, None), method, partial(making, text=text))


def making(function: Callable[..., Any], text: str) -> Callable[..., Any]:
    """This function, telling what it has made, and what that cost."""
    kind = "tls_context" if text.startswith("ssl.") else "client_made"

    @wraps(function)
    def make(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or not is_of(session) or _making.get() or _is_base(args, text):
            return function(*args, **keywords)
        token = _making.set(True)
        began, computed = time.monotonic(), time.thread_time()
        try:
            made = function(*args, **keywords)
        finally:
            _making.reset(token)
        cpu = time.thread_time() - computed
        took = time.monotonic() - began
        whole = _for_one_request(text) or _whole(text, args, keywords)
        observe(kind, whole, duration_ms=took * 1e3, numbers={"cpu_ms": cpu * 1e3})
        return made

    return make


def making_async(function: Callable[..., Any], text: str) -> Callable[..., Any]:
    """As `making`, for an async function; its CPU time is not told, since others compute meanwhile."""

    @wraps(function)
    async def make(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or not is_of(session) or _making.get():
            return await function(*args, **keywords)
        token = _making.set(True)
        began = time.monotonic()
        try:
            made = await function(*args, **keywords)
        finally:
            _making.reset(token)
        observe("client_made", text, duration_ms=(time.monotonic() - began) * 1e3)
        return made

    return make


def _is_base(args: tuple[Any, ...], text: str) -> bool:
    """Whether it is the constructor of a subclass that is told of by itself: a pipeline of redis is no new client."""
    return text.startswith("redis.") and bool(args) and type(args[0]).__name__ == "Pipeline"


def _for_one_request(text: str) -> str:
    """`requests.get`, where that has made this client for the one request."""
    library = text.partition(".")[0]
    name = ""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  # documented
    while frame is not None:
        code = frame.f_code
        if _FOR_ONE_REQUEST.get(frame.f_globals.get("__name__", "")) == library and code.co_qualname == code.co_name:
            name = f"{library}.{code.co_name}"
        elif name or "meantime" not in code.co_filename:
            break
        frame = frame.f_back
    return name


def _whole(text: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    if text not in _NAMES_SERVICE:
        return text
    service = args[1] if len(args) > 1 else keywords.get("service_name", "")
    return f'{text}("{service}")' if isinstance(service, str) and service else text
