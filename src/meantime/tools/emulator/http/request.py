"""One HTTP request as the front received it, before it becomes an event: as sent, nothing decoded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Request:
    """One request.

    Args:
        method: As sent.
        path: As sent, percent-encoded, beginning with a slash.
        query: As sent, without the question mark.
        headers: Names and values in the order and case they were sent; values are Latin-1, so no byte is lost.
        body: As sent, neither decompressed nor in chunks any more.
        client: The address of the peer.
        port: The front's own port.
        protocol: `HTTP/1.1` or `HTTP/1.0`.
        id: Made up for this request.
        time: When it came, in seconds since the epoch.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: str
    port: int
    protocol: str
    id: str
    time: float

    def header(self, name: str) -> str | None:
        """Return the last value of a header, in any case."""
        values = self.values(name)
        return values[-1] if values else None

    def values(self, name: str) -> list[str]:
        """Return every value of a header, in any case."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    @property
    def host(self) -> str:
        """The host the client asked for, without a port."""
        host = self.header("host") or "127.0.0.1"
        return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""
        return self.header("user-agent") or ""

    @property
    def trace(self) -> str:
        """The X-Ray header: the client's own, or a new one."""
        return self.header("x-amzn-trace-id") or f"Root=1-{int(self.time):08x}-{self.id.replace('-', '')[:24]}"

    @property
    def forwarded_for(self) -> str:
        """The addresses it came through, this connection's last."""
        return ", ".join([*self.values("x-forwarded-for"), self.client])

    @property
    def written_time(self) -> str:
        """When it came, as in API Gateway's events."""
        return f"{datetime.fromtimestamp(self.time, UTC):%d/%b/%Y:%H:%M:%S} +0000"

    def parameters(self) -> dict[str, list[str]]:
        """Return the decoded query parameters with all their values; a plus is a space."""
        return _gathered(parse_qsl(self.query, keep_blank_values=True))

    def raw_parameters(self) -> dict[str, list[str]]:
        """Return the query parameters with all their values, as sent."""
        pairs = [piece.partition("=") for piece in self.query.split("&") if piece]
        return _gathered([(name, value) for name, _, value in pairs])


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered
