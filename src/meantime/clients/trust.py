"""The SSL context that clients share: parsing the certificates of all authorities takes 15 to 45 ms of CPU."""

from __future__ import annotations

import os
import sys
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext
    from typing import Any

_lock = Lock()
_made: dict[str, SSLContext] = {}


def ssl_context() -> SSLContext:
    """The context that boto3, requests and httpx share: it trusts certifi's authorities, as they do by themselves.

    Made once in a process, when first asked for. To a client with a store of its own it may be given, where certifi's
    authorities are enough: `clients.httpx2(verify=clients.ssl_context())`, `clients.aiohttp(ssl=…)`.

    Do not change it: no `verify_mode`, no client certificate, no protocols.
    """
    return _once("certifi", lambda ssl: ssl.create_default_context(cafile=_bundle()))


def system_context() -> SSLContext:
    """The context with the operating system's authorities, which httpx2 trusts."""
    return _once("system", lambda ssl: ssl.create_default_context())


def is_shared(context: object) -> bool:
    """Whether this context has its authorities already."""
    return any(context is made for made in _made.values())


def is_chosen_by_environment() -> bool:
    """Whether the function's variables name the authorities, for the libraries that ask them."""
    return bool(os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"))


def _once(store: str, make: Callable[[Any], SSLContext]) -> SSLContext:
    with _lock:
        if store not in _made:
            import ssl  # noqa: PLC0415  # whoever makes no connection need not pay for it

            context = make(ssl)
            # Each library sets these for each connection. Set before, that changes nothing.
            context.set_alpn_protocols(["http/1.1"])
            _made[store] = context
        return _made[store]


def _bundle() -> str | None:
    """The file of certifi's authorities; botocore has a copy of it for where certifi is not installed."""
    try:
        from certifi import where  # noqa: PLC0415  # optional
    except ImportError:
        httpsession = sys.modules.get("botocore.httpsession")
        return None if httpsession is None else str(httpsession.where())
    return str(where())
