"""Waiting for other parts of the invocation: conditions, events, queues, futures, threads to end, asyncio's locks.

A plain `threading.Lock` is C code that cannot be wrapped: a thread that waits for one is seen to be blocked, and that
is `other`.
"""

from __future__ import annotations

from sys import _getframe

from meantime.measure.boundaries import Description, boundary_async
from meantime.measure.session import Active, current
from meantime.measure.starting import told
from meantime.measure.waiting import stands_alone, waiting
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches

_HERE = __file__.removesuffix("locks.py")
_NEAR = 8  # frames between a condition and the code that waits for it
# Who waits in one of these waits for a thread that the code did not start, or to start one.
_OWN_AFFAIRS = frozenset({"Thread.start", "BaseEventLoop.shutdown_default_executor"})


def install(patches: Patches) -> None:
    """Note locks from now on."""
    patches.when_imported("threading", lambda module: _install(patches, module))
    patches.when_imported("meantime.clock", lambda module: patches.wrap(module, "acquire", _waiting("lock")))
    patches.when_imported("asyncio.locks", lambda module: _install_asyncio(patches, module, _LOCKS))
    patches.when_imported("asyncio.queues", lambda module: _install_asyncio(patches, module, _QUEUES))


def _install(patches: Patches, module: Any) -> None:
    patches.wrap(module.Condition, "wait", _waiting("Condition.wait"))
    patches.wrap(module.Thread, "join", _waiting("Thread.join"))


def _waiting(usual: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def describe(args: tuple[Any, ...]) -> Description | None:
        """Named by what the code that waits has called: `Queue.get`, not the condition within."""
        if usual == "Thread.join" and args[0] in told:
            return None  # what it does is a call itself
        frame = _getframe(4)  # what calls the function that is wrapped: two steps lie in between
        name = usual
        for _ in range(_NEAR):
            if is_own_code(frame.f_code.co_filename) or frame.f_back is None:
                break
            if not frame.f_code.co_filename.startswith(_HERE):
                name = frame.f_code.co_qualname
            if name in _OWN_AFFAIRS:
                return None
            frame = frame.f_back
        return Description(name, "lock", "threading")

    return lambda function: waiting(function, "lock", describe)


_LOCKS = (
    ("Lock", "acquire", lambda lock: lock.locked()),
    ("Semaphore", "acquire", lambda semaphore: semaphore.locked()),
    ("Event", "wait", lambda event: not event.is_set()),
    ("Condition", "wait", lambda _: True),
    ("Barrier", "wait", lambda _: True),
)
_QUEUES = (
    ("Queue", "get", lambda queue: queue.empty()),
    ("Queue", "put", lambda queue: queue.full()),
    ("Queue", "join", lambda queue: queue._unfinished_tasks > 0),  # noqa: SLF001  # there is no other way to ask
)


def _install_asyncio(patches: Patches, module: Any, methods: tuple[tuple[str, str, Any], ...]) -> None:
    for kind_name, method, has_to_wait in methods:
        kind = getattr(module, kind_name, None)
        if kind is not None:
            patches.wrap(kind, method, _wrapping_async(f"{kind_name}.{method}", has_to_wait))


def _wrapping_async(name: str, has_to_wait: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def describe(args: tuple[Any, ...], _keywords: dict[str, Any]) -> Description | None:
        """A call of its own where it has to wait, and no library does that as a part of its own call."""
        session = Active.session
        if session is None or not has_to_wait(args[0]) or not stands_alone(session, current.get()):
            return None
        return Description(name, "lock", "asyncio")

    return lambda function: boundary_async(function, describe)
