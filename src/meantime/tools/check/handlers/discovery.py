"""Which functions are handlers: as templates, adapters, decorators and signatures tell it."""

from __future__ import annotations

from dataclasses import replace
from posixpath import join, normpath
from typing import TYPE_CHECKING

from meantime.tools.check.handlers.handler import Handler
from meantime.tools.check.handlers.shapes import (
    belongs_to_another_cloud,
    decorator_of,
    is_named_as_handlers_are,
    takes_an_invocation,
)
from meantime.tools.check.model.expressions import Expression
from meantime.tools.check.model.functions import MODULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.handlers.handler import Configuration
    from meantime.tools.check.model.functions import Function, Module

_ADAPTERS = frozenset({"mangum.Mangum", "meantime.ASGIAdapter", "apig_wsgi.make_lambda_handler"})
_ADAPTING = frozenset(each.partition(".")[0] for each in _ADAPTERS)
_HANDLERS = frozenset({"handler", "lambda_handler"})
_ADAPTER_OBJECTS = frozenset({"chalice.Chalice"})
_BASES = 8  # bases above a class that are looked through
_CONTEXT_TYPES = (".LambdaContext", ".DurableContext")


def find_handlers(
    modules: Mapping[str, Module],
    configurations: Iterable[Configuration],
    names: Callable[[Expression, Function], AbstractSet[str]],
) -> tuple[Handler, ...]:
    """Every handler of the modules, in the order of files and lines; one a function, with all its configurations.

    Args:
        modules: What was read of each file, by the name of the file.
        configurations: What `find_configurations` and `find_cdk_configurations` gave.
        names: The canonical paths that an expression may stand for: `Project.paths`.
    """
    search = _Search(modules, names)
    found: dict[str, Handler] = {}
    for configuration in configurations:
        named = search.configured(configuration)
        if named is not None:
            earlier = found.get(named.function, named)
            found[named.function] = replace(earlier, configurations=(*earlier.configurations, configuration))
    for module in modules.values():
        for handler in search.of_module(module):
            known = found.get(handler.function)
            if known is None or (handler.is_sure and not known.is_sure):
                found[handler.function] = handler
    return tuple(sorted(found.values(), key=search.position))


class _Search:
    """The modules, by what templates and expressions call them."""

    __slots__ = ("_classes", "_functions", "_modules", "_names")

    def __init__(
        self, modules: Mapping[str, Module], names: Callable[[Expression, Function], AbstractSet[str]]
    ) -> None:
        self._modules = modules
        self._names = names
        self._functions = {name: each for module in modules.values() for name, each in module.functions.items()}
        self._classes = {name: each for module in modules.values() for name, each in module.classes.items()}

    def position(self, handler: Handler) -> tuple[str, int, str]:
        function = self._functions.get(handler.function)
        return (function.file if function else "", function.line if function else 0, handler.function)

    def configured(self, configuration: Configuration) -> Handler | None:
        """The handler that a template names, if it is in one of the modules."""
        path, _, name = configuration.handler.rpartition(".")
        module = self._module(configuration.code, path.replace(".", "/")) if path else None
        if module is None:
            return None
        body = module.functions.get(f"{module.name}.{MODULE}")
        function = self._functions.get(f"{module.name}.{name}")
        if function is None and body is not None:
            return self._assigned(body, name, template=True) or self._imported(body, name)
        return self._defined(function, body) if function is not None else None

    def _module(self, code: str, path: str) -> Module | None:
        for ending in (".py", "/__init__.py"):
            module = self._modules.get(normpath(join(code, path + ending)))
            if module is not None:
                return module
        alike = [each for file, each in self._modules.items() if f"/{file}".endswith(f"/{path}.py")]
        beneath = [each for each in alike if code == "." or each.file.startswith(code + "/")]
        return beneath[0] if len(beneath) == 1 else None

    def _imported(self, body: Function, name: str) -> Handler | None:
        for path in sorted(self._names(Expression("name", name), body)):
            function = self._called(path)
            if function is not None:
                return self._defined(function, self._functions.get(f"{function.module}.{MODULE}"))
        return None

    def _defined(self, function: Function, body: Function | None) -> Handler:
        adapter = decorator_of(function, self._names, body) if body is not None else ""
        return Handler(function.qualified, "template", adapter=adapter)

    def _assigned(self, body: Function, name: str, *, template: bool) -> Handler | None:
        """The handler that a global holds: what an adapter makes, a function, a method, an instance."""
        for value in body.assigned.get(name, ()):
            for path in sorted(self._names(value, body)):
                made = path.removesuffix("()")
                if made != path and (made in _ADAPTERS or (template and made in _ADAPTER_OBJECTS)):
                    return Handler(f"{body.module}.{name}", "template" if template else "adapter", adapter=made)
                function = self._called(path)
                if function is not None and (template or takes_an_invocation(function, is_method=True)):
                    outer = self._functions.get(f"{function.module}.{MODULE}", body)
                    adapter = decorator_of(function, self._names, outer)
                    return Handler(function.qualified, "template" if template else "signature", adapter=adapter)
            wrapped = self._wrapped(value, body)
            if wrapped is not None:
                return replace(wrapped, by="template" if template else wrapped.by)
        return Handler(f"{body.module}.{name}", "template") if template and name in body.assigned else None

    def _wrapped(self, value: Expression, body: Function) -> Handler | None:
        """The handler in `handler = middleware(lambda_handler)`: what runs around it is not known, that it runs is."""
        if value.kind != "call":
            return None
        for argument in getattr(value, "arguments", ()):
            for path in self._names(argument, body):
                function = self._called(path)
                if function is not None and takes_an_invocation(function, is_method=True):
                    return Handler(function.qualified, "signature", adapter="?")
        return None

    def _called(self, path: str) -> Function | None:
        """The function that runs when what a path names is called with an event and a context."""
        function = self._functions.get(path) or self._functions.get(path.replace("().", "."))
        return function or self._called_instance(path)

    def _called_instance(self, path: str, depth: int = 0) -> Function | None:
        """The `__call__` of a class, its own or inherited."""
        of = self._classes.get(path.removesuffix("()"))
        if of is None or depth > _BASES:
            return None
        module = self._modules[of.file].name
        body = self._functions[f"{module}.{MODULE}"]
        bases = [name for base in of.bases for name in sorted(self._names(base, body))]
        inherited = (self._called_instance(name, depth + 1) for name in bases)
        own = self._functions.get(of.methods.get("__call__", ""))
        return own or next((each for each in inherited if each is not None), None)

    def of_module(self, module: Module) -> Iterator[Handler]:
        """The handlers of a module that no template needs to name."""
        body = module.functions.get(f"{module.name}.{MODULE}")
        if body is None:
            return
        elsewhere = belongs_to_another_cloud(module.imported)
        for function in module.functions.values():
            if function.is_module or function.parent not in {"", body.qualified}:
                continue
            adapter = decorator_of(function, self._names, body) if function.decorators else ""
            if adapter:
                yield Handler(function.qualified, "decorator", adapter=adapter)
            elif takes_an_invocation(function, is_method=bool(function.class_name)):
                yield Handler(
                    function.qualified,
                    "signature",
                    is_sure=not elsewhere and self._is_sure(function, body, module.imported),
                )
        may_adapt = not _ADAPTING.isdisjoint(each.partition(".")[0] for each in module.imported)
        for name in body.assigned if may_adapt else body.assigned.keys() & _HANDLERS:
            handler = self._assigned(body, name, template=False)
            if handler is not None and (handler.by == "adapter" or name in _HANDLERS):
                yield replace(handler, is_sure=not elsewhere)

    def _is_sure(self, function: Function, body: Function, imports: AbstractSet[str]) -> bool:
        if function.class_name:
            return False
        if is_named_as_handlers_are(function, imports):
            return True
        annotation = [each for each in function.parameters if each.kind == "positional"][1].annotation
        paths = self._names(annotation, body) if annotation is not None else frozenset()
        return any(path.endswith(_CONTEXT_TYPES) for path in paths)
