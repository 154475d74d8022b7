"""What a loop's turns change that is not their own: globals, attributes, other people's objects, files, connections."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.source.files import Definition, imported_module
from meantime.tools.measure.source.on_the_way import on_the_way
from meantime.tools.measure.source.places import frames_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meantime.tools.measure.source.course import Loop
    from meantime.tools.measure.source.files import SourceFile, SourceFiles
    from meantime.tools.report.recording import RecordedCall

CHANGING = {
    *("append", "add", "insert", "appendleft", "extend", "update", "setdefault", "push", "put", "put_nowait", "write"),
    *("pop", "popleft", "popitem", "remove", "discard", "clear", "reverse", "sort", "writelines", "writerow"),
    *("writerows", "writestr", "feed", "register", "login", "set", "reset", "delete", "send", "store", "save"),
    *("seek", "truncate", "cursor", "begin", "batch_writer", "mount"),
    *("client", "resource"),  # of a boto3 session, which threads must not share
}
_OF_THE_PROCESS = {"chdir", "putenv", "setlocale", "seed", "setdefaulttimeout", "umask", "setrecursionlimit"}
_OF_CONTAINERS = {*CHANGING, "get", "items", "keys", "values", "copy", "read", "json", "format", "join", "split"}
_WRITING = {"write_text", "write_bytes"}
_BEGINNINGS = {"__init__", "__post_init__", "__new__", "__enter__", "__aenter__"}
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_MOST_FUNCTIONS = 300


def shared_changes(loop: Loop, calls: Iterable[RecordedCall], files: SourceFiles) -> tuple[str, ...]:
    """The lines, in a loop's turns and the functions that they call, that may change what the turns share.

    Args:
        loop: The loop.
        calls: The calls recorded in it.
        files: The function's source.
    """
    return _Walk(files, list(calls)).through(loop)


def turn_of(loop: Loop) -> tuple[list[ast.AST], set[str]]:
    """What a loop does in each turn, with the names that it gives anew each time."""
    node = loop.node
    if isinstance(node, ast.For | ast.AsyncFor):
        return list(node.body), names_of(node.target)
    if isinstance(node, ast.While):
        return list(node.body), set()
    for each in ast.walk(loop.file.tree):
        if isinstance(each, _COMPREHENSIONS) and any(one.target is node for one in each.generators):
            parts = [each.key, each.value] if isinstance(each, ast.DictComp) else [each.elt]
            return [*parts, *(test for one in each.generators for test in one.ifs)], names_of(node)
    if isinstance(node, Definition):
        return [node], set()
    return [node], set()


class _Walk:
    def __init__(self, files: SourceFiles, calls: list[RecordedCall]) -> None:
        self.files = files
        self.calls = calls
        self.found: dict[str, None] = {}
        self._seen: set[ast.AST] = set()
        self._left: list[tuple[SourceFile, Definition]] = []
        self._ways: dict[str, frozenset[ast.Call]] = {}

    def through(self, loop: Loop) -> tuple[str, ...]:
        parts, items = turn_of(loop)
        inside = [each for part in parts for each in _within(part)]
        around = _function_around(loop.file, loop.node)
        own = _made_in(around) if around is not None else set()
        taken = items | {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        given = {name for each in inside if each in self._way(loop.file) for name in names_of(each)}
        for each in inside:
            self._look_at(loop.file, each, own=own, fresh=taken, given=given - taken)
        self._left += [found for each in inside for found in self._called(loop.file, each)]
        self._left += self._on_stacks(loop)
        while self._left and len(self._seen) <= _MOST_FUNCTIONS:
            file, definition = self._left.pop()
            if definition not in self._seen:
                self._seen.add(definition)
                self._function(file, definition)
        return tuple(self.found)

    def _function(self, file: SourceFile, definition: Definition) -> None:
        own = _made_in(definition)
        begins = getattr(definition, "name", "") in _BEGINNINGS
        if any("cache" in ast.unparse(each).lower() for each in getattr(definition, "decorator_list", [])):
            self._note(file, definition)  # side by side, the same is asked for twice before it is kept
        for each in within_function(definition):
            self._look_at(file, each, own=own, fresh=own | ({"self", "cls"} if begins else set()))
            self._left += self._called(file, each)

    def _look_at(
        self, file: SourceFile, node: ast.AST, *, own: set[str], fresh: set[str], given: set[str] | None = None
    ) -> None:
        """Note a change to what is not the turn's own.

        Args:
            file: The file.
            node: A part of it.
            own: Names that the function made something for.
            fresh: Names that are made anew in each turn.
            given: Names that the recorded calls are given; None in a function that the turn calls.
        """
        in_turn = given is not None
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()) if node.id in _declared(file, node):
                self._note(file, node)
            case ast.Name(ctx=ast.Load()) if _is_thread_local(file, node.id):
                self._note(file, node)
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                root = root_of(node)
                is_collected = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
                may_be = own if is_collected else set()
                if root is None or root in fresh or (root in may_be and root not in (given or ())):
                    return
                if in_turn or not (is_collected and root in _parameters(file, node)):
                    self._note(file, node)
            case ast.Call() if node not in self._way(file):
                self._call(file, node, own=own, fresh=fresh, given=given)
            case ast.Call(func=ast.Attribute(attr=name)) if name.startswith("download_") and node.args:
                if isinstance(node.args[-1], ast.Constant) or names_of(node.args[-1]) <= own - fresh:
                    self._note(file, node)
            case _:
                pass

    def _call(
        self, file: SourceFile, node: ast.Call, *, own: set[str], fresh: set[str], given: set[str] | None
    ) -> None:
        name = name_of(node)
        path = node.args[0] if name == "open" and _writes(node) else node.func if name in _WRITING else None
        if path is not None:
            # A file of the turn's own has a name of its own.
            if given is None or not names_of(path) & fresh:
                self._note(file, node)
        elif name in _OF_THE_PROCESS or (name in ("execute", "executemany", "commit") and "sqlite3" in file.text):
            self._note(file, node)
        elif isinstance(node.func, ast.Attribute) and name in CHANGING:
            root = root_of(node.func)
            is_plain = isinstance(node.func.value, ast.Name)
            kept = fresh | (own - (given or set()) if is_plain else set())
            is_given = given is None and is_plain and root in _parameters(file, node)
            if root is not None and root not in kept and not is_given and not self._own_methods(name):
                self._note(file, node)

    def _note(self, file: SourceFile, node: ast.AST) -> None:
        self.found[f"{file.name}:{getattr(node, 'lineno', 0)}"] = None

    def _way(self, file: SourceFile) -> frozenset[ast.Call]:
        if file.name not in self._ways:
            self._ways[file.name] = on_the_way(file, self.calls)
        return self._ways[file.name]

    def _on_stacks(self, loop: Loop) -> Iterator[tuple[SourceFile, Definition]]:
        """The functions that recorded calls were made in, below the loop."""
        first, last = _lines(loop)
        for call in self.calls:
            frames = frames_of(call)
            at = [i for i, each in enumerate(frames) if each.file == loop.file.name and first <= each.line <= last]
            for frame in frames[at[0] + 1 :] if at else ():
                file = self.files.read(frame.file)
                definition = file.function_at(frame.line, frame.function) if file is not None else None
                if file is not None and definition is not None:
                    yield file, definition

    def _called(self, file: SourceFile, node: ast.AST) -> Iterator[tuple[SourceFile, Definition]]:
        """The own functions that a call may be of."""
        if not isinstance(node, ast.Call):
            return
        name = name_of(node)
        if isinstance(node.func, ast.Name):
            yield from self._named(file, name)
        elif name not in _OF_CONTAINERS:
            yield from self._own_methods(name)
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                module = self.files.module(node.func.value.id)
                yield from self._named(module, name) if module is not None else ()

    def _named(self, file: SourceFile, name: str) -> Iterator[tuple[SourceFile, Definition]]:
        for each in file.functions:
            if getattr(each, "name", "") == name:
                yield file, each
        for statement in ast.walk(file.tree):
            if isinstance(statement, ast.ImportFrom) and any((a.asname or a.name) == name for a in statement.names):
                module = self.files.module(imported_module(file, statement))
                real = next(a.name for a in statement.names if (a.asname or a.name) == name)
                for each in module.functions if module is not None and module is not file else ():
                    if getattr(each, "name", "") == real:
                        yield module, each  # type: ignore[misc]  # as tested

    def _own_methods(self, name: str) -> list[tuple[SourceFile, Definition]]:
        return [
            (file, each)
            for file in self.files.known()
            for each in file.functions
            if getattr(each, "name", "") == name and each.args.args and each.args.args[0].arg in ("self", "cls")
        ]


def _lines(loop: Loop) -> tuple[int, int]:
    node = loop.node
    for each in ast.walk(loop.file.tree):
        if isinstance(each, _COMPREHENSIONS) and any(one.target is node for one in each.generators):
            node = each
    first = getattr(node, "lineno", 0)
    return first, getattr(node, "end_lineno", first) or first


def _function_around(file: SourceFile, node: ast.AST) -> Definition | None:
    line = getattr(node, "lineno", 0)
    return file.function_at(line, "") if not isinstance(node, Definition) else None


def _made_in(definition: Definition) -> set[str]:
    """The names that a function makes something for; one for what is there already may stand for what is shared."""
    found: set[str] = set()
    other: set[str] = set()
    for each in within_function(definition):
        if isinstance(each, ast.Assign):
            names = {name for target in each.targets for name in _stored(target)}
            (other if isinstance(each.value, ast.Name | ast.Attribute) else found).update(names)
        elif isinstance(each, ast.AnnAssign | ast.NamedExpr):
            (other if isinstance(each.value, ast.Name | ast.Attribute) else found).update(_stored(each.target))
        elif isinstance(each, ast.For | ast.AsyncFor | ast.comprehension):
            found |= _stored(each.target)
        elif isinstance(each, ast.withitem) and each.optional_vars is not None:
            found |= _stored(each.optional_vars)
        elif isinstance(each, ast.Global | ast.Nonlocal):
            other |= set(each.names)
    return found - other


def _stored(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of something, but for those of functions in it, which are followed where they are called."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for part in ast.iter_child_nodes(node):
            yield from _within(part)


def within_function(definition: Definition) -> Iterator[ast.AST]:
    """The parts of a function, but for those of functions in it."""
    body = [definition.body] if isinstance(definition, ast.Lambda) else definition.body
    for statement in body:
        yield from _within(statement)


def names_of(node: ast.AST) -> set[str]:
    """The names in something."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def root_of(node: ast.AST) -> str | None:
    """The name that an attribute or item belongs to; None where it is of what a call gave."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _declared(file: SourceFile, node: ast.Name) -> set[str]:
    """The names that the function around declares as somebody else's."""
    definition = file.function_at(node.lineno, "")
    parts = within_function(definition) if definition is not None else ()
    return {name for each in parts if isinstance(each, ast.Global | ast.Nonlocal) for name in each.names}


def _parameters(file: SourceFile, node: ast.AST) -> set[str]:
    """What the function around is given, itself aside: what becomes of that is followed by value."""
    definition = file.function_at(getattr(node, "lineno", 0), "")
    if definition is None:
        return set()
    given = definition.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [*zip(reversed(positional), reversed(given.defaults), strict=False)]
    defaults += [(each, value) for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value]
    # A default that can be changed is the same one for all: `def load(key, seen=[])`.
    kept = {each.arg for each, value in defaults if not isinstance(value, ast.Constant)}
    return {each.arg for each in ast.walk(given) if isinstance(each, ast.arg)} - kept


def _is_thread_local(file: SourceFile, name: str) -> bool:
    return any(
        isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Call)
        and name_of(each.value) == "local"
        and any(name in _stored(target) for target in each.targets)
        for each in file.tree.body
    )


def _writes(node: ast.Call) -> bool:
    mode = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
    is_known = isinstance(mode, ast.Constant) and isinstance(mode.value, str)
    return bool(node.args) and mode is not None and (not is_known or any(c in mode.value for c in "wax+"))  # type: ignore[attr-defined]  # a text, as tested
