"""Which of the project's own files and names an import means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.relevance import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROOTS = frozenset({"src", "python"})  # folders that code is imported from: by habit, and in a layer


def own_name(dotted: str) -> str:
    """The name of what stands in a file or folder of the project that is called as a library is: `requests.py`."""
    head, dot, rest = dotted.partition(".")
    return f"{head} (own){dot}{rest}" if head in PACKAGES else dotted


class OwnNames:
    """Answers it.

    Args:
        names: The dotted names of the project's modules, by the paths of their files.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._modules = set(names)
        self.packages = {name.rpartition(".")[0] for name in self._modules}
        self.packages |= {each.rpartition(".")[0] for each in self.packages}
        self._known: dict[tuple[str, str, bool], str] = {}
        self._below_roots: dict[str, set[str]] = {}
        for name in self._modules:
            parts = name.split(".")
            for position in range(len(parts) - 2, -1, -1):
                if parts[position] in _ROOTS:
                    prefix = ".".join(parts[: position + 1]) + "."
                    self._below_roots.setdefault(parts[position + 1], set()).add(prefix)
                    break

    def full(self, dotted: str, importer: str) -> str:
        """The project's own name for an imported one; empty if it is none of it: the nearest folder first.

        Args:
            dotted: The name that is imported.
            importer: The module that imports it.
        """
        folder = importer.rpartition(".")[0]
        while folder in self._modules:  # within a package siblings are not imported so
            folder = folder.rpartition(".")[0]
        head = dotted.partition(".")[0]
        is_within = head in PACKAGES and (f".{head}." in f".{importer}." or f".{own_name(head)}." in f".{importer}.")
        key = (folder, dotted, is_within)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._found(dotted, folder, is_within=is_within)
        return known

    def _found(self, dotted: str, folder: str, *, is_within: bool) -> str:
        head = dotted.partition(".")[0]
        may_be_folder = head not in PACKAGES or is_within  # beside the code it is a copy of the library
        while True:
            for between in ("", "src.", "python."):
                prefix = f"{folder}.{between}" if folder else between
                if not may_be_folder and prefix + head in self.packages:
                    continue
                if self._holds(prefix + head) and self._holds_in(prefix + dotted):
                    return prefix + dotted
            if not folder:
                break
            folder = folder.rpartition(".")[0]
        own = own_name(head)
        if self._holds(own) and self._holds_in(own_name(dotted)) and (may_be_folder or own not in self.packages):
            return own_name(dotted)
        prefixes = self._below_roots.get(head, ())
        if head not in PACKAGES and len(prefixes) == 1:
            (prefix,) = prefixes
            if self._holds_in(prefix + dotted):
                return prefix + dotted
        return ""

    def _holds(self, name: str) -> bool:
        return name in self._modules or name in self.packages

    def _holds_in(self, name: str) -> bool:
        return self._holds(name) or name.rpartition(".")[0] in self._modules
