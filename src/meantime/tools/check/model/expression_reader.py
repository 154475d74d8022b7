"""Reads expressions into what is kept of them, and notes each call of the function it stands in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.model.expressions import Call, Expression
from meantime.tools.check.model.folding import fold
from meantime.tools.check.model.functions import Loop
from meantime.tools.check.model.scopes import ScopeReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.check.model.expressions import Use
    from meantime.tools.check.model.functions import Module, Parameter

_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_LONGEST_TEXT = 200  # characters of a constant that are kept
_MOST_ELEMENTS = 64  # of a display that are kept; its length is
_MOST_CONSTANTS = 8  # of a display of nothing else
_NOT_NOTED = frozenset(dir(__import__("builtins"))) - {"filter", "input", "map", "open", "__import__"}
"""Builtins, whose calls are read as values but are no calls that a rule looks at."""


class ExpressionReader(ScopeReader):
    """Reads expressions."""

    def __init__(self, module: Module, text: str) -> None:
        super().__init__(module, text)
        self._constants: dict[tuple[type, object], Expression] = {}
        self._strings: dict[str, str] = {}
        self._expression_readers: dict[type[ast.expr], Callable[..., Expression]] = {
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Await: self._await,
            ast.List: self._display,
            ast.Tuple: self._display,
            ast.Set: self._display,
            ast.Dict: self._dict,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.Lambda: self._lambda,
            ast.Subscript: self._subscript,
            ast.Starred: self._starred,
            ast.IfExp: self._choice,
            ast.BoolOp: self._boolean,
            ast.JoinedStr: self._text,
            ast.NamedExpr: self._named,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
        }

    # Expressions

    def expression(self, node: ast.expr, use: Use = "other", bound: tuple[str, ...] = ()) -> Expression:
        """Read an expression.

        Args:
            node: It.
            use: What becomes of its value, if it is a call.
            bound: The names that its value is assigned to, if it is a call.
        """
        kind = type(node)
        if kind is ast.Call:
            return self._call(node, use, bound)  # type: ignore[arg-type]  # it is one
        if kind is ast.Await:
            return self._await(node, use, bound)  # type: ignore[arg-type]  # likewise
        if kind is ast.IfExp or kind is ast.BoolOp:
            return self._expression_readers[kind](node, use, bound)
        read = self._expression_readers.get(kind)
        if read is not None:
            return read(node)
        parts = tuple(self.expression(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
        return Expression("other", type(node).__name__, parts, None, node.lineno, self.column(node))

    def annotation(self, node: ast.expr | None) -> Expression | None:
        """Read an annotation; one in quotes, too."""
        if node is None:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                quoted = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError):
                return None
            for each in ast.walk(quoted):
                ast.copy_location(each, node)
            return self.annotation(quoted)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp):
            return self.expression(node)
        return None

    # What stands in many places is kept once, with the first of them. Calls each have their own.

    def _name(self, node: ast.Name) -> Expression:
        found = self.scope.names.get(node.id)
        if found is None:
            name = self._strings.setdefault(node.id, node.id)
            found = self.scope.names[name] = Expression("name", name, (), None, node.lineno, self.column(node))
        return found

    def _constant(self, node: ast.Constant) -> Expression:
        value = node.value
        if isinstance(value, str | bytes) and len(value) > _LONGEST_TEXT:
            value = value[:_LONGEST_TEXT]
        key = (type(value), value)
        found = self._constants.get(key)
        if found is None:
            found = Expression("constant", "", (), value, node.lineno, self.column(node))
            self._constants[key] = found
        return found

    def _attribute(self, node: ast.Attribute) -> Expression:
        base = self.expression(node.value, "receiver")
        key = (base, node.attr)
        found = self.scope.attributes.get(key)
        if found is None:
            name = self._strings.setdefault(node.attr, node.attr)
            found = Expression("attribute", name, (base,), None, node.lineno, self.column(node))
            self.scope.attributes[key] = found
        return found

    def _compare(self, node: ast.Compare) -> Expression:
        for part in (node.left, *node.comparators):
            self.expression(part)
        return Expression("other", "Compare", (), None, node.lineno, self.column(node))

    def _call(self, node: ast.Call, use: Use = "other", bound: tuple[str, ...] = ()) -> Expression:
        function = self.expression(node.func)
        call = Call(function, node.lineno, self.column(node))
        call.end_line, call.end_column = self.end_of(node)
        call.use, call.bound = use, bound
        call.within = self.scope.made
        call.loops, call.guards = self.loops_and_guards()
        call.in_handler_of, call.is_tried = self.block, self.tried
        if node.args:
            call.arguments = tuple(self.expression(each, "argument") for each in node.args)
        if node.keywords:
            call.keywords = {each.arg or "**": self.expression(each.value, "argument") for each in node.keywords}
        if function.kind != "name" or function.name not in _NOT_NOTED:
            self.scope.calls.append(call)
        return call

    def _await(self, node: ast.Await, use: Use = "other", bound: tuple[str, ...] = ()) -> Expression:
        inner = self.expression(node.value, "awaited", bound)
        if inner.kind == "call" and use in ("returned", "assigned"):
            inner.bound = bound  # type: ignore[attr-defined]  # it is a Call
        return Expression("await", "", (inner,), None, node.lineno, self.column(node))

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> Expression:
        parts = tuple(self.expression(each, "element") for each in node.elts)
        most = _MOST_CONSTANTS if all(each.kind == "constant" for each in parts) else _MOST_ELEMENTS
        kept = parts if len(parts) <= most else parts[:most]
        return Expression("list", type(node).__name__, kept, len(parts), node.lineno, self.column(node))

    def _dict(self, node: ast.Dict) -> Expression:
        for key in node.keys:
            if key is not None and not isinstance(key, ast.Constant):
                self.expression(key)
        parts = tuple(
            Expression("star", "", (self.expression(value, "element"),), None, value.lineno, self.column(value))
            if key is None
            else self.expression(value, "element")
            for key, value in zip(node.keys, node.values, strict=True)
        )
        keys = tuple(each.value if isinstance(each, ast.Constant) else None for each in node.keys)
        return Expression("dict", "", parts, keys, node.lineno, self.column(node))

    def _comprehension(self, node: _Comprehension) -> Expression:
        outer = len(self.loops)
        over: list[Expression] = []
        conditions: list[Expression] = []
        for each in node.generators:
            iterated = self.expression(each.iter, "iterated")
            over.append(iterated)
            self.assign(each.target, Expression("item", "", (iterated,), None, node.lineno, self.column(node)), node)
            self.loops.append(Loop("comprehension", iterated, node.lineno, self.column(node)))
            conditions += [self.expression(condition) for condition in each.ifs]
        if isinstance(node, ast.DictComp):
            self.expression(node.key)
            element = self.expression(node.value, "element")
        else:
            element = self.expression(node.elt, "element")
        del self.loops[outer:]
        return Expression(
            "comprehension", type(node).__name__, (element, *over), bool(conditions), node.lineno, self.column(node)
        )

    def _lambda(self, node: ast.Lambda) -> Expression:
        parameters = self.parameters(node.args)
        column = self.column(node)
        function = self.begin(f"<lambda {node.lineno}:{column}>", node.lineno, column)
        function.name = "<lambda>"
        function.parameters = parameters
        self.scope.returns.append(self.expression(node.body, "returned"))
        self.end(function, node)
        return Expression("lambda", function.qualified, (), None, node.lineno, column)

    def _subscript(self, node: ast.Subscript) -> Expression:
        base = self.expression(node.value, "receiver")
        key = node.slice
        if isinstance(key, ast.Slice):
            for bound in (key.lower, key.upper, key.step):
                if bound is not None:
                    self.expression(bound)
            ends = key.upper.value if isinstance(key.upper, ast.Constant) else None
            return Expression("slice", "", (base,), ends, node.lineno, self.column(node))
        index = self.expression(key)
        value = index.value if index.kind == "constant" else None
        return Expression("item", "", (base, index), value, node.lineno, self.column(node))

    def _starred(self, node: ast.Starred) -> Expression:
        inner = self.expression(node.value, "argument")
        return Expression("star", "", (inner,), None, node.lineno, self.column(node))

    def _choice(self, node: ast.IfExp, use: Use = "other", bound: tuple[str, ...] = ()) -> Expression:
        self.expression(node.test)
        parts = (self.expression(node.body, use, bound), self.expression(node.orelse, use, bound))
        return Expression("either", "", parts, None, node.lineno, self.column(node))

    def _boolean(self, node: ast.BoolOp, use: Use = "other", bound: tuple[str, ...] = ()) -> Expression:
        parts = tuple(self.expression(each, use, bound) for each in node.values)
        return Expression("either", "", parts, None, node.lineno, self.column(node))

    def _text(self, node: ast.JoinedStr) -> Expression:
        parts = tuple(self.expression(each.value) for each in node.values if isinstance(each, ast.FormattedValue))
        return Expression("text", "", parts, None, node.lineno, self.column(node))

    def _named(self, node: ast.NamedExpr) -> Expression:
        value = self.expression(node.value, "assigned", (node.target.id,))
        self.scope.bind(node.target.id, value)
        return value

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Expression:
        self.scope.made.is_generator = True
        if node.value is not None:
            value = self.expression(node.value, "returned")
            if isinstance(node, ast.YieldFrom):
                value = Expression("item", "", (value,), None, node.lineno, self.column(node))
            self.scope.returns.append(value)
        return Expression("other", "Yield", (), None, node.lineno, self.column(node))

    def _binary(self, node: ast.BinOp) -> Expression:
        chain: list[ast.BinOp] = []  # `"a" + "b" + …` leans to the left, sometimes a thousand deep
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            chain.append(left)
            left = left.left
        parts = (self.expression(left), *(self.expression(each.right) for each in reversed(chain)))
        numbers = [each.value for each in parts if type(each.value) in (int, float) and each.kind == "constant"]
        if len(numbers) == len(parts) == 2:  # noqa: PLR2004  # one operator
            folded = fold(node.op, *numbers)  # type: ignore[arg-type]  # numbers, as was asked
            if folded is not None:
                return Expression("constant", "", (), folded, node.lineno, self.column(node))
        return Expression("other", type(node.op).__name__, parts, None, node.lineno, self.column(node))

    def _unary(self, node: ast.UnaryOp) -> Expression:
        inner = self.expression(node.operand)
        if isinstance(node.op, ast.USub) and inner.kind == "constant" and isinstance(inner.value, int | float):
            return Expression("constant", "", (), -inner.value, node.lineno, self.column(node))
        return Expression("other", type(node.op).__name__, (inner,), None, node.lineno, self.column(node))

    def assign(self, target: ast.expr, value: Expression, node: ast.stmt | ast.expr) -> None:
        """What a name, an attribute or an item is given; statements know more."""
        raise NotImplementedError

    def parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        """Read a function's parameters; statements know how."""
        raise NotImplementedError
