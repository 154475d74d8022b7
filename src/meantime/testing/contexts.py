"""The context that Lambda hands a handler, for a test."""

from __future__ import annotations

import sys
from math import isfinite
from uuid import uuid4

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Of the trace context that a client sends, what the runtime client hands on.
_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class LambdaContext:
    """A context as Lambda hands it to a handler, whose time runs from now.

    It has what https://docs.aws.amazon.com/lambda/latest/dg/python-context.html lists and what the runtime client adds;
    every attribute may be set.

    Args:
        timeout: Seconds until Lambda would end the invocation.
        function_name: The name of the function.
        memory_limit_in_mb: Its memory; the real context has it as text.
        function_version: Its version.
        client_context: What a client has sent: a dict with `custom`, `env` and `client`, which become attributes.
        tenant_id: The tenant, where the function isolates them.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: `timeout` is negative or no finite number, or there is no memory.
    """

    def __init__(
        self,
        timeout: float = 3.0,
        *,
        function_name: str = "test",
        memory_limit_in_mb: int = 128,
        function_version: str = "$LATEST",
        client_context: Mapping[str, Any] | None = None,
        tenant_id: str | None = None,
    ) -> None:
        _check(timeout, memory_limit_in_mb, client_context)
        self.function_name = function_name
        self.function_version = function_version
        self.memory_limit_in_mb = str(memory_limit_in_mb)
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.aws_request_id = str(uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = f"1970/01/01/[{function_version}]{uuid4().hex}"
        self.identity = CognitoIdentity()
        self.client_context = None if client_context is None else ClientContext(client_context)
        self.tenant_id = tenant_id
        w3c = (client_context or {}).get("w3c")
        fields = w3c if isinstance(w3c, dict) else {}
        self._w3c = {name: value for name in _W3C_FIELDS if isinstance(value := fields.get(name), str)}
        self._ends = clock.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation; never below 0."""
        # Rounded to the microsecond first: 600 ms are not to be 599 for how a float holds them.
        return max(0, int(round((self._ends - clock.monotonic()) * 1000, 3)))

    def w3c(self) -> dict[str, str]:
        """The trace context that the client sent as `w3c` in its client context."""
        return dict(self._w3c)

    def log(self, msg: object) -> None:
        """Write this to the log as it is, without a line's end."""
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        left = self._ends - clock.monotonic()
        return f"LambdaContext({self.function_name!r}, request {self.aws_request_id}, {left:.3f} s left)"


class CognitoIdentity:
    """Who called, where Amazon Cognito knows; a real context has it always, and mostly empty."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self) -> None:
        self.cognito_identity_id: str | None = None
        self.cognito_identity_pool_id: str | None = None


class ClientContext:
    """What a client has sent along with the event.

    Args:
        sent: As it was sent, in JSON.
    """

    __slots__ = ("client", "custom", "env")

    def __init__(self, sent: Mapping[str, Any]) -> None:
        self.custom: Any = sent.get("custom")
        self.env: Any = sent.get("env")
        client = sent.get("client")
        self.client = None if client is None else Client(client)


class Client:
    """The application that has sent it.

    Args:
        sent: As it was sent, in JSON.
    """

    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")

    def __init__(self, sent: Mapping[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, sent.get(name))


def _check(timeout: object, memory_limit_in_mb: object, client_context: object) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds, got {timeout!r:.80}")
    if not (isfinite(timeout) and timeout >= 0):
        raise ValueError(f"timeout must be 0 or more seconds, got {timeout}")
    if isinstance(memory_limit_in_mb, bool) or not isinstance(memory_limit_in_mb, int):
        raise TypeError(f"memory_limit_in_mb must be a whole number, got {memory_limit_in_mb!r:.80}")
    if memory_limit_in_mb < 1:
        raise ValueError(f"memory_limit_in_mb must be at least 1, got {memory_limit_in_mb}")
    if client_context is not None and not hasattr(client_context, "get"):
        raise TypeError(f"client_context must be a dict, as a client sends it in JSON; got {client_context!r:.80}")
