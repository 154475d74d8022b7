"""Between invocations an environment stands still, with everything in it, by whichever mechanism."""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING

import pytest
from tests.tools.emulator.conftest import descendants

from meantime.tools.emulator import Emulator, MechanismUnavailableError

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

    from meantime.tools.emulator.mechanisms import Freeze

COUNTING = """
    import os, subprocess, sys, threading, time

    counted = 0

    def count():
        global counted
        while True:
            counted += 1
            time.sleep(0.001)

    threading.Thread(target=count, daemon=True).start()
    file = os.environ["TMPDIR"] + "/counted"
    loop = "import time; n = 0\\nwhile True: n += 1; print(n, file=open(sys.argv[1], 'w', 1)); time.sleep(0.001)"
    child = subprocess.Popen([sys.executable, "-c", "import sys;" + loop, file], process_group=0)

    def child_counted():
        while not (text := os.path.exists(file) and open(file).read()):
            time.sleep(0.001)
        return int(text)

    def handler(event, context):
        before = [counted, child_counted(), time.monotonic()]
        time.sleep(event)
        return before + [counted, child_counted()]
"""


def emulator_with(deploy: Deploy, source: str, *, freeze: Freeze) -> Emulator:
    emulator = Emulator(deploy(source, memory_mb=1769, timeout=60), freeze=freeze)
    try:
        with Emulator(emulator.function, freeze=freeze):
            return emulator
    except MechanismUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("freeze", ["cgroup-v2", "cgroup-v1", "sigstop"])
def test_threads_and_children_make_no_progress_while_frozen(deploy: Deploy, freeze: Freeze) -> None:
    with emulator_with(deploy, COUNTING, freeze=freeze) as emulator:
        assert emulator.mechanisms.freeze == freeze
        *_, thread_then, child_then = emulator.invoke(0.2).payload
        assert thread_then > 20, "the thread runs during the invocation"
        time.sleep(1)
        thread_now, child_now, *_, thread_later, _ = emulator.invoke(0.2).payload
        assert thread_later > thread_now + 20, "and runs on after the thaw"
    # Unfrozen, a second is some 900 steps. The few are those between the reading, the freeze and the thaw.
    assert thread_now - thread_then < 50
    assert child_now - child_then < 50


def test_without_freezing_they_run_on(deploy: Deploy) -> None:
    """What the test above would see if freezing did nothing."""
    with Emulator(deploy(COUNTING, memory_mb=1769, timeout=60), freeze="none") as emulator:
        *_, thread_then, _ = emulator.invoke(0.2).payload
        time.sleep(1)
        thread_now, *_ = emulator.invoke(0).payload
    assert thread_now - thread_then > 200


def test_the_deadline_is_counted_from_the_thaw(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return context.get_remaining_time_in_millis()
    """
    with Emulator(deploy(source, timeout=2)) as emulator:
        emulator.invoke()
        time.sleep(1)
        assert 1500 < emulator.invoke().payload <= 2000


@pytest.mark.parametrize("freeze", ["cgroup-v2", "cgroup-v1", "sigstop"])
def test_a_frozen_environment_is_ended_at_once(deploy: Deploy, freeze: Freeze) -> None:
    emulator = emulator_with(deploy, COUNTING, freeze=freeze)
    with emulator:
        emulator.invoke(0)
        assert len(descendants(os.getpid())) >= 2
        before = time.monotonic()
    assert time.monotonic() - before < 5


def test_a_warm_round_trip_is_short(deploy: Deploy) -> None:
    """The target is a median below 1.5 ms with freezing on; the best of several rounds, on a machine others use."""
    source = """
        def handler(event, context):
            return None
    """
    medians = []
    with Emulator(deploy(source, memory_mb=1769)) as emulator:
        emulator.invoke()
        for _ in range(20):
            times = []
            for _ in range(50):
                before = time.perf_counter()
                emulator.invoke()
                times.append(time.perf_counter() - before)
            medians.append(statistics.median(times) * 1000)
            if medians[-1] < 1.5:
                break
        assert emulator.mechanisms.freeze != "none"
    assert min(medians) < 1.5
