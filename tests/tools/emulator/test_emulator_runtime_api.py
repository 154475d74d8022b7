"""The Runtime API as a runtime sees it over HTTP, wrong turns included."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING

import aiohttp
import pytest

from meantime.tools.emulator.happenings import Answered, Happening, InitFailed, Initialised, Ready
from meantime.tools.emulator.runtime_api import Event, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

EVENT = Event("id-1", b'{"a": 1}', 1234, "arn:aws:lambda:x", "Root=1-2-3", '{"custom": {}}')
STATE_ERROR = "State transition from {} to {} failed for runtime. Error: State transition is not allowed"


class Client:
    """A runtime, by hand; `told` is what the emulator was told."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.told: list[Happening] = []
        self.asked = asyncio.Event()
        self.api = RuntimeApi(self._hear)
        self.base = ""

    def _hear(self, happening: Happening) -> None:
        self.told.append(happening)
        if isinstance(happening, (Ready, Initialised)):
            self.asked.set()

    async def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        async with self.session.get(self.base + path) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    async def post(self, path: str, data: bytes = b"{}") -> tuple[int, dict[str, str]]:
        async with self.session.post(self.base + path, data=io.BytesIO(data)) as answer:
            return answer.status, await answer.json()

    async def wait_to_be_restored(self) -> int:
        waiting = asyncio.ensure_future(self.get("/restore/next"))
        await asyncio.wait_for(self.asked.wait(), 10)
        self.asked.clear()
        self.api.restore()
        return (await waiting)[0]

    async def fetch_event(self, event: Event = EVENT) -> tuple[int, dict[str, str], bytes]:
        waiting = asyncio.ensure_future(self.get("/invocation/next"))
        await asyncio.wait_for(self.asked.wait(), 10)
        self.asked.clear()
        self.api.hand_out(event)
        return await waiting


@pytest.fixture
def with_runtime() -> Callable[[Callable[[Client], Awaitable[None]]], None]:
    def run(scene: Callable[[Client], Awaitable[None]]) -> None:
        async def play() -> None:
            async with aiohttp.ClientSession() as session:
                runtime = Client(session)
                runtime.base = f"http://{await runtime.api.start()}/2018-06-01/runtime"
                try:
                    await scene(runtime)
                finally:
                    await runtime.api.stop()

        asyncio.run(play())

    return run


def test_the_event_comes_with_the_headers_the_client_needs(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        status, headers, body = await runtime.fetch_event()
        assert (status, body) == (200, EVENT.body)
        assert headers["Content-Type"] == "application/json"
        assert headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"
        assert headers["Lambda-Runtime-Deadline-Ms"] == "1234"
        assert headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:aws:lambda:x"
        assert headers["Lambda-Runtime-Trace-Id"] == "Root=1-2-3"
        assert headers["Lambda-Runtime-Client-Context"] == '{"custom": {}}'

    with_runtime(scene)


def test_an_answer_is_accepted_once_and_the_next_event_may_come(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.fetch_event()
        assert await runtime.post("/invocation/id-1/response", b"[1]") == (202, {"status": "OK"})
        answer = runtime.told[-1]
        assert isinstance(answer, Answered)
        assert (answer.body, answer.failed) == (b"[1]", False)
        status, problem = await runtime.post("/invocation/id-1/response")
        assert status == 403
        assert problem["errorType"] == "InvalidStateTransition"
        assert problem["errorMessage"] == STATE_ERROR.format("ResponseSent", "ResponseSent")
        assert (await runtime.fetch_event())[0] == 200

    with_runtime(scene)


def test_an_error_is_accepted_as_an_error(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.fetch_event()
        assert (await runtime.post("/invocation/id-1/error", b'{"errorType": "E"}'))[0] == 202
        answer = runtime.told[-1]
        assert isinstance(answer, Answered)
        assert answer.failed

    with_runtime(scene)


def test_an_unknown_request_id_is_400(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.fetch_event()
        for what in ("response", "error"):
            status, problem = await runtime.post(f"/invocation/other/{what}")
            assert (status, problem["errorType"]) == (400, "InvalidRequestID")
        assert (await runtime.post("/invocation/id-1/response"))[0] == 202

    with_runtime(scene)


def test_an_answer_before_any_event_is_403(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        status, problem = await runtime.post("/invocation/id-1/response")
        assert (status, problem["errorMessage"]) == (403, STATE_ERROR.format("Started", "ResponseSent"))

    with_runtime(scene)


def test_an_answer_over_the_limit_is_413_and_one_at_it_is_not(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.fetch_event()
        assert (await runtime.post("/invocation/id-1/response", b"x" * 6_291_556))[0] == 202
        await runtime.fetch_event()
        status, problem = await runtime.post("/invocation/id-1/response", b"x" * 6_291_557)
        assert (status, problem["errorType"]) == (413, "RequestEntityTooLarge")

    with_runtime(scene)


def test_an_init_error_is_accepted_once_and_only_while_starting(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        assert await runtime.post("/init/error", b'{"errorType": "E"}') == (202, {"status": "OK"})
        assert runtime.told == [InitFailed(b'{"errorType": "E"}')]
        assert (await runtime.post("/init/error"))[0] == 403
        assert (await runtime.get("/invocation/next"))[0] == 403

    with_runtime(scene)


def test_an_init_error_after_the_start_is_403(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.fetch_event()
        assert (await runtime.post("/init/error"))[0] == 403

    with_runtime(scene)


def test_what_is_not_part_of_the_api_is_404(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        assert (await runtime.get("/nothing"))[0] == 404
        assert (await runtime.get("/../../other"))[0] == 404

    with_runtime(scene)


def test_an_event_is_handed_only_to_a_runtime_that_asks(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        with pytest.raises(RuntimeError, match="in state Started"):
            runtime.api.hand_out(EVENT)

    with_runtime(scene)


def test_a_snapstart_runtime_is_restored_and_then_gets_its_events(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        assert await runtime.wait_to_be_restored() == 200
        assert (await runtime.fetch_event())[0] == 200
        assert [type(each) for each in runtime.told] == [Initialised, Ready]

    with_runtime(scene)


def test_what_fails_after_the_restore_is_told_once(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.wait_to_be_restored()
        assert (await runtime.post("/restore/error", b'{"errorType": "E"}'))[0] == 202
        assert runtime.told[-1] == InitFailed(b'{"errorType": "E"}')
        status, problem = await runtime.post("/restore/error")
        assert (status, problem["errorMessage"]) == (403, STATE_ERROR.format("RestoreError", "RestoreError"))
        assert (await runtime.get("/invocation/next"))[0] == 403

    with_runtime(scene)


def test_a_runtime_cannot_be_restored_when_it_has_events_already_nor_fail_in_that(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        await runtime.fetch_event()
        assert (await runtime.get("/restore/next"))[0] == 403
        assert (await runtime.post("/restore/error"))[0] == 403
        with pytest.raises(RuntimeError, match="restored in state Running"):
            runtime.api.restore()

    with_runtime(scene)


def test_a_runtime_that_waits_to_be_restored_is_told_when_there_is_an_end(with_runtime) -> None:
    async def scene(runtime: Client) -> None:
        waiting = asyncio.ensure_future(runtime.get("/restore/next"))
        await asyncio.wait_for(runtime.asked.wait(), 10)
        await runtime.api.stop()
        with contextlib.suppress(aiohttp.ClientError):  # or it is cut off
            assert (await waiting)[0] == 500

    with_runtime(scene)
