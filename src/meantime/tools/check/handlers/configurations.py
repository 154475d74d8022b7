"""The functions that templates describe: SAM, CloudFormation, and the Serverless Framework."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from meantime.tools.check.handlers.cloudformation import functions_of_template
from meantime.tools.check.handlers.nodes import read_nodes
from meantime.tools.check.handlers.serverless_framework import functions_of_service
from meantime.tools.check.handlers.template_files import looks_like_service, looks_like_template
from meantime.tools.check.unreadable import UnreadableError, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from meantime.tools.check.finding import Finding
    from meantime.tools.check.handlers.handler import Configuration
    from meantime.tools.check.handlers.nodes import Node

_ENDINGS = (".yaml", ".yml", ".json", ".template")
_PLACEHOLDER = re.compile(rb"\{%|<%|(?<!\$)\{\{(?!resolve:)")  # of Jinja and its like
_MOST_BYTES = 2_000_000  # CloudFormation takes a template of 1 MB; what is larger than any is data


def find_configurations(
    root: Path, files: Iterable[Path], *, problems: list[Finding] | None = None
) -> tuple[Configuration, ...]:
    """Every function that one of the files describes.

    Args:
        root: The folder that is checked from; places and code folders are relative to it.
        files: Files that may be templates: those named `*.yaml`, `*.yml`, `*.json`, `*.template`. Others are passed
            over unread.
        problems: Takes what is to be told of templates that cannot be parsed.
    """
    found: list[Configuration] = []
    named = {file.relative_to(root).as_posix(): file for file in files}
    for name, file in named.items():
        data = _data(file) if file.name.endswith(_ENDINGS) else b""
        if not looks_like_template(file.name, data):  # by far the most files: they are neither decoded nor parsed
            continue
        try:
            nodes = read_nodes(data.decode(errors="replace"), name)
        except UnreadableError as error:
            if problems is not None:
                problems.append(_problem(name, error, data))
            continue
        if nodes is not None:
            is_service = looks_like_service(file.name, data)
            found += functions_of_service(nodes, partial(_other, named)) if is_service else functions_of_template(nodes)
    return tuple(found)


def _other(files: Mapping[str, Path], name: str) -> Node | None:
    """Another of the files, which a service names; None if it is not among them, or cannot be read."""
    data = _data(files[name]) if name in files else b""
    with contextlib.suppress(UnreadableError):
        return read_nodes(data.decode(errors="replace"), name)
    return None


def _problem(name: str, error: UnreadableError, data: bytes) -> Finding:
    """What is told of a template that cannot be parsed; one that is to be filled in first may be right."""
    found = unreadable(name, error)
    return replace(found, level="warning") if _PLACEHOLDER.search(data) is not None else found


def _data(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.stat().st_size <= _MOST_BYTES else b""
    except OSError:
        return b""
