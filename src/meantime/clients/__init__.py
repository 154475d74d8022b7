"""Clients made right for Lambda: pools as wide as the fan-out, and no call that outlasts its invocation.

Importing this package loads none of the libraries: each is loaded when its function is called.
"""

from __future__ import annotations

from meantime.lazy_names import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.clients.aiohttp_session import aiohttp
    from meantime.clients.aws import boto3
    from meantime.clients.httpx_client import httpx, httpx2
    from meantime.clients.requests_session import requests
    from meantime.clients.trust import ssl_context

__all__ = ["aiohttp", "boto3", "httpx", "httpx2", "requests", "ssl_context"]

# In which module each function lives; none bears a function's name, since importing it would hide the function.
_HOMES = {
    "aiohttp": "meantime.clients.aiohttp_session",
    "boto3": "meantime.clients.aws",
    "httpx": "meantime.clients.httpx_client",
    "httpx2": "meantime.clients.httpx_client",
    "requests": "meantime.clients.requests_session",
    "ssl_context": "meantime.clients.trust",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOMES)
