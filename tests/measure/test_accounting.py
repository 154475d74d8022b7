"""Where the wall time went: the parts add up, whatever happened at the same time."""

from __future__ import annotations

import os
import threading
import time
from array import array
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.patience import patient

from meantime import measure
from meantime.measure.accounting import Account
from meantime.measure.boundaries import Description, boundary
from meantime.measure.thread_clock import Clock
from meantime.measure.timeline import IDLE, NO_CALL, NUMBERS, RUNNING

MS = 1_000_000
RECEIVE, LOCK = NUMBERS["receive"], NUMBERS["lock"]


def thread(number: int, *steps: tuple[int, int, int, int], turns: int = 1, begin: int = 0) -> Any:
    """A thread's timeline of steps: (what it did, wall, computed, without a core), in milliseconds."""
    samples = array("q", (begin, 0, 0, 0, 0, IDLE, NO_CALL))
    at, cpu, held, slices = begin, 0, 0, 0
    for kind, wall, computed, without in steps:
        at, cpu, held, slices = at + wall * MS, cpu + computed * MS, held + without * MS, slices + turns
        samples.extend((at, cpu, held, slices, 0, kind, NO_CALL))
    return SimpleNamespace(number=number, samples=samples, loop=None, sees_cores=True, name=f"thread {number}")


def account(*threads: Any, cores: float = 2.0, began: int = 0) -> dict[str, float]:
    """The parts, in milliseconds."""
    session: Any = SimpleNamespace(
        timelines=list(threads),
        main=threads[0],
        calls=[],
        waits=array("q"),
        began=began,
        ended=max(each.samples[-7] for each in threads),
    )
    return {name: part / MS for name, part in Account(session, cores).parts.items()}


def parts(**expected: float) -> Any:
    names = ("waiting_alone", "waiting_together", "computing", "lock", "throttled", "unexplained")
    return pytest.approx({name: expected.get(name, 0.0) for name in names}, abs=0.2)


def test_one_thread_that_waits_waits_alone() -> None:
    """And what it computes before is computing."""
    assert account(thread(0, (RUNNING, 10, 10, 0), (RECEIVE, 20, 0, 0))) == parts(computing=10, waiting_alone=20)


def test_two_threads_that_wait_wait_together() -> None:
    """As long as both do."""
    one, other = thread(0, (RECEIVE, 30, 0, 0)), thread(1, (RECEIVE, 20, 0, 0))

    assert account(one, other) == parts(waiting_together=20, waiting_alone=10)


def test_waiting_for_another_thread_is_no_wait_of_its_own() -> None:
    """What that one waits for is."""
    one, other = thread(0, (LOCK, 30, 0, 0)), thread(1, (RECEIVE, 30, 0, 0))

    assert account(one, other) == parts(waiting_alone=30)


def test_waiting_while_another_thread_computes_is_computing() -> None:
    """Nothing could be won there."""
    one, other = thread(0, (RECEIVE, 30, 0, 0)), thread(1, (RUNNING, 30, 30, 0))

    assert account(one, other) == parts(computing=30)


def test_what_is_ready_but_has_no_core_is_throttled() -> None:
    """The share of the CPU is used up, or others have it."""
    assert account(thread(0, (RUNNING, 100, 10, 90))) == parts(computing=10, throttled=90)


def test_threads_that_compute_in_turn_stand_in_line_for_the_lock() -> None:
    """With two cores, half of the time is the lock's; with one, the lock takes nothing that there is."""
    one = thread(0, (RUNNING, 100, 50, 0), turns=20)
    other = thread(1, (RUNNING, 100, 50, 0), turns=20)
    beside = [SimpleNamespace(**vars(each)) for each in (one, other)]
    for each in beside:
        each.loop = "asyncio"  # so that what blocks it is not taken for a pool's thread with nothing to do

    assert account(*beside) == parts(computing=50, lock=50)
    assert account(*beside, cores=1.0) == parts(computing=100)


def test_the_end_of_a_wait_that_takes_more_turns_is_in_line_for_the_lock() -> None:
    """Its data was there, and another thread computed until the switch interval was over."""
    waits = thread(0, (RECEIVE, 35, 0, 0), turns=4)
    computes = thread(1, (RUNNING, 35, 35, 0))
    session: Any = SimpleNamespace(
        timelines=[waits, computes], main=waits, calls=[], waits=array("q"), began=0, ended=35 * MS
    )

    (wait,) = Account(session, 2.0).waits

    assert (wait.end - wait.begin) / MS == pytest.approx(30, abs=0.2)


def test_a_pools_idle_thread_waits_for_nothing() -> None:
    """It has no call, and is not the handler's."""
    assert account(thread(0, (RECEIVE, 30, 0, 0)), thread(1, (IDLE, 30, 1, 0))) == parts(computing=1, waiting_alone=29)


steps = st.lists(
    st.tuples(
        st.sampled_from((RUNNING, IDLE, RECEIVE, LOCK)), st.integers(1, 50), st.integers(0, 60), st.integers(0, 60)
    ),
    min_size=1,
    max_size=20,
)


@given(st.lists(st.tuples(steps, st.integers(1, 6), st.integers(0, 40)), min_size=1, max_size=5))
def test_the_parts_always_add_up(threads: list[tuple[Any, int, int]]) -> None:
    """Whatever the threads did, and however wrong their clocks are."""
    made = [
        thread(number, *steps, turns=turns, begin=begin * MS) for number, (steps, turns, begin) in enumerate(threads)
    ]
    ended = max(each.samples[-7] for each in made) / MS

    found = account(*made)

    assert sum(found.values()) == pytest.approx(ended)
    assert min(found.values()) >= 0


trees = st.recursive(
    st.sampled_from(("sleep", "compute")), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=6
)


@settings(max_examples=15)
@given(st.lists(trees, min_size=1, max_size=3), st.booleans())
def test_nested_calls_add_up(work: list[Any], beside: bool) -> None:  # noqa: FBT001  # hypothesis draws it
    """Each call's parts are its duration, each child is within its parent, and all parts are the recording's."""

    def do(tree: Any) -> None:
        if tree == "sleep":
            time.sleep(0.001)
        elif tree == "compute":
            sum(range(5_000))
        else:
            for each in tree:
                boundary(do, lambda *_: Description("node", "http"))(each)

    with measure.recording() as recorder:
        other = threading.Thread(target=do, args=(work,))
        if beside:
            other.start()
        do(work)
        if beside:
            other.join()

    assert sum(recorder.accounting.values()) == pytest.approx(recorder.duration_ms, abs=0.01)
    assert recorder.accounting["unexplained_ms"] <= 0.03 * recorder.duration_ms + 0.2
    calls = {call["id"]: call for call in recorder.calls}
    for call in calls.values():
        known = call["waiting_ms"] + call["computing_ms"] + call["held_up_ms"]
        assert known == pytest.approx(call["end_ms"] - call["start_ms"], abs=0.05)
        parent = calls.get(call["parent"])
        if parent is not None:
            assert parent["start_ms"] <= call["start_ms"] <= call["end_ms"] <= parent["end_ms"]


def test_blocked_where_nobody_sees_by_what_is_waiting_if_the_kernel_tells_of_cores() -> None:
    """A database's driver in C, say; without the kernel's numbers it may as well have been ready."""
    blind = thread(0, (RUNNING, 30, 10, 0))
    blind.sees_cores = False

    assert account(thread(0, (RUNNING, 30, 10, 0))) == parts(computing=10, waiting_alone=20)
    assert account(blind) == parts(computing=10, throttled=20)


@pytest.mark.skipif(not os.path.exists("/proc/thread-self/schedstat"), reason="Linux tells of cores")  # noqa: PTH110  # as the code asks
@patient
def test_without_the_kernels_numbers_the_parts_add_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is off the CPU outside a known wait was then held up."""
    monkeypatch.setattr("meantime.measure.schedstat._FILE", b"/nowhere")

    with measure.recording() as recorder:
        time.sleep(0.01)
        sum(range(100_000))

    assert sum(recorder.accounting.values()) == pytest.approx(recorder.duration_ms, abs=0.01)
    assert recorder.accounting["waiting_alone_ms"] >= 6


def test_many_threads_are_asked_no_oftener_than_they_have_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would take longer than the invocation had: each for each wait of each other."""
    asked: list[int] = []
    used = Clock.used

    def counting(clock: Clock, begin: int, end: int) -> int:
        asked.append(clock.number)
        return used(clock, begin, end)

    monkeypatch.setattr(Clock, "used", counting)
    threads = [thread(number, *[(RECEIVE, 5, 1, 0)] * 5, turns=4) for number in range(200)]

    account(*threads)

    assert len(asked) <= 40 * 200 * 5
