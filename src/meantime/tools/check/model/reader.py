"""Reads one file: its syntax tree, once from top to end, into what is kept of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.model.assignments import AssignmentReader, names_of
from meantime.tools.check.model.expressions import Expression
from meantime.tools.check.model.functions import MAIN, MODULE, Class, Loop, Module, Parameter
from meantime.tools.check.model.syntax import parsed

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
    tree = parsed(text)
    reader = StatementReader(text, name, file, is_package=is_package)
    reader.module.digest = digest
    reader.module.lines = text.count("\n") + 1
    reader.read(tree)
    return reader.module


class StatementReader(AssignmentReader):
    """Reads statements."""

    def __init__(self, text: str, name: str, file: str, *, is_package: bool) -> None:
        module = Module(name, file)
        super().__init__(module, text, name if is_package else name.rpartition(".")[0])
        self._readers: dict[type[ast.stmt], Callable[..., None]] = {
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class_definition,
            ast.Assign: self.assignment,
            ast.AnnAssign: self.annotated,
            ast.AugAssign: self.augmented,
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
            ast.Import: self.imports,
            ast.ImportFrom: self.imports_from,
            ast.Global: self.declared,
            ast.Nonlocal: self.declared,
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
        outer, outer_class = self.scope, self.class_read
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
        self.class_read = None
        self.body(node.body)
        self.class_read = outer_class
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
        outer, outer_class = self.scope, self.class_read
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
        self.class_read = made
        self.body(node.body)
        self.class_read, self.inside = outer_class, inside

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
        if len(self.scopes) == 1 and self.class_read is None and _asks_for_main(node.test):
            function = self.begin(MAIN, node.lineno, node.col_offset)
            self.body(node.body)
            self.end(function, None)
        else:
            self.expression(node.test)
            self.body(node.body)
        self.body(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            names = names_of([item.optional_vars]) if item.optional_vars is not None else ()
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
