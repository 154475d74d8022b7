"""The functions that a SAM or CloudFormation template describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.handlers.code_folders import folder, is_folder
from meantime.tools.check.handlers.handler import Configuration
from meantime.tools.check.handlers.intrinsics import Literals
from meantime.tools.check.handlers.mappings import sam_sources, standing_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.handlers.handler import EventSource
    from meantime.tools.check.handlers.nodes import Node

DEFAULT_TIMEOUT = 3.0
"""Seconds that a function of SAM or CloudFormation has where its template says nothing."""

DEFAULT_MEMORY_MB = 128
"""Its memory then."""

_SAM = "AWS::Serverless::Function"
_PLAIN = "AWS::Lambda::Function"


def functions_of_template(root: Node) -> Iterator[Configuration]:
    """Each function of a template, with the sources that it, its events and the mappings of the template name."""
    resources = root.get("Resources")
    if resources is None:
        return
    literals = Literals(root)
    mappings = standing_alone(resources, literals)
    for name, resource in resources.entries():
        kind = (resource.get("Type") or resource).text
        properties = resource.get("Properties")
        if kind in {_SAM, _PLAIN} and properties is not None:
            own = tuple(sam_sources(properties, resources, literals)) if kind == _SAM else ()
            defaults = root.get("Globals", "Function") if kind == _SAM else None
            fields = _Fields(properties, defaults, literals)
            called = {name, literals.text(properties.get("FunctionName"))} - {None}
            theirs = tuple(source for target, source in mappings if target in called)
            yield _configuration(name, resource, fields, own + theirs)


class _Fields:
    """A function's properties, with the template's `Globals` behind them."""

    __slots__ = ("_defaults", "_properties", "literals")

    def __init__(self, properties: Node, defaults: Node | None, literals: Literals) -> None:
        self._properties = properties
        self._defaults = defaults
        self.literals = literals

    def node(self, key: str) -> Node | None:
        found = self._properties.get(key)
        return found if found is not None or self._defaults is None else self._defaults.get(key)

    def number(self, key: str, otherwise: float | None = None) -> float | None:
        node = self.node(key)
        return otherwise if node is None else self.literals.number(node)

    def text(self, key: str) -> str:
        return self.literals.text(self.node(key)) or ""


def _configuration(name: str, resource: Node, fields: _Fields, sources: tuple[EventSource, ...]) -> Configuration:
    timeout = fields.node("Timeout")
    memory = fields.number("MemorySize", DEFAULT_MEMORY_MB)
    reserved = fields.number("ReservedConcurrentExecutions")
    code = fields.text("CodeUri") or fields.text("Code")
    handler = fields.node("Handler")
    built = resource.get("Metadata", "BuildMethod")
    return Configuration(
        name=name,
        place=resource.place,
        handler=fields.text("Handler"),
        code=folder(resource.file, code),
        timeout=fields.number("Timeout", DEFAULT_TIMEOUT),
        memory_mb=int(memory) if memory is not None else None,
        reserved_concurrency=int(reserved) if reserved is not None else None,
        sources=sources,
        timeout_place=timeout.place if timeout is not None else None,
        runtime=fields.text("Runtime"),
        handler_place=handler.place if handler is not None else None,
        has_code=is_folder(code) and (built is None or (built.text or "").startswith("python")),
    )
