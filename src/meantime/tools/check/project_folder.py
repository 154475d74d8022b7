"""Which folder the project is that something named on the command line is a part of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.check.settings import Settings

_FOLDERS_OF_HOMES = frozenset({"/home", "/Users"})
_TEMPORARY = frozenset({"/tmp", "/var/tmp"})  # noqa: S108  # nothing is written there


class Around(NamedTuple):
    """The project around what is named.

    Args:
        folder: Its folder; None: what is named stands for itself.
        refused: Why a folder that may be a project is not read as one.
    """

    folder: Path | None
    refused: str = ""


def project_around(start: Path, settings: Settings) -> Around:
    """The nearest folder, from there upwards, that is a repository or has our settings.

    A whole disk, a home folder and the folder for temporary files are no projects, even if somebody keeps them in git.

    Args:
        start: The folder that holds all that is named.
        settings: Those that hold there.
    """
    folder = _nearest(repository_of(start), settings.folder)
    if folder is None or folder == start:
        return Around(folder)
    if folder == folder.parent:
        return Around(None, f"{folder} is the whole disk")
    if str(folder) == os.path.expanduser("~") or str(folder.parent) in _FOLDERS_OF_HOMES:  # noqa: PTH111  # raises none
        return Around(None, f"{folder} is a home folder")
    if str(folder) in _TEMPORARY | {os.environ.get("TMPDIR", "").rstrip("/")}:
        return Around(None, f"{folder} is for temporary files")
    return Around(folder)


def of_several(around: Around, named: Iterable[Path]) -> Around:
    """The same, with the reason where it is none because what is named belongs to several projects.

    Args:
        around: What `project_around` gave for the folder that holds all that is named.
        named: What is named.
    """
    if around.folder is not None or around.refused:
        return around
    found = {repository_of(each if each.is_dir() else each.parent) for each in named}
    if found == {None}:
        return around
    return Around(None, f"it belongs to {len(found)} projects, which are best checked one by one")


def repository_of(folder: Path) -> Path | None:
    """The git repository that a folder is in, or is."""
    return next(
        (each for each in (folder, *folder.parents) if os.path.exists(each / ".git")),  # noqa: PTH110  # raises none
        None,
    )


def _nearest(*folders: Path | None) -> Path | None:
    """Of folders one above the other, the innermost."""
    return max((each for each in folders if each is not None), key=lambda each: len(each.parts), default=None)
