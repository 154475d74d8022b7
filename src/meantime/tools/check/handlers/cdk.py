"""The functions that a CDK application in Python describes."""

from __future__ import annotations

from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Place
from meantime.tools.check.handlers.handler import Configuration, EventSource
from meantime.tools.check.handlers.queues import DEFAULT_VISIBILITY_TIMEOUT
from meantime.tools.check.model.expressions import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.handlers.handler import SourceKind
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function, Module

DEFAULT_TIMEOUT = 3.0
"""Seconds that a function of the CDK has where its stack says nothing."""

DEFAULT_MEMORY_MB = 128
"""Its memory then."""

_FUNCTIONS = ("aws_lambda.Function", "aws_lambda_python_alpha.PythonFunction")
_SOURCES: dict[str, SourceKind] = {
    "SqsEventSource": "sqs",
    "KinesisEventSource": "kinesis",
    "DynamoEventSource": "dynamodb",
    "ManagedKafkaEventSource": "kafka",
    "SelfManagedKafkaEventSource": "kafka",
    "ApiEventSource": "http",
    "S3EventSource": "s3",
    "SnsEventSource": "sns",
}
_SECONDS = {"millis": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}


def find_cdk_configurations(
    modules: Mapping[str, Module], names: Callable[[Expression, Function], AbstractSet[str]]
) -> tuple[Configuration, ...]:
    """Every `aws_lambda.Function(…)` of the modules that import the CDK, as far as its arguments are literals.

    Args:
        modules: What was read of each file, by the name of the file.
        names: The canonical paths that an expression may stand for: `Project.paths`.
    """
    found: list[Configuration] = []
    for module in modules.values():
        if any(each.partition(".")[0] == "aws_cdk" for each in module.imported):
            for function in module.functions.values():
                found += _Stack(function, modules, names).configurations()
    return tuple(found)


class _Stack:
    """One function of a CDK application, as a stack's `__init__`: what it makes and what it binds that to."""

    __slots__ = ("_function", "_modules", "_names")

    def __init__(
        self,
        function: Function,
        modules: Mapping[str, Module],
        names: Callable[[Expression, Function], AbstractSet[str]],
    ) -> None:
        self._function = function
        self._modules = modules
        self._names = names

    def configurations(self) -> Iterator[Configuration]:
        for call in self._function.calls:
            if self._makes(call, _FUNCTIONS):
                yield self._configuration(call)

    def _configuration(self, call: Call) -> Configuration:
        given = call.keywords
        handler, index = _text(given.get("handler")) or "", given.get("index")
        if "entry" in given:  # a PythonFunction: a folder, a file in it, a function in that
            handler = f"{(_text(index) or 'index.py').removesuffix('.py')}.{handler or 'handler'}"
        memory, reserved = given.get("memory_size"), given.get("reserved_concurrent_executions")
        timeout = given.get("timeout")
        folder = self._folder(given, handler)
        return Configuration(
            name=_text(call.arguments[1]) or "" if len(call.arguments) > 1 else "",
            place=_place(call, self._function),
            handler=handler,
            code=folder,
            timeout=DEFAULT_TIMEOUT if timeout is None else _seconds(timeout),
            memory_mb=DEFAULT_MEMORY_MB if memory is None else _whole(memory),
            reserved_concurrency=_whole(reserved),
            sources=tuple(self._sources(call)),
            timeout_place=None if timeout is None else _place(timeout, self._function),
            runtime=_runtime(given.get("runtime")),
            handler_place=_place(call, self._function),
            has_code=_is_from_here(given) and any(file in self._modules for file in _files(folder, handler)),
        )

    def _folder(self, given: Mapping[str, Expression], handler: str) -> str:
        """The folder of the code: where the application is started is not known, so where its handler is found."""
        code = given.get("entry") or given.get("code")
        written = next(iter(_texts(code)), "") if code is not None else ""
        here = dirname(self._function.file)
        candidates = [normpath(join(here, written))]
        while here:
            here = dirname(here)
            candidates.append(normpath(join(here, written)))
        found = (each for each in candidates if any(file in self._modules for file in _files(each, handler)))
        return next(found, candidates[-1])

    def _sources(self, function: Call) -> Iterator[EventSource]:
        given: list[Expression] = [*(function.keywords["events"].parts if "events" in function.keywords else ())]
        for call in self._function.calls:
            method = call.function
            adds = method.kind == "attribute" and method.name == "add_event_source" and call.arguments
            if adds and _spelling(method.parts[0]) in function.bound:
                given.append(call.arguments[0])
        for each in given:
            made = each if isinstance(each, Call) else self._bound(each)
            if made is not None:
                yield self._source(made)

    def _source(self, call: Call) -> EventSource:
        given = call.keywords
        paths = self._names(call.function, self._function)
        kind: SourceKind = next(
            (_SOURCES[last] for path in paths if (last := path.rpartition(".")[2]) in _SOURCES), "other"
        )
        queue = self._bound(call.arguments[0]) if call.arguments and kind == "sqs" else None
        known = queue is not None and self._makes(queue, ("aws_sqs.Queue",))
        settings = queue.keywords if queue is not None and known else {}
        visibility = settings.get("visibility_timeout")
        hidden = DEFAULT_VISIBILITY_TIMEOUT if visibility is None else _seconds(visibility)
        letters = settings.get("dead_letter_queue")
        return EventSource(
            kind=kind,
            place=_place(call, self._function),
            is_fifo=_flag(settings.get("fifo")) if known else None,
            batch_size=_whole(given.get("batch_size")),
            reports_batch_item_failures=_flag(given.get("report_batch_item_failures")),
            visibility_timeout=hidden if known else None,
            visibility_place=_place(visibility or queue, self._function) if queue is not None and known else None,
            max_receive_count=_whole(letters.keywords.get("max_receive_count")) if isinstance(letters, Call) else None,
            maximum_concurrency=_whole(given.get("max_concurrency")),
            batch_window=_seconds(given.get("max_batching_window")),
            answer_setting="report_batch_item_failures=True",
        )

    def _bound(self, expression: Expression) -> Call | None:
        """The call whose value a name or an attribute of the same function holds."""
        if isinstance(expression, Call):
            return expression
        made = [call for call in self._function.calls if _spelling(expression) in call.bound]
        return made[0] if len(made) == 1 else None

    def _makes(self, call: Call, what: Iterable[str]) -> bool:
        paths = self._names(call.function, self._function)
        return any(path == f"aws_cdk.{each}" for path in paths for each in what)


def _files(folder: str, handler: str) -> tuple[str, str]:
    """Where a handler's module may lie."""
    module = normpath(join(folder, handler.rpartition(".")[0].replace(".", "/")))
    return (f"{module}.py", f"{module}/__init__.py")


def _is_from_here(given: Mapping[str, Expression]) -> bool:
    """Whether the code is a folder of the application: `Code.from_asset("src")`, or a `PythonFunction`'s `entry`."""
    code = given.get("code")
    return "entry" in given or (isinstance(code, Call) and code.function.name in {"from_asset", "AssetCode"})


def _spelling(expression: Expression) -> str:
    """`queue`, `self.queue`, as a call's bound names are spelt."""
    if expression.kind == "attribute" and expression.parts:
        return f"{_spelling(expression.parts[0])}.{expression.name}"
    return expression.name if expression.kind == "name" else "?"


def _seconds(expression: Expression | None) -> float | None:
    """`Duration.minutes(5)` in seconds."""
    if not isinstance(expression, Call) or len(expression.arguments) != 1:
        return None
    amount, unit = expression.arguments[0].value, _SECONDS.get(expression.function.name)
    return amount * unit if isinstance(amount, int | float) and unit is not None else None


def _whole(expression: Expression | None) -> int | None:
    value = expression.value if expression is not None and expression.kind == "constant" else None
    return value if isinstance(value, int) else None


def _flag(expression: Expression | None) -> bool | None:
    """A flag of the CDK: off where it is not given; None where it is no literal."""
    if expression is None:
        return False
    return expression.value if isinstance(expression.value, bool) else None


def _text(expression: Expression | None) -> str | None:
    value = expression.value if expression is not None and expression.kind == "constant" else None
    return value if isinstance(value, str) else None


def _texts(expression: Expression) -> Iterator[str]:
    """The texts in an expression that stands for a folder: `join(dirname(__file__), "src")` has one."""
    text = _text(expression)
    if text is not None:
        yield text
    for part in (*expression.parts, *(expression.arguments if isinstance(expression, Call) else ())):
        yield from _texts(part)


def _runtime(expression: Expression | None) -> str:
    """`Runtime.PYTHON_3_13` as templates write it: `python3.13`."""
    name = expression.name if expression is not None else ""
    return name.lower().replace("_", "", 1).replace("_", ".") if name.startswith("PYTHON_") else ""


def _place(of: Expression, within: Function) -> Place:
    end_line, end_column = (of.end_line, of.end_column + 1) if isinstance(of, Call) else (of.line, of.column + 1)
    return Place(within.file, of.line, of.column + 1, end_line, end_column)
