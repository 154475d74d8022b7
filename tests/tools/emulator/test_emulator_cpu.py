"""An environment gets memory / 1769 of a core, by whichever mechanism."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from meantime.tools.emulator import Emulator, Invocation, MechanismUnavailableError

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

    from meantime.tools.emulator.mechanisms import Cpu

BURNING = """
    import threading, time

    began = time.process_time()
    before = time.monotonic()
    while time.monotonic() < before + 0.3:
        pass
    loading = time.process_time() - began

    def burn(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass

    def handler(event, context):
        burn(event)
        return loading
"""

SLEEPING = """
    import time

    def handler(event, context):
        time.sleep(event)
"""


def share_of(result: Invocation) -> float:
    return result.cpu_ms / result.duration_ms


def share_to_be_had() -> float:
    """Of a core, by a loop that nobody limits, beside whatever else this machine does."""
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() < began + 0.5:
        pass
    return (time.process_time() - used) / (time.monotonic() - began)


@pytest.mark.parametrize("cpu", ["cgroup-v2", "cgroup-v1", "budget"])
@pytest.mark.parametrize("memory_mb", [128, 512, 1024])
def test_a_loop_gets_its_share_of_a_core(deploy: Deploy, cpu: Cpu, memory_mb: int) -> None:
    """Within a tenth, or what a loop without a limit gets. Others can take CPU away, so the best of several counts."""
    wanted = least = memory_mb / 1769
    shares: list[float] = []
    try:
        with Emulator(deploy(BURNING, memory_mb=memory_mb, timeout=60), cpu=cpu) as emulator:
            assert emulator.mechanisms.cpu == cpu
            emulator.invoke(0.1)
            for _ in range(20):
                shares.append(share_of(emulator.invoke(1.0)))
                least = 0.9 * wanted
                if shares[-1] < least:
                    least = min(least, 0.9 * share_to_be_had())
                if shares[-1] >= least:
                    break
    except MechanismUnavailableError as error:
        pytest.skip(str(error))
    assert least <= shares[-1]
    assert max(shares) <= 1.1 * wanted


def test_unlimited_is_several_times_as_much(deploy: Deploy) -> None:
    """What the test above would see if limiting did nothing."""
    with Emulator(deploy(BURNING, timeout=60), cpu="none") as emulator:
        emulator.invoke(0.1)
        assert share_of(emulator.invoke(0.5)) > 0.15


def test_initialisation_has_the_whole_cpu_unless_limited(deploy: Deploy) -> None:
    function = deploy(BURNING, timeout=60)
    with Emulator(function, init_cpu="limited") as emulator:
        limited = emulator.invoke(0).payload
    assert limited < 0.06, "0.3 s at 0.072 of a core, and what one period more gives"
    full = 0.0
    for _ in range(10):  # as above: others can only take CPU away
        with Emulator(function) as emulator:
            full = emulator.invoke(0).payload
        if full > 2 * limited:
            break
    assert full > 2 * limited


@pytest.mark.parametrize("cpu", ["cgroup-v1", "budget"])
def test_waiting_costs_no_cpu_and_no_time(deploy: Deploy, cpu: Cpu) -> None:
    try:
        with Emulator(deploy(SLEEPING, timeout=60), cpu=cpu) as emulator:
            emulator.invoke(0)
            results = [emulator.invoke(0.3) for _ in range(3)]
    except MechanismUnavailableError as error:
        pytest.skip(str(error))
    assert 300 <= min(result.duration_ms for result in results) < 600  # the best counts, as above
    assert min(result.cpu_ms for result in results) < 30


def test_the_plainest_mechanisms_do_together(deploy: Deploy) -> None:
    """A machine without any control group."""
    function = deploy(BURNING, memory_mb=512, timeout=60)
    with Emulator(function, freeze="sigstop", cpu="budget", memory="none") as emulator:
        results = [emulator.invoke(0.5) for _ in range(3)]
        assert [result.error for result in results] == [None] * 3
        assert max(map(share_of, results[1:])) < 1.1 * 512 / 1769 + 0.05
        assert results[-1].max_memory_used_mb >= 5
