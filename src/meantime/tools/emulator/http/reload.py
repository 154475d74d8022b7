"""Watches the code folder, and lets a front have new environments when something in it has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from watchfiles import PythonFilter, awatch

from meantime.tools.emulator.errors import EmulatorError

if TYPE_CHECKING:
    import asyncio

    from meantime.tools.emulator.http.access_log import AccessLog
    from meantime.tools.emulator.http.front import HttpFront


# What functions read when they start. Other files, a log or a database, the function may write itself.
_EXTRA_EXTENSIONS: Final = (
    ".cfg",
    ".env",
    ".html",
    ".ini",
    ".j2",
    ".jinja",
    ".jinja2",
    ".json",
    ".toml",
    ".yaml",
    ".yml",
)


async def reload_on_change(front: HttpFront, folder: Path, log: AccessLog, stopping: asyncio.Event) -> None:
    """Watch until told to stop. What cannot be watched, or cannot be started, is said and does not end the serving."""
    watched = PythonFilter(extra_extensions=_EXTRA_EXTENSIONS)  # nor what is in .git, .venv, __pycache__ and the like
    try:
        async for changes in awatch(folder, watch_filter=watched, stop_event=stopping):
            names = sorted({_named(Path(path), folder) for _, path in changes})
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            try:
                await front.replace_environments()
            except EmulatorError as error:
                log.note(f"{names[0]}{more} changed, but there are no new environments: {error}", "red")
            else:
                log.note(f"{names[0]}{more} changed: later requests get new environments")
    except (OSError, RuntimeError) as error:  # watchfiles raises the latter where the kernel's watches are used up
        log.note(f"{folder} cannot be watched, so changes need a restart: {error}", "red")


def _named(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
