"""What a function looks like that Lambda calls: its parameters, its name, its decorators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function

_EVENTS = frozenset({"event", "evt", "events", "_"})
_CONTEXTS = frozenset({"context", "_context", "ctx", "_ctx", "lambda_context", "aws_context", "_", "__"})
_NAMES = frozenset({"handler", "lambda_handler", "lambda_function", "event_handler"})
_OF_AWS = ("boto3", "botocore", "aioboto3", "aws_lambda_powertools", "aws_xray_sdk", "meantime")
_ELSEWHERE = ("google.cloud", "functions_framework", "firebase_functions", "fc2", "azure.functions")
"""Other clouds' functions take (event, context), too."""

_POWERTOOLS = frozenset({
    "inject_lambda_context", "capture_lambda_handler", "log_metrics", "event_source", "event_parser", "idempotent",
    "batch_processor", "async_batch_processor", "sqs_batch_processor", "validator",
})  # fmt: skip
_UNMISTAKABLE = frozenset({"inject_lambda_context", "capture_lambda_handler", "log_metrics"})
_DECORATORS = frozenset({
    "datadog_lambda.wrapper.datadog_lambda_wrapper",
    "datadog_lambda.datadog_lambda_wrapper",
    "lumigo_tracer.lumigo_tracer",
    "epsagon.lambda_wrapper",
    "aws_durable_execution_sdk_python.durable_execution",
})  # fmt: skip
_CHALICE = frozenset({
    "lambda_function", "schedule", "on_sqs_message", "on_sns_message", "on_s3_event", "on_kinesis_record",
    "on_dynamodb_record", "on_cw_event",
})  # fmt: skip
MEANTIME = frozenset({
    "meantime.handler", "meantime.batch.sqs", "meantime.batch.kinesis", "meantime.batch.dynamodb",
    "meantime.batch.kafka",
})  # fmt: skip
"""What makes a handler of a function, and takes care of its loop, its records and what it leaves over."""


def takes_an_invocation(function: Function, *, is_method: bool = False) -> bool:
    """Whether it takes (event, context), under the names that these have."""
    places = [each for each in function.parameters if each.kind == "positional"]
    if is_method and places and places[0].name in {"self", "cls"}:
        places = places[1:]
    if len(places) < 2 or any(each.default is None for each in places[2:]):  # noqa: PLR2004  # event, context
        return False
    event, context = places[0].name, places[1].name
    is_event = event in _EVENTS or event.endswith("_event")
    return is_event and context in _CONTEXTS and event + context not in {"__", "___"}


def is_named_as_handlers_are(function: Function, imports: AbstractSet[str]) -> bool:
    """Whether its name is one that only handlers have, or that theirs have who use AWS."""
    if function.name in _NAMES or function.name.endswith("lambda_handler"):
        return True
    return function.name.endswith("_handler") and any(each.startswith(_OF_AWS) for each in imports)


def belongs_to_another_cloud(imports: AbstractSet[str]) -> bool:
    """Whether its module imports another cloud's library for functions."""
    return any(name == each or name.startswith(each + ".") for name in imports for each in _ELSEWHERE)


def decorator_of(function: Function, names: Callable[[Expression, Function], AbstractSet[str]], scope: Function) -> str:
    """The path of the decorator that says that it is a handler; empty if none does. Meantime's own goes first."""
    found = ""
    for decorator in function.decorators:
        for path in sorted(names(decorator, scope)) or [""]:
            name = path.removesuffix("()")
            if name in MEANTIME:
                return name
            last = name.rpartition(".")[2]
            is_powertools = name.startswith("aws_lambda_powertools.") and last in _POWERTOOLS
            is_chalice = name.startswith("chalice.") and last in _CHALICE
            if is_powertools or is_chalice or name in _DECORATORS:
                found = found or name
        found = found or _unmistakable(decorator)
    return found


def _unmistakable(decorator: Expression) -> str:
    """A decorator that only Powertools has, whatever the object is: `@self.logger.inject_lambda_context(…)`."""
    called = getattr(decorator, "function", decorator)
    if called.kind == "attribute" and called.name in _UNMISTAKABLE:
        return f"aws_lambda_powertools.{called.name}"
    return ""
