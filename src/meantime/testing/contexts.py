"""The context that Lambda hands a handler, for a test."""

from __future__ import annotations

from uuid import uuid4

from meantime import clock


class LambdaContext:
    """A context as Lambda hands it to a handler, whose time runs from now.

    The attributes are those of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html.

    Args:
        timeout: Seconds until Lambda would end the invocation.
        function_name: The name of the function.
        memory_limit_in_mb: Its memory; the real context has it as text.
    """

    identity = None
    client_context = None
    tenant_id = None
    function_version = "$LATEST"

    def __init__(self, timeout: float = 3.0, *, function_name: str = "test", memory_limit_in_mb: int = 128) -> None:
        self.function_name = function_name
        self.memory_limit_in_mb = str(memory_limit_in_mb)
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.aws_request_id = str(uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = f"1970/01/01/[$LATEST]{uuid4().hex}"
        self._ends = clock.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation; never below 0."""
        return max(0, int((self._ends - clock.monotonic()) * 1000))
