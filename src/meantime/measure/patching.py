"""Replacements of other modules' attributes, and taking them back."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import update_wrapper
from types import FunctionType, MethodDescriptorType, WrapperDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
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
        setattr(owner, name, replacement)

        def put_back() -> None:
            if vars(owner).get(name) is not replacement:
                return  # somebody else has replaced it since: what is there may need what was there before
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

        self._undone.append(put_back)

    def wrap(self, owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
        """Replace an attribute by what a function makes of it, keeping static and class methods what they are.

        Nothing happens where there is no such attribute, as in another version, or where it is wrapped already.
        """
        key = (id(owner), name)
        found = vars(owner).get(name, _MISSING)
        inherited = getattr(owner, name, _MISSING) if found is _MISSING else found
        if inherited is _MISSING or key in self._seen:
            return
        self._seen.add(key)
        if isinstance(inherited, staticmethod):
            self.replace(owner, name, staticmethod(wrapper(inherited.__func__)))
        elif isinstance(inherited, classmethod):
            self.replace(owner, name, classmethod(wrapper(inherited.__func__)))
        else:
            self.replace(owner, name, wrapper(_bound(inherited) if isinstance(owner, type) else inherited))

    def when_imported(self, name: str, function: Callable[[ModuleType], None]) -> None:
        """Call this function with a module: now if it is loaded, else right after it is."""
        module = sys.modules.get(name)
        if (
            module is not None
        ):  # one that is being loaded just now has perhaps not all of it: `wrap` takes what is there
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
        for put_back in reversed(self._undone):
            put_back()
        self._undone.clear()
        self._seen.clear()


def _bound(method: Any) -> Any:
    """A method that is called with its object: what others have replaced it by, as tracers do, may have to be bound."""
    if type(method) in _TAKING_SELF or not hasattr(method, "__get__"):  # isinstance believes what a proxy says
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
        if spec is not None:
            self._tell(name, spec)
        return spec

    def _found_elsewhere(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _tell(self, name: str, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            with suppress(AttributeError):
                del loader.exec_module  # the loader as it was: a module may keep it and ask it for its files
            execute(module)
            for function in self.wanted.pop(name, ()):
                function(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:  # a loader that is a class, for what is built in
            return
