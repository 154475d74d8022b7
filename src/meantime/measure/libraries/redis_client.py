"""redis-py, blocking and async: each command is a call, and each pipeline one; the wait for a connection of a pool."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import Description, boundary, boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.nesting import is_part, note_connection
from meantime.measure.libraries.sums import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


# Commands of which the second word says which one it is.
_CONTAINERS = frozenset((
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT",
    "PUBSUB", "SCRIPT", "SENTINEL", "SLOWLOG", "XGROUP", "XINFO",
))  # fmt: skip
_LONGEST = 40


def record(module: ModuleType, patches: Patches) -> None:
    """Note commands."""
    noting = _noting_async if "asyncio" in module.__name__ else _noting
    if module.__name__.endswith("connection"):
        pool = module.BlockingConnectionPool
        wrapped = boundary_async if "asyncio" in module.__name__ else boundary
        wrap(patches, pool, "get_connection", lambda function: wrapped(function, _describe_pool))
    elif module.__name__.endswith("cluster"):
        wrap(patches, module.RedisCluster, "execute_command", lambda function: noting(function, _describe))
    else:
        wrap(patches, module.Redis, "execute_command", lambda function: noting(function, _describe))
        wrap(patches, module.Pipeline, "immediate_execute_command", lambda function: noting(function, _describe))
        wrap(patches, module.Pipeline, "execute", lambda function: noting(function, _describe_pipeline))


def _described(name: str, client: Any) -> Description:
    pool = getattr(client, "connection_pool", None) or getattr(client, "nodes_manager", None)  # a cluster's
    settings = getattr(pool, "connection_kwargs", None)
    if settings is None:
        return Description(name, "redis", "redis")
    target = f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"
    target = str(settings["path"]) if "path" in settings else target
    timeout = settings.get("socket_timeout")
    seconds = float(timeout) if isinstance(timeout, (int, float)) else None
    # Neither a default that is no number, as of redis-py 8, nor one that is not there says anything here.
    limited = False if timeout is None and "socket_timeout" in settings else None
    return Description(name, "redis", "redis", target, (), seconds, has_timeout=limited if seconds is None else True)


def _describe(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    command = args[1] if len(args) > 1 else ""
    command = command.decode("ascii", "replace") if isinstance(command, bytes) else str(command)
    return _described(f"redis {_command(command)}".rstrip(), args[0])


def _command(text: str) -> str:
    """`GET`, `CONFIG SET`: what is written as a whole, `execute_command("SET key value")`, has arguments, too."""
    words = text.upper().split(None, 2)
    return " ".join(words[: 2 if words and words[0] in _CONTAINERS else 1])[:_LONGEST]


def _describe_pipeline(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    if is_part():
        return None
    pipeline = args[0]
    return _described(f"redis pipeline ({len(getattr(pipeline, 'command_stack', ()))})", pipeline)


def _describe_pool(args: tuple[Any, ...], _: dict[str, Any]) -> Description | None:
    pool = args[0]
    queue = getattr(pool, "pool", None)
    if queue is not None:
        is_free = queue.qsize() > 0
    else:
        is_free = pool.can_get_connection() if hasattr(pool, "can_get_connection") else True
    if is_free:
        return None
    settings = pool.connection_kwargs
    target = f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"
    add("pool_full", f"redis {target}", pool, count=1, fixed={"pool_size": float(pool.max_connections)})
    return Description("connection pool of redis", "pool", "redis", target, (), getattr(pool, "timeout", None))


def _noting(function: Callable[..., Any], describe: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        try:
            return function(*args, **keywords)
        finally:
            note_connection()

    return boundary(call, describe)


def _noting_async(function: Callable[..., Any], describe: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **keywords: Any) -> Any:
        try:
            return await function(*args, **keywords)
        finally:
            note_connection()

    return boundary_async(call, describe)
