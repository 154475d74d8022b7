"""What kind of function this is, and how to name it, its item and its place in a message."""

from __future__ import annotations

from functools import partial
from sys import _getframe, modules
from threading import local
from types import BuiltinFunctionType, CodeType, CoroutineType, MethodType

from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import FrameType
    from typing import Any, TypeGuard

    Place = tuple[CodeType, int]

_COROUTINE = 0x80 | 0x100  # inspect.CO_COROUTINE | CO_ITERABLE_COROUTINE, without paying for inspect
_ASYNC_GENERATOR = 0x200
_GENERATOR = 0x20
_TAKES_ANY = 0x04 | 0x08  # inspect.CO_VARARGS | CO_VARKEYWORDS
_LONGEST = 80
_MACHINERY = ("meantime.", "asyncio.", "concurrent.futures.")
_OWN = __file__.removesuffix("callables.py")


def is_async(function: object) -> bool:
    """Whether calling this gives a coroutine, as far as that can be told without calling it."""
    function = _innermost(function)
    if _flags(function) & _COROUTINE:
        return True
    inspect = modules.get("inspect")  # where it is not loaded, nobody can have called its markcoroutinefunction
    return inspect is not None and bool(inspect.iscoroutinefunction(function))


def is_async_generator(function: object) -> bool:
    """Whether calling this gives an async generator."""
    return bool(_flags(_innermost(function)) & _ASYNC_GENERATOR)


def is_generator(function: object) -> bool:
    """Whether calling this gives a generator."""
    return bool(_flags(_innermost(function)) & _GENERATOR)


def may_return_awaitable(function: object) -> bool:
    """Whether only a call can tell: a lambda, no Python function, or a plain wrapper round an async one."""
    innermost = _innermost(function)
    if isinstance(innermost, BuiltinFunctionType):
        return False
    code = _code(innermost)
    if code is None or code.co_name == "<lambda>":
        return True
    wrapped = getattr(innermost, "__wrapped__", None)
    return wrapped is not None and (is_async(wrapped) or may_return_awaitable(wrapped))


def is_coroutine(value: object) -> TypeGuard[Coroutine[Any, Any, Any]]:
    """Whether this value is a coroutine that nobody has awaited yet."""
    return type(value) is CoroutineType


def required_arguments(function: object) -> tuple[str, ...]:
    """The names of the arguments that a call of this function must give."""
    code = _code(_innermost(function))
    if code is None:
        return ()
    bound = 1 if isinstance(function, MethodType) else 0
    defaults = len(getattr(function, "__defaults__", None) or ())
    keyword_defaults = getattr(function, "__kwdefaults__", None) or {}
    positional = code.co_varnames[bound : code.co_argcount - defaults]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return (*positional, *(name for name in keywords if name not in keyword_defaults))


def argument_names(function: object) -> tuple[str, ...]:
    """The names of all the arguments that a call of this function may give."""
    if isinstance(function, partial):
        names = argument_names(function.func)[len(function.args) :]
        return tuple(name for name in names if name not in function.keywords)
    innermost = _innermost(function)
    code = _code(innermost)
    if code is None:
        return ()
    bound = 0 if innermost is function else 1  # a method's, or a callable object's, own
    return code.co_varnames[bound : code.co_argcount + code.co_kwonlyargcount]


def undecorated(function: Any) -> Any:
    """The function that says which arguments there are, behind decorators that hand on whatever they are given."""
    while (wrapped := getattr(function, "__wrapped__", None)) is not None and _flags(function) & _TAKES_ANY:
        function = wrapped
    return function


def name_of(function: object) -> str:
    """The name a reader knows this function by."""
    while isinstance(function, partial):
        function = function.func
    name = str(getattr(function, "__qualname__", None) or type(function).__qualname__)
    if "<locals>" in name and isinstance(function, MethodType):  # made at run time, as boto3's are: S3.get_object
        return f"{type(function.__self__).__name__}.{function.__name__}"
    return name.replace("<locals>.", "")


def shown(item: object) -> str:
    """The item as text of at most 80 characters.

    Never raises, and takes no time to speak of: only of Python's own types is the `repr` asked for, and only of the
    first part of a long one. A database's query set would ask the database.
    """
    from meantime.shortening import shortened  # noqa: PLC0415  # only what is told needs it

    try:
        text = shortened(item)
    except Exception:  # noqa: BLE001  # an item must not hide the error that is being told
        text = f"<{type(item).__name__}>"
    return _at_most(text)


def _at_most(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class _Here(local):
    """What is started by this thread now, where that is known already: to look for it takes some microseconds."""

    place: Place | None = None


here = _Here()


def place_of(function: object) -> Place | None:
    """Where this function stands; for work that no line of the user's own has led to."""
    code = _code(_innermost(undecorated(function)))
    return None if code is None else (code, code.co_firstlineno)


def arguments_text(each: object) -> str:
    """What a call that is under way, or a partial of it, was given; nothing where that cannot be told."""
    if isinstance(each, partial):
        given = [*map(shown, each.args), *(f"{name}={shown(value)}" for name, value in each.keywords.items())]
        return _at_most(", ".join(given))
    frame = getattr(each, "cr_frame", None)
    if frame is None or frame.f_code.co_filename.startswith(_OWN):  # a verb is told by its name
        return ""
    code, values = frame.f_code, frame.f_locals
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return _at_most(", ".join(shown(values[name]) for name in names if name in values and name not in ("self", "cls")))


def place_of_caller() -> Place | None:
    """The nearest line of the function's own that led here; cheap to keep, `place_text` makes it readable.

    Where there is none, it is the nearest outside Meantime and asyncio.
    """
    if here.place is not None:
        return here.place
    nearest: Place | None = None
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        code = frame.f_code
        if is_own_code(code.co_filename):
            return code, frame.f_lineno
        if nearest is None:
            module = frame.f_globals.get("__name__", "")
            if not module.startswith(_MACHINERY) and module != "threading":
                nearest = code, frame.f_lineno
        frame = frame.f_back
    return nearest


def place_text(place: Place | None) -> str:
    """A kept place as `file:line`."""
    return "" if place is None else f"{place[0].co_filename}:{place[1]}"


def _innermost(function: object) -> object:
    """The function behind partials, bound methods and callable objects."""
    while isinstance(function, partial):
        function = function.func
    if isinstance(function, (MethodType, staticmethod)):
        return function.__func__
    if _code(function) is None and not isinstance(function, type):
        method = getattr(type(function), "__call__", None)  # noqa: B004  # not whether it is callable: what its code is
        if _code(method) is not None:
            return method
    return function


def _code(function: object) -> CodeType | None:
    code = getattr(function, "__code__", None)  # some proxies answer any name with something
    return code if isinstance(code, CodeType) else None


def _flags(function: object) -> int:
    code = _code(function)
    return 0 if code is None else code.co_flags
