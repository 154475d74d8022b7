"""The Python files of a function's own folder, parsed when they are first asked for."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_LARGEST_BYTES = 2_000_000


@dataclass(eq=False)
class SourceFile:
    """One file: its name relative to the folder, its text, its tree."""

    name: str
    text: str
    tree: ast.Module
    has_plain_ends: bool = True  # of lines: what is shown of it, a patch finds

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, as Python counts them: a form feed ends none."""
        return self.text.removesuffix("\n").split("\n") if self.text else []

    @cached_property
    def functions(self) -> list[Definition]:
        """Every function in it, and every lambda."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Definition)]

    @cached_property
    def _calls(self) -> dict[int, list[ast.Call]]:
        found: dict[int, list[ast.Call]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                for line in lines_of(node):
                    found.setdefault(line, []).append(node)
        return found

    def calls_at(self, line: int) -> list[ast.Call]:
        """The calls that a frame with this line may be in."""
        return self._calls.get(line, [])

    def function_at(self, line: int, name: str) -> Definition | None:
        """The innermost function of this name that holds a line."""
        holding = [
            node
            for node in self.functions
            if node.lineno <= line <= (node.end_lineno or line)
            and (name == getattr(node, "name", "<lambda>") or not name)
        ]
        return max(holding, key=lambda node: node.lineno, default=None)


def lines_of(call: ast.Call) -> set[int]:
    """The lines that a frame in a call may name: that of its method's name (3.11), or where the expression begins."""
    name = call.func.end_lineno if isinstance(call.func, ast.Attribute) else None
    return {call.lineno, name or call.lineno}


class SourceFiles:
    """The folder's files, by name and by module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._read: dict[str, SourceFile | None] = {}

    def read(self, name: str) -> SourceFile | None:
        """A file; None where there is none that Python could read."""
        if name not in self._read:
            self._read[name] = self._parse(name)
        return self._read[name]

    def known(self) -> list[SourceFile]:
        """The files that have been read by now."""
        return [file for file in self._read.values() if file is not None]

    def module(self, dotted: str) -> SourceFile | None:
        """The file of a module of the function's own; None for anybody else's."""
        path = dotted.replace(".", "/")
        return self.read(f"{path}.py") or self.read(f"{path}/__init__.py") if dotted else None

    def _parse(self, name: str) -> SourceFile | None:
        path = self.folder / name
        try:
            # A file elsewhere is not the function's own.
            if (
                not path.is_relative_to(self.folder)
                or ".." in path.parts
                or not path.is_file()
                or path.stat().st_size > _LARGEST_BYTES
            ):
                return None
            text = path.read_text(encoding="utf-8")
            has_plain_ends = b"\r" not in path.read_bytes()
            return SourceFile(name=name, text=text, tree=ast.parse(text), has_plain_ends=has_plain_ends)
        except (OSError, ValueError, SyntaxError, RecursionError):
            return None


def imported_module(file: SourceFile, statement: ast.ImportFrom) -> str:
    """The dotted name that a `from … import` names, relative ones made absolute."""
    if not statement.level:
        return statement.module or ""
    package = file.name.split("/")[:-1]
    above = package[: len(package) - (statement.level - 1)]
    return ".".join([*above, *([statement.module] if statement.module else [])])
