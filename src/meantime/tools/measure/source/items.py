"""What a loop goes over: whether no item comes twice, whether all are asked for, whether their order is kept."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from meantime.tools.measure.source.files import Definition
from meantime.tools.measure.source.places import name_of

if TYPE_CHECKING:
    from meantime.tools.measure.source.course import Loop
    from meantime.tools.measure.source.files import SourceFile

_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_DISTINCT = {"range", "set", "frozenset", "keys", "items", "enumerate"}
_AS_IT_IS = {"sorted", "list", "tuple", "reversed", "zip", "iter"}
# They exhaust what they are given.
_TAKE_ALL = {
    *("list", "tuple", "set", "frozenset", "sorted", "sum", "min", "max", "dict", "join", "extend", "update"),
    *("Counter", "deque", "gather", "map", "wait", "run", "writelines", "executemany"),
}
_STREAMS = re.compile(r"""[\["'](kinesis|dynamodb|eventName|NewImage|SequenceNumber|sequenceNumber)["'\]]""")
_LOGS = re.compile(r"\b(append|logs?|journal|audit|history|timeline|stream)\b", re.IGNORECASE)


def are_distinct(loop: Loop) -> bool:
    """Whether no item of a loop comes twice, as far as the source shows."""
    node = loop.node
    if isinstance(node, ast.For | ast.AsyncFor):
        return _is_distinct(loop.file, node.iter)
    comprehension = _comprehension(loop)
    if comprehension is not None:
        return len(comprehension.generators) == 1 and _is_distinct(loop.file, comprehension.generators[0].iter)
    if isinstance(node, ast.Call) and node.args:
        return _is_distinct(loop.file, node.args[-1])
    return False


def repeats(loop: Loop) -> bool:
    """Whether the source shows that what a loop goes over has something twice."""
    comprehension = _comprehension(loop)
    node = getattr(loop.node, "iter", None) or (comprehension.generators[0].iter if comprehension is not None else None)
    values = [node, *(_given(loop.file, node.id) if isinstance(node, ast.Name) else [])]
    return any(
        isinstance(each, ast.List | ast.Tuple) and bool(each.elts) and not _is_distinct(loop.file, each)
        for each in values
    )


def _given(file: SourceFile, name: str) -> list[ast.expr]:
    return [
        each.value
        for each in ast.walk(file.tree)
        if isinstance(each, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in each.targets)
    ]


def _is_distinct(file: SourceFile, node: ast.expr) -> bool:  # noqa: PLR0911  # one for each form
    match node:
        case ast.List() | ast.Tuple() | ast.Set():
            return _differ(node.elts)
        case ast.Dict():
            return all(isinstance(key, ast.Constant) for key in node.keys)
        case ast.Constant(value=str(text)):
            return len(set(text)) == len(text)
        case ast.Call() if name_of(node) in _DISTINCT and name_of(node) != "enumerate":
            return True
        case ast.Call() if name_of(node) in _AS_IT_IS | {"enumerate"} and node.args:
            return any(_is_distinct(file, each) for each in node.args[:1])
        case ast.ListComp() if len(node.generators) == 1 and not node.generators[0].ifs:
            names = {each.id for each in ast.walk(node.elt) if isinstance(each, ast.Name)}
            target = node.generators[0].target
            is_named = isinstance(target, ast.Name) and target.id in names
            is_text = isinstance(node.elt, ast.JoinedStr | ast.Name | ast.BinOp | ast.Dict)
            return is_named and is_text and _is_distinct(file, node.generators[0].iter)
        case ast.Name():
            given = _given(file, node.id)
            return len(given) == 1 and _is_distinct(file, given[0])
        case _:
            return False


def _differ(nodes: list[ast.expr]) -> bool:
    """Whether constants differ; of `("a", 1)` and `("b", 1)` each part does not, and one may be what they are about."""
    rows = [_parts(each) for each in nodes]
    if any(not isinstance(part, ast.Constant) for row in rows for part in row) or len(set(map(len, rows))) > 1:
        return False
    columns = [[ast.unparse(part) for part in column if part is not None] for column in zip(*rows, strict=True)]
    return all(len(set(column)) == len(column) for column in columns)


def _parts(node: ast.expr) -> list[ast.expr | None]:
    if isinstance(node, ast.Tuple):
        return [*node.elts]
    return [*node.values] if isinstance(node, ast.Dict) else [node]


def ends_early(loop: Loop) -> str:
    """What may leave items of a loop unasked for; empty where nothing is seen to."""
    node = loop.node
    comprehension = _comprehension(loop)
    if isinstance(comprehension, ast.GeneratorExp):
        takers = [
            each for each in ast.walk(loop.file.tree) if isinstance(each, ast.Call) and comprehension in each.args
        ]
        if not any(name_of(each) in _TAKE_ALL for each in takers):
            return (
                f"`{name_of(takers[0])}` may ask for some only" if takers else "what goes over it may ask for some only"
            )
    if isinstance(node, ast.For | ast.AsyncFor) and any(
        isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node)
    ):
        return "what goes over it may ask for some only"
    return ""


def keeps_an_order(loop: Loop) -> str:
    """Whether items come in an order that says what happened when: records of a stream."""
    node = loop.node
    over = node.iter if isinstance(node, ast.For | ast.AsyncFor) else None
    if isinstance(node, Definition) or over is None:
        return ""
    text = ast.unparse(node)
    return "they are records of a stream" if "Records" in ast.unparse(over) and _STREAMS.search(text) else ""


def is_a_log(name: str) -> bool:
    """Whether a request's name says that what it is sent to is kept in the order of its coming."""
    return _LOGS.search(name.partition(" ")[2]) is not None


def _comprehension(loop: Loop) -> ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | None:
    for each in ast.walk(loop.file.tree):
        if isinstance(each, _COMPREHENSIONS) and any(one.target is loop.node for one in each.generators):
            return each
    return None
