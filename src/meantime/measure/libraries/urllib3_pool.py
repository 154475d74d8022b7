"""urllib3: a request is a call where no library above it has told of it; the pool of a host, when it is too small."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, boundary, current_call
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import request_name, split
from meantime.measure.libraries.bodies import note_body, reading
from meantime.measure.libraries.nesting import enclosing
from meantime.measure.libraries.sums import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note requests, and what is read of their answers."""
    if module.__name__ == "urllib3.response":
        for name in ("read", "read1", "readinto"):
            if hasattr(module.HTTPResponse, name):
                wrap(patches, module.HTTPResponse, name, reading)
        for name in ("_update_chunk_length", "_handle_chunk"):  # what a body of unknown length is read by
            wrap(patches, module.HTTPResponse, name, reading)
        return
    wrap(patches, module.HTTPConnectionPool, "urlopen", _noting)
    wrap(patches, module.HTTPConnectionPool, "_get_conn", _noting_pool)


def _describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    pool = args[0]
    seconds = _timeout(keywords.get("timeout", pool.timeout), pool)
    whole = enclosing()
    if whole is not None:
        if whole.description.library == "requests" and whole.description.timeout_s is None:
            whole.description.timeout_s, whole.description.has_timeout = seconds, seconds is not None
        return None
    method = args[1] if len(args) > 1 else keywords["method"]
    url = args[2] if len(args) > 2 else keywords["url"]  # noqa: PLR2004  # the third argument
    return Description(
        request_name(method, url),
        "http",
        "urllib3",
        split(url)[0] or f"{pool.host}:{pool.port}",
        (),
        seconds,
        has_timeout=seconds is not None,
    )


def seconds_of(timeout: Any) -> float | None:
    """The longest that this timeout lets a request wait for the next piece of its answer: a number, or a Timeout."""
    if getattr(timeout, "_read", None) is None or not isinstance(timeout._read, (int, float)):  # noqa: SLF001  # `read_timeout` fails before connecting
        total = getattr(timeout, "total", None)
        if isinstance(total, (int, float)):
            return float(total)
    seconds = getattr(timeout, "read_timeout", timeout)
    return float(seconds) if isinstance(seconds, (int, float)) else None


def _timeout(timeout: Any, pool: Any) -> float | None:
    is_one = timeout is None or isinstance(timeout, (int, float)) or hasattr(timeout, "total")
    return seconds_of(timeout if is_one else pool.timeout)  # what is none stands for the pool's


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def urlopen(pool: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        response = function(pool, *args, **keywords)
        if call is not None and call.description.library == "urllib3":
            note_body(response, call)
            if call.new_connection is None:
                call.used_connection(new=False)
        return response

    return boundary(urlopen, _describe)


def _noting_pool(function: Callable[..., Any]) -> Callable[..., Any]:
    def describe(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
        pool = args[0]
        if not pool.block or pool.pool.qsize():
            return None
        return Description(f"connection pool of {pool.host}", "pool", "urllib3", f"{pool.host}:{pool.port}")

    @wraps(function)
    def get_conn(pool: Any, *args: Any, **keywords: Any) -> Any:
        if current_call() is not None and _is_empty(pool):
            size = getattr(getattr(pool, "pool", None), "maxsize", 0)
            add("pool_full", f"{pool.host}:{pool.port}", pool, count=1, fixed={"pool_size": size})
        return function(pool, *args, **keywords)

    return boundary(get_conn, describe)


def _is_empty(pool: Any) -> bool:
    """Whether all of its connections are in use, so that this call waits, or opens one that is thrown away."""
    try:
        return bool(pool.pool.qsize() == 0)
    except AttributeError:  # closed
        return False
