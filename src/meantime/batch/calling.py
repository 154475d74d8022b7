"""How the decorated function is called with a record: what else it asks for, and how a child process finds it."""

from __future__ import annotations

from functools import wraps
from sys import modules

from meantime.batch.ledger import lists_failures
from meantime.callables import (
    argument_names,
    is_async_generator,
    is_generator,
    name_of,
    required_arguments,
    undecorated,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.batch.records import Record

# What the function may ask for, as a parameter of that name beside its first; `lambda_context` is Powertools' word.
CONTEXTS = ("context", "lambda_context")
TAKES_MORE = 0x04  # inspect.CO_VARARGS
_TAKES_KEYWORDS = 0x08  # inspect.CO_VARKEYWORDS
OFFERED = ("record", "prepared", *CONTEXTS)


class RecordFunction:
    """The decorated function and what it asks for.

    Args:
        function: As it was decorated.
        decorator: The decorator's name, for messages.
        parse: What makes of a record what the function is given; None: the record itself.

    Raises:
        TypeError: It is no function of one record.
    """

    def __init__(self, function: Callable[..., Any], decorator: str, parse: Callable[[Record], Any] | None) -> None:
        self.function = function
        self.parse = parse
        self.asks_for = _asked_for(function, decorator)
        self.by_keyword = _takes_record_by_keyword(function)

    def bound(self, context: Any, prepared: Any) -> Callable[[Any], Any]:
        """A function of the record alone, for one invocation."""
        function, parse = self.function, self.parse
        if parse is None and not self.asks_for and not self.by_keyword:
            return function
        given = {name: context if name in CONTEXTS else prepared for name in self.asks_for if name != "record"}
        asks_for_record, by_keyword = "record" in self.asks_for, self.by_keyword

        @wraps(function)
        def call(record: Record) -> Any:
            item = record if parse is None else parse(record)
            if by_keyword:
                return function(record=item, **given)
            if asks_for_record:
                return function(item, **given, record=record)
            return function(item, **given)

        call.__qualname__ = name_of(function)
        return call


class CallInChild:
    """The function of the record alone, as it goes to a child process.

    Where the name that the function was defined under is the handler's now, a child finds the handler by that name, and
    in it the function. Else everything is sent.

    Args:
        record_function: The decorated function.
        prepared: What `prepare` gave.
        keeps_results: Whether anybody will look at what the function gives; if not, it need not be sent back.
    """

    def __init__(self, record_function: RecordFunction, prepared: Any, *, keeps_results: bool) -> None:
        self._record_function = record_function
        self._prepared = prepared
        self._keeps_results = keeps_results
        self._call = record_function.bound(None, prepared)
        function: Any = record_function.function
        self.__module__ = function.__module__
        self.__qualname__ = name_of(function)

    def __call__(self, record: Record) -> Any:
        """What the function gives for this record, where anybody will look at it."""
        value = self._call(record)
        return value if self._keeps_results or lists_failures(value) else None

    def __reduce__(self) -> tuple[Any, ...]:
        function = self._record_function.function
        module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
        found = None if module is None else _handler_named(module, name)
        if found is not None and found.record_function is self._record_function:
            return _call_of_handler, (module, name, self._prepared, self._keeps_results)
        return _call_of_parts, (function, self._record_function.parse, self._prepared, self._keeps_results)


def _call_of_handler(module: str, name: str, prepared: Any, keeps_results: bool) -> CallInChild:  # noqa: FBT001  # pickled
    handler = _handler_named(module, name)
    if handler is None:
        raise LookupError(f"{module}.{name} is no handler of a batch in this process")
    return CallInChild(handler.record_function, prepared, keeps_results=keeps_results)


def _call_of_parts(function: Any, parse: Any, prepared: Any, keeps_results: bool) -> CallInChild:  # noqa: FBT001  # pickled
    return CallInChild(RecordFunction(function, "batch", parse), prepared, keeps_results=keeps_results)


def _handler_named(module: str, name: str) -> Any:
    """The handler of this name, behind decorators that have been put round it; None if there is none."""
    found: Any = modules.get(module)
    if found is None:
        from importlib import import_module  # noqa: PLC0415  # only a spawned child has not loaded it

        found = import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    while found is not None and not hasattr(found, "record_function"):
        found = getattr(found, "__wrapped__", None)
    return found


def _takes_record_by_keyword(function: Any) -> bool:
    """Whether a decorator stands between that may look for the record by its name, as Powertools' idempotency does.

    Only those that hand on whatever they are given are passed by; a function without one is called as it is, since a
    call by keyword costs every record a wrapper.
    """
    bearer = undecorated(function)
    return bearer is not function and argument_names(bearer)[:1] == ("record",) and _takes_only_what_comes(function)


def _takes_only_what_comes(function: Any) -> bool:
    """Whether each decorator round it has no argument of its own, and takes keywords."""
    while (wrapped := getattr(function, "__wrapped__", None)) is not None:
        code = getattr(function, "__code__", None)
        if code is None or code.co_argcount or not code.co_flags & _TAKES_KEYWORDS:
            return False
        function = wrapped
    return not getattr(getattr(function, "__code__", None), "co_posonlyargcount", 0)


def _asked_for(function: Any, decorator: str) -> tuple[str, ...]:
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{decorator} takes a function of one record, got {function!r:.80}")
    name = name_of(function)
    if is_generator(function) or is_async_generator(function):
        raise TypeError(
            f"{name} yields, so that calling it does nothing: {decorator} takes a plain function of one record"
        )
    bearer = undecorated(function)
    names = argument_names(bearer)
    if names[:2] == ("event", "context"):
        raise TypeError(
            f"{name} takes (event, context), and {decorator} calls its function once for each record: let it take the "
            "record, as in `def lambda_handler(record)`; for a function of the whole event there is meantime.handler"
        )
    code = getattr(bearer, "__code__", None)
    if code is not None and not names and not code.co_flags & TAKES_MORE:
        raise TypeError(f"{name} takes no argument, and {decorator} calls its function with a record")
    if names and names[0] in (*CONTEXTS, "prepared"):
        raise TypeError(
            f"{name} takes {names[0]!r} first, and there {decorator} gives it the record: let it take that first, as "
            f"in `def lambda_handler(record, {names[0]})`"
        )
    others = names[1:]
    for missing in required_arguments(bearer):
        if missing in others and missing not in OFFERED:
            raise TypeError(
                f"{name} takes {missing!r}, which {decorator} does not have: beside the record it gives what is called "
                f"{', '.join(OFFERED[:3])}"
            )
    return tuple(other for other in others if other in OFFERED)
