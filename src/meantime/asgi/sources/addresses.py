"""Who asked whom: the scope's `client` and `server`, and the scheme."""

from __future__ import annotations

DEFAULT_PORTS = {"https": 443, "http": 80}


def scheme_of(forwarded: str | None, default: str = "https") -> str:
    """The scheme that the client used, of X-Forwarded-Proto."""
    if not forwarded:
        return default
    if forwarded in DEFAULT_PORTS:
        return forwarded
    name = forwarded.split(",", 1)[0].strip().lower()
    return name if name in DEFAULT_PORTS else default


def server_of(host: str | None, forwarded_port: str | None, scheme: str) -> tuple[str, int] | None:
    """Host and port of a Host header; the port is X-Forwarded-Port, or the scheme's, where it names none."""
    if not host:
        return None
    if not isinstance(host, str):
        raise TypeError(f"the host is of the type {type(host).__name__}: it must be text")
    name, port = _split(host)
    if port is None and forwarded_port:
        port = _port(forwarded_port)
    return name, DEFAULT_PORTS[scheme] if port is None else port


def client_of(address: object) -> tuple[str, int] | None:
    """The client. Its port is not told by any source, and 0 then, unless it stands behind the address."""
    if not address or not isinstance(address, str):
        return None
    if ":" not in address:
        return address, 0
    host, port = _split(address)
    return host, port or 0


def forwarded_client_of(forwarded: str) -> tuple[str, int] | None:
    """The client, of X-Forwarded-For: the first one, as frameworks behind a proxy expect it.

    A client may have written that itself; the last one is whom the load balancer has added.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    return client_of(forwarded.split(",", 1)[0].strip())


def _split(address: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `::1`, `[::1]` and `[::1]:port`, without the brackets."""
    if ":" not in address:
        return address, None
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, _port(rest[1:]) if rest.startswith(":") else None
    host, _, port = address.rpartition(":")
    if ":" in host:  # IPv6 without brackets
        return address, None
    return host, _port(port)


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 65536 else None  # noqa: PLR2004  # 16 bits
