"""Sockets: what blocks in them, what goes over them, and which connections are new."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps

from meantime.measure.boundaries import Description, run_call
from meantime.measure.containing import failed
from meantime.measure.session import Active, current, own_place
from meantime.measure.timeline import NUMBERS, earliest_arrival, timeline_of
from meantime.measure.waiting import stands_alone, wait, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches
    from meantime.measure.session import Call, Session

    Count = Callable[[Any, Any, Session, "Call | None"], None]


_RECEIVE = NUMBERS["receive"]
_SEND = NUMBERS["send"]
_SMALL = 16_384  # bytes that a socket takes without waiting, as long as its peer reads


def install(patches: Patches) -> None:
    """Note sockets from now on."""
    patches.when_imported("socket", lambda module: _install(patches, module))


def _install(patches: Patches, module: Any) -> None:
    kind = module.socket
    for names, wait_kind, count in (
        (("connect", "connect_ex"), "connect", _connected),
        (("recv", "recvfrom", "recvmsg"), "receive", _received_data),
        (("recv_into", "recvfrom_into", "recvmsg_into"), "receive", _received_count),
        (("send", "sendto", "sendmsg"), "send", _sent_count),
        (("sendall",), "send", _sent_all),
        (("accept",), "receive", None),
    ):
        for name in names:
            patches.wrap(kind, name, _wrapping(name, wait_kind, count))
    patches.wrap(module, "getaddrinfo", lambda resolve: waiting(resolve, "name_resolution", _describe_names))


def _wrapping(name: str, wait_kind: str, count: Count | None) -> Callable[[Any], Any]:
    return lambda function: noted_socket(function, name, wait_kind, count)


def noted_socket(function: Callable[..., Any], name: str, wait_kind: str, count: Count | None) -> Callable[..., Any]:
    """This method of a socket: as a wait of the call under way, or a call itself, and with the bytes it moved.

    Args:
        function: The method.
        name: Its name.
        wait_kind: What it waits for.
        count: Adds what it has moved to the call.
    """
    kind = NUMBERS[wait_kind]
    receives = kind == _RECEIVE

    @wraps(function)
    def noted(connection: Any, *args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None:
            return function(connection, *args, **keywords)
        call = current.get()
        moved = count
        description: Description | None = None
        place: tuple[Any, ...] = ()
        try:
            blocks = connection.gettimeout() != 0.0
            is_small = kind == _SEND and _is_small(args)
            alone = blocks and stands_alone(session, call)
            if alone and not is_small:
                description, place = _describe(name, connection, args), own_place(2)
            elif alone:
                moved = _sent_ahead
            elif not blocks and receives:
                _note_arrival(session, connection)
        except Exception as error:  # noqa: BLE001  # recording must not break what it records
            failed(f"socket.{name}", error)
            return function(connection, *args, **keywords)
        if description is not None:
            inner = (session, kind, function, count, connection, args, keywords)
            return run_call(session, call, place, description, _alone, inner, {})
        if not blocks or is_small:
            result = function(connection, *args, **keywords)
        else:
            result = wait(session, kind, function, (connection, *args), keywords)
        if moved is not None:
            _count(moved, connection, (result, args), session, call)
        return result

    return noted


def _count(count: Count, connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    try:
        count(connection, outcome, session, call)
    except Exception as error:  # noqa: BLE001  # as above
        failed("bytes of sockets", error)


def _note_arrival(session: Session, connection: Any) -> None:
    """Data of a loop's connection is read: where the loop was busy before, it had been there for a while."""
    timeline = timeline_of(session)
    if timeline.was_busy():
        call = session.owners.get(connection.fileno())
        if call is not None and not call.ended:
            arrived = earliest_arrival(connection)
            while call is not None and arrived:
                call.arrived = arrived
                call = call.parent


def _is_small(args: tuple[Any, ...]) -> bool:
    """Whether a socket takes this without waiting, as long as its peer reads."""
    data = args[0] if args else b""
    return isinstance(data, (bytes, bytearray)) and len(data) <= _SMALL


def _sent_ahead(connection: Any, outcome: Any, session: Session, _: Call | None) -> None:
    """What is sent without waiting is a part of the call that receives the answer."""
    descriptor = connection.fileno()
    session.unanswered[descriptor] = session.unanswered.get(descriptor, 0) + len(outcome[1][0])


def _alone(  # noqa: PLR0917  # it stands for the function within a call of its own
    session: Session, kind: int, function: Any, count: Count | None, connection: Any, args: Any, keywords: Any
) -> Any:
    result = wait(session, kind, function, (connection, *args), keywords)
    call = current.get()
    if kind == _RECEIVE:
        _count(_answered, connection, (result, args), session, call)
    if count is not None:
        _count(count, connection, (result, args), session, call)
    return result


def _answered(connection: Any, _: Any, session: Session, call: Call | None) -> None:
    if call is not None:
        call.add_bytes(sent=session.unanswered.pop(connection.fileno(), 0))


def _describe(name: str, connection: Any, args: tuple[Any, ...]) -> Description:
    target = ""
    with suppress(OSError, IndexError):  # it is not connected, or not any longer
        target = place_text(args[0] if name.startswith("connect") else connection.getpeername())
    timeout = connection.gettimeout()
    return Description(
        f"{name} {target}".rstrip(), "socket", "socket", target, (), timeout, has_timeout=timeout is not None
    )


def _describe_names(args: tuple[Any, ...]) -> Description:
    host = args[0] if args else ""
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
    return Description(f"resolve {host}".rstrip(), "socket", "socket", host)


def place_text(address: Any) -> str:
    """An address as text: host and port, or a path."""
    if isinstance(address, tuple) and len(address) >= 2:  # noqa: PLR2004  # host and port; more for IPv6
        host = f"[{address[0]}]" if ":" in str(address[0]) else address[0]
        return f"{host}:{address[1]}"
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else str(address)


def sent(connection: Any, number: int, session: Session, call: Call | None) -> None:
    """So many bytes have been sent over this connection."""
    if call is None or not number:
        return
    call.add_bytes(sent=number)
    if call.new_connection is None:
        call.used_connection(new=False)
    session.owners[connection.fileno()] = call


def received(connection: Any, number: int, session: Session, call: Call | None) -> None:
    """So many bytes have come over this connection: for the call that sent on it, if none is under way."""
    if call is None or call.ended:
        call = session.owners.get(connection.fileno())
    if call is not None and number and not call.ended:
        call.add_bytes(received=number)


def _connected(connection: Any, _: Any, session: Session, call: Call | None) -> None:
    if call is not None:
        call.used_connection(new=True)
        session.owners[connection.fileno()] = call


def _received_data(connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    data = outcome[0][0] if isinstance(outcome[0], tuple) else outcome[0]
    received(connection, len(data), session, call)


def _received_count(connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    received(connection, outcome[0][0] if isinstance(outcome[0], tuple) else outcome[0], session, call)


def _sent_count(connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    sent(connection, outcome[0], session, call)


def _sent_all(connection: Any, outcome: Any, session: Session, call: Call | None) -> None:
    data = outcome[1][0] if outcome[1] else b""
    sent(connection, memoryview(data).nbytes, session, call)
