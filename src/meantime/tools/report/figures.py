"""How numbers are written, everywhere alike: in the terminal, in Markdown and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ABSENT = "\N{EN DASH}"
# As wide as a plus, so that columns of figures align.
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
ARROW = "\N{RIGHTWARDS ARROW}"

_PLAIN = {
    TIMES: "x",
    MINUS: "-",
    ABSENT: "-",
    ARROW: "->",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{HORIZONTAL ELLIPSIS}": "...",
}

# From here on a tenth of a millisecond is noise.
_WHOLE_FROM_MS = 100.0
# From here on a tenth of "times faster" is noise.
_WHOLE_FROM_TIMES = 100.0


def decimals_for(values: Iterable[float | None], *, whole_from: float = _WHOLE_FROM_MS) -> int:
    """Give the decimals that a column of milliseconds needs, so that all its figures align.

    Args:
        values: The column.
        whole_from: A column that begins here or above needs none.
    """
    known = [abs(value) for value in values if value is not None]
    return 0 if not known or min(known) >= whole_from else 1


def milliseconds(value: float | None, decimals: int = 0) -> str:
    """Write a time in milliseconds, without its unit: `1,234` or `3.4`."""
    return ABSENT if value is None else _signed(value, decimals)


def times(value: float | None) -> str:
    """Write how many times faster, as a figure and a multiplication sign."""
    if value is None:
        return ABSENT
    return f"{_signed(value, 0 if value >= _WHOLE_FROM_TIMES else 1)}{TIMES}"


def dollars(value: float) -> str:
    """Write money without its sign, to the cent: `1,234.50`."""
    return _signed(value, 2)


def memory(megabytes: int) -> str:
    """Write a memory size as AWS does: `1769 MB`."""
    return f"{megabytes} MB"


def plain(text: str, encoding: str) -> str:
    """Rewrite a text for a terminal that cannot show all of it; elsewhere it stays as it is."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        pass
    else:
        return text
    for sign, ascii_sign in _PLAIN.items():
        text = text.replace(sign, ascii_sign)
    return text.encode(encoding, "replace").decode(encoding)


def _signed(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not text.strip("0.,")
    return f"{MINUS}{text}" if value < 0 and not is_zero else text
