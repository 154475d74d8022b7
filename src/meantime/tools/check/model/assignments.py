"""Reads what names, attributes and items are given, by assignments and imports, and what is changed in place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.model.expression_reader import ExpressionReader
from meantime.tools.check.model.expressions import Expression
from meantime.tools.check.model.functions import Change, Class, Module

if TYPE_CHECKING:
    from meantime.tools.check.model.scopes import Scope


class AssignmentReader(ExpressionReader):
    """Reads assignments."""

    def __init__(self, module: Module, text: str, package: str) -> None:
        super().__init__(module, text)
        self._package = package  # that relative imports begin with
        self.class_read: Class | None = None  # in whose body, outside its methods, this stands

    def assignment(self, node: ast.Assign) -> None:
        """`x = …`, `x.y = …`, `x[y] = …`."""
        value = self.expression(node.value, "assigned", names_of(node.targets))
        for target in node.targets:
            self.assign(target, value, node)

    def annotated(self, node: ast.AnnAssign) -> None:
        """`x: X = …`."""
        annotation = self.annotation(node.annotation)
        if annotation is not None:
            self._note_annotation(node.target, annotation)
        if node.value is not None:
            value = self.expression(node.value, "assigned", names_of([node.target]))
            self.assign(node.target, value, node)
        elif isinstance(node.target, ast.Attribute):
            self.expression(node.target.value)

    def augmented(self, node: ast.AugAssign) -> None:
        """`x += …`."""
        value = self.expression(node.value)
        is_local = isinstance(node.target, ast.Name) and node.target.id not in self.scope.outside
        if not is_local and self.class_read is None:
            self.change(node.target, _OPERATORS.get(type(node.op), "?="), node)
        if isinstance(node.target, ast.Name):
            grown = Expression("grown", "", (value,), None, node.lineno, node.col_offset)
            self.assign_name(node.target.id, grown)

    def assign(  # noqa: C901, PLR0912  # one a kind of target
        self, target: ast.expr, value: Expression, node: ast.stmt | ast.expr
    ) -> None:
        """What a name, an attribute or an item is given."""
        if isinstance(target, ast.Name):
            if self.class_read is not None:
                self.add_attribute(self.class_read, target.id, value)
            else:
                if target.id in self.scope.outside and isinstance(node, ast.stmt):
                    self.change(target, "=", node)
                self.assign_name(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            for number, part in enumerate(target.elts):
                known = value.kind == "list" and len(value.parts) == len(target.elts)
                given = value.parts[number] if known else Expression("item", "", (value,), number, part.lineno)
                self.assign(part.value if isinstance(part, ast.Starred) else part, given, node)
        elif isinstance(target, ast.Attribute):
            self.expression(target.value)
            owner = self.own_class(target.value)
            if owner is not None:
                self.add_attribute(owner, target.attr, value)
            if isinstance(node, ast.stmt):
                self.change(target, "=", node)
        elif isinstance(target, ast.Subscript):
            self.expression(target.value)
            self.expression(target.slice)
            key = target.slice.value if isinstance(target.slice, ast.Constant) else None
            held = Expression("held", "", (value,), key, target.lineno, target.col_offset)
            if isinstance(target.value, ast.Name):
                self.assign_name(target.value.id, held, only_more=True)
            elif isinstance(target.value, ast.Attribute) and (owner := self.own_class(target.value.value)) is not None:
                self.add_attribute(owner, target.value.attr, held)
            if isinstance(node, ast.stmt):
                self.change(target, "=", node)

    def imports(self, node: ast.Import) -> None:
        """`import x`."""
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self._imported(alias.asname or top, alias.name if alias.asname else top, node)
            self.module.imported.add(alias.name)

    def imports_from(self, node: ast.ImportFrom) -> None:
        """`from x import y`."""
        base = node.module or ""
        if node.level:
            package = self._package.split(".") if self._package else []
            kept = package[: len(package) - node.level + 1]
            base = ".".join([*kept, *([base] if base else [])])
        for alias in node.names:
            full = f"{base}.{alias.name}" if base else alias.name
            self.module.imported.add(full)
            if alias.name == "*":
                self.module.stars = (*self.module.stars, ("." if node.level else "") + base)
            else:
                self._imported(alias.asname or alias.name, full, node, is_own=bool(node.level))

    def _imported(self, name: str, dotted: str, node: ast.stmt, *, is_own: bool = False) -> None:
        found = Expression("imported", dotted, (), "own" if is_own else None, node.lineno, node.col_offset)
        self.module.imports.setdefault(name, dotted)
        self.assign_name(name, found)

    def declared(self, node: ast.Global | ast.Nonlocal) -> None:
        """`global x`, `nonlocal x`."""
        self.scope.outside |= set(node.names)
        if isinstance(node, ast.Global):
            self.scope.global_names |= set(node.names)

    def assign_name(self, name: str, value: Expression, *, only_more: bool = False) -> None:
        """What a name is given, in this function or, if it is declared global, in the module."""
        scope = self._scope_of(name) if only_more or name in self.scope.outside else self.scope
        if scope is None:
            return
        if scope is not self.scope and not _is_the_same_anywhere(value):
            value = Expression("elsewhere", self.scope.made.qualified, (value,), None, value.line, value.column)
        scope.bind(name, value)

    def add_attribute(self, owner: Class, name: str, value: Expression) -> None:
        """What an attribute of a class, or of its instances, is given."""
        owner.attributes[name] = (*owner.attributes.get(name, ()), (self.scope.made.qualified, value))

    def own_class(self, node: ast.expr) -> Class | None:
        """The class whose instance, or which itself, a name like `self` is."""
        if not isinstance(node, ast.Name):
            return None
        for scope in reversed(self.scopes):
            made = scope.made
            if made.class_name:
                is_first = bool(made.parameters) and made.parameters[0].name == node.id
                return self.module.classes.get(made.class_name) if is_first else None
        return None

    def change(self, target: ast.expr, operator: str, node: ast.stmt) -> None:
        """That something is changed in place."""
        value = getattr(node, "value", None)
        reads = operator != "=" or (value is not None and _mentions(value, target))
        found = Change(self.expression(target), operator, reads=reads, guards=tuple(self.guards))
        found.line, found.column = node.lineno, self.column(node)
        found.end_line, found.end_column = self.end_of(node)
        self.scope.changes.append(found)

    def _scope_of(self, name: str) -> Scope | None:
        """The function, or the file, that a name belongs to which is used here; None: not seen so far."""
        if name in self.scope.global_names:
            return self.scopes[0]
        inner = self.scopes[-2:0:-1] if name in self.scope.outside else self.scopes[:0:-1]
        for scope in inner:
            if name in scope.assigned or any(each.name == name for each in scope.made.parameters):
                return scope
        is_known = name in self.scopes[0].assigned and name not in self.scope.outside
        return self.scopes[0] if is_known else self.scopes[-2] if name in self.scope.outside else None

    def _note_annotation(self, target: ast.expr, annotation: Expression) -> None:
        if isinstance(target, ast.Attribute):
            owner = self.own_class(target.value)
            if owner is not None:
                owner.annotated.setdefault(target.attr, annotation)
        elif isinstance(target, ast.Name) and self.class_read is not None:
            self.class_read.annotated[target.id] = annotation
        elif isinstance(target, ast.Name):
            made = self.scope.made
            made.annotated = made.annotated | {target.id: annotation}


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+=",
    ast.Sub: "-=",
    ast.Mult: "*=",
    ast.Div: "/=",
    ast.BitOr: "|=",
    ast.BitAnd: "&=",
}


def names_of(targets: list[ast.expr]) -> tuple[str, ...]:
    """The names in targets of an assignment; of attributes those with one dot."""
    found: list[str] = []
    for target in targets:
        if isinstance(target, ast.Name):
            found.append(target.id)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            found.append(f"{target.value.id}.{target.attr}")
        elif isinstance(target, ast.Tuple | ast.List):
            found += names_of(target.elts)
    return tuple(found)


def _mentions(value: ast.expr, target: ast.expr) -> bool:
    """Whether what is given anew is made of what it was."""
    return any(_is_same(each, target) for each in ast.walk(value) if type(each) is type(target))


def _is_same(one: ast.AST, other: ast.AST) -> bool:
    """Whether both are spelled alike, whether read or written."""
    if isinstance(one, ast.Name) and isinstance(other, ast.Name):
        return one.id == other.id
    if isinstance(one, ast.Attribute) and isinstance(other, ast.Attribute):
        return one.attr == other.attr and _is_same(one.value, other.value)
    if isinstance(one, ast.Subscript) and isinstance(other, ast.Subscript):
        return _is_same(one.value, other.value) and _is_same(one.slice, other.slice)
    return type(one) is type(other) and ast.dump(one) == ast.dump(other)


def _is_the_same_anywhere(value: Expression) -> bool:
    """Whether it means the same in whichever function it is looked at: no name stands in it but within calls."""
    if value.kind in {"call", "constant", "imported", "lambda", "function"}:
        return True
    return value.kind in {"await", "either"} and all(_is_the_same_anywhere(each) for each in value.parts)
