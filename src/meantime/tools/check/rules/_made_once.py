"""Whether a class may make one object only, whatever calls it: by its metaclass, its `__new__`, or a decorator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Class, Function
    from meantime.tools.check.model.project import Project

_ORDINARY = frozenset({"ABCMeta", "type"})  # metaclasses that make an object each time
_MAKES_METHODS = ("dataclasses.", "attr.", "attrs.", "pydantic.")  # decorators that leave that to the class


def may_be_made_once(project: Project, constructor: Function) -> bool:
    """Whether a function is the constructor of a class that may keep the one object it makes."""
    owner = project.classes.get(constructor.class_name)
    return constructor.name == "__init__" and owner is not None and _may_keep(project, owner, set())


def _may_keep(project: Project, owner: Class, seen: set[str]) -> bool:
    seen.add(owner.qualified)
    if "__new__" in owner.methods or _is_decorated(project, owner) or _has_metaclass(project, owner):
        return True
    scope = _scope(project, owner)
    bases = [path for base in owner.bases for path in project.paths(base, scope)]
    return any(
        _may_keep(project, project.classes[each], seen) for each in bases if each in project.classes.keys() - seen
    )


def _scope(project: Project, owner: Class) -> Function:
    module = project.modules[owner.file].name
    return project.functions[f"{module}.<module>"]


def _is_decorated(project: Project, owner: Class) -> bool:
    scope = _scope(project, owner)
    called = [each.function if each.kind == "call" else each for each in owner.decorators]  # type: ignore[attr-defined]  # a Call
    return not all(path.startswith(_MAKES_METHODS) for each in called for path in project.paths(each, scope) or {""})


def _has_metaclass(project: Project, owner: Class) -> bool:
    found = [
        keyword.value
        for node in ast.walk(project.tree(owner.file))
        if isinstance(node, ast.ClassDef) and node.name == owner.name
        for keyword in node.keywords
        if keyword.arg == "metaclass"
    ]
    return any(ast.unparse(each).rpartition(".")[2] not in _ORDINARY for each in found)
