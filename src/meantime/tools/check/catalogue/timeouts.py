"""How calls and clients take their timeouts, and how long they wait without one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeout:
    """How a call takes a timeout.

    Args:
        keywords: Any of these sets it.
        position: It is also set by place, counted from 0.
        default: Seconds it waits without one; None: for ever.
        waits: What it then waits for.
        needs: What to write.
        is_sure: Whether this holds for all versions in use, and nothing else may set it.
        in_address: The word by which it may also stand in the address of the server.
        ruff: The code of ruff's rule that finds a call without one.
    """

    keywords: tuple[str, ...] = ("timeout",)
    position: int | None = None
    default: float | None = None
    waits: str = "for an answer"
    needs: str = "`timeout=`"
    is_sure: bool = True
    in_address: str = ""
    ruff: str = ""


HTTP_VERBS = ("get", "options", "head", "post", "put", "patch", "delete", "request")

_REQUESTS = {
    **{f"requests.{verb}": Timeout(ruff="S113") for verb in HTTP_VERBS},
    **{f"requests.Session().{verb}": Timeout() for verb in HTTP_VERBS},
}
_STANDARD_LIBRARY = {
    "urllib.request.urlopen": Timeout(position=2),
    "http.client.HTTPConnection": Timeout(position=2),
    "http.client.HTTPSConnection": Timeout(),
    "socket.create_connection": Timeout(position=1, waits="to connect and for each piece"),
    "smtplib.SMTP": Timeout(position=3),
    "smtplib.SMTP_SSL": Timeout(),
    "ftplib.FTP": Timeout(position=4),
}
_URLLIB3 = {"urllib3.PoolManager().request": Timeout(), "urllib3.request": Timeout()}
_CONNECT = "to connect"
_QUERY = "for a query's answer"
_DATABASES = {
    "psycopg2.connect": Timeout(
        ("connect_timeout",), waits=_CONNECT, needs="`connect_timeout=`", in_address="connect_timeout"
    ),
    "psycopg.connect": Timeout(
        ("connect_timeout",), None, 130, _CONNECT, "`connect_timeout=`", is_sure=False, in_address="connect_timeout"
    ),
    "psycopg.AsyncConnection.connect": Timeout(
        ("connect_timeout",), None, 130, _CONNECT, "`connect_timeout=`", is_sure=False, in_address="connect_timeout"
    ),
    "pymysql.connect": Timeout(("read_timeout",), waits=_QUERY, needs="`read_timeout=` and `connect_timeout=`"),
    "MySQLdb.connect": Timeout(("read_timeout",), waits=_QUERY, needs="`read_timeout=` and `connect_timeout=`"),
    "asyncpg.connect": Timeout(("command_timeout",), waits=_QUERY, needs="`command_timeout=`", is_sure=False),
    "asyncpg.create_pool": Timeout(("command_timeout",), waits=_QUERY, needs="`command_timeout=`", is_sure=False),
    **{
        f"redis.{name}": Timeout(
            ("socket_timeout", "connection_pool"),
            waits="for an answer (redis-py before 8.0)",
            needs="`socket_timeout=`",
            is_sure=False,
            in_address="socket_timeout",
        )
        for name in (
            "Redis",
            "Redis.from_url",
            "from_url",
            "asyncio.Redis",
            "asyncio.Redis.from_url",
            "asyncio.from_url",
        )
    },
    "aiohttp.ClientSession": Timeout(default=300, needs="`timeout=aiohttp.ClientTimeout(…)`", is_sure=False),
}

UNSET: dict[str, Timeout] = {**_REQUESTS, **_URLLIB3, **_STANDARD_LIBRARY, **_DATABASES}
"""Calls that wait too long unless they are given a timeout."""

_HTTPX = {
    **{
        f"{library}.{name}": Timeout(ruff="S113" if library == "httpx" else "")
        for library in ("httpx", "httpx2")
        for name in (*HTTP_VERBS, "stream", "Client", "AsyncClient")
    },
    **{
        f"{library}.{client}().{verb}": Timeout()
        for library in ("httpx", "httpx2")
        for client in ("Client", "AsyncClient")
        for verb in (*HTTP_VERBS, "stream")
    },
}

SWITCHED_OFF: dict[str, Timeout] = {**_REQUESTS, **_URLLIB3, **_STANDARD_LIBRARY, **_DATABASES, **_HTTPX}
"""Calls that wait for ever with a timeout of None."""

BOTOCORE_READ = 60.0
"""Seconds that botocore waits for an answer, and as many to connect, unless its Config says otherwise."""

AIOHTTP_TOTAL = 300.0
"""Seconds that an aiohttp request may take in all, unless its ClientTimeout says otherwise."""

BOTOCORE_ATTEMPTS = {"legacy": 5, "standard": 3, "adaptive": 3}
"""Attempts of botocore in each retry mode, the first included; DynamoDB has more. Its default is `legacy`."""

WAITS_FOR: dict[str, Timeout] = {
    **SWITCHED_OFF,
    **{f"aiohttp.ClientSession().{verb}": Timeout() for verb in HTTP_VERBS},
    **{f"redis.{name}": Timeout(("socket_timeout", "socket_connect_timeout")) for name in ("Redis", "asyncio.Redis")},
    "pymysql.connect": Timeout(("read_timeout", "connect_timeout")),
    "asyncpg.connect": Timeout(("command_timeout", "timeout")),
    "asyncio.wait_for": Timeout(position=1),
    "asyncio.wait": Timeout(),
    "asyncio.timeout": Timeout((), position=0),
    "concurrent.futures.wait": Timeout(position=1),
    "concurrent.futures.as_completed": Timeout(position=1),
    "concurrent.futures.ThreadPoolExecutor().submit().result": Timeout(position=0),
    "concurrent.futures.ThreadPoolExecutor().map": Timeout(),
    "subprocess.run": Timeout(),
}
"""Calls that a number of seconds limits, and how they take it."""

LIMITS = frozenset(
    {"httpx.Timeout", "httpx2.Timeout", "aiohttp.ClientTimeout", "urllib3.Timeout", "urllib3.util.Timeout"}
)
"""What groups several timeouts; each of its arguments is one."""
