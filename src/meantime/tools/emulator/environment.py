"""One execution environment: started cold, frozen between invocations, running one at a time, ended for good."""

from __future__ import annotations

import math
import shutil
import signal
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meantime.tools.emulator import conclusion, limits, log
from meantime.tools.emulator.controls import controls
from meantime.tools.emulator.engine import in_thread
from meantime.tools.emulator.happenings import Answered, Exited, InitFailed, Initialised, Ready
from meantime.tools.emulator.invocation import Invocation
from meantime.tools.emulator.runtime import Runtime
from meantime.tools.emulator.runtime_api import Event, new_trace_id
from meantime.tools.emulator.session import Session
from meantime.tools.emulator.variables import variables
from meantime.tools.emulator.watchdog_process import empty_groups, end_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meantime.tools.emulator.conclusion import Conclusion
    from meantime.tools.emulator.controls import Controls
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.ground import Ground
    from meantime.tools.emulator.streaming import Channel


@dataclass(frozen=True)
class Setting:
    """What all environments of one emulator have in common."""

    function: Function
    python_version: str
    init_cpu_limited: bool
    init_timeout: float
    ground: Ground


@dataclass(frozen=True)
class Request:
    """One event to be handled; its answer goes to the channel, if there is one, as it comes."""

    body: bytes
    client_context: str | None = None
    channel: Channel | None = None


@dataclass(frozen=True)
class _Init:
    """How an initialisation, or a restore, went: after `seconds` ready, or failed with `failure`, or out of time."""

    seconds: float
    ready: bool
    failure: InitFailed | Exited | None = None


class Environment:
    """One environment. Used from one task at a time; its first invocation is the cold one."""

    def __init__(self, setting: Setting) -> None:
        self.id = uuid.uuid4().hex
        self.reusable = True
        self._setting = setting
        self._function = setting.function
        self._session = Session()
        self._folder = setting.ground.folder / self.id[:12]
        self._made: Controls | None = None
        self._runtime: Runtime | None = None

    async def invoke(self, request: Request) -> Invocation:
        """Run one invocation; afterwards the environment is frozen, or not `reusable` any more."""
        request_id = str(uuid.uuid4())
        cold = self._runtime is None
        init = await self._start() if cold else None
        if not cold:
            await self._controls.freezer.thaw()
            self._controls.limit.resume()
        before = self._output() + (self._init_report(init, "init") if init and not init.ready else "")
        cpu_before = await self._controls.clock.seconds()
        started = time.monotonic()
        ending: Conclusion | None = None
        finished = started
        if init and not init.ready:
            ending, more = await self._start_again(request_id, started + self._function.timeout)
            before, finished = before + more, time.monotonic()
        before += log.start_line(request_id)
        deadline = started + self._function.timeout
        if ending is None:
            ending, finished = await self._run(request, request_id, deadline)
        if request.channel is not None:
            request.channel.error = ending.error
            await request.channel.end()
        ended = finished
        if self.reusable:
            ending, ended = await self._settle(ending, request_id, deadline)
        cpu_ms = (await self._controls.clock.seconds() - cpu_before) * 1000
        duration_ms = self._function.timeout * 1000 if ending.status == "timeout" else (ended - started) * 1000
        init_ms = init.seconds * 1000 if init and init.ready else None
        billed_ms = math.ceil(round(duration_ms + (init_ms or 0), 3))
        memory_used_mb = await self._memory_used_mb()
        report = log.report_line(
            request_id,
            duration_ms=duration_ms,
            billed_ms=billed_ms,
            memory_mb=self._function.memory_mb,
            max_memory_used_mb=memory_used_mb,
            init_ms=init_ms,
            restored=self._function.snap_start,
            status=ending.status,
            error_type=ending.error_type,
        )
        return Invocation(
            payload=ending.payload,
            error=ending.error,
            duration_ms=duration_ms,
            billed_ms=billed_ms,
            cold=cold,
            init_ms=init_ms,
            environment_id=self.id,
            request_id=request_id,
            log=before + log.whole_lines(self._output(ended=True)) + ending.lines + log.end_line(request_id) + report,
            max_memory_used_mb=memory_used_mb,
            cpu_ms=cpu_ms,
            started=started,
            finished=finished,
            streamed=self._runtime is not None and self._runtime.api.streamed,
        )

    async def close(self) -> None:
        """Kill everything in it, and remove what it had."""
        self.reusable = False
        await self._end_runtime()
        await in_thread(self._unmake)

    async def _start(self) -> _Init:
        """Make what the environment needs and initialise it, on no invocation's time."""
        await in_thread(self._make)
        return await self._initialise(time.monotonic() + self._setting.init_timeout)

    async def _start_again(self, request_id: str, deadline: float) -> tuple[Conclusion | None, str]:
        """Initialise once more inside the invocation, as AWS does; return how that ended it, if so, and the log."""
        await self._end_runtime()
        init = await self._initialise(deadline)
        if init.ready:
            return None, self._output()
        self.reusable = False
        await self._end_processes()
        text = self._output() + self._init_report(init, "invoke")
        if isinstance(init.failure, InitFailed):
            return conclusion.init_failed(init.failure.body), text
        return self._cut_off(request_id, init.failure), text

    async def _initialise(self, deadline: float) -> _Init:
        """Start the runtime and wait until it asks for an event, fails, or is out of time."""
        if self._setting.init_cpu_limited:
            self._controls.limit.limit()
        else:
            self._controls.limit.lift()
        self._runtime = runtime = Runtime()
        await runtime.start(
            self._function,
            variables=self._variables,
            entries=[group.entry for group in self._controls.groups],
            register=self._register,
        )
        began = runtime.started
        happening = await runtime.happening(deadline)
        if isinstance(happening, Initialised):
            await self._snapshot()
            began = time.monotonic()
            runtime.api.restore()
            happening = await runtime.happening(began + limits.RESTORE_TIMEOUT)
        if isinstance(happening, Ready):
            self._controls.limit.limit()
            return _Init(happening.at - began, ready=True)
        seconds = time.monotonic() - began
        return _Init(seconds, ready=False, failure=happening if isinstance(happening, InitFailed | Exited) else None)

    async def _snapshot(self) -> None:
        """Hold everything still, as while a snapshot is taken, kept and restored."""
        await self._controls.freezer.freeze()
        await self._controls.freezer.thaw()

    async def _run(self, request: Request, request_id: str, deadline: float) -> tuple[Conclusion, float]:
        """Hand the event out and wait for the answer; return how it ended, and when."""
        assert self._runtime is not None  # noqa: S101  # initialised
        remaining = deadline - time.monotonic()
        self._runtime.api.hand_out(
            Event(
                request_id=request_id,
                body=request.body,
                deadline_ms=int((time.time() + remaining) * 1000),
                function_arn=self._function.arn,
                trace_id=new_trace_id(),
                client_context=request.client_context,
            ),
            request.channel,
        )
        happening = await self._runtime.happening(deadline)
        if isinstance(happening, Answered):
            return conclusion.answered(happening), happening.at
        self.reusable = False
        finished = time.monotonic()
        await self._end_processes()
        return self._cut_off(request_id, happening if isinstance(happening, Exited) else None), finished

    def _cut_off(self, request_id: str, exited: Exited | None) -> Conclusion:
        if exited is None:
            return conclusion.timed_out(request_id, self._function.timeout)
        out_of_memory = exited.status == -signal.SIGKILL and self._controls.memory.kills() > 0
        return conclusion.exited(request_id, exited.status, out_of_memory=out_of_memory)

    async def _settle(self, ending: Conclusion, request_id: str, deadline: float) -> tuple[Conclusion, float]:
        """After the answer: wait until the runtime asks for the next event, then freeze everything.

        That, and not the answer, ends an invocation, and its duration: "indicate completion by sending a Next API
        request", https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
        """
        assert self._runtime is not None  # noqa: S101  # it has just answered
        happening = await self._runtime.happening(deadline)
        if isinstance(happening, Ready):
            self._controls.limit.pause()
            await self._controls.freezer.freeze()
            return ending, happening.at
        ended, self.reusable = time.monotonic(), False
        await self._end_processes()  # it ended after its answer, or hangs: the answer stands, the environment does not
        cut = self._cut_off(request_id, happening if isinstance(happening, Exited) else None)
        return replace(ending, lines=cut.lines, status=cut.status, error_type=cut.error_type), ended

    async def _end_runtime(self) -> None:
        await self._end_processes()
        if self._runtime is not None:
            await self._runtime.close()
            self._runtime = None

    async def _end_processes(self) -> None:
        """Kill every process, wherever it hides: in the groups or in the session."""

        def kill() -> None:
            if self._made is not None:
                empty_groups([group.path for group in self._made.groups])
            if (leader := self._session.end()) is not None:
                self._setting.ground.watchdog.forget("session", leader)

        await in_thread(kill)

    def _make(self) -> None:
        self._folder.mkdir()
        groups = self._setting.ground.groups(self._folder.name)
        self._made = controls(groups, self._setting.ground.mechanisms, self._function, self._session)

    def _unmake(self) -> None:
        if self._made is not None:
            self._made.limit.close()
            end_groups([group.path for group in self._made.groups])
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _controls(self) -> Controls:
        if self._made is None:
            raise RuntimeError("the environment was not started")
        return self._made

    def _register(self, process: int) -> None:
        self._setting.ground.watchdog.keep("session", process)
        self._session.began(process)

    def _variables(self, runtime_api: str, telemetry: int) -> Mapping[str, str]:
        return variables(
            self._function,
            python_version=self._setting.python_version,
            runtime_api=runtime_api,
            telemetry=telemetry,
            log_stream=f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{self.id}",
            temporary=self._folder,
        )

    def _output(self, *, ended: bool = False) -> str:
        return self._runtime.output.take(ended=ended) if self._runtime is not None else ""

    async def _memory_used_mb(self) -> int:
        used = math.ceil(await self._controls.memory.peak_bytes() / (1024 * 1024))
        return min(used, self._function.memory_mb) if self._setting.ground.mechanisms.memory != "none" else used

    def _init_report(self, init: _Init, phase: str) -> str:
        if init.failure is None:
            return log.init_report_line(init.seconds, phase=phase, status="timeout")
        if isinstance(init.failure, InitFailed):
            kind = conclusion.init_failed(init.failure.body).error_type
        else:
            kind = conclusion.EXIT_ERROR
        return log.init_report_line(init.seconds, phase=phase, status="error", error_type=kind)
