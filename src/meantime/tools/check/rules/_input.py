"""Whether a collection is as long as a handler's event makes it, or its batch of records, or what bounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from meantime.tools.check.rules._length_checks import is_length_checked, is_validated
from meantime.tools.check.rules._records import record_loops
from meantime.tools.check.rules._requests import is_body, is_bounded_field, is_route, is_text

if TYPE_CHECKING:
    from meantime.tools.check.finding import Level
    from meantime.tools.check.handlers.handler import EventSource, Handler
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

Input: TypeAlias = Literal["event", "records"]
_DEEPEST = 16
_SAME_LENGTH = frozenset({"list", "tuple", "set", "sorted", "reversed", "enumerate", "iter", "filter", "dict", "len"})
_PARSERS = frozenset({"json.loads", "simplejson.loads", "orjson.loads", "ujson.loads", "copy.deepcopy"})
_SAME_METHODS = frozenset({"get", "items", "values", "keys", "copy", "pop", "json", "model_dump"})
_DATA_CLASSES = "aws_lambda_powertools.utilities.data_classes."
_RECORDS = frozenset({"Records", "records"})
_OF_THE_REQUEST = frozenset({
    "cookies", "headers", "multiValueHeaders", "multiValueQueryStringParameters", "pathParameters",
    "queryStringParameters", "requestContext", "stageVariables",
})  # fmt: skip
"""What API Gateway keeps short."""
_SEPARATORS = frozenset({",", ";", "\n"})
"""What lists in texts are cut at; a path's or a header's parts are few."""
_DEFAULT_SIZES = {"sqs": 10, "kinesis": 100, "dynamodb": 100, "kafka": 100, "sns": 1, "s3": 1}
_ONE_AT_A_TIME = {"sns", "s3"}
_SMALL_BATCH = 10  # as many as Meantime has under way by default


def level_for(
    project: Project, items: Expression, within: Function, chain: Chain, *, unknown_batch: Level = "warning"
) -> Level | None:
    """How sure it is that items are as many as a handler's caller likes; None if they are few, or it is not known.

    Args:
        project: Where.
        items: What is gone over.
        within: The function it stands in.
        chain: How that function comes to run in an invocation.
        unknown_batch: How sure it is for a batch of records whose size nothing in sight says.
    """
    kind = input_of(project, items, within)
    if kind is None or is_length_checked(project, within, chain):
        return None
    if kind == "records":
        size = _batch_size(chain.handler)
        if (size is not None and size <= _SMALL_BATCH) or (size is None and _has_one_record(project, chain)):
            return None
        if size is None and unknown_batch == "warning":
            return "warning"
    return "error" if chain.is_proved and not is_validated(project, within, chain) else "warning"


def input_of(project: Project, items: Expression, within: Function) -> Input | None:
    """Whether items are as many as the event has, or as a batch has records; None if neither is proved."""
    return _Follower(project).follow(items, within, 0)


def _batch_size(handler: Handler | None) -> int | None:
    """The most records that a handler is given, as far as templates say."""
    sizes = [] if handler is None else [_records(source) for source in handler.sources]
    known = [size for size in sizes if size is not None]
    return max(known) if known and len(known) == len(sizes) else None


def _has_one_record(project: Project, chain: Chain) -> bool:
    """Whether the records have the keys of a service that sends one at a time."""
    function = None if chain.handler is None else project.functions.get(chain.handler.function)
    kinds = {kind for each in record_loops(project, function) for kind in each.kinds} if function is not None else set()
    return bool(kinds) and kinds <= _ONE_AT_A_TIME


def _records(source: EventSource) -> int | None:
    return source.batch_size or _DEFAULT_SIZES.get(source.kind)


class _Follower:
    """Follows names, parameters and attributes back to the event.

    Args:
        project: Where.
        of_text: Whether it is a text that is cut into items: one parameter of a query holds thousands.
    """

    def __init__(self, project: Project, *, of_text: bool = False) -> None:
        self._project = project
        self._of_text = of_text
        self._short = _OF_THE_REQUEST - {"queryStringParameters"} if of_text else _OF_THE_REQUEST
        self._handlers = {each.function for each in project.handlers}
        self._known: dict[tuple[str, str], Input | None] = {}

    def follow(self, expression: Expression, within: Function, depth: int) -> Input | None:
        """What an expression's length is given by."""
        if depth > _DEEPEST:
            return None
        if expression.kind == "name":
            return self._name(expression.name, within, depth)
        if expression.kind == "call":
            return self._call(expression, within, depth)  # type: ignore[arg-type]  # it is a Call
        if expression.kind in {"item", "attribute"}:
            return self._part(expression, within, depth)
        parts = expression.parts
        if expression.kind == "comprehension":
            parts = parts[1:] if len(parts) == 2 else ()  # noqa: PLR2004  # its element, and one `for`
        elif expression.kind == "list":
            parts = tuple(part for part in parts if part.kind == "star")
        elif expression.kind not in {"star", "await", "either"}:
            parts = ()
        return next((found for part in parts if (found := self.follow(part, within, depth + 1))), None)

    def _part(self, expression: Expression, within: Function, depth: int) -> Input | None:
        """An attribute, a subscript, or what a loop binds."""
        base, *index = expression.parts
        if expression.kind == "item" and not index and self._is_made_here(base, within):
            return None
        if expression.kind == "attribute" and is_bounded_field(self._project, expression.name):
            return None
        return self._below(self.follow(base, within, depth + 1), expression.name or expression.value)

    def _below(self, found: Input | None, key: object) -> Input | None:
        """What is under a key of the input."""
        if key in self._short:
            return None
        return "records" if found and key in _RECORDS else found

    def _is_made_here(self, looped: Expression, within: Function) -> bool:
        """Whether a loop goes over what the function cuts for itself: chunks, for example."""
        if looped.kind == "name":
            given = within.assigned.get(looped.name, ())
            return any(each.kind == "comprehension" for each in given)
        return looped.kind == "comprehension"

    def _name(self, name: str, within: Function, depth: int) -> Input | None:
        scope: Function | None = within
        while scope is not None and not scope.is_module:
            key = (scope.qualified, name)
            if key in self._known:
                return self._known[key]
            index = next((number for number, each in enumerate(scope.parameters) if each.name == name), None)
            given = [each for each in scope.assigned.get(name, ()) if each.kind not in {"held", "grown"}]
            if given or index is not None:
                self._known[key] = None  # until it is known: a name may be made of itself
                found = [self.follow(each, scope, depth + 1) for each in given]
                if index is not None and not given:
                    found = [self._parameter(scope, index, depth)]
                self._known[key] = found[0] if all(found) else None
                return self._known[key]
            scope = self._project.functions.get(scope.parent)
        return None

    def _parameter(self, function: Function, index: int, depth: int) -> Input | None:
        if function.qualified in self._handlers and index == bool(function.class_name):
            return "event"
        if is_route(self._project, function):
            parameter = function.parameters[index]
            is_given = is_body(self._project, function, parameter) or (self._of_text and is_text(parameter))
            return "event" if is_given else None
        found = (self.follow(given, around, depth + 1) for given, around in self._project.given(function, index))
        return next(filter(None, found), None)

    def _call(self, call: Call, within: Function, depth: int) -> Input | None:  # noqa: PLR0911  # one a kind
        function, arguments = call.function, call.arguments
        if function.kind == "attribute" and function.name in _SAME_METHODS:
            key = arguments[0].value if arguments and arguments[0].kind == "constant" else None
            return self._below(self.follow(function.parts[0], within, depth + 1), key)
        if function.kind == "name" and function.name == "map" and len(arguments) > 1:
            return self.follow(arguments[1], within, depth + 1)
        if _is_cut(call):
            return self._cut(function.parts[0], within, depth)
        if not arguments:
            return None
        if function.kind == "name" and function.name in _SAME_LENGTH:
            return self.follow(arguments[-1 if function.name == "filter" else 0], within, depth + 1)
        targets = self._project.targets(call)
        if targets & _PARSERS or any(path.startswith(_DATA_CLASSES) for path in targets):
            return self.follow(arguments[0], within, depth + 1)
        return None

    def _cut(self, text: Expression, within: Function, depth: int) -> Input | None:
        """What a text is cut into: as many as its sender likes. How long one record's is, is not known."""
        if self._of_text:
            return None  # a part of a text
        found = _Follower(self._project, of_text=True).follow(text, within, depth + 1)
        return found if found == "event" else None


def _is_cut(call: Call) -> bool:
    """Whether a text is cut into all of its items, `ids.split(",")`."""
    if call.function.kind != "attribute" or call.keywords:
        return False
    given = [each.value for each in call.arguments if each.kind == "constant"]
    return call.function.name == "split" and len(call.arguments) == 1 and not _SEPARATORS.isdisjoint(given)
