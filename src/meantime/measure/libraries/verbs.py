"""Meantime's own verbs: how wide each fan-out is, and each item that it is given, as a call that holds others."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial, wraps
from weakref import WeakKeyDictionary

from meantime.callables import name_of
from meantime.measure.boundaries import Description, carried, carried_async, observe
from meantime.measure.jobs import for_task
from meantime.measure.libraries import wrap
from meantime.measure.libraries.nesting import quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches

# What calls an item of a fan-out, as a part of what the verb was called in: `(function, item) -> result`.
_callers: WeakKeyDictionary[Any, Callable[..., Any]] = WeakKeyDictionary()
# The same, while a worker has children make many calls at once.
_calls_chunks: ContextVar[Callable[..., Any] | None] = ContextVar("meantime.measure.chunks", default=None)


def record(module: ModuleType, patches: Patches) -> None:
    """Note the fan-outs, and their items."""
    name = module.__name__.rpartition(".")[2]
    if name == "sequential":
        wrap(patches, module.SequentialFanOut, "__init__", _noting_sequence)
    elif name == "thread_fan_out":
        wrap(patches, module.ThreadFanOut, "__init__", lambda function: _noting_fan_out(function, module.ThreadFanOut))
        wrap(patches, module.ThreadFanOut, "caller", _noting_items)
        for method in ("_start_worker", "_wait", "_end"):
            wrap(patches, module.ThreadFanOut, method, quiet)
    elif name == "process_fan_out":
        wrap(
            patches, module.ProcessFanOut, "__init__", lambda function: _noting_fan_out(function, module.ProcessFanOut)
        )
        wrap(patches, module.ProcessFanOut, "caller", _noting_items)
        wrap(patches, module.ProcessFanOut, "_work", _noting_work)
        wrap(patches, module.ChildCalls, "answers", _noting_answers)
    elif name == "wire":
        for method in ("send", "receive", "is_open"):
            wrap(patches, module.Wire, method, quiet)
    elif name == "task_fan_out":
        wrap(patches, module.TaskFanOut, "__init__", _noting_task_fan_out)
        wrap(patches, module, "async_attempts", _noting_async_items)
    else:
        wrap(patches, module._ThreadCall, "__init__", _noting_thread_call)  # noqa: SLF001  # this package's own


def _observe(fan_out: Any, options: Any, known: int | None, width: int | None = None) -> None:
    numbers = {"max_concurrency": float(options.max_concurrency if width is None else width)}
    if known is not None:
        numbers["items"] = float(known)
    if options.timeout is not None:
        numbers["timeout"] = options.timeout
    observe("fan_out", fan_out.verb, numbers=numbers)


def _describe(fan_out_name: str, function: Any, is_gather: bool) -> Callable[..., Description]:  # noqa: FBT001  # it is a fact
    """The description of an item's call, of `(caller, item)`."""
    library = fan_out_name.partition(".")[0]
    usual = "" if is_gather else name_of(function)

    def describe(args: tuple[Any, ...], _: dict[str, Any]) -> Description:
        return Description(usual or name_of(args[1]), "item", f"meantime.{library}")

    return describe


def _call(function: Callable[[Any], Any], item: Any) -> Any:
    return function(item)


def _noting_fan_out(function: Callable[..., Any], kind: Any) -> Callable[..., Any]:
    @wraps(function)
    def init(self: Any, verb: str, called: Any, items: Any, *args: Any, **keywords: Any) -> None:
        function(self, verb, called, items, *args, **keywords)
        known, options = args[:2]
        if type(self) is kind:  # and not a constructor of its base class
            _observe(self, options, known)
            _callers[self] = carried(_call, _describe(verb, called, self.is_gather))

    return init


def _noting_items(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def caller(self: Any, worker: Any) -> Callable[[Any], object]:
        inner = function(self, worker)
        call = _callers.get(self)
        return inner if call is None else lambda item: call(inner, item)

    return caller


def _noting_work(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def work(self: Any, worker: Any) -> None:
        if self._chunks is None:  # one by one
            function(self, worker)
            return
        token = _calls_chunks.set(_callers.get(self))
        try:
            function(self, worker)
        finally:
            _calls_chunks.reset(token)

    return work


def _noting_answers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Items that go to a child together: each is a call from the answer before it to its own."""

    @wraps(function)
    def answers(self: Any, message: Any, *args: Any, **keywords: Any) -> Iterator[Any]:
        iterator = function(self, message, *args, **keywords)
        call = _calls_chunks.get()
        expected = 0 if call is None else len(message)
        try:
            while True:
                expected -= 1
                take = next if call is None or expected < 0 else partial(call, next)
                try:
                    answer = take(iterator)
                except StopIteration:
                    return
                yield answer
        finally:
            iterator.close()

    return answers


def _noting_sequence(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def init(self: Any, verb: str, called: Any, items: Any, options: Any, **keywords: Any) -> None:
        function(self, verb, called, items, options, **keywords)
        _observe(self, options, None, 1)
        inner, call = self._caller, carried(_call, _describe(verb, called, self.is_gather))
        self._caller = lambda item: call(inner, item)

    return init


def _noting_task_fan_out(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(fan_out: Any, inner: Callable[[Any], Any], item: Any) -> Any:
        value = inner(item)
        return await (value if hasattr(value, "__await__") else fan_out._as_awaitable(value))  # noqa: SLF001  # it tells what is wrong with it

    @wraps(function)
    def init(self: Any, verb: str, called: Any, items: Any, *args: Any, **keywords: Any) -> None:
        function(self, verb, called, items, *args, **keywords)
        known, options = args[:2]
        _observe(self, options, known)
        describe = _describe(verb, called, self.is_gather)
        _callers[self] = carried_async(call, lambda args, keywords: describe(args[1:], keywords))

    return init


def _noting_async_items(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def async_attempts(called: Any, options: Any, worker: Any, in_time: Any) -> Callable[[Any], Any]:
        inner = function(called, options, worker, in_time)
        fan_out = in_time.__self__
        call = _callers.get(fan_out)
        return inner if call is None else lambda item: call(fan_out, inner, item)

    return async_attempts


def _noting_thread_call(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def init(self: Any, called: Any, bound: Callable[[], Any], item: Any) -> None:
        name = name_of(called)
        noted = for_task(carried(bound, lambda _args, _keywords: Description(name, "item", "meantime.in_thread")))
        function(self, called, noted, item)

    return init
