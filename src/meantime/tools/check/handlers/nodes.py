"""Templates in YAML and JSON as nodes that know their places; CloudFormation's short tags (`!Ref`) are understood."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import yaml

from meantime.tools.check.finding import Place
from meantime.tools.check.unreadable import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with it
_SEVERAL = "but found another document"
_DEEPEST = 250  # lists and mappings in one another
_DASHES = re.compile(rf"(?:[-?][ \t]+){{{_DEEPEST}}}")
_INDENTATION = re.compile(r"^ *", re.MULTILINE)
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_AS_WIDE = "?" * 12
_BRACKETS = re.compile(r"[\[\]{}]")
_MERGE_DEPTH = 8  # how deep `<<:` is followed: an anchor may lead to itself


def read_nodes(text: str, file: str) -> Node | None:
    """The root of a YAML or JSON document; None if there is nothing in it, or several documents: no template has.

    Raises:
        UnreadableError: It is none.
    """
    if file.endswith((".json", ".template")):
        text = text.replace("\t", " ")  # YAML has no tabs; within JSON's strings there are none either
        text = _SURROGATES.sub(_AS_WIDE, text)  # which YAML has no such escape for: an emoji, as json.dumps writes it
    if _is_too_deep(text):  # libyaml would go on until the process has no stack left
        raise UnreadableError("is nested too deeply to be read")
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except RecursionError:
        raise UnreadableError("is nested too deeply to be read") from None
    except (yaml.YAMLError, ValueError) as error:
        if getattr(error, "problem", None) == _SEVERAL:
            return None
        raise _why(error, text, "JSON" if file.endswith(".json") else "YAML") from None
    return Node(root, file) if root is not None else None


def _is_too_deep(text: str) -> bool:
    """Whether a text may be nested deeper than any template is, by its brackets, its indentation, its dashes."""
    if _DASHES.search(text) is not None or len({len(each) for each in _INDENTATION.findall(text)}) > _DEEPEST:
        return True
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return False


def _why(error: Exception, text: str, language: str) -> UnreadableError:
    """Why a template could not be parsed, and where."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    reason = f"describes Lambda functions and cannot be parsed as {language}: {problem}"
    if mark is None or mark.line >= len(
        lines := text.splitlines()
    ):  # the latter is the end, where something is missing
        return UnreadableError(reason, 1 if mark is None else len(lines))
    return UnreadableError(reason, mark.line + 1, mark.column + 1)


class Node:
    """A mapping, a list or a scalar of a template, or nothing of the sort: asking it for what it has not gives nothing.

    Args:
        node: What PyYAML made of it.
        file: The file, as findings name it.
        key: Its key, if it stands in a mapping.
    """

    __slots__ = ("_key", "_node", "file")

    def __init__(self, node: yaml.Node, file: str, key: yaml.Node | None = None) -> None:
        self._node = node
        self.file = file
        self._key = key

    def get(self, *keys: str) -> Node | None:
        """What stands under these keys, one after another; None where one of them is missing."""
        found: Node | None = self
        for key in keys:
            found = next((value for name, value in found.entries() if name == key), None) if found is not None else None
        return found

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The keys of a mapping and what stands under them, what it merges (`<<: *common`) last, and once."""
        return self._entries(set(), 0)

    def _entries(self, seen: set[int], depth: int) -> Iterator[tuple[str, Node]]:
        if not isinstance(self._node, yaml.MappingNode) or id(self._node) in seen:
            return
        seen.add(id(self._node))
        merged: list[Node] = []
        for key, value in self._node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            entry = Node(value, self.file, key)
            if key.value == "<<" and key.tag == "tag:yaml.org,2002:merge":
                merged += entry.elements() or [entry]
            else:
                yield key.value, entry
        if depth < _MERGE_DEPTH:
            for each in merged:
                yield from each._entries(seen, depth + 1)  # noqa: SLF001  # of another of its kind

    def elements(self) -> list[Node]:
        """The elements of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            return []
        return [Node(each, self.file) for each in self._node.value]

    @property
    def intrinsic(self) -> tuple[str, Node] | None:
        """The function that gives its value, and what it is applied to: `Ref`, `GetAtt`, `Sub`, `If`."""
        if self._node.tag.startswith("!") and len(self._node.tag) > 1:
            return self._node.tag[1:], self
        entries = list(self.entries())
        if len(entries) == 1 and (entries[0][0] == "Ref" or entries[0][0].startswith("Fn::")):
            return entries[0][0].removeprefix("Fn::"), entries[0][1]
        return None

    @property
    def is_mapping(self) -> bool:
        """Whether it is one, and not a function's application."""
        return isinstance(self._node, yaml.MappingNode) and self.intrinsic is None

    @property
    def text(self) -> str | None:
        """A scalar as it is written."""
        return self._node.value if isinstance(self._node, yaml.ScalarNode) else None

    @property
    def place(self) -> Place:
        """Where it stands: with its key, if it has one."""
        first = self._node if self._key is None else self._key
        start, end = first.start_mark, self._node.end_mark
        if end.line != start.line:
            end = start if self._key is None else self._key.end_mark
        return Place(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def number(text: object) -> float | None:
    """A number that may be written as a text, as templates allow."""
    if isinstance(text, str):
        with contextlib.suppress(ValueError):
            return float(text)
    return None
