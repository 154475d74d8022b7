"""What CloudFormation's functions give, as far as the template itself says: defaults of parameters, mappings, texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meantime.tools.check.handlers.nodes import number

if TYPE_CHECKING:
    from meantime.tools.check.handlers.nodes import Node

_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_DEPTH = 8  # how deep functions in functions are followed


class Literals:
    """Gives the literals of one template.

    Args:
        root: The template.
    """

    __slots__ = ("_root",)

    def __init__(self, root: Node) -> None:
        self._root = root

    def text(self, node: Node | None, depth: int = 0) -> str | None:
        """The text that a node is, if the template says so; None: it is none, or is known when it is deployed."""
        function = node.intrinsic if node is not None and depth < _DEPTH else None
        if function is None:
            return node.text if node is not None else None
        name, argument = function
        if name == "Ref":
            default = self._root.get("Parameters", argument.text or "", "Default")
            return default.text if default is not None else None
        if name == "Sub":
            return self._substituted(argument)
        if name == "FindInMap":
            return self._mapped(argument.elements(), depth + 1)
        branches = {self.text(each, depth + 1) for each in argument.elements()[1:]} if name == "If" else set()
        return branches.pop() if len(branches) == 1 else None

    def number(self, node: Node | None) -> float | None:
        """The number that a node is, if the template says so."""
        return number(self.text(node))

    def flag(self, node: Node | None) -> bool | None:
        """Whether a node says yes; None if only the deployment knows."""
        text = self.text(node)
        return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(
            text.lower() if text is not None else ""
        )

    def _mapped(self, path: list[Node], depth: int) -> str | None:
        keys = [self.text(each, depth) for each in path]
        known = [key for key in keys if key is not None]
        return self.text(self._root.get("Mappings", *known), depth) if len(known) == len(keys) > 0 else None

    def _substituted(self, argument: Node) -> str | None:
        text = argument.text or ""
        defaults = {name: self._root.get("Parameters", name, "Default") for name in _VARIABLE.findall(text)}
        values = {name: default.text for name, default in defaults.items() if default is not None}
        if not text or None in values.values() or len(values) < len(defaults):
            return None
        return _VARIABLE.sub(lambda match: values[match[1]] or "", text)


def reference(node: Node | None) -> str | None:
    """The logical name that a node refers to: `!Ref Orders`, `!GetAtt Orders.Arn`, `!Sub ${Orders.Arn}`."""
    function = node.intrinsic if node is not None else None
    if function is None:
        return None
    name, argument = function
    if name == "Ref":
        return argument.text
    if name == "GetAtt":
        parts = argument.elements()
        text = parts[0].text if parts else argument.text
        return text.partition(".")[0] if text else None
    if name == "Sub":
        whole = re.fullmatch(r"\$\{([^!}][^}]*)\}", (argument.text or "").strip())
        return whole[1].partition(".")[0] if whole else None
    return None
