"""Records the calls of an invocation, inside the function's own process: when each began and ended, and its CPU time.

It is the handler of a recorded function: it imports the real one, named by an environment variable, and hands it every
invocation. Calls are noted at the libraries' own boundaries (boto3, requests, httpx), and at the functions given to
Meantime's verbs where these make no such call; the function's source stays as it is. An invocation is recorded only
when its client context asks for it, so that recording costs the others next to nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextvars import ContextVar
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import coroutine as generator_coroutine
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from typing import Any

HANDLER = "meantime.tools.measure.recorder.lambda_handler"
HANDLER_VARIABLE = "MEANTIME_RECORDED_HANDLER"  # the real handler, as `module.function`
REQUEST = {"custom": {"meantime": "record"}}  # the client context that asks for a recording


class RecordedCall:
    """One call under way or done; times are `time.monotonic()` seconds."""

    __slots__ = ("computing", "ended", "inner", "is_item", "lane", "name", "started")

    def __init__(self, name: str, *, is_item: bool) -> None:
        self.name = name
        self.is_item = is_item  # a function given to a verb, not a library's call
        self.started = time.monotonic()
        self.ended = 0.0
        self.computing = 0.0
        self.inner = 0  # calls recorded within this one
        self.lane = ""

    def as_json(self) -> dict[str, object]:
        """The call, for the recording."""
        return {name: getattr(self, name) for name in ("name", "started", "ended", "computing", "lane")}


_recording: list[RecordedCall] | None = None
_enclosing: ContextVar[RecordedCall | None] = ContextVar("meantime.recorder.enclosing", default=None)


def _is_to_be_noted(enclosing: RecordedCall | None, *, is_item: bool) -> bool:
    """Whether this is recorded now; a library's call within a library's call, a redirect say, is a part of it."""
    return _recording is not None and (is_item or enclosing is None or enclosing.is_item)


def _finish(call: RecordedCall, enclosing: RecordedCall | None) -> None:
    call.ended = time.monotonic()
    call.lane = threading.current_thread().name
    if enclosing is not None:
        enclosing.inner += 1
    if _recording is not None and not (call.is_item and call.inner):
        _recording.append(call)


def _recorded(
    function: Callable[..., Any], name_of: Callable[..., str], *, is_item: bool = False
) -> Callable[..., Any]:
    """A blocking function that notes its calls."""

    @wraps(function)
    def call_and_note(*args: Any, **keywords: Any) -> Any:
        enclosing = _enclosing.get()
        if not _is_to_be_noted(enclosing, is_item=is_item):
            return function(*args, **keywords)
        call = RecordedCall(name_of(*args, **keywords), is_item=is_item)
        token = _enclosing.set(call)
        computed = time.thread_time()
        try:
            return function(*args, **keywords)
        finally:
            call.computing = time.thread_time() - computed
            _enclosing.reset(token)
            _finish(call, enclosing)

    return call_and_note


def _recorded_async(
    function: Callable[..., Awaitable[Any]], name_of: Callable[..., str], *, is_item: bool = False
) -> Callable[..., Any]:
    """An async function that notes its calls."""

    @wraps(function)
    async def call_and_note(*args: Any, **keywords: Any) -> Any:
        enclosing = _enclosing.get()
        if not _is_to_be_noted(enclosing, is_item=is_item):
            return await function(*args, **keywords)
        call = RecordedCall(name_of(*args, **keywords), is_item=is_item)
        token = _enclosing.set(call)
        try:
            return await _timed(function(*args, **keywords), call)
        finally:
            _enclosing.reset(token)
            _finish(call, enclosing)

    return call_and_note


@generator_coroutine
def _timed(awaited: Any, call: RecordedCall) -> Generator[Any, Any, Any]:
    """Await step by step, adding each step's CPU time to the call: what other tasks compute meanwhile is theirs."""
    steps = awaited.__await__()
    answer, error = None, None
    while True:
        computed = time.thread_time()
        try:
            waiting_for = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as stop:
            return stop.value
        finally:
            call.computing += time.thread_time() - computed
        answer, error = None, None
        try:
            answer = yield waiting_for
        except GeneratorExit:
            steps.close()
            raise
        except BaseException as thrown:  # noqa: BLE001  # what is thrown in goes to the innermost await
            error = thrown


def _http_name(_session: Any, request: Any, *_: Any, **__: Any) -> str:
    return f"{request.method} {urlsplit(str(request.url)).path or '/'}"


def _aws_name(client: Any, operation: str, *_: Any, **__: Any) -> str:
    return f"{client.meta.service_model.service_name} {operation}"


def _item_name(function: Any) -> Callable[..., str]:
    name = getattr(function, "__name__", type(function).__name__)
    return lambda *args, **_: f"{name}({_short(args[0])})" if args else name


def _short(item: Any) -> str:
    text = (item.name if isinstance(item, Path) else str(item)).encode("utf-8", "replace").decode()
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


_SHORT = 24
_recorded_types: set[tuple[str, str]] = set()


def _record_verbs() -> None:
    """Note the calls of Meantime's own verbs, before the function takes them."""
    from meantime.executors import sequential, tasks, threads  # noqa: PLC0415  # part of preparing, once

    modules: tuple[Any, ...] = (sequential, threads, tasks)
    for module in modules:
        module.map = _recording_map(module.map, _recorded_async if module is tasks else _recorded)


def _recording_map(original: Callable[..., Any], recorded: Callable[..., Callable[..., Any]]) -> Callable[..., Any]:
    @wraps(original)
    def record_map(function: Any, items: Any, **keywords: Any) -> Any:
        if _recording is not None:
            function = recorded(function, _item_name(function), is_item=True)
        return original(function, items, **keywords)

    return record_map


def _record_libraries() -> None:
    """Note the calls of the libraries that the function has imported."""
    for module_name, type_name, method, recorded, name_of in (
        ("botocore.client", "BaseClient", "_make_api_call", _recorded, _aws_name),
        ("requests", "Session", "send", _recorded, _http_name),
        ("httpx", "Client", "send", _recorded, _http_name),
        ("httpx", "AsyncClient", "send", _recorded_async, _http_name),
    ):
        module = sys.modules.get(module_name)
        if module is not None and (module_name, type_name) not in _recorded_types:
            _recorded_types.add((module_name, type_name))
            kind = getattr(module, type_name)
            setattr(kind, method, recorded(getattr(kind, method), name_of))


def _load_handler() -> Callable[[Any, Any], Any]:
    module, _, function = os.environ[HANDLER_VARIABLE].rpartition(".")
    _record_verbs()
    handler: Callable[[Any, Any], Any] = getattr(import_module(module), function)
    _record_libraries()
    return handler


def lambda_handler(event: Any, context: Any) -> Any:
    """Hand the invocation to the real handler; if the client context asks for it, answer with the recording instead."""
    global _recording  # noqa: PLW0603  # a process runs one invocation at a time
    custom = getattr(context.client_context, "custom", None) or {}
    if custom.get("meantime") != REQUEST["custom"]["meantime"]:
        return _handler(event, context)
    _record_libraries()  # those that the function has imported since
    calls: list[RecordedCall] = []
    _recording = calls
    try:
        _handler(event, context)
    finally:
        _recording = None
    return [call.as_json() for call in calls]


if HANDLER_VARIABLE in os.environ:
    _handler = _load_handler()
