"""MT107: a template names a handler that its code does not have."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from glob import escape
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from meantime.tools.check.handlers.handler import Configuration
    from meantime.tools.check.model.project import Project

_CODE = "MT107"
_ENDINGS = (".py", "/__init__.py")
_LIKE = 0.7  # how much alike names must be to be mistaken for one another; 1 is equal
_DYNAMIC = frozenset({"globals", "vars", "locals", "setattr", "exec", "eval"})
"""What may give a module names that it does not show."""


def _check(project: Project) -> Iterator[Finding]:
    for configuration in project.configurations:
        module, _, name = configuration.handler.rpartition(".")
        place = configuration.handler_place
        if not (module and place and configuration.has_code and configuration.runtime.startswith("python")):
            continue
        base = normpath(join(configuration.code, module.replace(".", "/")))
        file = next((base + ending for ending in _ENDINGS if base + ending in project.modules), "")
        message = _no_name(project, file, configuration, name) if file else _no_module(project, base, module, name)
        if message:
            yield Finding(_CODE, message, place)


def _no_name(project: Project, file: str, configuration: Configuration, name: str) -> str:
    """What is to be said of a module that has not the name; empty if it may have it."""
    known = _names(project, file)
    if known is None or name in known:
        return ""
    near = get_close_matches(name, known, n=1, cutoff=_LIKE)
    module = configuration.handler.rpartition(".")[0]
    ask = f"Did you mean `{module}.{near[0]}`?" if near else "Name a function of it."
    return f"`{file}` has no `{name}`: each invocation fails with Runtime.HandlerNotFound. {ask}"


def _no_module(project: Project, base: str, module: str, name: str) -> str:
    """What is to be said of a module that is not there; empty unless it is plain what was meant."""
    fails = "each invocation fails with Runtime.ImportModuleError"
    if any(f"/{file}".endswith(f"/{module.replace('.', '/')}{each}") for file in project.modules for each in _ENDINGS):
        return ""  # from where it may be copied
    above = dirname(base)
    if above + ".py" in project.modules and above + "/__init__.py" not in project.modules:
        return (
            f"Lambda imports all before the last dot as a module, and `{above}.py` is none that has others in it: "
            f"{fails}. Name a function of it."
        )
    if _lies_there(project.root / base):
        return ""  # compiled, or not read
    code = base.removesuffix(module.replace(".", "/"))
    candidates = {
        file.removeprefix(code).removesuffix(".py").removesuffix("/__init__"): file
        for file in project.modules
        if file.startswith(code)
    }
    for near in get_close_matches(module.replace(".", "/"), candidates, n=3, cutoff=_LIKE):
        if name in (_names(project, candidates[near]) or ()):
            meant = near.replace("/", ".") if "." in module else near
            return f"There is no `{base}.py`: {fails}. Did you mean `{meant}.{name}`?"
    return ""


def _lies_there(module: Path) -> bool:
    """Whether a folder has this name, or a file with whatever ending."""
    try:
        return module.is_dir() or any(module.parent.glob(f"{escape(module.name)}.*"))
    except (OSError, ValueError):  # no file has such a name
        return True


def _names(project: Project, file: str) -> set[str] | None:
    """The global names of a module; None if it may have others."""
    found: set[str] = set()
    tree = project.tree(file)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _DYNAMIC:
            return None
        if isinstance(node, ast.Global):
            found.update(node.names)
    for node in _global_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
    return None if found & {"*", "__getattr__"} else found


def _global_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module without those in its functions and classes, but with these themselves."""
    for child in ast.iter_child_nodes(tree):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _global_nodes(child)


RULE = Rule(
    _CODE,
    "handler-not-found",
    "A template names a handler that its code does not have: each invocation fails",
    _check,
)
