"""How a function goes over the records of its event: in which loop, of which service, and what runs for each record."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.model.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.handlers.handler import SourceKind
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_KEYS: dict[str, SourceKind] = {
    "body": "sqs",
    "messageId": "sqs",
    "receiptHandle": "sqs",
    "messageAttributes": "sqs",
    "kinesis": "kinesis",
    "dynamodb": "dynamodb",
    "Sns": "sns",
    "s3": "s3",
}
_DATA_CLASSES: dict[str, SourceKind] = {
    "SQSEvent": "sqs",
    "KinesisStreamEvent": "kinesis",
    "DynamoDBStreamEvent": "dynamodb",
    "SqsModel": "sqs",
    "KinesisDataStreamModel": "kinesis",
    "DynamoDBStreamModel": "dynamodb",
}
_AROUND = frozenset({"enumerate", "list", "tuple", "reversed", "sorted", "iter"})
_HANDS_OVER = frozenset({"submit", "to_thread", "in_thread"})
_DEPTH = 3  # how many own functions deep it is followed what becomes of a record


class Work(NamedTuple):
    """What runs for each record.

    Args:
        within: The function that it stands in.
        record: The name that the record has there.
        code: The statements or expressions.
    """

    within: Function
    record: str
    code: tuple[ast.AST, ...]


class RecordLoop(NamedTuple):
    """A loop, comprehension or `map` over the records of an event.

    Args:
        node: It, for its place.
        within: The function that it stands in.
        work: What runs for each record, in the loop itself and in the own functions that it hands the record to.
        kinds: The services whose records have the keys that are read.
        function: The syntax of that function.
    """

    node: ast.stmt | ast.expr
    within: Function
    work: tuple[Work, ...]
    kinds: frozenset[SourceKind]
    function: ast.FunctionDef | ast.AsyncFunctionDef


def definition(project: Project, function: Function) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The syntax of a function."""
    for node in ast.walk(project.tree(function.file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.name, node.lineno) == (
            function.name,
            function.line,
        ):
            return node
    return None


def record_loops(project: Project, function: Function) -> Iterator[RecordLoop]:
    """The loops over the records of an event in a handler, and in the functions that it hands the event or them to."""
    names = _places(function)
    yield from _loops(project, function, frozenset(names[:1]), frozenset(), 0)


def _loops(
    project: Project, function: Function, events: frozenset[str], records: frozenset[str], depth: int
) -> Iterator[RecordLoop]:
    node = definition(project, function)
    if node is None:
        return
    known = _names_for_records(node, events, records)
    typed = _data_class(node)
    for each in _own_nodes(node):
        for over, record, code in _turns(each, known, events):
            work = tuple(_work(project, Work(function, record, code)))
            kinds = frozenset(_kinds(work)) | ({typed} if typed is not None and _is_typed(over) else frozenset())
            if isinstance(each, ast.expr | ast.stmt):
                yield RecordLoop(each, function, work, kinds, node)
        if isinstance(each, ast.Call) and depth < _DEPTH:
            for callee in _callees(project, function, each):
                given = list(zip(_places(callee), each.args, strict=False))
                theirs = frozenset(name for name, argument in given if _is_records(argument, known, events))
                whole = frozenset(name for name, value in given if isinstance(value, ast.Name) and value.id in events)
                if theirs or whole:
                    yield from _loops(project, callee, whole, theirs, depth + 1)


def _places(function: Function) -> list[str]:
    """The names of what a function is given by place, without `self`."""
    names = [each.name for each in function.parameters if each.kind == "positional"]
    return names[1:] if function.class_name and names[:1] in (["self"], ["cls"]) else names


def _turns(
    node: ast.AST, known: set[str], events: frozenset[str]
) -> Iterator[tuple[ast.expr, str, tuple[ast.AST, ...]]]:
    """What a node does for each record: what it goes over, the record's name, the code."""
    if isinstance(node, ast.For | ast.AsyncFor) and _is_records(node.iter, known, events):
        yield node.iter, _target(node.target), tuple(node.body)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        first = node.generators[0]
        code = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        if _is_records(first.iter, known, events):
            yield first.iter, _target(first.target), code
    elif isinstance(node, ast.Call) and called(node) == "map" and len(node.args) > 1:
        over = node.args[1]
        if _is_records(over, known, events):
            record = ast.Name("<record>", ast.Load())
            call = ast.copy_location(ast.Call(node.args[0], [record], []), node.args[0])
            yield over, "<record>", (call,)


def _work(project: Project, work: Work, depth: int = 0) -> Iterator[Work]:
    """The work itself, and that of the own functions that it hands the record to."""
    yield work
    if depth >= _DEPTH:
        return
    for part in work.code:
        for call in ast.walk(part):
            if not isinstance(call, ast.Call):
                continue
            for callee in _callees(project, work.within, call):
                node = definition(project, callee)
                if node is not None:
                    yield from _work(
                        project, Work(callee, _parameter(callee, call, work.record), tuple(node.body)), depth + 1
                    )


def _parameter(callee: Function, call: ast.Call, record: str) -> str:
    """The name that a record has in a function that it is handed to; empty if it is not."""
    names = _places(callee)
    arguments = call.args[1:] if called(call) in _HANDS_OVER else call.args
    for name, argument in zip(names, arguments, strict=False):
        if isinstance(argument, ast.Name) and argument.id == record:
            return name
    return next(
        (each.arg or "" for each in call.keywords if isinstance(each.value, ast.Name) and each.value.id == record), ""
    )


def _callees(project: Project, within: Function, call: ast.Call) -> Iterator[Function]:
    """The own functions that a call runs: what it calls, or what it hands over to be called."""
    line, column = call.lineno, call.col_offset
    for each in within.calls:
        if (each.line, each.column) == (line, column) and each.end_column == call.end_col_offset:
            yield from project.callees(each)
            if called(call) in _HANDS_OVER and each.arguments:
                yield from project.functions_of(each.arguments[0], within)
            return
    named = _expression(call.func)  # what `map` is given stands in no call of its own
    if named is not None:
        yield from project.functions_of(named, within)


def _expression(node: ast.expr) -> Expression | None:
    """A name, or an attribute of one, as the model has it."""
    if isinstance(node, ast.Name):
        return Expression("name", node.id, line=node.lineno, column=node.col_offset)
    base = _expression(node.value) if isinstance(node, ast.Attribute) else None
    if base is None or not isinstance(node, ast.Attribute):
        return None
    return Expression("attribute", node.attr, (base,), line=node.lineno, column=node.col_offset)


def _names_for_records(
    node: ast.FunctionDef | ast.AsyncFunctionDef, events: frozenset[str], records: frozenset[str]
) -> set[str]:
    known = set(records)
    for each in _own_nodes(node):
        target = each.targets[0] if isinstance(each, ast.Assign) and len(each.targets) == 1 else None
        if isinstance(target, ast.Name) and isinstance(each, ast.Assign) and _is_records(each.value, known, events):
            known.add(target.id)
    return known


def _is_records(node: ast.expr, known: set[str], events: frozenset[str]) -> bool:
    """Whether it is what stands under `Records` in the event itself: a message may hold `Records` of another."""
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.BoolOp):
        return _is_records(node.values[0], known, events)
    if isinstance(node, ast.Call) and called(node) in _AROUND:
        return bool(node.args) and _is_records(node.args[0], known, events)
    key, of = key_of(node)
    return (key == "Records" and isinstance(of, ast.Name) and of.id in events) or _is_typed(node)


def _is_typed(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"records", "Records"}


def _data_class(node: ast.AST) -> SourceKind | None:
    """The service whose event a function takes by a class of Powertools: by annotation, decorator or call."""
    for each in ast.walk(node):
        name = each.id if isinstance(each, ast.Name) else each.attr if isinstance(each, ast.Attribute) else ""
        if name in _DATA_CLASSES:
            return _DATA_CLASSES[name]
    return None


def _kinds(work: tuple[Work, ...]) -> Iterator[SourceKind]:
    for each in work:
        for part in each.code:
            for node in ast.walk(part):
                key, of = key_of(node)
                if isinstance(of, ast.Name) and of.id == each.record and key in _KEYS:
                    yield _KEYS[key]


def key_of(node: ast.AST) -> tuple[str, ast.expr | None]:
    """The key that is read, and of what: `record["body"]`, `record.get("body")`."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value), node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        first = node.args[0]
        return (str(first.value) if isinstance(first, ast.Constant) else ""), node.func.value
    return "", None


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function in the order of the source, without those of the functions defined in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            yield from _own_nodes(child)


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _target(target: ast.expr) -> str:
    last = target.elts[-1] if isinstance(target, ast.Tuple) and target.elts else target
    return last.id if isinstance(last, ast.Name) else ""
