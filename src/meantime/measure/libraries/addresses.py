"""How a request over HTTP is named: method and path, without query, fragment, credentials and long identifiers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_PART = 24  # of a path: a UUID, a token or a signature is longer, and is nobody's business
_SHOWN = 8
_LONGEST = 80

_PORTS = {"http": 80, "https": 443}


def request_name(method: Any, url: str) -> str:
    """`GET /orders/42`."""
    method = method.decode("ascii", "replace") if isinstance(method, bytes) else str(method)
    return f"{method.upper()} {short_path(split(url)[1])}"


def short_path(path: str) -> str:
    """The path with its long parts cut, and without those that are addresses of people, or parameters."""
    parts = [_short_part(part) for part in path.split("/")]
    short = "/".join(parts) or "/"
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"


def _short_part(part: str) -> str:
    part = part.partition(";")[0]  # matrix parameters, as of `;jsessionid=`
    if any(sign in part.lower() for sign in ("@", "%40", "=", "%3d", "%3f")):
        return "…"
    return part if len(part) <= _LONGEST_PART else f"{part[:_SHOWN]}…"


def split(url: str) -> tuple[str, str]:
    """The host with its port, and the path."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        scheme, rest = "", url
        host = ""
        path = rest
    else:
        ends = min((at for at in (rest.find(mark) for mark in "/?#") if at >= 0), default=len(rest))
        host, path = rest[:ends].rpartition("@")[2], rest[ends:]
    path = path.partition("#")[0].partition("?")[0]
    if host and ":" not in host.rpartition("]")[2] and scheme.lower() in _PORTS:
        host = f"{host}:{_PORTS[scheme.lower()]}"
    return host, path if path.startswith("/") else f"/{path}"
