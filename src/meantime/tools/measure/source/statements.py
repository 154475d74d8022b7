"""Reads statements in their order: branches both ways, loops a few turns, and what an early end means for the rest."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.source.callables import is_endless
from meantime.tools.measure.source.calling import Calling
from meantime.tools.measure.source.course import TURNS, Run, marked
from meantime.tools.measure.source.expressions import bind, elements_of, item_of, of_a_module
from meantime.tools.measure.source.files import imported_module
from meantime.tools.measure.source.values import Scope, Thing, Value, all_marks, join, merge_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.measure.source.course import Loop
    from meantime.tools.measure.source.files import SourceFile
    from meantime.tools.measure.source.values import Marks

_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


class Statements(Calling):
    """Reads statements, functions and modules."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]  # handed on as it comes
        self._modules: dict[str, Thing] = {}
        self._of_others: dict[str, Thing] = {}  # modules that are not the function's own
        self._loops_under_way: list[Loop] = []

    def module(self, file: SourceFile) -> Thing:
        """A module, its top level read once."""
        if file.name not in self._modules:
            scope = Scope({}, file)
            self._modules[file.name] = thing = Thing("module", fields=scope.names, scope=scope, file=file)  # type: ignore[arg-type]  # names are hashable
            steps, loops = self.runs, self._loops_under_way
            conditions, turns = self.conditions, self.turns
            self.conditions, self.turns, self._loops_under_way = [], (), []
            self.runs = [Run(file, None, [])]
            self.statements(file.tree.body, scope)
            thing.fields = scope.names  # type: ignore[assignment]  # names are hashable; a branch exchanged the dict
            self.runs, self._loops_under_way = steps, loops
            self.conditions, self.turns = conditions, turns
            return thing
        return self._modules[file.name]

    def statements(self, body: list[ast.stmt], scope: Scope) -> None:
        """Read statements, one after another."""
        for index, statement in enumerate(body):
            self.tick()
            read: Callable[..., Marks | None] | None = getattr(self, f"_{type(statement).__name__.lower()}_", None)
            if read is None:
                for part in ast.iter_child_nodes(statement):
                    if isinstance(part, ast.expr):
                        self.value(part, scope)
                continue
            continued = read(statement, scope)
            is_try = isinstance(statement, ast.Try | ast.TryStar)
            if continued:
                # The rest of a turn that an earlier `continue` may have skipped.
                with self.under(continued, _first_line(statement), "failure" if is_try else "control"):
                    self.statements(body[index + 1 :], scope)
                return

    # Each is named for the type of its statement.

    def _assign_(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _annassign_(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope)

    def _augassign_(self, node: ast.AugAssign, scope: Scope) -> None:
        before = self.value(node.target, scope)
        added = self.value(node.value, scope)
        for thing in before.things:
            if thing.kind == "container":
                thing.put(None, elements_of(added))
        self.assign(node.target, join(before, added), scope)

    def _return_(self, node: ast.Return, scope: Scope) -> None:
        value = self.value(node.value, scope)
        self.run.result = join(self.run.result, marked(value, self.implied("control", "exit")))
        self.leave(self.run, "exit", _first_line(node))

    def _raise_(self, node: ast.Raise, scope: Scope) -> None:
        self.value(node.exc, scope)
        self.leave(self.run, "failure", _first_line(node))

    def _break_(self, node: ast.Break, _scope: Scope) -> None:
        if self._loops_under_way:
            self.leave(self._loops_under_way[-1], "exit", _first_line(node))

    def _if_(self, node: ast.If, scope: Scope) -> Marks | None:
        key = _key_to_keep(node)
        test = all_marks((self.value(node.test if key is None else key, scope),))
        text = ast.unparse(node.test)
        other = dict(scope.names)
        with self.under(test, text):
            self.statements(node.body, scope)
            taken, scope.names = scope.names, other
            self.statements(node.orelse, scope)
        otherwise = scope.names
        ends = bool(node.body) and isinstance(node.body[-1], _ENDS)
        skips = ends and isinstance(node.body[-1], ast.Continue)
        scope.names = taken
        if ends and not node.orelse:
            scope.names = otherwise
        else:
            merge_names(scope.names, otherwise)
        return test if skips else None

    def _for_(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        over = self.iterated(node.iter, scope)
        # Of what has no end nobody knows how many items there are.
        loop = self.loop_at(node, "while" if is_endless(node.iter) else "for")
        self._turns(loop, node.body, scope, lambda item: self.assign(node.target, item_of(over, item), scope), over)
        self.statements(node.orelse, scope)

    _asyncfor_ = _for_

    def _while_(self, node: ast.While, scope: Scope) -> None:
        self._turns(self.loop_at(node, "while"), node.body, scope, None, node.test)
        self.statements(node.orelse, scope)

    def _turns(
        self,
        loop: Loop,
        body: list[ast.stmt],
        scope: Scope,
        take: Callable[..., None] | None,
        condition: Value | ast.expr,
    ) -> None:
        self._loops_under_way.append(loop)
        # Below an outer loop two turns show what the next one sees; the third is for what needs two to arrive.
        for number in range(TURNS if len(self.turns) < 2 else 2):  # noqa: PLR2004  # as said
            before = dict(scope.names)
            with self.turn(loop, number) as item:
                test = condition if isinstance(condition, Value) else self.value(condition, scope)
                if not isinstance(condition, Value):
                    # A `while` goes on only if its test says so: that decides about all that follow, too.
                    self.leave_if(all_marks((test,)), loop, ast.unparse(condition))
                if take is not None:
                    take(item)
                with self.under(test.marks, loop.where):
                    self.statements(body, scope)
            merge_names(scope.names, before)
        self._loops_under_way.pop()
        self.over(loop)

    def _with_(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        for each in node.items:
            value = self.value(each.context_expr, scope)
            if each.optional_vars is not None:
                self.assign(each.optional_vars, value, scope)
        self.statements(node.body, scope)

    _asyncwith_ = _with_

    def _try_(self, node: ast.Try, scope: Scope) -> Marks | None:
        self.run.depth_of_tries.append(set())
        self.statements(node.body, scope)
        tried = frozenset(self.run.depth_of_tries.pop())
        self.statements(node.orelse, scope)
        after = dict(scope.names)
        for handler in node.handlers:
            with self.under(tried, f"except {ast.unparse(handler.type)}" if handler.type else "except"):
                if handler.name:
                    scope.set(handler.name, Value(tried))
                is_end = bool(handler.body) and isinstance(handler.body[-1], ast.Return)
                if is_end:
                    self._failing(handler.body, scope)
                else:
                    self.statements(handler.body, scope)
        merge_names(scope.names, after)
        self.statements(node.finalbody, scope)
        goes_on = any(handler.body and isinstance(handler.body[-1], ast.Continue) for handler in node.handlers)
        return tried if goes_on else None

    _trystar_ = _try_

    def _failing(self, body: list[ast.stmt], scope: Scope) -> None:
        """Read an `except` that ends the function: what follows is reached unless there was a failure."""
        before = list(self.conditions)
        self.statements(body, scope)
        self.conditions = [each for each in self.conditions if each in before]

    def _match_(self, node: ast.Match, scope: Scope) -> None:
        subject = self.value(node.subject, scope)
        marks = all_marks((subject,))
        names = dict(scope.names)
        after: dict[str, Value] = {}
        for case in node.cases:
            scope.names = dict(names)
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    scope.set(name, Value(marks, subject.things))
            with self.under(marks, ast.unparse(node.subject)):
                self.value(case.guard, scope)
                self.statements(case.body, scope)
            merge_names(after, scope.names)
        scope.names = names
        merge_names(scope.names, after)

    def _functiondef_(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        for decorator in node.decorator_list:
            self.value(decorator, scope)
        scope.set(node.name, Value(things=(Thing("function", definition=node, file=scope.file, scope=scope),)))

    _asyncfunctiondef_ = _functiondef_

    def _classdef_(self, node: ast.ClassDef, scope: Scope) -> None:
        thing = Thing("class", definition=node, file=scope.file)
        bases = [self.value(base, scope) for base in node.bases]
        thing.fields["bases"] = Value(things=tuple(t for base in bases for t in base.things if t.kind == "class"))
        inner = Scope({}, scope.file, scope)
        self.statements(node.body, inner)
        for name, value in inner.names.items():
            functions = [each for each in value.things if each.kind == "function"]
            if functions:
                # A method sees the names around its class, not those in it.
                method = bind(functions[0], ())
                method.scope = scope
                thing.fields[f"def {name}"] = Value(things=(method,))
            else:
                thing.fields[name] = value
        scope.set(node.name, Value(things=(thing,)))

    def _import_(self, node: ast.Import, scope: Scope) -> None:
        for each in node.names:
            file = self.files.module(each.name)
            name = each.asname or each.name.partition(".")[0]
            top = file if each.asname else self.files.module(name)
            thing = self.module(top) if top is not None else self._foreign(each.name if each.asname else name)
            if file is not None and not each.asname and file is not top:
                self._hang(thing, each.name.split(".")[1:], self.module(file))
            scope.set(name, Value(things=(thing,)))

    def _foreign(self, dotted: str) -> Thing:
        return self._of_others.setdefault(dotted, Thing("module"))

    def _hang(self, thing: Thing, path: list[str], module: Thing) -> None:
        for part in path[:-1]:
            held = thing.fields.setdefault(part, Value(things=(Thing("module"),)))
            thing = held.things[0] if held.things else thing
        thing.fields[path[-1]] = Value(things=(module,))

    def _importfrom_(self, node: ast.ImportFrom, scope: Scope) -> None:
        dotted = imported_module(scope.file, node)
        file = self.files.module(dotted)
        for each in node.names:
            name = each.asname or each.name
            below = self.files.module(f"{dotted}.{each.name}" if dotted else each.name)
            if file is not None and each.name == "*":
                merge_names(scope.names, self.module(file).fields)  # type: ignore[arg-type]  # a module's are names
            elif file is not None and each.name in (fields := self.module(file).fields):
                scope.set(name, fields[each.name])
            elif below is not None:
                scope.set(name, Value(things=(self.module(below),)))
            else:
                scope.set(name, of_a_module(self._foreign(dotted), each.name))

    def _global_(self, node: ast.Global, scope: Scope) -> None:
        module = scope
        while module.around is not None:
            module = module.around
        scope.elsewhere.update(dict.fromkeys(node.names, module))

    def _nonlocal_(self, node: ast.Nonlocal, scope: Scope) -> None:
        outer = scope.around
        for name in node.names:
            holder = outer
            while holder is not None and name not in holder.names:
                holder = holder.around
            if holder is not None:
                scope.elsewhere[name] = holder


def _key_to_keep(node: ast.If) -> ast.expr | None:
    """The key of `if key not in cache: cache[key] = …`: whether it is there depends on the keys, not on the answers."""
    test = node.test
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.NotIn) or len(test.ops) > 1:
        return None
    kept = f"{ast.unparse(test.comparators[0])}[{ast.unparse(test.left)}]"
    targets = [target for each in node.body if isinstance(each, ast.Assign) for target in each.targets]
    return test.left if any(ast.unparse(target) == kept for target in targets) else None


def _first_line(node: ast.stmt) -> str:
    return ast.unparse(node).partition("\n")[0][:80]
