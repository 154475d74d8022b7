"""What earlier runs read and found, by the content of the files: `.meantime_cache/` beside pyproject.toml.

Nothing in it is trusted to run: a repository may bring a cache of its own. What is unpickled may only be made of this
package's classes.
"""

from __future__ import annotations

import builtins
import io
import pickle
import sqlite3
import sys
import time
import zlib
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import meantime
from meantime.tools.check import finding
from meantime.tools.check.model import expressions, functions
from meantime.tools.check.model.functions import Module
from meantime.tools.check.model.reader import read_module

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_FOLDER = ".meantime_cache"
_MOST_BYTES = 256 * 1024 * 1024  # of one value, unpacked: more is none of ours
_FORGET_AFTER = 14 * 86_400.0  # seconds
_CLASSES = {
    (each.__module__, each.__qualname__): each
    for module in (expressions, functions, finding)
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == module.__name__
} | {("builtins", name): getattr(builtins, name) for name in ("Ellipsis", "complex", "frozenset", "set")}


class Cache:
    """What is kept under a folder; a context manager. Where it cannot be written, nothing is kept, and nothing fails.

    Args:
        folder: The folder to have it in; None: nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._rows: sqlite3.Connection | None = None
        self._stamp = _stamp()
        if folder is not None:
            with suppress(OSError, sqlite3.Error):
                self._rows = _opened(folder / _FOLDER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rows is not None:
            with suppress(sqlite3.Error):
                self._rows.execute("DELETE FROM kept WHERE used < ?", (time.time() - _FORGET_AFTER,))
                self._rows.commit()
            self._rows.close()

    @property
    def is_kept(self) -> bool:
        """Whether anything is kept."""
        return self._rows is not None

    def key(self, *parts: bytes) -> bytes:
        """A key for what is made of these parts by this version on this Python."""
        return keyed((self._stamp, *parts))

    def load(self, text: str, *, name: str, file: str, is_package: bool, digest: bytes) -> Module:
        """What `read_module` gives, read only if it is not kept."""
        key = self.key(digest, name.encode("utf-8", "surrogatepass"), file.encode("utf-8", "surrogatepass"))
        module = self.get(key)
        if not isinstance(module, Module):
            module = read_module(text, name=name, file=file, is_package=is_package, digest=digest)
            self.put(key, module)
        return module

    def get(self, key: bytes) -> Any:
        """What is kept under a key; None if nothing is, or it cannot be read."""
        if self._rows is None:
            return None
        try:
            row = self._rows.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            self._rows.execute("UPDATE kept SET used = ? WHERE key = ?", (time.time(), key))
            return _Unpickler(io.BytesIO(zlib.decompressobj().decompress(row[0], _MOST_BYTES))).load()
        except Exception:  # noqa: BLE001  # whatever a broken file may bring: it is as if there were none
            return None

    def put(self, key: bytes, value: object) -> None:
        """Keep a value, if it can be kept."""
        if self._rows is not None:
            with suppress(sqlite3.Error, RecursionError, pickle.PicklingError):
                packed = zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), level=1)  # a quarter of it
                self._rows.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (key, time.time(), packed))


def keyed(parts: Iterable[bytes]) -> bytes:
    """A digest of parts, and of where one ends and the next begins."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


class _Unpickler(pickle.Unpickler):
    """Makes nothing but what this package keeps."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _CLASSES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is nothing that is kept") from None


def _opened(folder: Path) -> sqlite3.Connection:
    """The file with all that is kept, made anew if it is none."""
    folder.mkdir(exist_ok=True)
    ignoring = folder / ".gitignore"
    if not ignoring.exists():
        ignoring.write_text("# What meantime check keeps; it may be deleted at any time.\n*\n", encoding="utf-8")
    file = folder / "check.sqlite3"
    try:
        return _connected(file)
    except sqlite3.OperationalError:  # another run has it, or nothing may be written here
        raise
    except sqlite3.DatabaseError:
        file.unlink()
        return _connected(file)


def _connected(file: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(file, timeout=1)
    try:
        rows.execute("PRAGMA synchronous = OFF")  # what is lost is made again
        rows.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, used REAL, value BLOB)")
    except sqlite3.Error:
        rows.close()
        raise
    return rows


def _stamp() -> bytes:
    """What stands for this version of the rules, and for the Python whose syntax trees they read."""
    folder = Path(__file__).parent
    sources = sorted((file.as_posix(), file.stat().st_size, file.stat().st_mtime_ns) for file in folder.rglob("*.py"))
    return repr((meantime.__version__, sys.version_info[:3], sources)).encode()
