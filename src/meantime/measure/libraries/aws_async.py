"""aiobotocore: as boto3, awaited."""

from __future__ import annotations

from functools import wraps

from meantime.measure.boundaries import boundary_async
from meantime.measure.libraries import wrap
from meantime.measure.libraries.aws import describe, note_bodies, tell_of_client
from meantime.measure.libraries.bodies import reading_async
from meantime.measure.libraries.nesting import enclosing, note_connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.boundaries import Description
    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note the operations of aiobotocore's clients."""
    from importlib import import_module  # noqa: PLC0415  # where aiobotocore is used

    wrap(patches, module.AioBaseClient, "_make_api_call", _noting)
    responses = import_module("aiobotocore.response")
    for kind in ("StreamingBody", "HttpxStreamingBody"):
        if hasattr(responses, kind):
            wrap(patches, getattr(responses, kind), "read", reading_async)


def _describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
    description = describe(args, keywords)
    if description is not None:
        description.library = "aiobotocore"
    return description


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def make_api_call(client: Any, *args: Any, **keywords: Any) -> Any:
        call = enclosing()
        if call is not None:
            tell_of_client(client)
        answer = await function(client, *args, **keywords)
        note_bodies(answer, lambda streaming: streaming)
        note_connection()
        return answer

    return boundary_async(make_api_call, _describe)
