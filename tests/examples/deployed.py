"""What there is of an example on Lambda: its template, and what its modules import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def template_in(folder: Path) -> dict[str, Any]:
    """The template of the example in this folder, as data; of `!Ref Name` and the like, the text behind the tag."""
    text = (folder / "template.yaml").read_text()
    template: dict[str, Any] = yaml.load(text, Loader=_TemplateLoader)  # noqa: S506  # a SafeLoader
    return template


def imports_of(file: Path) -> set[str]:
    """The first names of what a file imports, or has `meantime.clients` import."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "clients":
            names.add(node.attr)
        elif isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's own tags, which are all of scalars here."""


_TemplateLoader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))
