"""requests: each request is a call, with the redirects that it follows."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, boundary
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import request_name, split
from meantime.measure.libraries.bodies import note_body
from meantime.measure.libraries.nesting import enclosing, is_part
from meantime.measure.libraries.urllib3_pool import seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note what sessions send."""
    wrap(patches, module.Session, "send", _noting)


def _describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    request = args[1] if len(args) > 1 else keywords["request"]
    timeout = keywords.get("timeout")
    answer_by = timeout[1] if isinstance(timeout, tuple) and len(timeout) > 1 else timeout
    # None: an adapter may set one yet; urllib3, which is given it, tells.
    return Description(
        request_name(request.method, request.url), "http", "requests", split(request.url)[0], (), seconds_of(answer_by)
    )


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def send(*args: Any, **keywords: Any) -> Any:
        call = enclosing()
        response = function(*args, **keywords)
        if call is not None:
            if not getattr(response, "_content_consumed", True):
                note_body(getattr(response, "raw", None), call)
            if call.new_connection is None and getattr(response, "raw", None) is not None:
                call.used_connection(new=False)
        return response

    return boundary(send, _describe)
