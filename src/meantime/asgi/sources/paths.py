"""The scope's `path`, `raw_path` and `root_path`, of paths as the sources give them: decoded or as sent."""

from __future__ import annotations

import re

# What a path may have that is not encoded: RFC 3986's pchar, and the slash. Letters and digits go without saying.
_IN_PATHS = "/:@!$&'()*+,;=-._~"
_is_plain = re.compile(r"[A-Za-z0-9/._~-]*").fullmatch  # as most are


def of_sent(sent: str) -> tuple[str, bytes]:
    """`path` and `raw_path` of a path as the client sent it, percent-encoded."""
    sent = sent or "/"
    if sent.isascii():
        if "%" not in sent:
            return sent, sent.encode("ascii")
        from urllib.parse import unquote  # noqa: PLC0415  # most paths have nothing to decode

        return unquote(sent), sent.encode("ascii")
    from urllib.parse import quote, unquote  # noqa: PLC0415  # as above

    return unquote(sent), quote(sent, safe=_IN_PATHS + "%", errors="replace").encode("ascii")


def encode(decoded: str) -> bytes:
    """A path percent-encoded."""
    if _is_plain(decoded):
        return decoded.encode("ascii")
    from urllib.parse import quote  # noqa: PLC0415  # most paths have nothing to encode

    return quote(decoded, safe=_IN_PATHS, errors="replace").encode("ascii")


def begins_with(path: str, prefix: str) -> bool:
    """Whether a path is that prefix or below it: `/prod` has `/prod/x`, and not `/production/x`."""
    return bool(prefix) and path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")
