"""What a user's own tests need: a Lambda context, and a fresh execution environment."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from time import monotonic
from uuid import uuid4

from meantime.environment import Environment, replace_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Iterator


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
        self._ends = monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation; never below 0."""
        return max(0, int((self._ends - monotonic()) * 1000))


@contextmanager
def fresh_environment() -> Iterator[Environment]:
    """An execution environment of its own for the code in this block: cold at its start, closed at its end.

    It has a loop of its own too; the thread's current loop is set back at the end.
    """
    environment = Environment(adopts_loop=False)
    loop = _current_loop()
    before = replace_environment(environment)
    try:
        yield environment
    finally:
        replace_environment(before)
        try:
            environment.close()
        finally:
            if loop is not None and not loop.is_closed():
                sys.modules["asyncio"].set_event_loop(loop)


def _current_loop() -> AbstractEventLoop | None:
    """The thread's current loop, if it has one; asking asyncio itself would make one before Python 3.14."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    if sys.version_info >= (3, 14):
        try:
            return asyncio.get_event_loop()  # type: ignore[no-any-return]  # a module taken from sys.modules is untyped
        except RuntimeError:
            return None
    return getattr(getattr(asyncio.get_event_loop_policy(), "_local", None), "_loop", None)
