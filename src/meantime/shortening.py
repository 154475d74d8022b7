"""A short text for any item, at a bounded cost: for messages about what was waiting."""

from __future__ import annotations

from reprlib import Repr

# Whose repr is cheap and says something.
_TELLING = ("pathlib", "uuid", "decimal", "datetime", "enum", "fractions", "ipaddress", "meantime")


class _Shortening(Repr):
    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002  # the base class calls it so
        if x is None or isinstance(x, (bool, float, complex)):
            return repr(x)
        if isinstance(x, (bytes, bytearray)):
            return f"{x[:40]!r}…" if len(x) > 40 else repr(x)  # noqa: PLR2004  # as long as a text is shown
        if type(x).__module__.partition(".")[0] in _TELLING:
            return repr(x)
        return f"<{type(x).__name__}>"


_shortening = _Shortening()
_shortening.maxstring = 60
_shortening.maxother = 60


def shortened(item: object) -> str:
    """The item as text; of a type that is not Python's own, only the type."""
    return _shortening.repr(item)
