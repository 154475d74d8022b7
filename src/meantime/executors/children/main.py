"""What a child process does: it receives calls over its pipe, makes one after another, and answers each at once."""

from __future__ import annotations

import os
import sys
from contextvars import copy_context

from meantime.callables import is_coroutine, shown
from meantime.deadline import current_deadline
from meantime.executors.arguments import check_result
from meantime.executors.children.invocation_facts import take_on
from meantime.executors.children.pickling import brief, pack, pack_error, unpack
from meantime.executors.children.wire import Wire
from meantime.executors.underway import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from socket import socket
    from typing import Any

    from meantime.executors.children.wire import Part

# The kinds of answer; each is the one byte that an answer begins with.
RESULT = b"="  # what the call gave
RAISED = b"!"  # (its exception, pickled; as text; the traceback as text)
RESULT_LOST = b"?"  # why what the call gave cannot be sent
ITEM_LOST = b"i"  # why the item cannot be made again here; this call and the message's further ones are not made
FUNCTION_LOST = b"f"  # likewise the function
NOT_BEGUN = b"-"  # None: the deadline came; likewise


def serve(socket: socket) -> None:
    """Work until the parent closes its end."""
    wire = Wire(socket)
    os.register_at_fork(after_in_child=wire.close)  # or our end would seem open while what a call forked lives
    function: Callable[[Any], object] | None = None
    while True:
        try:
            message = wire.receive()
            facts, stop_at_failure, count, counts = unpack(message[:1])
            if facts is not None:
                take_on(facts)
            items = _groups(message[1 + count :], counts)
            if count:
                function = None  # the one before may be large
                try:
                    function = unpack(message[1 : 1 + count])
                except Exception as error:  # noqa: BLE001  # its module's own code may raise anything
                    wire.send([FUNCTION_LOST, *pack(brief(error))])
                    continue
            del message
            if function is not None:
                _work(wire, function, items, stop_at_failure=stop_at_failure)
        except (EOFError, OSError):
            return


def request(facts: object, function: list[Part], items: list[list[Part]], *, stop_at_failure: bool) -> list[Part]:
    """The message that asks for these calls; an empty function stands for the one of the message before."""
    head = pack((facts, stop_at_failure, len(function), [len(item) for item in items]))
    return [*head, *function, *(part for item in items for part in item)]


def _groups(parts: list[bytearray], counts: list[int]) -> Iterator[list[bytearray]]:
    """The parts of each item; let go when the next one's are asked for."""
    parts.reverse()
    for count in counts:
        yield [parts.pop() for _ in range(count)]


def _work(
    wire: Wire, function: Callable[[Any], object], items: Iterator[list[bytearray]], *, stop_at_failure: bool
) -> None:
    deadline = current_deadline()
    for number, parts in enumerate(items):
        if number and deadline is not None and deadline.remaining() <= 0:  # of the first, the parent has seen to that
            wire.send([NOT_BEGUN, *pack(None)])
            return
        answer = _answer(function, parts)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()  # the log has it before the parent has the answer
            except (AttributeError, OSError, ValueError):  # no stream, or a closed one
                continue
        wire.send(answer)
        if answer[0] == ITEM_LOST or (stop_at_failure and answer[0] != RESULT):
            return


def _answer(function: Callable[[Any], object], parts: list[bytearray]) -> list[Part]:
    try:
        item = unpack(parts)
    except Exception as error:  # noqa: BLE001  # its own code may raise anything
        return [ITEM_LOST, *pack(brief(error))]
    parts.clear()
    try:
        result = copy_context().run(function, item)
        if is_coroutine(result):
            check_result(item if function is call else function, result)
    except BaseException as error:  # noqa: BLE001  # whatever a call raises belongs to its caller, SystemExit too
        return [RAISED, *pack(_told(error))]
    try:
        return [RESULT, *pack(result)]
    except Exception as error:  # noqa: BLE001  # its own code may raise anything
        return [RESULT_LOST, *pack(f"{shown(result)}: {brief(error)}")]


def _told(error: BaseException) -> tuple[bytes | None, str, str]:
    from traceback import format_exception  # noqa: PLC0415  # the good path must not pay for it

    try:
        inner = error.__traceback__ and error.__traceback__.tb_next  # without the line above that called it
        lines = "".join(format_exception(type(error), error, inner))
    except Exception:  # noqa: BLE001  # its own __str__ may raise anything
        lines = f"{type(error).__name__}, of which no more can be told"
    return pack_error(error), brief(error), lines
