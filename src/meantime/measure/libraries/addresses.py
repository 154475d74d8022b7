"""How a request over HTTP is named: method and path, without query, fragment, credentials and long identifiers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_PART = 20  # of a path: a UUID, a token or a signature is longer, and is nobody's business
_SHOWN = 8
_LONGEST = 80

_PORTS = {"http": 80, "https": 443}


def request_name(method: Any, url: str) -> str:
    """`GET /orders/42`."""
    method = method.decode("ascii", "replace") if isinstance(method, bytes) else str(method)
    return f"{method.upper()} {short_path(split(url)[1])}"


def short_path(path: str) -> str:
    """The path with its long parts cut, and without those that are addresses of people, or parameters."""
    parts = [short_part(part) for part in path.split("/")]
    short = "/".join(parts) or "/"
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"


def short_part(part: str) -> str:
    """One part of a path, the same way."""
    part = part.partition(";")[0]  # matrix parameters, as of `;jsessionid=`
    if any(sign in part.lower() for sign in ("@", "%40", "=", "%3d", "%3f")):
        return "…"
    return part if len(part) <= _LONGEST_PART else f"{part[:_SHOWN]}…"


def split(url: str) -> tuple[str, str]:
    """The host with its port, and the path."""
    first, rest = _first_of(url)
    scheme = host = ""
    path = url
    if first.endswith(":") and rest.startswith("//"):  # not one further on: a query may hold a whole address
        scheme = first[:-1]
        host, path = _first_of(rest[2:])
        host = host.rpartition("@")[2]
    elif ":" in first:  # as of `data:`, which is a value as a whole
        path = "/…"
    path = path.partition("#")[0].partition("?")[0]
    if host and ":" not in host.rpartition("]")[2] and scheme.lower() in _PORTS:
        host = f"{host}:{_PORTS[scheme.lower()]}"
    return host, path if path.startswith("/") else f"/{path}"


def _first_of(address: str) -> tuple[str, str]:
    """What comes before the first path, query or fragment, and the rest."""
    ends = min((at for at in (address.find(mark) for mark in "/?#") if at >= 0), default=len(address))
    return address[:ends], address[ends:]
