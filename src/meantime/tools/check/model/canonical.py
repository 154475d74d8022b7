"""One name for each thing that has several: the one its users know."""

from __future__ import annotations

from functools import lru_cache

_ALIASES = {
    "aiohttp.client": "aiohttp",
    "aioboto3.session.Session": "aioboto3.Session",
    "aiobotocore.session.get_session()": "aiobotocore.session.AioSession()",
    "asyncio.base_events": "asyncio",
    "asyncio.events": "asyncio",
    "asyncio.futures": "asyncio",
    "asyncio.locks": "asyncio",
    "asyncio.queues": "asyncio",
    "asyncio.runners": "asyncio",
    "asyncio.taskgroups": "asyncio",
    "asyncio.tasks": "asyncio",
    "asyncio.threads": "asyncio",
    "asyncpg.connection.connect": "asyncpg.connect",
    "asyncpg.pool.create_pool": "asyncpg.create_pool",
    "boto3.Session().client": "boto3.client",
    "boto3.Session().resource": "boto3.resource",
    "boto3.session.Session": "boto3.Session",
    "botocore.client.Config": "botocore.config.Config",
    "boto3.session.Config": "botocore.config.Config",
    "botocore.session.Session().create_client": "botocore.session.get_session().create_client",
    "concurrent.futures.process": "concurrent.futures",
    "concurrent.futures.thread": "concurrent.futures",
    "concurrent.futures._base": "concurrent.futures",
    "fastapi.background.BackgroundTasks": "fastapi.BackgroundTasks",
    "fastapi.applications.FastAPI": "fastapi.FastAPI",
    "fastapi.routing.APIRouter": "fastapi.APIRouter",
    "fastapi.concurrency.run_in_threadpool": "starlette.concurrency.run_in_threadpool",
    "httpx._client": "httpx",
    "httpx._config": "httpx",
    "mangum.adapter.Mangum": "mangum.Mangum",
    "meantime.asgi.ASGIAdapter": "meantime.ASGIAdapter",
    "meantime.executors": "meantime",
    "multiprocessing.context": "multiprocessing",
    "multiprocessing.get_context()": "multiprocessing",
    "multiprocessing.managers.SyncManager": "multiprocessing.Manager",
    "multiprocessing.pool.Pool": "multiprocessing.Pool",
    "multiprocessing.process.Process": "multiprocessing.Process",
    "multiprocessing.queues": "multiprocessing",
    "multiprocessing.synchronize": "multiprocessing",
    "psycopg.connection.Connection": "psycopg.Connection",
    "psycopg.Connection.connect": "psycopg.connect",
    "psycopg.connection_async.AsyncConnection": "psycopg.AsyncConnection",
    "psycopg_pool.pool": "psycopg_pool",
    "pymysql.connections.Connection": "pymysql.connect",
    "pymysql.Connect": "pymysql.connect",
    "pymysql.Connection": "pymysql.connect",
    "redis.StrictRedis": "redis.Redis",
    "redis.asyncio.StrictRedis": "redis.asyncio.Redis",
    "redis.asyncio.client": "redis.asyncio",
    "redis.client": "redis",
    "requests.api": "requests",
    "requests.session": "requests.Session",
    "requests.sessions.Session": "requests.Session",
    "six.moves.urllib": "urllib",
    "six.moves.queue": "queue",
    "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.orm.session": "sqlalchemy.orm",
    "sqlite3.dbapi2": "sqlite3",
    "ssl.create_default_context": "ssl.create_default_context",
    "starlette.background.BackgroundTasks": "starlette.background.BackgroundTasks",
    "threading._Timer": "threading.Timer",
}
_HEADS = frozenset(each.partition(".")[0] for each in _ALIASES)


@lru_cache(maxsize=65536)
def canonical(path: str) -> str:
    """The name under which rules know a dotted path; most have no other."""
    head = path.partition(".")[0]
    if head not in _HEADS:
        return path
    for _ in range(4):  # an alias may lead to another
        end = len(path)
        while end > 0:
            known = _ALIASES.get(path[:end])
            if known is not None and known != path[:end]:
                path = known + path[end:]
                break
            end = max(path.rfind(".", 0, end), path.rfind("(", 0, end) if path[:end].endswith("()") else -1)
        else:
            return path
    return path
