"""Reads a project: its Python files into modules, its templates into configurations, and links them."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.check.handlers.cdk import find_cdk_configurations
from meantime.tools.check.handlers.configurations import find_configurations
from meantime.tools.check.handlers.discovery import find_handlers
from meantime.tools.check.model.own_names import own_name
from meantime.tools.check.model.project import Project
from meantime.tools.check.model.reader import read_module
from meantime.tools.check.model.relevance import matters
from meantime.tools.check.model.syntax import parsed
from meantime.tools.check.settings import Settings
from meantime.tools.check.source_files import PYTHON_ENDINGS, source_files
from meantime.tools.check.unreadable import UnreadableError, source_text, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from meantime.tools.check.finding import Finding
    from meantime.tools.check.model.functions import Module

_VAST_BYTES = 20_000_000
"""Of Python files, half a million lines. Of more, only files are followed that may wait or start something themselves:
the rest would take gigabytes. What is lost are ways that lead through such a file."""
_FRAMES = 6000  # of Python's own stack: a name leads to a name that leads to a name


def read_project(
    paths: Iterable[Path],
    *,
    root: Path,
    settings: Settings | None = None,
    load: Callable[..., Module] = read_module,
) -> Project:
    """Read files and folders, and link what is in them.

    Args:
        paths: Which.
        root: The folder that places are relative to.
        settings: What is excluded.
        load: What reads one file's text; takes what `read_module` takes.
    """
    files, problems = source_files(paths, root, settings or Settings())
    found: list[Finding] = list(problems)
    modules: dict[str, Module] = {}
    python = [file for file in files if file.name.endswith(PYTHON_ENDINGS)]
    is_vast = sum(file.stat().st_size for file in python if file.exists()) > _VAST_BYTES
    with _much_at_once():
        for file in python:
            name = file.relative_to(root).as_posix()
            try:
                data = file.read_bytes()
                text = source_text(data)
                if is_vast and not matters(data):
                    parsed(text)  # only to tell if it cannot be
                    continue
                module = load(
                    text,
                    name=module_name(name),
                    file=name,
                    is_package=file.name == "__init__.py",
                    digest=blake2b(data, digest_size=16).digest(),
                )
            except (OSError, SyntaxError, RecursionError, UnreadableError) as error:
                found.append(unreadable(name, error))
            else:
                modules[name] = module
        templates = [file for file in files if not file.name.endswith(PYTHON_ENDINGS)]
        described = find_configurations(root, templates, problems=found)
        project = Project(root, modules, tuple(found))
        configurations = (
            *described,
            *find_cdk_configurations(modules, project.paths),
        )
        project.link(find_handlers(modules, configurations, project.paths), configurations)
    return project


def module_name(file: str) -> str:
    """A file's dotted name, by its path: unlike the name it is imported by, no other file has it."""
    name = Path(file).with_suffix("").as_posix().replace("/", ".")
    return own_name(name.removesuffix(".__init__"))


@contextmanager
def _much_at_once() -> Iterator[None]:
    """Many objects are made and few are let go: the collector would look at all of them again and again."""
    frames = sys.getrecursionlimit()
    was_on = gc.isenabled()
    gc.disable()
    sys.setrecursionlimit(max(frames, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(frames)
        if was_on:
            gc.enable()
