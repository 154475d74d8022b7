"""What to do about an error whose message does not say so."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation

_IMPORT_FAILED: Final = "Runtime.ImportModuleError"
_MISSING: Final = re.compile(r"No module named '([^']+)'")

# Of json, about what a function gave that is `async def`.
_IS_COROUTINE: Final = "Object of type coroutine "

# Python's words when what takes (scope, receive, send) is called with (event, context).
_TAKES_SEND: Final = re.compile(r"\(\) missing 1 required positional argument: 'send'$")


def hint(function: Function, invocation: Invocation) -> str | None:
    """Return a line about this invocation's error, if there is more to say than it says itself."""
    error = invocation.error
    if error is None:
        return None
    module, _, name = function.handler.replace("/", ".").rpartition(".")
    if error.error_type == _IMPORT_FAILED:
        # The runtime client reports this error without its traceback, on AWS as well.
        command = shlex.join([str(function.python), "-c", f"import {module}"])
        missing = _MISSING.search(error.message)
        has_not = (
            f"{missing[1]} is in neither {function.code} nor the packages of {function.python}; " if missing else ""
        )
        return f"{has_not}where it fails: cd {shlex.quote(str(function.code))} && {command}"
    if error.error_type == "TypeError" and _TAKES_SEND.search(error.message):
        return (
            f"{function.handler} is an ASGI application, and no handler: write handler = meantime.ASGIAdapter({name}) "
            f"below it, and name {module}.handler"
        )
    if _IS_COROUTINE in error.message:
        return (
            f"{function.handler} is async def, which Lambda does not await: write @meantime.handler above it, "
            "with import meantime"
        )
    return None
