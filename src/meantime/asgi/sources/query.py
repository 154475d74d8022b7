"""The scope's `query_string`, of parameters as the sources give them: decoded or as sent."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Parameters = Mapping[str, str | Iterable[str] | None]


def of_sent(parameters: Parameters | None) -> bytes:
    """Of parameters that are still as the client sent them, percent-encoded: put together again, and no more."""
    if not parameters:
        return b""
    return encode("&".join([f"{name}={value}" for name, value in _pairs(parameters)]))


def of_decoded(parameters: Parameters | None) -> bytes:
    """Of parameters that the source has decoded: encoded again, whatever is in them."""
    if not parameters:
        return b""
    from urllib.parse import quote_plus  # noqa: PLC0415  # most requests have no parameters

    pairs = [
        f"{quote_plus(name, errors='surrogatepass')}={quote_plus(value, errors='surrogatepass')}"
        for name, value in _pairs(parameters)
    ]
    return "&".join(pairs).encode("ascii")


def encode(sent: str) -> bytes:
    """A query string as sent; what may not be in one, and so did not come like that, is encoded."""
    if sent.isascii() and " " not in sent:
        return sent.encode("ascii")
    from urllib.parse import quote  # noqa: PLC0415  # no client sends such a thing

    return quote(sent, safe="/:@!$&'()*+,;=-._~?%[]", errors="surrogatepass").encode("ascii")


def _pairs(parameters: Parameters) -> list[tuple[str, str]]:
    """One pair for each value; a parameter without one, `?debug`, has an empty one."""
    return [
        (name, "" if value is None else str(value))
        for name, values in parameters.items()
        for value in ((values,) if values is None or isinstance(values, str) else values)
    ]
