"""The emulator's two faces: `Emulator` for ordinary code, `AsyncEmulator` for asyncio. Behind both is one engine."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final, Literal

from meantime.tools.emulator import limits
from meantime.tools.emulator.engine import Engine, in_thread
from meantime.tools.emulator.environment import Request, Setting
from meantime.tools.emulator.errors import ClosedError, RequestTooLargeError
from meantime.tools.emulator.fleet import Fleet
from meantime.tools.emulator.ground import Ground
from meantime.tools.emulator.interpreter import version_of
from meantime.tools.emulator.streaming import AsyncResponseStream, Channel, ResponseStream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self, TypeVar

    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mechanisms import Cpu, Freeze, Mechanisms, Memory

    StreamKind = TypeVar("StreamKind", ResponseStream, AsyncResponseStream)

_NOT_RUNNING: Final = "the emulator is not running; use it in a with statement"


class _Emulation:
    """What both faces share: the settings, the engine, and the fleet once it is started."""

    def __init__(
        self,
        function: Function,
        *,
        init_cpu: Literal["full", "limited"] = "full",
        cpu: Cpu | Literal["auto"] = "auto",
        freeze: Freeze | Literal["auto"] = "auto",
        memory: Memory | Literal["auto"] = "auto",
        init_timeout: float = limits.INIT_TIMEOUT,
        stream_bytes_per_second: float | None = limits.STREAM_BYTES_PER_SECOND,
    ) -> None:
        if init_cpu not in ("full", "limited"):
            raise ValueError(f"init_cpu={init_cpu!r} is neither full nor limited")
        if init_timeout <= 0:
            raise ValueError(f"init_timeout {init_timeout} is not above 0 seconds")
        if stream_bytes_per_second is not None and stream_bytes_per_second <= 0:
            raise ValueError(f"stream_bytes_per_second {stream_bytes_per_second} is not above 0; None means no limit")
        self.function = function
        self._init_cpu = init_cpu
        self._init_timeout = init_timeout
        self._stream_bytes_per_second = stream_bytes_per_second
        self._asked: dict[str, str] = {"freeze": freeze, "cpu": cpu, "memory": memory}
        self._ground: Ground | None = None
        self._engine: Engine | None = None
        self._starting: asyncio.Task[Any] | None = None
        self._fleet: Fleet | None = None

    @property
    def mechanisms(self) -> Mechanisms:
        """How environments are frozen and limited here; known once the emulator is started."""
        if self._ground is None:
            raise ClosedError("the emulator was not started; use it in a with statement")
        return self._ground.mechanisms

    def _open(self) -> Future[None]:
        if self._engine is not None:
            raise ClosedError("an emulator is started once; make another")
        self._engine = Engine()
        return self._engine.submit(self._make_fleet())

    async def _make_fleet(self) -> None:
        # Here, off the user's thread, no Ctrl-C can come between a thing made and its being known.
        self._starting = asyncio.current_task()
        version = await in_thread(version_of, self.function.python)
        self._ground = await in_thread(Ground, **self._asked)
        setting = Setting(
            function=self.function,
            python_version=version,
            init_cpu_limited=self._init_cpu == "limited",
            init_timeout=self._init_timeout,
            ground=self._ground,
        )
        self._fleet = Fleet(setting)

    def _submit(
        self, event: Any, client_context: Mapping[str, Any] | None, channel: Channel | None = None
    ) -> Future[Invocation]:
        fleet, engine = self._fleet, self._engine
        if fleet is None or engine is None:
            raise ClosedError(_NOT_RUNNING)
        body = _json("event", event).encode()
        if len(body) > limits.REQUEST_MAX_BYTES:
            raise RequestTooLargeError(len(body), limits.REQUEST_MAX_BYTES)
        context = None if client_context is None else _json("client_context", client_context)
        return engine.submit(fleet.invoke(Request(body, context, channel)))

    def _begin_stream(self, kind: type[StreamKind], event: Any, client_context: Mapping[str, Any] | None) -> StreamKind:
        if self._engine is None:
            raise ClosedError(_NOT_RUNNING)
        channel = Channel(self._stream_bytes_per_second)
        return kind(self._engine, channel, self._submit(event, client_context, channel))

    def _shut(self) -> Future[None] | None:
        """Begin the closing, or find it begun; it goes on to its end even if nobody waits for it any more."""
        return None if self._engine is None else self._engine.finish(self._end_fleet)

    async def _end_fleet(self) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])
        fleet, self._fleet = self._fleet, None
        if fleet is not None:
            await fleet.close()


class Emulator(_Emulation):
    """Runs a function in emulated execution environments, for synchronous code; `invoke` may be called by any thread.

    Args:
        function: What to run.
        init_cpu: `full` gives initialisation all the CPU there is, as AWS is seen to do; `limited` its share.
        cpu: How CPU is limited to memory / 1769 of a core: `cgroup-v2`, `cgroup-v1`, `budget`, `none`, or `auto`.
        freeze: How environments are frozen: `cgroup-v2`, `cgroup-v1`, `sigstop`, `none`, or `auto`.
        memory: How memory is limited: `cgroup-v2`, `cgroup-v1`, `none`, or `auto`.
        init_timeout: Seconds initialisation may take before it is repeated inside the invocation; AWS's are 10.
        stream_bytes_per_second: How fast a streamed answer goes on after its first 6 MB; None: as fast as it comes.

    Raises:
        ValueError: A bad argument.
        EmulatorError: On entering: a mechanism or the runtime client is missing on this machine.
    """

    def __enter__(self) -> Self:
        try:
            self._open().result()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def invoke(self, event: Any = None, *, client_context: Mapping[str, Any] | None = None) -> Invocation:
        """Run one invocation and return what it came to; a failing function is a result, too.

        Args:
            event: Anything JSON can hold.
            client_context: What the handler finds as `context.client_context`.

        Raises:
            TypeError, ValueError: The event is nothing JSON can hold.
            RequestTooLargeError: It is larger than AWS takes.
            TooManyRequestsError: The function is at its reserved concurrency.
            ClosedError: The emulator is not running, or was closed meanwhile.
        """
        return self._submit(event, client_context).result()

    def submit(self, event: Any = None, *, client_context: Mapping[str, Any] | None = None) -> Future[Invocation]:
        """Begin an invocation, as `invoke`, and return where it will be; it goes on if the future is cancelled."""
        return self._submit(event, client_context)

    def stream(self, event: Any = None, *, client_context: Mapping[str, Any] | None = None) -> ResponseStream:
        """Begin an invocation, as `invoke`, and return its answer as it arrives, as AWS's InvokeWithResponseStream.

        A function that does not stream gives its answer in one piece, and one that fails before it has sent any gives
        none. What the emulator itself raises, see `invoke`, is raised by reading.
        """
        return self._begin_stream(ResponseStream, event, client_context)

    def close(self) -> None:
        """End every environment and remove all that was made.

        May be called again, and by several threads: each call returns when all is done. Interrupted, the closing
        goes on in the background.
        """
        closing = self._shut()
        if closing is not None:
            closing.result()


class AsyncEmulator(_Emulation):
    """Runs a function in emulated execution environments, for asyncio code; see `Emulator` for the arguments."""

    async def __aenter__(self) -> Self:
        try:
            await asyncio.wrap_future(self._open())
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def invoke(self, event: Any = None, *, client_context: Mapping[str, Any] | None = None) -> Invocation:
        """Run one invocation, as `Emulator.invoke`. If the caller is cancelled the function runs on, as on AWS."""
        return await asyncio.wrap_future(self._submit(event, client_context))

    def stream(self, event: Any = None, *, client_context: Mapping[str, Any] | None = None) -> AsyncResponseStream:
        """Begin an invocation and return its answer as it arrives, as `Emulator.stream`."""
        return self._begin_stream(AsyncResponseStream, event, client_context)

    async def close(self) -> None:
        """End every environment and remove all that was made, as `Emulator.close`; cancelled, it goes on, too."""
        closing = self._shut()
        if closing is not None:
            await asyncio.wrap_future(closing)


def _json(what: str, value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except TypeError as error:
        raise TypeError(f"the {what} is nothing JSON can hold: {error}") from error
    except RecursionError:
        raise ValueError(f"the {what} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"the {what} is nothing JSON can hold: {error}") from error
