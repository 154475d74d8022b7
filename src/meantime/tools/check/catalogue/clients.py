"""What makes a client, what making one costs, and how it is kept over invocations instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Client:
    """A kind of client.

    Args:
        noun: What it is, with its article.
        cost: What making one costs.
        keep: How it is made once instead.
        kind: A `pool` connects when it is used, and may be shared. What is `single` must not be shared by threads, so
            one for each thread is right. A `connection` belongs to one user at a time, and to a server that bears only
            so many: keeping it is a decision.
        is_async: Whether it belongs to an event loop.
    """

    noun: str
    cost: str
    keep: str
    kind: Literal["pool", "connection", "single"] = "pool"
    is_async: bool = False


_MODULE = "at module level"
_WARM = "in an async generator under `@meantime.warm`"

BOTO3_CLIENT = Client(
    "a boto3 client", "8 to 20 ms of CPU and new connections", f"{_MODULE}, best by `meantime.clients.boto3(…)`"
)
BOTO3_RESOURCE = Client("a boto3 resource", "some 36 ms of CPU and new connections", _MODULE, kind="single")
BOTO3_SESSION = Client("a boto3 session", "some 73 ms of CPU", _MODULE, kind="single")
REQUESTS = Client(
    "a requests session",
    "a new connection with its TLS handshake",
    f"{_MODULE}, best by `meantime.clients.requests()`",
    kind="single",
)
HTTPX = Client("an httpx client", "some 45 ms of CPU for its SSL context, and new connections", _MODULE)
HTTPX_ASYNC = Client(
    "an httpx client",
    "some 45 ms of CPU for its SSL context, and new connections",
    "by `http = meantime.clients.httpx()` at module level, and `client = await http()`",
    is_async=True,
)
HTTPX2_ASYNC = Client(
    "an httpx2 client",
    "some 33 ms of CPU for its SSL context, and new connections",
    "by `http = meantime.clients.httpx2()` at module level, and `client = await http()`",
    is_async=True,
)
AIOHTTP = Client(
    "an aiohttp session",
    "a new connection with its TLS handshake",
    "by `http = meantime.clients.aiohttp()` at module level, and `session = await http()`",
    is_async=True,
)
SSL_CONTEXT = Client("an SSL context", "15 to 45 ms of CPU to parse the certificate authorities", _MODULE)
REDIS = Client("a Redis client", "a new connection", f"{_MODULE}, or under `@meantime.warm`")
REDIS_ASYNC = Client("a Redis client", "a new connection", _WARM, is_async=True)
ENGINE = Client("a database engine", "new connections, each with its login", _MODULE)
ENGINE_ASYNC = Client("a database engine", "new connections, each with its login", _WARM, is_async=True)
POOL = Client("a connection pool", "new connections, each with its login", "under `@meantime.warm`")
POOL_ASYNC = Client("a connection pool", "new connections, each with its login", _WARM, is_async=True)
DATABASE = Client("a database connection", "several round trips to log in", "under `@meantime.warm`", kind="connection")
DATABASE_ASYNC = Client(
    "a database connection", "several round trips to log in", _WARM, kind="connection", is_async=True
)
MONGO = Client("a MongoDB client", "new connections, and threads that watch the servers", _MODULE)
SEARCH = Client("a search client", "a new connection with its TLS handshake", _MODULE)
URLLIB3 = Client("a urllib3 pool", "a new connection with its TLS handshake", _MODULE)

MADE_BY: dict[str, Client] = {
    "boto3.client": BOTO3_CLIENT,
    "boto3.resource": BOTO3_RESOURCE,
    "boto3.Session": BOTO3_SESSION,
    "meantime.clients.boto3": BOTO3_CLIENT,
    "requests.Session": REQUESTS,
    "meantime.clients.requests": REQUESTS,
    "httpx.Client": HTTPX,
    "httpx2.Client": HTTPX,
    "httpx.AsyncClient": HTTPX_ASYNC,
    "httpx2.AsyncClient": HTTPX2_ASYNC,
    "aiohttp.ClientSession": AIOHTTP,
    "ssl.create_default_context": SSL_CONTEXT,
    "redis.Redis": REDIS,
    "redis.Redis.from_url": REDIS,
    "redis.from_url": REDIS,
    "redis.asyncio.Redis": REDIS_ASYNC,
    "redis.asyncio.Redis.from_url": REDIS_ASYNC,
    "redis.asyncio.from_url": REDIS_ASYNC,
    "sqlalchemy.create_engine": ENGINE,
    "sqlalchemy.ext.asyncio.create_async_engine": ENGINE_ASYNC,
    "psycopg_pool.ConnectionPool": POOL,
    "psycopg_pool.AsyncConnectionPool": POOL_ASYNC,
    "asyncpg.create_pool": POOL_ASYNC,
    "psycopg2.connect": DATABASE,
    "psycopg.connect": DATABASE,
    "psycopg.AsyncConnection.connect": DATABASE_ASYNC,
    "pymysql.connect": DATABASE,
    "MySQLdb.connect": DATABASE,
    "mysql.connector.connect": DATABASE,
    "asyncpg.connect": DATABASE_ASYNC,
    "pymongo.MongoClient": MONGO,
    "elasticsearch.Elasticsearch": SEARCH,
    "opensearchpy.OpenSearch": SEARCH,
    "urllib3.PoolManager": URLLIB3,
}
"""What makes a client, by its canonical path."""

CONFIGURATIONS = frozenset(
    {
        "botocore.config.Config",
        "httpx.Timeout",
        "httpx.Limits",
        "httpx2.Timeout",
        "httpx2.Limits",
        "aiohttp.ClientTimeout",
        "aiohttp.TCPConnector",
        "os.environ.get",
        "os.getenv",
        "builtins.int",
        "builtins.float",
        "builtins.str",
        "builtins.bool",
        "builtins.dict",
    }
)
"""What is called to configure one, and gives the same each time."""

CREDENTIALS = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "auth",
        "headers",
        "cookies",
        "token",
        "password",
        "passwd",
    }
)
"""Keywords with which a client belongs to one caller, or to credentials that expire."""
