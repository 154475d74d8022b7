"""Which environment takes an invocation, and how many there are."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from meantime.tools.emulator import AsyncEmulator, Emulator, TooManyRequestsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy

SLEEPING = """
    import os, time
    def handler(event, context):
        time.sleep(event.get("seconds", 0))
        while "until" in event and not os.path.exists(event["until"]):
            time.sleep(0.005)
        return [event["number"], os.getpid()]
"""


def test_32_concurrent_invocations_have_32_environments_and_32_right_answers(deploy: Deploy) -> None:
    with Emulator(deploy(SLEEPING, timeout=60)) as emulator, ThreadPoolExecutor(32) as pool:
        events = [{"seconds": 1, "number": number} for number in range(32)]
        results = list(pool.map(emulator.invoke, events))
        assert [result.payload[0] for result in results] == list(range(32))
        assert len({result.payload[1] for result in results}) == 32
        assert len({result.environment_id for result in results}) == 32
        assert all(result.cold for result in results)
        again = list(pool.map(emulator.invoke, [{**event, "seconds": 0.1} for event in events[:8]]))
        assert not any(result.cold for result in again)


def test_the_environment_that_was_idle_last_is_used_first(deploy: Deploy, tmp_path: Path) -> None:
    function = deploy(SLEEPING, timeout=60)

    async def run() -> None:
        async with AsyncEmulator(function) as emulator:
            gates = [tmp_path / "first", tmp_path / "last"]
            invoked = [
                asyncio.ensure_future(emulator.invoke({"number": number, "until": str(gate)}))
                for number, gate in enumerate(gates)
            ]
            idle = []
            for gate, each in zip(gates, invoked, strict=True):
                gate.touch()
                idle.append((await each).environment_id)
            first_idle, last_idle = idle
            assert first_idle != last_idle
            for _ in range(3):
                assert (await emulator.invoke({"seconds": 0, "number": 2})).environment_id == last_idle

    asyncio.run(run())


def test_above_its_reserved_concurrency_a_function_is_throttled(deploy: Deploy) -> None:
    function = deploy(SLEEPING, timeout=60, reserved_concurrency=2, name="orders")

    async def run() -> None:
        async with AsyncEmulator(function) as emulator:
            event = {"seconds": 0.5, "number": 0}
            results = await asyncio.gather(*(emulator.invoke(event) for _ in range(5)), return_exceptions=True)
            throttled = [result for result in results if isinstance(result, TooManyRequestsError)]
            assert len(throttled) == 3
            assert throttled[0].status_code == 429
            assert throttled[0].code == "TooManyRequestsException"
            assert throttled[0].reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
            assert "Rate Exceeded." in str(throttled[0])
            assert "orders already runs 2" in str(throttled[0])
            assert (await emulator.invoke(event)).error is None

    asyncio.run(run())


def test_a_function_with_no_concurrency_reserved_is_switched_off(deploy: Deploy) -> None:
    with Emulator(deploy(SLEEPING, reserved_concurrency=0)) as emulator, pytest.raises(TooManyRequestsError):
        emulator.invoke({"seconds": 0, "number": 0})
