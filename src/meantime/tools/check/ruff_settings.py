"""Which of its rules ruff is set to apply to a file: what it reports there need not be told a second time.

Read as ruff reads it: https://docs.astral.sh/ruff/configuration/#config-file-discovery. Which rules are on where
nothing is selected depends on its version, so only what is selected counts. What its command line selects is unknown.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILES = (".ruff.toml", "ruff.toml", "pyproject.toml")  # the first counts
_EVERYTHING = "ALL"
_LETTERS = re.compile(r"[A-Z]+")
_MOST_LAYERS = 10  # a file may extend itself
_ON = ("select", "extend-select")
_OFF = ("ignore", "extend-ignore")


class RuffSettings:
    """The settings of ruff in a project.

    Args:
        root: The folder that files are named relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._layers: dict[Path, list[dict[str, Any]]] = {}

    def reports(self, file: str, codes: Iterable[str]) -> bool:
        """Whether ruff is set to apply one of these rules to a file."""
        layers = self._of(Path(self._root, file).parent)
        return any(_is_on(code, layers) for code in codes)

    def _of(self, folder: Path) -> list[dict[str, Any]]:
        """The settings that hold in a folder: what is extended first."""
        if folder not in self._layers:
            own = next((table for name in _FILES if (table := _table(folder / name)) is not None), None)
            if own is not None:
                self._layers[folder] = _extended(own, folder)
            else:
                self._layers[folder] = self._of(folder.parent) if folder != folder.parent else []
        return self._layers[folder]


def _table(file: Path) -> dict[str, Any] | None:
    """What a file says to ruff; None if it says nothing, or cannot be read: ruff tells that itself."""
    try:
        table: Any = tomllib.loads(file.read_bytes().decode())
        for key in ("tool", "ruff") if file.name == "pyproject.toml" else ():
            table = table[key]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return table if isinstance(table, dict) else None


def _extended(table: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Settings and those that they extend, which come first."""
    layers = [table]
    while isinstance(extend := layers[0].get("extend"), str) and len(layers) < _MOST_LAYERS:
        file = folder / Path(extend).expanduser()
        extended = _table(file)
        if extended is None:
            break
        layers.insert(0, extended)
        folder = file.parent
    return layers


def _is_on(code: str, layers: list[dict[str, Any]]) -> bool:
    is_on = False
    for layer in layers:
        if _words(layer, "select") is not None:
            is_on = False
        wanted, unwanted = _exactness(code, layer, _ON), _exactness(code, layer, _OFF)
        if wanted > unwanted:
            is_on = True
        elif unwanted >= 0:
            is_on = False
    return is_on


def _exactness(code: str, layer: dict[str, Any], keys: Iterable[str]) -> int:
    """How exactly a layer names a code under one of these keys; -1: it does not."""
    return max((_length(word, code) for key in keys for word in _words(layer, key) or ()), default=-1)


def _length(word: object, code: str) -> int:
    """How much of a code a selector names: nothing for `ALL`; `A` is another plugin's, and nothing of `ASYNC210`."""
    if word == _EVERYTHING:
        return 0
    letters = _LETTERS.match(code)
    is_of_plugin = isinstance(word, str) and letters is not None and word.startswith(letters[0])
    return len(word) if isinstance(word, str) and is_of_plugin and code.startswith(word) else -1


def _words(layer: dict[str, Any], key: str) -> list[object] | None:
    """A list of selectors, in the table `lint` or, as it was once, beside it."""
    lint = layer.get("lint")
    words = lint.get(key, layer.get(key)) if isinstance(lint, dict) else layer.get(key)
    return words if isinstance(words, list) else None
