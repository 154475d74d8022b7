"""Event loops: when one has nothing to do, when one is busy, and what a task that it suspended is waiting for."""

from __future__ import annotations

import sys
import time
from functools import wraps

from meantime.measure.boundaries import running_loop
from meantime.measure.containing import contained
from meantime.measure.session import Active, current
from meantime.measure.stalling import watch
from meantime.measure.timeline import NO_CALL, NUMBERS, SHORTEST, timeline_of
from meantime.measure.waiting import wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches
    from meantime.measure.session import Call, Session
    from meantime.measure.timeline import Timeline

_LOOP = NUMBERS["loop"]
_RECEIVE = NUMBERS["receive"]
_TLS = NUMBERS["tls"]


def install(patches: Patches) -> None:
    """Note event loops from now on."""
    patches.when_imported("selectors", lambda module: _install_selectors(patches, module))
    patches.when_imported("select", lambda module: patches.wrap(module, "select", _selecting))
    patches.when_imported("asyncio.base_events", lambda module: _install_loop(patches, module.BaseEventLoop))
    patches.when_imported(
        "asyncio.selector_events", lambda module: _install_loop(patches, module.BaseSelectorEventLoop)
    )
    patches.when_imported("asyncio.selector_events", lambda module: _install_transport(patches, module))
    patches.when_imported("uvloop", lambda module: _install_loop(patches, module.Loop))
    patches.when_imported("ssl", lambda module: patches.wrap(module.SSLObject, "do_handshake", _shaking_hands))


def _install_selectors(patches: Patches, module: Any) -> None:
    for name in ("EpollSelector", "PollSelector", "KqueueSelector", "DevpollSelector", "SelectSelector"):
        kind = getattr(module, name, None)
        if kind is not None:
            patches.wrap(kind, "select", _polling)


def _install_loop(patches: Patches, kind: Any) -> None:
    is_c = kind.__module__.startswith("uvloop")  # its methods are all inherited from a class in C
    for name, wrapper in (
        ("getaddrinfo", _in_phase(NUMBERS["name_resolution"])),
        ("sock_connect", _in_phase(NUMBERS["connect"])),
        ("start_tls", _in_phase(NUMBERS["tls"])),
        ("create_connection", _connecting),
    ):
        if is_c or name in vars(kind):
            patches.wrap(kind, name, wrapper)


def _install_transport(patches: Patches, module: Any) -> None:
    kind = getattr(module, "_SelectorSocketTransport", None)
    if kind is not None:
        patches.wrap(kind, "_read_ready", _reading)


def _reading(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of what a loop calls when data is there: to decrypt and to parse it is a part of the call that it answers."""

    @wraps(function)
    def noted(transport: Any) -> Any:
        session = Active.session
        call = None if session is None else session.owners.get(getattr(transport, "_sock_fd", -1))
        if call is None or call.ended:
            return function(transport)
        before = time.thread_time_ns()
        try:
            return function(transport)
        finally:
            _add_computing(call, before)

    return noted


@contained
def _add_computing(call: Call, before: int) -> None:
    call.add_computing(time.thread_time_ns() - before)


def _polling(select: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(select)
    def noted(selector: Any, timeout: float | None = None) -> Any:
        session = Active.session
        if session is None:
            return select(selector, timeout)
        if sys._getframe(1).f_code.co_name != "_run_once":  # noqa: SLF001  # documented; who else polls waits for a call
            return (
                select(selector, timeout) if timeout == 0 else wait(session, _RECEIVE, select, (selector, timeout), {})
            )
        begun = _begin_polling(session, waits=timeout is None or timeout > 0)
        if begun is None:
            return select(selector, timeout)
        try:
            return select(selector, timeout)
        finally:
            _end_polling(*begun)

    return noted


@contained
def _begin_polling(session: Session, *, waits: bool) -> tuple[Timeline, tuple[int, ...]]:
    timeline = timeline_of(session)
    watch(session, timeline, running_loop())
    if not waits:
        return timeline, (time.monotonic_ns(),)
    clocks = timeline.now()
    timeline.is_waiting = True
    return timeline, clocks


@contained
def _end_polling(timeline: Timeline, clocks: Any) -> None:
    timeline.is_waiting = False
    blocked = timeline.waited_since(clocks, _LOOP, NO_CALL) if len(clocks) > 1 else 0
    timeline.polled_events(clocks[0], time.monotonic_ns(), blocked=blocked >= SHORTEST)


def _selecting(select: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(select)
    def noted(*args: Any) -> Any:
        session = Active.session
        if session is None or (len(args) > 3 and args[3] == 0):  # noqa: PLR2004  # its timeout
            return select(*args)
        return wait(session, _RECEIVE, select, args, {})

    return noted


def _in_phase(kind: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Of this async function: while it is awaited, the call that awaits it waits for that."""

    def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def noted(*args: Any, **keywords: Any) -> Any:
            call = current.get() if Active.session is not None else None
            if call is None:
                return await function(*args, **keywords)
            before, call.phase = call.phase, kind
            try:
                return await function(*args, **keywords)
            finally:
                call.phase = before

        return noted

    return wrapper


def _connecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of `create_connection`: names and connecting tell of themselves within, what is left is the handshake."""

    @wraps(function)
    async def noted(*args: Any, **keywords: Any) -> Any:
        call = current.get() if Active.session is not None else None
        if call is None:
            return await function(*args, **keywords)
        before, call.phase = call.phase, NUMBERS["tls" if keywords.get("ssl") else "connect"]
        try:
            answer = await function(*args, **keywords)
        finally:
            call.phase = before
        contained(call.used_connection)(new=True)
        return answer

    return noted


def _shaking_hands(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of an SSLObject's handshake, which is called again and again until the peer has answered."""

    @wraps(function)
    def noted(connection: Any) -> Any:
        call = current.get() if Active.session is not None else None
        if call is None:
            return function(connection)
        call.phase = _TLS
        answer = function(connection)  # where it has to wait it raises, and the call stays in this phase
        call.phase = -1
        return answer

    return noted
