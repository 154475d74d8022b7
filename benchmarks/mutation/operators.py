"""The small mistakes that are made on purpose: each kind of node of the syntax tree, and what it is turned into."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_LEVELS = {"error": "warning", "warning": "error"}
# What a rule says is for people; tests do not repeat it.
_TEXTS = frozenset({"message", "summary", "title", "text", "name"})
_WORDS = 2  # spaces that make a text a sentence


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake.

    Args:
        line: Where the mistake is.
        before: What stands there.
        after: What the mistake makes of it.
        source: The whole module.
    """

    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    skipped = set(_unmutated(tree))
    nodes = [node for node in ast.walk(tree) if id(node) not in skipped]
    for node in sorted(nodes, key=lambda each: (getattr(each, "lineno", 0), getattr(each, "col_offset", 0))):
        for change in _changes(node):
            changed = _mutated(tree, node, change)
            if changed is not None:
                yield changed


def _unmutated(tree: ast.Module) -> Iterator[int]:
    """What no test need notice: annotations, what is for type checkers only, what a rule and its messages say."""
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Expr(value=ast.Constant()):
                parts = [node]
            case ast.Assign(targets=[ast.Name(id="RULE")]):
                parts = [node]
            case ast.JoinedStr() | ast.ImportFrom() | ast.Import():
                parts = [node]
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                parts = [annotation]
            case ast.FunctionDef(returns=ast.expr() as returned):
                parts = [returned]
            case ast.keyword() if node.arg in _TEXTS:
                parts = [node.value]
        for part in parts:
            yield from (id(each) for each in ast.walk(part))


def _mutated(tree: ast.Module, node: ast.AST, change: Callable[[ast.AST], ast.AST]) -> Mutant | None:
    """The module with one node changed; the tree itself stays as it is."""
    number = next(number for number, each in enumerate(ast.walk(tree)) if each is node)
    twin = copy.deepcopy(tree)
    place = next(each for at, each in enumerate(ast.walk(twin)) if at == number)
    replacement = ast.copy_location(change(copy.deepcopy(place)), place)

    class Exchange(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return replacement if node is place else self.generic_visit(node)

    source = ast.unparse(ast.fix_missing_locations(Exchange().visit(twin)))
    before, after = ast.unparse(node), ast.unparse(replacement)
    return None if before == after else Mutant(getattr(node, "lineno", 0), before, after, source)


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST]]:  # noqa: C901, PLR0912  # one case a kind of node
    match node:
        case ast.Compare(ops=[single]) if type(single) in _COMPARISONS:
            yield lambda each: ast.Compare(each.left, [_COMPARISONS[type(each.ops[0])]()], each.comparators)  # type: ignore[attr-defined]  # a Compare
        case ast.BoolOp():
            yield _other_connective
            for number in range(len(node.values)):
                yield lambda each, number=number: _without_operand(each, number)  # type: ignore[misc]  # a default keeps each its own
        case ast.UnaryOp(op=ast.Not()):
            yield lambda each: each.operand  # type: ignore[attr-defined]  # a UnaryOp
        case ast.If() | ast.IfExp() | ast.While():
            yield _negated
        case ast.comprehension():
            for number in range(len(node.ifs)):
                yield lambda each, number=number: _without_condition(each, number)  # type: ignore[misc]  # likewise
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield lambda each: ast.BinOp(each.left, _ARITHMETIC[type(each.op)](), each.right)  # type: ignore[attr-defined]  # a BinOp
        case ast.Constant(value=bool()):
            yield lambda each: ast.Constant(not each.value)  # type: ignore[attr-defined]  # a Constant
        case ast.Constant(value=int() | float()):
            yield lambda each: ast.Constant(each.value + 1)  # type: ignore[attr-defined]  # likewise
        case ast.Constant(value="error" | "warning"):
            yield lambda each: ast.Constant(_LEVELS[each.value])  # type: ignore[attr-defined]  # likewise
        case ast.Constant(value=str() as text) if text.count(" ") < _WORDS:
            yield lambda each: ast.Constant(f"{each.value} mutated")  # type: ignore[attr-defined]  # likewise
        case ast.Continue() | ast.Break():
            yield lambda _each: ast.Pass()


def _other_connective(each: ast.AST) -> ast.AST:
    assert isinstance(each, ast.BoolOp)  # noqa: S101  # for the type checker
    return ast.BoolOp(ast.Or() if isinstance(each.op, ast.And) else ast.And(), each.values)


def _without_operand(each: ast.AST, number: int) -> ast.AST:
    assert isinstance(each, ast.BoolOp)  # noqa: S101  # likewise
    left = [value for at, value in enumerate(each.values) if at != number]
    return left[0] if len(left) == 1 else ast.BoolOp(each.op, left)


def _negated(each: ast.AST) -> ast.AST:
    assert isinstance(each, ast.If | ast.IfExp | ast.While)  # noqa: S101  # likewise
    each.test = ast.UnaryOp(ast.Not(), each.test)
    return each


def _without_condition(each: ast.AST, number: int) -> ast.AST:
    assert isinstance(each, ast.comprehension)  # noqa: S101  # likewise
    each.ifs = [condition for at, condition in enumerate(each.ifs) if at != number]
    return each
