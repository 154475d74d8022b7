"""The command's `--memory`: sizes in MB, separated by commas; the option may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.emulator import limits

if TYPE_CHECKING:
    from collections.abc import Iterable


def memory_sizes(texts: Iterable[str]) -> tuple[int, ...]:
    """Give the sizes, each once, by rising memory.

    Raises:
        ValueError: One is no size that Lambda has; the text says which and what it has.
    """
    sizes = set()
    for text in texts:
        for part in text.split(","):
            written = part.strip().removesuffix("MB").strip()
            if not (written.isascii() and written.isdigit()):
                raise ValueError(f"--memory {text!r}: {part.strip()!r} is no size in MB; write 128,512,1769")
            size = int(written)
            if not limits.MEMORY_MIN_MB <= size <= limits.MEMORY_MAX_MB:
                lowest, highest = limits.MEMORY_MIN_MB, limits.MEMORY_MAX_MB
                raise ValueError(f"--memory {size} is not in {lowest}..{highest} MB")
            sizes.add(size)
    if not sizes:
        raise ValueError("--memory names no size")
    return tuple(sorted(sizes))
