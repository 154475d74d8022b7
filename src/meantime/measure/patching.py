"""Replacements of other modules' attributes, and taking them back."""

from __future__ import annotations

import sys
from functools import update_wrapper
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

_MISSING = object()
# Methods of Python and of C, which take their object as the first argument.
_TAKING_SELF = (FunctionType, MethodDescriptorType, WrapperDescriptorType)


class Patches:
    """What was replaced, so that it can be put back as it was."""

    def __init__(self) -> None:
        self._undone: list[Callable[[], None]] = []
        self._finder: _Finder | None = None
        self._seen: set[tuple[int, str]] = set()
        self.closed = False

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        """Set an attribute of a class or module; undoing gives it the old one, or none where it inherited it."""
        if self.closed:
            return
        own = vars(owner) if hasattr(owner, "__dict__") else {}
        before = own.get(name, _MISSING)

        def put_back() -> None:
            if vars(owner).get(name) is not replacement:
                return  # somebody else has replaced it since: what is there may need what was there before
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

        self._undone.append(put_back)  # first, since a signal's handler may raise at any line
        setattr(owner, name, replacement)

    def wrap(self, owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
        """Replace an attribute by what a function makes of it, keeping static and class methods what they are.

        Nothing happens where there is no such attribute, as in another version, where it is wrapped already, or where
        it is no function of any sort: a mock stays what it is, and is called as it was.
        """
        key = (id(owner), name)
        found = vars(owner).get(name, _MISSING)
        inherited = getattr(owner, name, _MISSING) if found is _MISSING else found
        if inherited is _MISSING or key in self._seen or not _is_function(inherited):
            return
        self._seen.add(key)
        if isinstance(inherited, staticmethod):
            self.replace(owner, name, staticmethod(wrapper(inherited.__func__)))
        elif isinstance(inherited, classmethod):
            self.replace(owner, name, classmethod(wrapper(inherited.__func__)))
        elif isinstance(owner, type):
            self.replace(owner, name, wrapper(_bound(inherited)))
        elif isinstance(inherited, BuiltinFunctionType):
            self.replace(owner, name, _Unbound(wrapper(inherited)))
        else:
            self.replace(owner, name, wrapper(inherited))

    def wrap_alias(self, owner: Any, name: str, other: Any, wrapper: Callable[[Any], Any]) -> None:
        """As `wrap`, of an attribute that another module has under the same name; what others put there is wrapped."""
        before = vars(owner).get(name, _MISSING)
        self.wrap(owner, name, wrapper)
        if before is not _MISSING and vars(other).get(name) is before:
            self.replace(other, name, vars(owner)[name])
        else:
            self.wrap(other, name, wrapper)

    def when_imported(self, name: str, function: Callable[[ModuleType], None]) -> None:
        """Call this function with a module: now if it is loaded, else right after it is."""
        module = sys.modules.get(name)
        if module is not None:
            # One that is being loaded just now has perhaps not all of it: `wrap` takes what is there. A mock in a
            # module's place has nothing that waits.
            if issubclass(type(module), ModuleType):
                function(module)
            return
        if self._finder is None:
            self._finder = _Finder()
            sys.meta_path.insert(0, self._finder)
        self._finder.wanted.setdefault(name, []).append(function)

    def undo(self) -> None:
        """Put everything back, last replaced first."""
        self.closed = True
        if self._finder is not None:
            self._finder.wanted.clear()
            if self._finder in sys.meta_path:
                sys.meta_path.remove(self._finder)
            self._finder = None
        while self._undone:  # where a signal's handler raises meanwhile, a second time goes on with what is left
            self._undone[-1]()
            self._undone.pop()
        self._seen.clear()


class _Unbound(staticmethod):  # type: ignore[type-arg]  # of any function
    """What stands for a function in C: in a class it does not become a method, and it costs no frame of its own."""

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # pickled by its name, as functions are


def _is_function(found: Any) -> bool:
    """Whether Python would make a method of it, or it is one of C's functions, which take no object."""
    return hasattr(type(found), "__get__") or isinstance(found, BuiltinFunctionType)


def _bound(method: Any) -> Any:
    """A method that is called with its object: what others have replaced it by, as tracers do, may have to be bound."""
    if type(method) in _TAKING_SELF or not hasattr(type(method), "__get__"):  # isinstance believes what a proxy says
        return method

    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        return method.__get__(self, type(self))(*args, **keywords)

    return update_wrapper(call, method)


class _Finder:
    """Sees every import, and finds nothing itself: it has the loader that is found tell when it is done."""

    def __init__(self) -> None:
        self.wanted: dict[str, list[Callable[[ModuleType], None]]] = {}
        self._within: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's specification as the finders after this one give it, if somebody waits for the module."""
        if name not in self.wanted or name in self._within:
            return None
        self._within.add(name)
        try:
            spec = self._found_elsewhere(name, path, target)
        finally:
            self._within.discard(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self.wanted)  # type: ignore[assignment]  # it stands for that one
        return spec

    def _found_elsewhere(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(name, path, target)
                if spec is not None:
                    return spec
        return None


class _Loader:
    """Stands for a module's loader until the module is executed, and tells when that is done.

    The loader itself stays as it is: it may be a class, for what is built in, or one for all modules of an archive.
    """

    def __init__(self, loader: Any, wanted: dict[str, list[Callable[[ModuleType], None]]]) -> None:
        self._loader = loader
        self._wanted = wanted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Execute it by its own loader, which it then has again: it may ask that for its files."""
        loader: Any = self._loader
        spec: Any = module.__spec__
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = loader
        if spec is not None and spec.loader is self:
            spec.loader = loader
        loader.exec_module(module)
        for function in self._wanted.pop(module.__name__, ()):
            function(module)
