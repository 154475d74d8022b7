"""How many connections a client keeps, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """How the size of a client's pool is set.

    Args:
        keyword: It, in what configures the pool.
        default: The size without it; None: no size that would be too small for what people do.
        configured_by: The keyword that gives the configuration; empty: the client takes the size itself.
        configuration: The path of what makes that configuration.
        refuses: Whether the pool makes further calls wait, instead of opening connections that are thrown away.
    """

    keyword: str
    default: int | None
    configured_by: str = ""
    configuration: str = ""
    refuses: bool = False


_BOTOCORE = Pool("max_pool_connections", 10, "config", "botocore.config.Config")
_HTTPX = Pool("max_connections", None, "limits", "httpx.Limits", refuses=True)
_HTTPX2 = Pool("max_connections", None, "limits", "httpx2.Limits", refuses=True)

POOLS: dict[str, Pool] = {
    "boto3.client": _BOTOCORE,
    "boto3.resource": _BOTOCORE,
    "meantime.clients.boto3": Pool("max_concurrency", 10),
    "meantime.clients.requests": Pool("max_concurrency", 10),
    "httpx.Client": _HTTPX,
    "httpx2.Client": _HTTPX2,
    "httpx.AsyncClient": _HTTPX,
    "httpx2.AsyncClient": _HTTPX2,
}
"""The pools of clients, by what makes the client."""

REQUESTS_DEFAULT = 10
"""Connections that a requests session keeps for each host: `pool_maxsize` of the adapters mounted on it."""
