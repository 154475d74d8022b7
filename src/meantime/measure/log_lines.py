"""A recording in the log: lines that each fit into one event of CloudWatch, found again in any text that holds them.

They are plain ASCII without quotes, so that they survive being a string in somebody's JSON.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from zlib import compress, decompress
from zlib import error as CompressionError  # noqa: N812  # a class, whatever its name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MARKER = "MEANTIME-RECORDING"

# An event of CloudWatch Logs holds 256 KB with its overhead, of whichever route the log takes.
# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
_LONGEST = 200_000

_LINE = re.compile(MARKER + r" ([A-Za-z0-9-]+) (\d+)/(\d+) ([A-Za-z0-9+/=]+)")


def lines_of(document: dict[str, Any], identifier: str) -> Iterator[str]:
    """The lines that hold this document, each marked with the identifier and its number."""
    text = json.dumps(document, separators=(",", ":")).encode()
    data = b64encode(compress(text)).decode("ascii")
    parts = [data[at : at + _LONGEST] for at in range(0, len(data), _LONGEST)]
    for number, part in enumerate(parts, 1):
        yield f"{MARKER} {identifier} {number}/{len(parts)} {part}"


def documents_in(text: str) -> list[dict[str, Any]]:
    """The recordings in this text, a saved log or an answer of CloudWatch's, in the order they begin in.

    A recording of which a line is missing is left out, as is one that is damaged.
    """
    found: dict[tuple[str, int], dict[int, str]] = {}
    for identifier, number, count, part in _LINE.findall(text):
        found.setdefault((identifier, int(count)), {}).setdefault(int(number), part)
    documents = []
    for (_, count), parts in found.items():
        if set(parts) == set(range(1, count + 1)):
            try:
                data = b64decode("".join(parts[number] for number in range(1, count + 1)))
                documents.append(json.loads(decompress(data)))
            except (ValueError, CompressionError):
                continue
    return documents
