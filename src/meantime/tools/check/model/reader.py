"""Reads one file: its syntax tree, once from top to end, into what is kept of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.model.expression_reader import ExpressionReader, Scope
from meantime.tools.check.model.expressions import Expression
from meantime.tools.check.model.functions import MAIN, MODULE, Change, Class, Loop, Module, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from meantime.tools.check.model.functions import Function

_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def read_module(text: str, *, name: str, file: str, is_package: bool = False, digest: bytes = b"") -> Module:
    """What is kept of a file.

    Args:
        text: Its text.
        name: Its dotted name, unique in the project.
        file: The file, as findings name it.
        is_package: Whether it is an `__init__.py`.
        digest: Of its bytes.

    Raises:
        SyntaxError: As `ast.parse`; also for null bytes.
        RecursionError: It is nested deeper than can be followed.
    """
    try:
        tree = ast.parse(text)
    except ValueError as error:  # null bytes, up to Python 3.11
        raise SyntaxError(str(error)) from None
    except MemoryError as error:  # how the parser says so
        raise RecursionError("it is nested too deeply to be parsed") from error
    reader = StatementReader(text, name, file, is_package=is_package)
    reader.module.digest = digest
    reader.module.lines = text.count("\n") + 1
    reader.read(tree)
    return reader.module


class StatementReader(ExpressionReader):
    """Reads statements."""

    def __init__(self, text: str, name: str, file: str, *, is_package: bool) -> None:
        module = Module(name, file)
        super().__init__(module, text)
        self._package = name if is_package else name.rpartition(".")[0]
        self._class: Class | None = None
        self._readers: dict[type[ast.stmt], Callable[..., None]] = {
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class_definition,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.Expr: self._statement,
            ast.Return: self._return,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.If: self._if,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.Match: self._match,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Global: self._global,
            ast.Nonlocal: self._global,
            ast.Raise: self._raise,
            ast.Delete: self._ignored,
            ast.Pass: self._ignored,
            ast.Break: self._ignored,
            ast.Continue: self._ignored,
        }

    def read(self, tree: ast.Module) -> None:
        """Read the whole file."""
        body = self.begin(MODULE, 1, 0)
        self.body(tree.body)
        self.end(body, None)
        self._readers.clear()  # they lead back here, and no collector runs while files are read
        self._expression_readers.clear()

    def body(self, statements: Iterable[ast.stmt]) -> None:
        """Read statements, in their order."""
        for statement in statements:
            reader = self._readers.get(type(statement))
            if reader is not None:
                reader(statement)
            else:  # assert, and what later Pythons bring
                for child in ast.iter_child_nodes(statement):
                    if isinstance(child, ast.expr):
                        self.expression(child)

    # Definitions

    def _function(self, node: _Definition) -> None:
        decorators = tuple(self.expression(each) for each in node.decorator_list)
        parameters = self.parameters(node.args)
        returned = self.annotation(node.returns)
        outer, outer_class = self.scope, self._class
        function = self.begin(node.name, node.lineno, node.col_offset)
        function.name_column = node.col_offset + (10 if isinstance(node, ast.AsyncFunctionDef) else 4)
        function.is_async = isinstance(node, ast.AsyncFunctionDef)
        function.decorators, function.parameters = decorators, parameters
        function.returned = returned
        if outer_class is not None:
            function.class_name = outer_class.qualified
            if not any(each.name in ("setter", "deleter") for each in decorators):
                self._note_method(outer_class, function)
        else:
            function.class_name = ""
            outer.bind(node.name, Expression("function", function.qualified, (), None, node.lineno, node.col_offset))
        self._class = None
        self.body(node.body)
        self._class = outer_class
        self.end(function, node)

    def _note_method(self, owner: Class, function: Function) -> None:
        earlier = self.module.functions.get(owner.methods.get(function.name, ""))
        if earlier is not None and not any(each.name == "overload" for each in earlier.decorators):
            other = Expression("function", earlier.qualified, (), None, earlier.line, earlier.column)
            self.add_attribute(owner, function.name, other)  # in a branch, mostly: it may be either
        owner.methods[function.name] = function.qualified

    def parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        """Read a function's parameters; their defaults belong to where it is defined."""
        found: list[Parameter] = []
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
        for argument, default in zip(positional, defaults, strict=True):
            found.append(self._parameter(argument, "positional", default))
        if arguments.vararg is not None:
            found.append(self._parameter(arguments.vararg, "*", None))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            found.append(self._parameter(argument, "keyword", default))
        if arguments.kwarg is not None:
            found.append(self._parameter(arguments.kwarg, "**", None))
        return tuple(found)

    def _parameter(self, argument: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        annotation = self.annotation(argument.annotation)
        return Parameter(argument.arg, kind, annotation, None if default is None else self.expression(default))  # type: ignore[arg-type]  # one of the four

    def _class_definition(self, node: ast.ClassDef) -> None:
        outer, outer_class = self.scope, self._class
        within = outer_class.qualified if outer_class is not None else self.inside
        made = Class(node.name, f"{within}.{node.name}", self.module.file, node.lineno)
        made.bases = tuple(self.expression(each) for each in node.bases)
        for keyword in node.keywords:
            self.expression(keyword.value)
        made.decorators = tuple(self.expression(each) for each in node.decorator_list)
        self.module.classes[made.qualified] = made
        name = Expression("function", made.qualified, (), None, node.lineno, node.col_offset)
        if outer_class is None:
            outer.bind(node.name, name)
        else:
            self.add_attribute(outer_class, node.name, name)
        inside, self.inside = self.inside, made.qualified
        self._class = made
        self.body(node.body)
        self._class, self.inside = outer_class, inside

    # Names

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self._imported(alias.asname or top, alias.name if alias.asname else top, node)
            self.module.imported.add(alias.name)

    def _import_from(self, node: ast.ImportFrom) -> None:
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

    def _global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.outside |= set(node.names)
        if isinstance(node, ast.Global):
            self.scope.global_names |= set(node.names)

    def _assign(self, node: ast.Assign) -> None:
        value = self.expression(node.value, "assigned", _names_of(node.targets))
        for target in node.targets:
            self.assign(target, value, node)

    def _annotated(self, node: ast.AnnAssign) -> None:
        annotation = self.annotation(node.annotation)
        if annotation is not None:
            self._note_annotation(node.target, annotation)
        if node.value is not None:
            value = self.expression(node.value, "assigned", _names_of([node.target]))
            self.assign(node.target, value, node)
        elif isinstance(node.target, ast.Attribute):
            self.expression(node.target.value)

    def _note_annotation(self, target: ast.expr, annotation: Expression) -> None:
        if isinstance(target, ast.Attribute):
            owner = self.own_class(target.value)
            if owner is not None:
                owner.annotated.setdefault(target.attr, annotation)
        elif isinstance(target, ast.Name) and self._class is not None:
            self._class.annotated[target.id] = annotation
        elif isinstance(target, ast.Name):
            made = self.scope.made
            made.annotated = made.annotated | {target.id: annotation}

    def assign(  # noqa: C901, PLR0912  # one a kind of target
        self, target: ast.expr, value: Expression, node: ast.stmt | ast.expr
    ) -> None:
        """What a name, an attribute or an item is given."""
        if isinstance(target, ast.Name):
            if self._class is not None:
                self.add_attribute(self._class, target.id, value)
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

    def assign_name(self, name: str, value: Expression, *, only_more: bool = False) -> None:
        """What a name is given, in this function or, if it is declared global, in the module."""
        scope = self._scope_of(name) if only_more or name in self.scope.outside else self.scope
        if scope is None:
            return
        if scope is not self.scope and not _is_the_same_anywhere(value):
            value = Expression("elsewhere", self.scope.made.qualified, (value,), None, value.line, value.column)
        scope.bind(name, value)

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

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.expression(node.value)
        is_local = isinstance(node.target, ast.Name) and node.target.id not in self.scope.outside
        if not is_local and self._class is None:
            self.change(node.target, _OPERATORS.get(type(node.op), "?="), node)
        if isinstance(node.target, ast.Name):
            grown = Expression("grown", "", (value,), None, node.lineno, node.col_offset)
            self.assign_name(node.target.id, grown)

    # Statements

    def _statement(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.expression(node.value, "discarded")

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.scope.returns.append(self.expression(node.value, "returned"))

    def _raise(self, node: ast.Raise) -> None:
        self.scope.made.raises = True
        for part in (node.exc, node.cause):
            if part is not None:
                self.expression(part)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        over = self.expression(node.iter, "iterated")
        self.assign(node.target, Expression("item", "", (over,), None, node.lineno, node.col_offset), node.iter)
        self.loops.append(Loop("for", over, node.lineno, node.col_offset))
        self.body(node.body)
        self.loops.pop()
        self.body(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.loops.append(Loop("while", None, node.lineno, node.col_offset))
        self.expression(node.test)
        self.body(node.body)
        self.loops.pop()
        self.body(node.orelse)

    def _if(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Constant):  # as generators of code write it: one of the two never runs
            self.body(node.body if node.test.value else node.orelse)
            return
        if len(self.scopes) == 1 and self._class is None and _asks_for_main(node.test):
            function = self.begin(MAIN, node.lineno, node.col_offset)
            self.body(node.body)
            self.end(function, None)
        else:
            self.expression(node.test)
            self.body(node.body)
        self.body(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            names = _names_of([item.optional_vars]) if item.optional_vars is not None else ()
            entered = self.expression(item.context_expr, "entered", names)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered, item.context_expr)
            self.guards.append(entered)
            self.scope.entered.append(entered)
        self.body(node.body)
        del self.guards[len(self.guards) - len(node.items) :]

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        outer = self.block
        tried = self.tried
        self.tried = tried or bool(node.handlers)
        self.body(node.body)
        self.tried = tried
        self.block = "except"
        for handler in node.handlers:
            if handler.type is not None:
                self.expression(handler.type)
            self.body(handler.body)
        self.block = outer
        self.body(node.orelse)
        self.block = "finally"
        self.body(node.finalbody)
        self.block = outer

    def _match(self, node: ast.Match) -> None:
        subject = self.expression(node.subject)
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None)
                if isinstance(name, str):
                    self.assign_name(name, Expression("item", "", (subject,), None, node.lineno, node.col_offset))
            if case.guard is not None:
                self.expression(case.guard)
            self.body(case.body)

    def _ignored(self, node: ast.stmt) -> None:
        """Nothing of it is kept."""


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+=",
    ast.Sub: "-=",
    ast.Mult: "*=",
    ast.Div: "/=",
    ast.BitOr: "|=",
    ast.BitAnd: "&=",
}


def _names_of(targets: list[ast.expr]) -> tuple[str, ...]:
    found: list[str] = []
    for target in targets:
        if isinstance(target, ast.Name):
            found.append(target.id)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            found.append(f"{target.value.id}.{target.attr}")
        elif isinstance(target, ast.Tuple | ast.List):
            found += _names_of(target.elts)
    return tuple(found)


def _is_the_same_anywhere(value: Expression) -> bool:
    """Whether it means the same in whichever function it is looked at: no name stands in it but within calls."""
    if value.kind in {"call", "constant", "imported", "lambda", "function"}:
        return True
    return value.kind in {"await", "either"} and all(_is_the_same_anywhere(each) for each in value.parts)


def _mentions(value: ast.expr, target: ast.expr) -> bool:
    wanted = ast.dump(target).replace("Store()", "Load()")
    return any(ast.dump(each) == wanted for each in ast.walk(value) if type(each) is type(target))


def _asks_for_main(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and {"__name__", "__main__"}
        <= {
            part.id if isinstance(part, ast.Name) else part.value if isinstance(part, ast.Constant) else None
            for part in (test.left, *test.comparators)
        }
    )
