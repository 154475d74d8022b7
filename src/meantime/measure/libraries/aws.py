"""boto3 and botocore: each operation is a call; its name, what it is about, its attempts, its body."""

from __future__ import annotations

import sys
from functools import wraps
from weakref import WeakSet

from meantime.measure.boundaries import Description, boundary, current_call, observe
from meantime.measure.libraries import wrap
from meantime.measure.libraries.addresses import split
from meantime.measure.libraries.bodies import note_body
from meantime.measure.libraries.nesting import enclosing, is_part, note_connection
from meantime.measure.session import Active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches

# What an operation is about, by the parameter that says so; the first that is there counts. Of an address or an ARN,
# its last part.
_ABOUT = (
    "TableName", "Bucket", "QueueUrl", "FunctionName", "TopicArn", "StreamName", "StreamARN", "DeliveryStreamName",
    "stateMachineArn", "EventBusName", "SecretId", "KeyId", "modelId", "ClusterIdentifier", "resourceArn",
    "logGroupName", "DBInstanceIdentifier", "UserPoolId", "IndexName", "CollectionId", "QueueName",
)  # fmt: skip
_LONGEST = 80

_told: WeakSet[Any] = WeakSet()
_session: Any = None  # the recording that they were told to


def record(module: ModuleType, patches: Patches) -> None:
    """Note the operations of botocore's clients."""
    if module.__name__ == "botocore.endpoint":
        wrap(patches, module.Endpoint, "_update_retries_context", _counting_attempts)
    else:
        wrap(patches, module.BaseClient, "_make_api_call", _noting)


def describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    """What an operation is, of `(client, operation, parameters)`."""
    if is_part():
        return None
    client, operation, *rest = args
    parameters = rest[0] if rest else keywords.get("api_params", {})
    timeout = getattr(client.meta.config, "read_timeout", None)
    return Description(
        f"{client.meta.service_model.service_name} {operation}",
        "aws",
        "boto3" if "boto3" in sys.modules else "botocore",
        _target(parameters, client.meta.service_model.service_name) or split(client.meta.endpoint_url or "")[0],
        tuple(parameters) if isinstance(parameters, dict) else (),
        timeout,
        has_timeout=timeout is not None,
    )


def tell_of_client(client: Any) -> None:
    """Note, once a recording, how the client is set up that a call is made with."""
    global _session  # noqa: PLW0603  # every client is news to the next recording
    if Active.session is not _session:
        _session = Active.session
        _told.clear()
    if client in _told:
        return
    _told.add(client)
    config = client.meta.config
    retries = getattr(config, "retries", None) or {}
    found = {
        "max_pool_connections": getattr(config, "max_pool_connections", None),
        "connect_timeout": getattr(config, "connect_timeout", None),
        "read_timeout": getattr(config, "read_timeout", None),
        "max_attempts": retries.get("total_max_attempts", retries.get("max_attempts")),
    }
    numbers = {name: float(value) for name, value in found.items() if isinstance(value, (int, float))}
    observe("client_used", f"boto3 client of {client.meta.service_model.service_name}", numbers=numbers)


def note_bodies(answer: Any, of_what: Callable[[Any], Any]) -> None:
    """What streams in an answer (`Body`, an event stream) belongs to the call under way."""
    if isinstance(answer, dict):
        for value in answer.values():
            if hasattr(value, "_raw_stream") and (call := current_call()) is not None:
                note_body(of_what(value), call)


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def make_api_call(client: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        if call is not None:
            tell_of_client(client)
        answer = function(client, *args, **keywords)
        note_bodies(answer, lambda streaming: streaming._raw_stream)  # noqa: SLF001  # urllib3's answer, which is read
        note_connection()
        return answer

    return boundary(make_api_call, describe)


def _counting_attempts(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def update_retries_context(endpoint: Any, context: Any, attempts: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        if call is not None and isinstance(attempts, int):
            call.attempts = max(call.attempts, attempts)
        return function(endpoint, context, attempts, *args, **keywords)

    return update_retries_context


def _target(parameters: Any, service: str) -> str:
    if not isinstance(parameters, dict):
        return ""
    for name in (*_ABOUT, "Name") if service == "ssm" else _ABOUT:  # elsewhere it may be a person's
        about = parameters.get(name)
        if isinstance(about, str) and about:
            return about.rpartition("/")[2].rpartition(":")[2][:_LONGEST] if _is_address(about) else about[:_LONGEST]
    tables = parameters.get("RequestItems")  # of a batch of DynamoDB's
    return ", ".join(sorted(tables))[:_LONGEST] if isinstance(tables, dict) else ""


def _is_address(about: str) -> bool:
    return about.startswith(("arn:", "http://", "https://"))
