"""Parts of a service that stand in files of their own: `${file(functions.yml):orders}`."""

from __future__ import annotations

import re
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.check.handlers.nodes import Node

_FILE = re.compile(r"\$\{file\(([^)]+\.(?:yml|yaml|json))\)(?::([\w.-]+))?(?:,[^}]*)?\}")


def included(node: Node | None, beside: str, read: Callable[[str], Node | None]) -> Node | None:
    """What a node stands for: itself, or what it names of another file; None if that is not there.

    Args:
        node: It.
        beside: The service's file: paths are relative to its folder.
        read: Gives the root of a file.
    """
    named = _FILE.fullmatch((node.text or "").strip()) if node is not None else None
    if named is None:
        return node
    found = read(normpath(join(dirname(beside), named[1])))
    return found.get(*named[2].split(".")) if found is not None and named[2] else found
