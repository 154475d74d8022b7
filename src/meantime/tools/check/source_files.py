"""Which files are read: Python files and templates, without what is excluded, ignored by git, or a link."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.check.errors import CheckError
from meantime.tools.check.unreadable import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pathspec import GitIgnoreSpec

    from meantime.tools.check.finding import Finding
    from meantime.tools.check.settings import Settings

PYTHON_ENDINGS = (".py",)
TEMPLATE_ENDINGS = (".yaml", ".yml", ".json", ".template")
_ENDINGS = (*PYTHON_ENDINGS, *TEMPLATE_ENDINGS)
MOST_AROUND = 10_000
"""Files and folders that are gone through beyond what is named, so that a part of a project is checked as a part of it.
More takes long, which nobody expects who names one file."""
_MOST_TEMPLATE_BYTES = 1_000_000  # what CloudFormation takes; what is larger is data
# What tools put into a repository: nobody wrote it, and it is not deployed from there.
_TOOLS_FOLDERS = frozenset({
    ".aws-sam", ".bzr", ".chalice", ".direnv", ".eggs", ".git", ".hg", ".hypothesis", ".idea", ".ipynb_checkpoints",
    ".meantime_cache", ".mypy_cache", ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".ruff_cache", ".serverless",
    ".svn", ".terraform", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__", "_build", "build", "buck-out",
    "cdk.out", "dist", "node_modules", "site-packages", "venv",
})  # fmt: skip


def source_files(paths: Iterable[Path], root: Path, settings: Settings) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """The files to read, sorted, and what is found of those that cannot be.

    A file that is named is read whatever excludes it. In folders, links to folders are not followed: what they lead to
    is read where it stands.

    Args:
        paths: Files and folders.
        root: The folder that findings' places are relative to.
        settings: What is excluded.
    """
    walk = _Walk(root, settings)
    walk.named(paths)
    return walk.result()


def files_around(
    folder: Path, paths: Iterable[Path], root: Path, settings: Settings
) -> tuple[tuple[Path, ...], tuple[Finding, ...], bool] | None:
    """What `source_files` gives, with the rest of the project, and whether it is so; None if that is too much.

    What the project itself passes over, such as an installed package, is none of its parts and stands for itself.

    Args:
        folder: The project's.
        paths: Files and folders in it.
        root: The folder that findings' places are relative to.
        settings: What is excluded.
    """
    walk = _Walk(root, settings)
    paths = list(paths)
    walk.named(paths)
    if all(walk.is_passed_over(path, folder) for path in paths):
        return *walk.result(), False
    walk.most = walk.passed + MOST_AROUND
    try:
        walk.folder(folder)
    except _TooManyError:
        return None
    return (*walk.result(), True) if walk.passed <= walk.most else None


def is_pattern(line: str) -> bool:
    """Whether a line is a pattern as in .gitignore; git itself passes over what is none, such as a `!` alone."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # see below

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


class _TooManyError(Exception):
    """There are more files than are to be read."""


class _Ignoring:
    """The patterns of one file, and the folder that they are relative to."""

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415  # it takes 30 ms to load; many folders need none

        self._prefix = len(folder) + 1
        self._lines = [line for line in lines if is_pattern(line)]
        self._patterns: GitIgnoreSpec = GitIgnoreSpec.from_lines(self._lines)

    def verdict(self, path: str) -> bool | None:
        """Whether a path is ignored; None: nothing is said of it. A folder's path ends in a slash."""
        found = self._patterns.check_file(path[self._prefix :])
        if found.include and path.endswith("/") and self._lines[found.index or 0].rstrip().endswith("/**"):
            return None  # all that is in the folder, not the folder itself: a later pattern may take some of it back
        return found.include


class _Walk:
    """What was found in the folders so far."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.found: dict[Path, None] = {}
        self.problems: list[Finding] = []
        self.most = sys.maxsize
        self._entered: set[str] = set()
        self._root = root
        for pattern in settings.exclude:
            if not is_pattern(pattern):
                raise CheckError(f"{settings.file}: {pattern!r} of exclude is no pattern as in .gitignore")
        self._excluded = [_Ignoring(str(settings.folder or root), settings.exclude)] if settings.exclude else []
        self._targets: set[str] = set()  # of links to files

    @property
    def passed(self) -> int:
        """How many files and folders it has gone through."""
        return len(self.found) + len(self._entered)

    def result(self) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
        """The files, sorted, and what is found of those that cannot be read."""
        return tuple(sorted(self.found)), tuple(self.problems)

    def named(self, paths: Iterable[Path]) -> None:
        """Take what is named, and find what is in it."""
        for path in paths:
            if os.path.isdir(path):  # noqa: PTH112  # raises none where one may not look
                self.folder(path)
            else:
                self.found[path] = None

    def is_passed_over(self, path: Path, within: Path) -> bool:
        """Whether a walk through a folder would not come by this path."""
        folders = [each for each in (path, *path.parents) if each.is_relative_to(within) and each != within]
        if any(each.name in _TOOLS_FOLDERS or _is_there(each / "pyvenv.cfg") for each in folders):
            return True
        is_folder = os.path.isdir(path)  # noqa: PTH112  # raises none where one may not look
        return self._is_left_out(f"{path}/" if is_folder else str(path), list(self._ignored_above(path)))

    def folder(self, path: Path) -> None:
        """Find what is in a folder, and below."""
        above = list(self._ignored_above(path))
        if _is_ignored(f"{path}/", above):  # it was named all the same
            above = []
        excluded = self._excluded
        if _is_ignored(f"{path}/", excluded):  # likewise
            self._excluded = []
        self._enter(str(path), above)
        self._excluded = excluded

    def _ignored_above(self, path: Path) -> Iterator[_Ignoring]:
        """What .gitignore files say from the repository's folder down to the folder above this one."""
        folders = [path, *path.parents]
        tops = [index for index, each in enumerate(folders) if _is_there(each / ".git")]
        if tops:
            for each in reversed(folders[1 : tops[0] + 1]):
                yield from _gitignore(str(each))

    def _enter(self, folder: str, ignoring: list[_Ignoring]) -> None:
        if folder in self._entered:
            return
        self._entered.add(folder)
        if self.passed > self.most:
            raise _TooManyError
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(unreadable(self._named(folder), error))
            return
        if any(entry.name == ".gitignore" for entry in entries):
            ignoring = [*ignoring, *_gitignore(folder)]
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not (_is_made_by_tools(entry) or self._is_left_out(f"{entry.path}/", ignoring)):
                    self._enter(entry.path, ignoring)
            elif entry.name.endswith(_ENDINGS) and not self._is_left_out(entry.path, ignoring):
                self._file(entry)

    def _file(self, entry: os.DirEntry[str]) -> None:
        try:
            size = entry.stat().st_size
        except OSError as error:  # a link that leads nowhere, or to itself
            if entry.name.endswith(PYTHON_ENDINGS) and not entry.name.startswith("."):
                self.problems.append(unreadable(self._named(entry.path), error))
            return
        if entry.is_dir():  # a link to one
            return
        if size > _MOST_TEMPLATE_BYTES and entry.name.endswith(TEMPLATE_ENDINGS):
            return
        path = Path(entry.path)
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if target in self._targets or Path(target).is_relative_to(self._root):  # it is read where it stands
                return
            self._targets.add(target)
        self.found[path] = None

    def _is_left_out(self, path: str, ignoring: list[_Ignoring]) -> bool:
        return _is_ignored(path, self._excluded) or _is_ignored(path, ignoring)

    def _named(self, path: str) -> str:
        """A path as findings name it."""
        return Path(os.path.relpath(path, self._root)).as_posix()


def _is_there(path: str | Path) -> bool:
    """Whether there is such a file; where one may not look, there is none."""
    return os.path.exists(path)  # noqa: PTH110  # `Path.exists` raises there


def _is_made_by_tools(folder: os.DirEntry[str]) -> bool:
    """Whether a folder is one that tools fill: one of these names, or a virtual environment of any name."""
    return folder.name in _TOOLS_FOLDERS or _is_there(f"{folder.path}/pyvenv.cfg")


def _is_ignored(path: str, ignoring: list[_Ignoring]) -> bool:
    """Whether a path is ignored: the file nearest to it that says anything of it counts."""
    return next((verdict for each in reversed(ignoring) if (verdict := each.verdict(path)) is not None), False)


def _gitignore(folder: str) -> Iterator[_Ignoring]:
    """The patterns of a folder's .gitignore."""
    try:
        text = Path(folder, ".gitignore").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines:
        yield _Ignoring(folder, lines)
