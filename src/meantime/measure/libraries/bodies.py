"""The body of an answer that is read later: a part of its call if it is read right away, else a call of its own."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import wraps
from weakref import WeakKeyDictionary

from meantime.measure.boundaries import Description, await_call, run_call, stepped, task_name
from meantime.measure.libraries.nesting import is_part
from meantime.measure.session import Active, Call, current, own_place
from meantime.measure.timeline import NO_CALL, RUNNING, timeline_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from typing import Any

    from meantime.measure.session import Session

# What may lie between a call and reading its body, for the two to be one call (nanoseconds): CPU time of the
# function's own, and what a small share of CPU makes of that.
_COMPUTING = 5_000_000
_PASSING = 200_000_000
_LOOKED_AT = 64


class _Answer:
    """An answer whose body may still come: the call that it belongs to, and its thread's CPU clock then."""

    __slots__ = ("call", "cpu")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.cpu = time.thread_time_ns()


_answers: WeakKeyDictionary[Any, _Answer] = WeakKeyDictionary()


def note_body(body: Any, call: Call | None) -> None:
    """This object will be read for the rest of that call's answer."""
    if call is not None:
        try:
            _answers[body] = _Answer(call)
        except TypeError:  # it cannot be remembered without keeping it alive
            return


def reading(function: Callable[..., Any]) -> Callable[..., Any]:
    """This method that reads from an answer, as a part of its call."""

    @wraps(function)
    def read(body: Any, *args: Any, **keywords: Any) -> Any:
        session = Active.session
        answer = None if session is None else _answer_of(body)
        if session is None or answer is None or is_part():
            return function(body, *args, **keywords)
        if not _goes_on(session, answer, None):
            rest = _rest_of(answer.call)
            return run_call(
                session, current.get(), own_place(2), rest, _read_rest, (body, function, args, keywords), {}
            )
        return _go_on(session, answer, function, (body, *args), keywords)

    return read


def reading_async(function: Callable[..., Any], key: Callable[[Any], Any] | None = None) -> Callable[..., Any]:
    """This async method that reads from an answer, as a part of its call.

    Args:
        function: The method.
        key: By what the answer was noted, where that is not the object whose method it is.
    """

    @wraps(function)
    async def read(body: Any, *args: Any, **keywords: Any) -> Any:
        session = Active.session
        answer = None if session is None else _answer_of(body if key is None else key(body))
        if session is None or answer is None or is_part():
            return await function(body, *args, **keywords)
        if _goes_on(session, answer, task_name(timeline_of(session))):
            return await _go_on_async(session, answer, function(body, *args, **keywords))
        rest = Call(_rest_of(answer.call), current.get(), own_place(2), is_async=True)
        note_body(body if key is None else key(body), rest)
        return await await_call(session, rest, function(body, *args, **keywords))

    return read


def _read_rest(body: Any, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    note_body(body, current.get())
    return function(body, *args, **keywords)


def _rest_of(call: Call) -> Description:
    told = call.description
    name = told.name if told.name.endswith(" body") else f"{told.name} body"
    return Description(name, told.kind, told.library, told.target, (), told.timeout_s, has_timeout=told.has_timeout)


def _goes_on(session: Session, answer: _Answer, task: str | None) -> bool:
    """Whether nothing has happened on this thread, or in this task, since the call ended but a little computing."""
    timeline, call = timeline_of(session), answer.call
    if call.timeline is not timeline or call.task != task or current.get() is not call.parent or call.number < 0:
        return False
    if not call.ended or time.monotonic_ns() - call.ended > _PASSING:
        return False
    if time.thread_time_ns() - answer.cpu > _COMPUTING:
        return False
    since = session.calls[call.number + 1 :]
    return len(since) <= _LOOKED_AT and not any(
        each.timeline is timeline and each.task == task and each.parent is call.parent for each in since
    )


def _go_on(
    session: Session, answer: _Answer, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    timeline, call = timeline_of(session), answer.call
    parent = NO_CALL if call.parent is None else call.parent.number
    token = current.set(call)
    waited, begun = timeline.waited, timeline.mark(RUNNING, parent)
    call.computed += begun[1] - answer.cpu
    call.ended = 0
    try:
        return function(*args, **keywords)
    except BaseException as error:
        call.error = type(error).__name__
        raise
    finally:
        ended = timeline.mark(RUNNING, call.number)
        token.var.reset(token)
        call.computed += ended[1] - begun[1]
        call.waited += timeline.waited - waited
        answer.cpu = ended[1]
        _end(call, ended[0])


async def _go_on_async(session: Session, answer: _Answer, awaitable: Awaitable[Any]) -> Any:
    call = answer.call
    token = current.set(call)
    call.computed += time.thread_time_ns() - answer.cpu
    call.ended = 0
    try:
        return await stepped(awaitable, call, session)
    except BaseException as error:
        call.error = type(error).__name__
        raise
    finally:
        answer.cpu = time.thread_time_ns()
        _end(call, time.monotonic_ns())
        with suppress(ValueError):  # an async generator that is closed elsewhere: this context never had it
            token.var.reset(token)


def _end(call: Call, at: int) -> None:
    call.ended = at
    call.held = max(0, at - call.started - call.computed - call.waited)


def reading_stream(function: Callable[..., Any]) -> Callable[..., Any]:
    """This method that gives the pieces of an answer: each is read as a part of its call."""

    @wraps(function)
    def pieces(body: Any, *args: Any, **keywords: Any) -> Any:
        iterator = function(body, *args, **keywords)
        return iterator if _is_foreign(body) else _read_pieces(body, iterator)

    return pieces


def reading_stream_async(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `reading_stream`, for a method that gives an async iterator."""

    @wraps(function)
    def pieces(body: Any, *args: Any, **keywords: Any) -> Any:
        iterator = function(body, *args, **keywords)
        return iterator if _is_foreign(body) else _read_pieces_async(body, iterator)

    return pieces


def _is_foreign(body: Any) -> bool:
    return Active.session is None or _answer_of(body) is None or is_part()


def _read_pieces(body: Any, iterator: Iterator[Any]) -> Iterator[Any]:
    read = reading(lambda _body: next(iterator, _NOTHING))
    try:
        while (piece := read(body)) is not _NOTHING:
            yield piece
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


async def _read_pieces_async(body: Any, iterator: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async def read_one(_body: Any) -> Any:
        try:
            return await anext(iterator)
        except StopAsyncIteration:
            return _NOTHING

    read = reading_async(read_one)
    try:
        while (piece := await read(body)) is not _NOTHING:
            yield piece
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


_NOTHING = object()


def _answer_of(body: Any) -> _Answer | None:
    try:
        return _answers.get(body)
    except TypeError:  # nothing of its kind can be remembered
        return None
