"""Files that the function's own code opens, reads and writes at once."""

from __future__ import annotations

import builtins
import os
from functools import wraps
from sys import _getframe

from meantime.measure.boundaries import Description, is_of, run_call
from meantime.measure.containing import contained
from meantime.measure.libraries.addresses import short_part, short_path
from meantime.measure.session import Active, current, own_place
from meantime.measure.timeline import NUMBERS
from meantime.measure.waiting import wait
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches
    from meantime.measure.session import Session

_FILE = NUMBERS["file"]


def install(patches: Patches) -> None:
    """Note files from now on."""
    patches.wrap(builtins, "open", lambda function: _noted(function, "open"))
    patches.when_imported("pathlib", lambda module: _install(patches, module.Path))


def _install(patches: Patches, kind: Any) -> None:
    for name in ("read_text", "read_bytes", "write_text", "write_bytes"):
        patches.wrap(kind, name, _wrapping(name.partition("_")[0]))


def _wrapping(verb: str) -> Callable[[Any], Any]:
    return lambda function: _noted(function, verb)


def _noted(function: Callable[..., Any], verb: str) -> Callable[..., Any]:
    @wraps(function)
    def noted(*args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or not is_own_code(_getframe(1).f_code.co_filename):
            return function(*args, **keywords)
        alone = _alone(session, verb, args)
        if alone is None:
            return function(*args, **keywords)
        place, description = alone
        return run_call(
            session, current.get(), place, description, wait, (session, _FILE, function, args, keywords), {}
        )

    return noted


@contained
def _alone(session: Session, verb: str, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Description] | None:
    """Where it is called, and what it is; None on a thread that does nothing for the invocation."""
    if not is_of(session):
        return None
    path = "" if not args else os.fsdecode(args[0]) if isinstance(args[0], bytes) else str(args[0])
    library = "pathlib" if verb != "open" else "builtins"
    name = f"{verb} {short_part(path.rpartition('/')[2])}"
    return own_place(4), Description(name, "file", library, short_path(path) if path else "")
