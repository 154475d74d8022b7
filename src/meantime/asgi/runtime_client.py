"""What is overridden of Lambda's runtime client, awslambdaric, so that it posts nothing for a streamed invocation.

The client posts one answer, or one error, for every invocation. Of an invocation whose response has begun to be
streamed neither may come: Lambda takes one response. All that is relied on is that both are posted by a method whose
first argument is the invocation's identifier; `tests/asgi/test_streaming.py` holds every client to it.
"""

from __future__ import annotations

import sys
from functools import wraps

from meantime.errors import StreamingUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Begun(Protocol):
        """A stream of which something has been sent."""

        def settle(self, error: dict[str, Any] | None) -> None:
            """The handler has returned, or raised `error`: end the stream, if that is still to be done. Blocks."""
            ...


MODULE = "awslambdaric.lambda_runtime_client"
_OURS = "_meantime_overrides"

# The streams that have begun, by the identifier of their invocation.
_begun: dict[str, Begun] = {}
_invocation_ids: dict[str, str] = {}


def began(request_id: str, stream: Begun) -> None:
    """Post nothing for this invocation: its response has begun."""
    _begun[request_id] = stream


def invocation_id_of(request_id: str) -> str | None:
    """What Lambda calls this one attempt at the request, to be sent back with its response; None where it does not."""
    return _invocation_ids.get(request_id)


def override() -> None:
    """Override what posts answers and errors; once is enough.

    Raises:
        StreamingUnavailable: Another runtime client runs this process, or one of another shape.
    """
    module = sys.modules.get(MODULE)
    if module is None:
        raise StreamingUnavailable(
            "A response can be streamed under Lambda's own Python runtime only: AWS_LAMBDA_RUNTIME_API is set, and "
            "awslambdaric is not loaded. Leave streaming=True out, or run this function with awslambdaric."
        )
    clients = [each for each in vars(module).values() if isinstance(each, type) and hasattr(each, _RESULT)]
    if not clients:
        raise _other_shape(f"it has no {_RESULT}")
    for client in clients:
        for name in (_RESULT, _ERROR):
            _check(client, name)
    for client in clients:
        for name, overriding in ((_RESULT, _result), (_ERROR, _error), (_NEXT, _next)):
            original = vars(client).get(name)  # a class that inherits it has it overridden where it is from
            if original is not None and not hasattr(original, _OURS):
                setattr(client, name, overriding(original))


_RESULT = "post_invocation_result"
_ERROR = "post_invocation_error"
_NEXT = "wait_next_invocation"


def _check(client: type, name: str) -> None:
    method = getattr(client, name, None)
    if hasattr(method, _OURS):
        return
    code = getattr(method, "__code__", None)
    if code is None or code.co_varnames[:2] != ("self", "invoke_id"):
        raise _other_shape(f"{client.__name__}.{name} does not begin with (self, invoke_id)")


def _other_shape(how: str) -> StreamingUnavailable:
    version = getattr(sys.modules.get("awslambdaric"), "__version__", "of an unknown version")
    return StreamingUnavailable(
        f"awslambdaric {version} is of a shape that Meantime does not know: {how}. It knows 2.2 to 4.2. Leave "
        "streaming=True out, pin awslambdaric in a container image, or update Meantime.",
        str(version),
    )


def _result(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def post_invocation_result(self: Any, invoke_id: str, *args: Any, **kwargs: Any) -> Any:
        stream = _begun.pop(invoke_id, None)
        return original(self, invoke_id, *args, **kwargs) if stream is None else stream.settle(None)

    setattr(post_invocation_result, _OURS, True)
    return post_invocation_result


def _error(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def post_invocation_error(self: Any, invoke_id: str, error: Any, *args: Any, **kwargs: Any) -> Any:
        stream = _begun.pop(invoke_id, None)
        if stream is None:
            return original(self, invoke_id, error, *args, **kwargs)
        return stream.settle(_parsed(error))

    setattr(post_invocation_error, _OURS, True)
    return post_invocation_error


def _next(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wait_next_invocation(self: Any, *args: Any, **kwargs: Any) -> Any:
        request = original(self, *args, **kwargs)
        _invocation_ids.clear()  # a process has one invocation at a time
        _begun.clear()
        if identifier := getattr(request, "invocation_id", None):
            _invocation_ids[request.invoke_id] = identifier
        return request

    setattr(wait_next_invocation, _OURS, True)
    return wait_next_invocation


def _parsed(error: Any) -> dict[str, Any]:
    """The error that the client was about to post: JSON text in every version so far."""
    import json  # noqa: PLC0415  # the good path must not pay for it

    try:
        parsed = json.loads(error)
    except (TypeError, ValueError):
        parsed = error
    return parsed if isinstance(parsed, dict) else {"errorMessage": str(parsed), "errorType": "Runtime.Unknown"}
