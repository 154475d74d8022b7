"""How a function goes over the records of its event: in which loop, of which service, and what runs for each record."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.rules._decoded import gathered
from meantime.tools.check.rules._definitions import called, definition, key_of, own_nodes, places
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._record_work import Work, all_work, callees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_FOR_ONE = frozenset({(ast.Eq, 1), (ast.NotEq, 1), (ast.Gt, 1), (ast.LtE, 1), (ast.GtE, 2), (ast.Lt, 2)})
_DEPTH = 3  # how many own functions deep it is followed what becomes of a record


class RecordLoop(NamedTuple):
    """A loop, comprehension or `map` over the records of an event.

    Args:
        node: It, for its place.
        within: The function that it stands in.
        work: What runs for each record, in the loop itself and in the own functions that it hands the record to.
        kinds: The services whose records have the keys that are read.
        function: The syntax of that function.
        is_single: Whether the code makes sure that there is no more than one record.
        is_decoded: Whether it goes over what was decoded of the records before.
    """

    node: ast.stmt | ast.expr
    within: Function
    work: tuple[Work, ...]
    kinds: frozenset[SourceKind]
    function: ast.FunctionDef | ast.AsyncFunctionDef
    is_single: bool = False
    is_decoded: bool = False


def record_loops(project: Project, function: Function, *, decoded: bool = False) -> Iterator[RecordLoop]:
    """The loops over the records of an event in a handler, and in what it hands the event or them to; each once.

    Those over what was decoded of them before are among them if they are asked for.
    """
    seen: set[tuple[str, int, int]] = set()
    for loop in _loops(project, function, _Known(frozenset(places(function)[:1]))):
        place = (loop.within.file, loop.node.lineno, loop.node.col_offset)
        if place not in seen and (decoded or not loop.is_decoded):
            seen.add(place)
            yield loop


class _Known(NamedTuple):
    """What names and attributes hold in a function: `event`, `self.event`.

    Args:
        events: Those of the event.
        records: Those of its records.
        is_single: Whether it is made sure that there is no more than one record.
        depth: How many functions deep.
    """

    events: frozenset[str]
    records: frozenset[str] = frozenset()
    is_single: bool = False
    depth: int = 0


def _loops(project: Project, function: Function, given: _Known) -> Iterator[RecordLoop]:
    node = definition(project, function)
    if node is None:
        return
    known = _bound(node, given)
    typed = _data_class(node)
    yield from _over_decoded(project, function, node, known)
    for each in own_nodes(node):
        for over, record, code in _turns(each, known):
            work = tuple(all_work(project, Work(function, record, code)))
            kinds = frozenset(_kinds(work)) | ({typed} if typed is not None and _is_typed(over) else frozenset())
            if isinstance(each, ast.expr | ast.stmt):
                yield RecordLoop(each, function, work, kinds, node, is_single=known.is_single)
        if isinstance(each, ast.Call) and known.depth < _DEPTH:
            for callee in callees(project, function, each):
                yield from _below(project, callee, dict(zip(places(callee), each.args, strict=False)), known)
    if function.class_name and known.depth < _DEPTH:
        yield from _beside(project, function, known)


def _over_decoded(
    project: Project, function: Function, node: ast.FunctionDef | ast.AsyncFunctionDef, known: _Known
) -> Iterator[RecordLoop]:
    """The loops over what was decoded of each record before."""
    for name, kinds in _decoded(project, function, node, known).items():
        for each in own_nodes(node):
            for over, item, code in _turns(each, _Known(frozenset(), frozenset({name}))):
                if isinstance(each, ast.expr | ast.stmt) and not _is_typed(over):
                    work = tuple(all_work(project, Work(function, item, code)))
                    yield RecordLoop(each, function, work, kinds, node, is_single=known.is_single, is_decoded=True)


def _decoded(project: Project, function: Function, node: ast.AST, known: _Known) -> Mapping[str, frozenset[SourceKind]]:
    """The names of what was decoded of each record, and the services whose records these are."""
    found: dict[str, frozenset[SourceKind]] = {}
    typed = _data_class(node)
    for name, each, element in gathered(node):
        for over, record, _ in _turns(each, known):
            kinds = frozenset(_kinds(tuple(all_work(project, Work(function, record, (element,))))))
            found[name] = kinds | ({typed} if typed is not None and _is_typed(over) else frozenset())
    return found


def _below(project: Project, callee: Function, given: Mapping[str, ast.expr], known: _Known) -> Iterator[RecordLoop]:
    """The loops in a function that is given the event, or records."""
    events = frozenset(name for name, value in given.items() if _spelt(value) in known.events)
    records = frozenset(name for name, value in given.items() if _is_records(value, known))
    if events or records:
        yield from _loops(project, callee, known._replace(events=events, records=records, depth=known.depth + 1))


def _beside(project: Project, function: Function, known: _Known) -> Iterator[RecordLoop]:
    """The loops in the other methods of an object that keeps the event, or records."""
    events = frozenset(each for each in known.events if "." in each)
    records = frozenset(each for each in known.records if "." in each)
    for name in project.classes[function.class_name].methods.values() if events or records else ():
        method = project.functions[name]
        if method is not function and way_in(project, method) is not None:
            yield from _loops(project, method, known._replace(events=events, records=records, depth=known.depth + 1))


def _bound(node: ast.FunctionDef | ast.AsyncFunctionDef, known: _Known) -> _Known:
    """What is known in a function besides what it is given."""
    for each in own_nodes(node):
        if isinstance(each, ast.Assign):
            targets = {_spelt(target) for target in each.targets} - {""}
            if _is_records(each.value, known):
                known = known._replace(records=known.records | targets)
            elif _spelt(each.value) in known.events:
                known = known._replace(events=known.events | targets)
    return known._replace(is_single=known.is_single or any(_is_for_one(each, known) for each in own_nodes(node)))


def _is_for_one(node: ast.AST, known: _Known) -> bool:
    """Whether it asks whether there is one record alone: `len(records) == 1`."""
    if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Call) or called(node.left) != "len":
        return False
    limit = getattr(node.comparators[0], "value", None)
    of_records = bool(node.left.args) and _is_records(node.left.args[0], known)
    return of_records and (type(node.ops[0]), limit) in _FOR_ONE


def _turns(node: ast.AST, known: _Known) -> Iterator[tuple[ast.expr, str, tuple[ast.AST, ...]]]:
    """What a node does for each record: what it goes over, the record's name, the code."""
    if isinstance(node, ast.For | ast.AsyncFor) and _is_records(node.iter, known):
        yield node.iter, _target(node.target), tuple(node.body)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        first = node.generators[0]
        code = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        if _is_records(first.iter, known):
            yield first.iter, _target(first.target), code
    elif isinstance(node, ast.Call) and called(node) == "map" and len(node.args) > 1:
        over = node.args[1]
        if _is_records(over, known):
            record = ast.Name("<record>", ast.Load())
            call = ast.copy_location(ast.Call(node.args[0], [record], []), node.args[0])
            yield over, "<record>", (call,)


def _is_records(node: ast.expr, known: _Known) -> bool:
    """Whether it is what stands under `Records` in the event itself: a message may hold `Records` of another."""
    if _spelt(node) in known.records:
        return True
    if isinstance(node, ast.BoolOp):
        return _is_records(node.values[0], known)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return _is_records(node.value, known)
    if isinstance(node, ast.Call) and called(node) in _AROUND:
        return bool(node.args) and _is_records(node.args[0], known)
    key, of = key_of(node)
    return (key == "Records" and of is not None and _spelt(of) in known.events) or _is_typed(node)


def _spelt(node: ast.expr) -> str:
    """A name, or an attribute of one: `event`, `self.event`; else empty."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


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
