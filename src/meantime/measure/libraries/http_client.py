"""Python's own http.client and urllib.request, where no library above them has told of the request."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, boundary, current_call
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import request_name, split
from meantime.measure.libraries.bodies import note_body, reading
from meantime.measure.libraries.nesting import enclosing, is_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note requests."""
    if module.__name__ == "urllib.request":
        wrap(patches, module.OpenerDirector, "open", lambda function: boundary(_keeping_body(function), _describe_open))
        return
    wrap(patches, module.HTTPConnection, "request", lambda function: boundary(_keeping(function), _describe_request))
    wrap(patches, module.HTTPConnection, "getresponse", _noting_answer)
    for name in ("read", "read1", "readinto", "readline", "peek"):
        wrap(patches, module.HTTPResponse, name, reading)


def _describe_open(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    wanted = args[1] if len(args) > 1 else keywords["fullurl"]
    data = args[2] if len(args) > 2 else keywords.get("data")  # noqa: PLR2004  # the third argument
    timeout = args[3] if len(args) > 3 else keywords.get("timeout")  # noqa: PLR2004  # the fourth
    url = wanted if isinstance(wanted, str) else wanted.full_url
    method = ("GET" if data is None else "POST") if isinstance(wanted, str) else wanted.get_method()
    return _description(request_name(method, url), "urllib.request", split(url)[0], timeout)


def _describe_request(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    connection = args[0]
    method = args[1] if len(args) > 1 else keywords["method"]
    url = args[2] if len(args) > 2 else keywords["url"]  # noqa: PLR2004  # the third argument
    name = request_name(method, url)
    return _description(name, "http.client", f"{connection.host}:{connection.port}", connection.timeout)


def _description(name: str, library: str, target: str, timeout: Any) -> Description:
    if isinstance(timeout, (int, float)):
        return Description(name, "http", library, target, (), float(timeout))
    from socket import getdefaulttimeout  # noqa: PLC0415  # loaded long since: this is about to use it

    usual = None if timeout is None else getdefaulttimeout()
    return Description(name, "http", library, target, (), usual, has_timeout=usual is not None)


def _keeping(function: Callable[..., Any]) -> Callable[..., Any]:
    """`request`: what waits for its answer, on the same connection, goes on with its call."""

    @wraps(function)
    def request(connection: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        if call is not None and call.description.library == "http.client":
            note_body(connection, call)
        return function(connection, *args, **keywords)

    return request


def _noting_answer(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def getresponse(connection: Any, *args: Any, **keywords: Any) -> Any:
        response = function(connection, *args, **keywords)
        call = current_call()
        if call is not None and call.description.library == "http.client":
            note_body(response, call)
        return response

    return reading(getresponse)


def _keeping_body(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def opened(opener: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        response = function(opener, *args, **keywords)
        if call is not None and call.description.library == "urllib.request":
            note_body(response, call)
        return response

    return opened
