"""How a function goes over the records of its event: in which loop, of which service, and what runs for each record."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.rules._definitions import called, definition, key_of, own_nodes, places
from meantime.tools.check.rules._record_work import Work, all_work, callees

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
_DEPTH = 3  # how many own functions deep it is followed what becomes of a record


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


def record_loops(project: Project, function: Function) -> Iterator[RecordLoop]:
    """The loops over the records of an event in a handler, and in the functions that it hands the event or them to."""
    names = places(function)
    yield from _loops(project, function, frozenset(names[:1]), frozenset(), 0)


def _loops(
    project: Project, function: Function, events: frozenset[str], records: frozenset[str], depth: int
) -> Iterator[RecordLoop]:
    node = definition(project, function)
    if node is None:
        return
    known = _names_for_records(node, events, records)
    typed = _data_class(node)
    for each in own_nodes(node):
        for over, record, code in _turns(each, known, events):
            work = tuple(all_work(project, Work(function, record, code)))
            kinds = frozenset(_kinds(work)) | ({typed} if typed is not None and _is_typed(over) else frozenset())
            if isinstance(each, ast.expr | ast.stmt):
                yield RecordLoop(each, function, work, kinds, node)
        if isinstance(each, ast.Call) and depth < _DEPTH:
            for callee in callees(project, function, each):
                given = list(zip(places(callee), each.args, strict=False))
                theirs = frozenset(name for name, argument in given if _is_records(argument, known, events))
                whole = frozenset(name for name, value in given if isinstance(value, ast.Name) and value.id in events)
                if theirs or whole:
                    yield from _loops(project, callee, whole, theirs, depth + 1)


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


def _names_for_records(
    node: ast.FunctionDef | ast.AsyncFunctionDef, events: frozenset[str], records: frozenset[str]
) -> set[str]:
    known = set(records)
    for each in own_nodes(node):
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
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return _is_records(node.value, known, events)
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


def _target(target: ast.expr) -> str:
    last = target.elts[-1] if isinstance(target, ast.Tuple) and target.elts else target
    return last.id if isinstance(last, ast.Name) else ""
