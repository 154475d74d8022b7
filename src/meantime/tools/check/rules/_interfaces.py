"""Who calls a method by the interface that its class fills in, where nothing tells of which class the instance is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meantime.tools.check.model.functions import MODULE
from meantime.tools.check.rules._definitions import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

ENTERING = "enter_async_context"
_ABSTRACT = "abc.abstractmethod"
_CONTEXT = "contextlib.asynccontextmanager"
_OF_ANOTHER = re.compile(r"[\w.]+|.*\b[A-Z]\w*\(\)")
"""The paths of modules, of classes and of their instances."""
_NO_COROUTINE = frozenset({"discarded", "entered", "receiver"})
"""What is not done with what a coroutine function gives."""


class Interfaces:
    """The calls of abstract methods, which may be calls of the methods that fill them in."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._by_name: dict[str, list[Call]] = {}  # the calls of methods whose instance is not known
        self._entered: set[int] = set()  # what is given to `enter_async_context`
        for function in project.functions.values():
            for call in function.calls:
                if call.function.kind == "attribute":
                    self._by_name.setdefault(call.function.name, []).append(call)
                if call.function.name == ENTERING:
                    self._entered.update(map(id, call.arguments))

    def callers(self, method: Function) -> list[Call]:
        """The calls of the abstract method that a method fills in, and those that may be: of that name, and fitting."""
        above = list(self._filled_in(method))
        found = [call for each in above for call in self._project.callers(each)]
        if above:
            found += [
                call
                for call in self._by_name.get(method.name, ())
                if self._is_of_anything(call) and self._fits(call, method)
            ]
        return found

    def _is_of_anything(self, call: Call) -> bool:
        """Whether nothing tells of what class the instance is."""
        return not self._project.callees(call) and not any(
            _OF_ANOTHER.fullmatch(path) for path in self._project.paths(call.function.parts[0], call.within)
        )

    def _filled_in(self, method: Function) -> Iterator[Function]:
        project = self._project
        waiting = [method.class_name]
        for name in waiting:
            owner = project.classes.get(name)
            own = project.functions.get(owner.methods.get(method.name, "")) if owner is not None else None
            if own is not None and _ABSTRACT in project.decorators(own):
                yield own
            if owner is not None:
                body = project.functions[f"{project.modules[owner.file].name}.{MODULE}"]
                paths = (path for base in owner.bases for path in project.paths(base, body))
                waiting += [path for path in paths if path not in waiting]

    def _fits(self, call: Call, method: Function) -> bool:
        """Whether a call uses what it gets as this method's is used, and names only parameters that it has."""
        is_context = _CONTEXT in self._project.decorators(method)
        is_used = (call.use == "entered" or id(call) in self._entered) if is_context else call.use not in _NO_COROUTINE
        return (
            is_used
            and len(call.arguments) <= len(places(method))
            and {each.name for each in method.parameters}.issuperset(call.keywords)
        )
