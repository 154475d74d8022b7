"""The functions that templates describe: SAM, CloudFormation, and the Serverless Framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.check.handlers.handler import Configuration


def find_configurations(root: Path, files: Iterable[Path]) -> tuple[Configuration, ...]:
    """Every function that one of the files describes. What is no template, or cannot be read as one, describes none.

    Args:
        root: The folder that is checked from; places and code folders are relative to it.
        files: Files that may be templates: those named `*.yaml`, `*.yml`, `*.json`, `*.template`. Others are passed over unread.
    """
    del root, files
    return ()
