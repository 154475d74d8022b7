"""What is recorded of each library: one file a library, applied when that library is imported, or is already."""

from __future__ import annotations

from importlib import import_module

from meantime.measure.boundaries import observe
from meantime.measure.session import Active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches

# Which file here knows the calls of which module.
HOMES = {
    "botocore.client": "aws",
    "botocore.endpoint": "aws",
    "aiobotocore.client": "aws_async",
    "requests.sessions": "requests_session",
    "urllib3.connectionpool": "urllib3_pool",
    "urllib3.response": "urllib3_pool",
    "http.client": "http_client",
    "urllib.request": "http_client",
    "httpx._client": "httpx_client",
    "httpx2._client": "httpx_client",
    "httpcore._sync.connection_pool": "httpx_client",
    "httpcore._async.connection_pool": "httpx_client",
    "httpcore2._sync.connection_pool": "httpx_client",
    "httpcore2._async.connection_pool": "httpx_client",
    "aiohttp.client": "aiohttp_session",
    "aiohttp.client_reqrep": "aiohttp_session",
    "aiohttp.connector": "aiohttp_session",
    "psycopg": "psycopg_connection",
    "psycopg_pool.pool": "sql_pools",
    "psycopg_pool.pool_async": "sql_pools",
    "sqlalchemy.pool.impl": "sql_pools",
    "asyncpg": "asyncpg_connection",
    "psycopg2": "psycopg2_connection",
    "pymysql.connections": "pymysql_connection",
    "redis.client": "redis_client",
    "redis.asyncio.client": "redis_client",
    "redis.cluster": "redis_client",
    "redis.asyncio.cluster": "redis_client",
    "redis.connection": "redis_client",
    "redis.asyncio.connection": "redis_client",
    "concurrent.futures._base": "thread_pools",
    "concurrent.futures.thread": "thread_pools",
    "asyncio.taskgroups": "asyncio_gather",
    "asyncio.tasks": "asyncio_gather",
    "meantime.executors.sequential": "verbs",
    "meantime.executors.thread_fan_out": "verbs",
    "meantime.executors.task_fan_out": "verbs",
    "meantime.executors.process_fan_out": "verbs",
    "meantime.executors.children.wire": "verbs",
    "meantime.executors.in_threads": "verbs",
    "meantime.limiter.permits": "limits",
    "meantime.retry.retried_call": "limits",
    "meantime.leftovers": "limits",
    "meantime.invocation": "limits",
}

# Whose making costs enough to be told of; not in the files above, since most of these are made before any call.
MAKERS = ("boto3.session", "botocore.session", "requests.sessions", "urllib3.poolmanager", "httpx._client",
          "httpx2._client", "aiohttp.client", "ssl", "redis.client", "redis.asyncio.client")  # fmt: skip

_absent: list[str] = []


def install(patches: Patches) -> None:
    """Note the calls of the libraries from now on."""
    _absent.clear()
    for module, home in HOMES.items():
        patches.when_imported(module, _recording(module, home, patches))
    for module in MAKERS:
        patches.when_imported(module, _recording(module, "makers", patches))


def wrap(patches: Patches, owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    """Replace what the library calls by what `wrapper` makes of it; where this version has no such thing, tell so."""
    if owner is not None and hasattr(owner, name):
        patches.wrap(owner, name, wrapper)
    else:
        where = getattr(owner, "__qualname__", getattr(owner, "__name__", "?"))
        _leave_out(f"{getattr(owner, '__module__', '')}.{where}.{name}".lstrip("."))


def tell_absent() -> None:
    """Note, once a recording is under way, which boundaries this version of a library does not have."""
    for name in _absent:
        observe("not_recorded", name)
    _absent.clear()


def _leave_out(name: str) -> None:
    if Active.session is None:  # patches are installed just before a recording begins
        _absent.append(name)
    else:
        observe("not_recorded", name)


def _recording(name: str, home: str, patches: Patches) -> Callable[[ModuleType], None]:
    def record(module: ModuleType) -> None:
        try:
            import_module(f"{__name__}.{home}").record(module, patches)
        except Exception as error:  # noqa: BLE001  # an unknown version must not break the function
            _leave_out(f"{name}: {type(error).__name__}: {error}")

    return record
