"""The verbs on child processes, as a user meets them."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import math
import os
import threading
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import meantime
from meantime import (
    LoopRunning,
    NotPicklable,
    in_thread,
    processes,
)
from meantime.executors.children import cores
from meantime.executors.children import pool as child_pool
from meantime.executors.children import start as child_start
from meantime.executors.underway import registry
from meantime.testing import LambdaContext, fresh_environment

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def statistics() -> Any:
    """What the children of this environment have counted, once all calls have ended."""
    assert registry.wait_until_idle(30)
    children = meantime.current_environment().children
    assert children is not None
    return children.statistics()


# What the children do.


def double(item: Any) -> Any:
    return item * 2


def own_pid(_: Any = None) -> int:
    return os.getpid()


def meet(notes: Any, parties: int, number: int) -> int:
    """Give the own process number once that many calls are under way."""
    notes.add(number)
    notes.wait(parties)
    return os.getpid()


def note(notes: Any, item: Any) -> Any:
    notes.add(item)
    return item


def note_and_double(notes: Any, item: int) -> int:
    notes.add(item)
    return item * 2


def lock_for_three(number: int) -> Any:
    return threading.Lock() if number == 3 else number


def test_map_gives_results_in_the_order_of_the_items():
    assert processes.map(double, range(100), max_concurrency=3) == [2 * number for number in range(100)]


def test_calls_run_in_processes_of_their_own_side_by_side(notes):
    pids = processes.map(partial(meet, notes, 3), range(3), max_concurrency=3, chunk_size=1)

    assert len({*pids, os.getpid()}) == 4


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=st.lists(st.integers(), max_size=60),
    width=st.integers(1, 4),
    chunk_size=st.one_of(st.none(), st.integers(1, 20)),
    is_lazy=st.booleans(),
)
def test_each_item_is_worked_on_once_and_in_order_however_they_are_put_together(
    notes, items, width, chunk_size, is_lazy
):
    notes.path.write_text("")
    given_items = iter(items) if is_lazy else items

    results = processes.map(partial(note_and_double, notes), given_items, max_concurrency=width, chunk_size=chunk_size)

    assert results == [2 * item for item in items]
    assert sorted(map(int, notes.lines())) == sorted(items)


def test_nothing_is_nothing_and_starts_no_process():
    assert processes.map(double, []) == processes.map(double, iter(())) == processes.gather() == []
    assert statistics().started == 0


def test_gather_makes_different_calls():
    assert processes.gather(partial(double, 2), partial(math.sqrt, 9), dict) == [4, 3.0, {}]


def test_the_children_are_kept_and_used_again():
    first = set(processes.map(own_pid, range(20), max_concurrency=2))
    second = set(processes.map(own_pid, range(20), max_concurrency=2))

    assert second <= first
    assert statistics().started <= 2


def test_large_items_go_both_ways_at_once():
    items = [bytes([number]) * (1 << 20) for number in range(20)]

    assert processes.map(double, items, max_concurrency=2) == [item * 2 for item in items]


def test_what_a_call_prints_is_in_the_log_before_its_result(run_python):
    printed = run_python("""
        import sys
        from meantime import processes

        sys.stdout = open(1, "w", buffering=8192, closefd=False)
        processes.map(print, ["from a child"])
        print("from the parent", flush=True)
    """)

    assert printed == "from a child\nfrom the parent\n"


def test_a_new_python_may_be_asked_for(monkeypatch, tmp_path):
    (tmp_path / "spawned_work.py").write_text("import sys\ndef is_there(name): return name in sys.modules\n")
    monkeypatch.syspath_prepend(tmp_path)
    is_there = importlib.import_module("spawned_work").is_there

    assert processes.map(is_there, ["spawned_work", "pytest"], start_method="spawn") == [True, False]
    assert processes.map(is_there, ["spawned_work", "pytest"]) == [True, True]


# How many.


@pytest.mark.parametrize(
    ("memory", "width"),
    [("128", 1), ("1769", 1), ("1770", 2), ("3538", 2), ("3539", 3), ("8846", 6), ("10240", 6)],
)
def test_on_lambda_the_memory_size_decides_how_many_processes_there_are(monkeypatch, memory, width):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)

    assert cores.default_width() == width


def test_elsewhere_it_is_the_cores_that_this_process_may_use(monkeypatch):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)

    assert cores.default_width() == 3


def test_the_default_width_is_the_width(monkeypatch, notes):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3538")

    pids = processes.map(partial(meet, notes, 2), range(2), chunk_size=1)

    assert len(set(pids)) == 2


def test_where_processes_gain_nothing_the_log_says_so_once_and_the_work_is_done(monkeypatch, caplog):
    monkeypatch.setattr(cores, "_told", False)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")

    assert processes.map(double, [1]) == processes.map(double, [1]) == [2]

    (record,) = caplog.records
    assert record.name == "meantime"
    assert record.getMessage() == (
        "At 512 MB this function has 0.29 of a core, so processes gain nothing over a plain loop: with more than "
        "1769 MB they begin to, and double the speed at 3538 MB. For work that waits, use threads or tasks."
    )


def test_a_machine_of_one_core_is_told_of_likewise(monkeypatch, caplog):
    monkeypatch.setattr(cores, "_told", False)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)

    assert cores.default_width() == 1
    assert "This machine gives the process one core, so processes gain nothing" in caplog.text


def test_a_machine_that_does_not_tell_which_cores_may_be_used_has_all_of_them(monkeypatch):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)

    assert cores.default_width() == 4


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"max_concurrency": 0}, ValueError, "max_concurrency"),
        ({"timeout": -1}, ValueError, "timeout"),
        ({"chunk_size": 0}, ValueError, "chunk_size must be at least 1"),
        ({"chunk_size": 1.5}, TypeError, "chunk_size must be a whole number"),
        ({"chunk_size": 2, "timeout": 1}, ValueError, "chunk_size is 2, and timeout"),
        ({"start_method": "forkserver"}, ValueError, 'start_method must be "fork" or "spawn"'),
        ({"limiter": 3}, TypeError, "limiter"),
        ({"retry": 3}, TypeError, "retry"),
    ],
)
def test_a_keyword_out_of_range_is_refused(keywords, error, message):
    with pytest.raises(error, match=message):
        processes.map(double, [1], **keywords)


# What cannot be sent.


@pytest.mark.parametrize("verb", [processes.map, processes.settle, processes.as_completed])
def test_a_function_that_no_child_could_find_is_refused_before_any_work(verb, notes):
    def inner(item: int) -> None:
        notes.add(item)

    with pytest.raises(TypeError, match=r"inner cannot be sent to a child process .* top level, no lambdas"):
        verb(inner, [1])
    with pytest.raises(TypeError, match=r"functools\.partial"):
        verb(lambda item: notes.add(item), [1])
    assert notes.lines() == []


def test_gather_refuses_a_lambda_before_any_work(notes):
    with pytest.raises(TypeError, match=r"lambda> cannot be sent"):
        processes.gather(partial(note, notes, 1), lambda: 2)
    with pytest.raises(TypeError, match=r"lambda> cannot be sent"):
        processes.gather(partial(note, notes, 1), partial(lambda item: item, 2))
    assert notes.lines() == []


async def wait(item: int) -> int:
    return item


def make_coroutine(item: int) -> Any:
    return wait(item)


def test_an_async_function_is_refused():
    with pytest.raises(TypeError, match=r"wait is an async function.*await tasks\.map"):
        processes.map(wait, [1])


def test_a_function_that_turns_out_to_give_a_coroutine_is_an_error():
    with pytest.raises(TypeError, match="make_coroutine returned a coroutine"):
        processes.map(make_coroutine, [1])


def test_a_function_of_the_program_itself_cannot_be_spawned(run_python):
    run_python("""
        from meantime import processes

        def work(item):
            return item

        assert processes.map(work, [1]) == [1]
        try:
            processes.map(work, [1], start_method="spawn")
        except TypeError as error:
            assert "work is defined in the program itself" in str(error)
        else:
            raise AssertionError
    """)


@pytest.mark.parametrize("chunk_size", [1, 4])
def test_an_item_that_cannot_be_pickled_fails_alone(chunk_size):
    lock = threading.Lock()
    outcomes = processes.settle(double, [1, 2, lock, 4], max_concurrency=1, chunk_size=chunk_size)

    assert outcomes.results == [2, 4, 8]
    (error,) = outcomes.errors
    assert isinstance(error, NotPicklable)
    assert (error.item, error.what, error.function) == (lock, "item", "double")
    assert "double(<lock>): the item cannot be sent to a child process (TypeError: cannot pickle" in str(error)


def test_map_raises_for_an_item_that_cannot_be_pickled():
    with pytest.raises(NotPicklable, match="send plain data"):
        processes.map(double, [threading.Lock()])


@pytest.mark.parametrize("chunk_size", [1, 4])
def test_a_result_that_cannot_be_pickled_fails_alone(chunk_size):
    outcomes = processes.settle(lock_for_three, [1, 2, 3, 4], max_concurrency=1, chunk_size=chunk_size)

    assert outcomes.results == [1, 2, 4]
    (error,) = outcomes.errors
    assert isinstance(error, NotPicklable)
    assert (error.item, error.what) == (3, "result")
    assert "lock_for_three(3): the call was made, and its result cannot be sent back (<lock>: TypeError:" in str(error)


def test_a_result_that_cannot_be_made_here_fails_alone():
    outcomes = processes.settle(fickle, [1, 3], max_concurrency=1, chunk_size=2)

    assert outcomes.results == [1]
    assert "its result cannot be sent back (ZeroDivisionError: not here)" in str(outcomes.errors[0])


class Fickle:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    def __reduce__(self) -> Any:
        return _remake, (self.pid,)


def _remake(pid: int) -> Fickle:
    if pid != os.getpid():
        raise ZeroDivisionError("not here")
    return Fickle(pid)


def fickle(number: int) -> Any:
    return Fickle(os.getpid()) if number == 3 else number


# Children and what is defined.


def test_what_was_defined_after_a_child_was_started_is_found_all_the_same(monkeypatch):
    assert processes.map(double, [1], max_concurrency=1) == [2]
    source = "def late(item): return item + 1\nclass Late: pass\n"
    exec(compile(source, __file__, "exec"), globals())  # noqa: S102  # as a notebook's next cell does
    try:
        for name in ("late", "Late"):
            globals()[name].__module__ = __name__
        assert processes.map(globals()["late"], [1, 2], max_concurrency=1) == [2, 3]
        processes.map(double, [1], max_concurrency=1)
        (kind,) = processes.map(type_name, [globals()["Late"]()], max_concurrency=1)
    finally:
        del globals()["late"], globals()["Late"]

    assert kind == "Late"
    assert statistics().died == 0


def type_name(item: Any) -> str:
    return type(item).__name__


def test_a_function_that_no_child_can_find_fails_each_item(tmp_path, monkeypatch):
    (tmp_path / "vanished.py").write_text("def work(item): return item\n")
    monkeypatch.syspath_prepend(tmp_path)
    work = importlib.import_module("vanished").work
    monkeypatch.undo()  # a new Python has no such module

    outcomes = processes.settle(work, [1, 2, 3], max_concurrency=1, chunk_size=3, start_method="spawn")

    assert [type(error) for error in outcomes.errors] == [NotPicklable] * 3
    assert str(outcomes.errors[0]) == (
        "work(1): the function cannot be found in a child process (ModuleNotFoundError: No module named 'vanished'): "
        "define it at the top level of a module"
    )


def test_large_items_are_sent_again_where_they_must_be():
    items = [bytes(100_000), Fickle(os.getpid()), bytes(200_000)]

    outcomes = processes.settle(type_name, items, max_concurrency=1, chunk_size=3)

    assert outcomes.results == ["bytes", "bytes"]


def test_an_item_that_no_child_can_make_fails_alone():
    outcomes = processes.settle(type_name, [1, Fickle(os.getpid()), 3], max_concurrency=1, chunk_size=3)

    assert outcomes.results == ["int", "int"]
    assert "the item cannot be sent to a child process (ZeroDivisionError: not here)" in str(outcomes.errors[0])


class LargeWork:
    """A function with data; notes the child in which it is let go."""

    def __init__(self, notes: Any) -> None:
        self.notes = notes
        self.parent = os.getpid()
        self.data = bytes(100_000)

    def __call__(self, item: int) -> int:
        return item

    def __del__(self) -> None:
        if os.getpid() != self.parent:
            self.notes.add(os.getpid())


def test_an_idle_child_does_not_keep_a_function_with_much_data(notes):
    work = LargeWork(notes)
    processes.map(work, [1], max_concurrency=1)

    notes.wait()
    (pid,) = processes.map(own_pid, [None], max_concurrency=1)
    assert notes.lines() == [str(pid)]


# Where it is called.


def test_on_a_running_loop_it_says_what_to_use_instead():
    async def main() -> None:
        processes.map(double, [1])

    with pytest.raises(LoopRunning, match=r"await meantime\.in_thread\(processes\.map\)"):
        asyncio.run(main())


def test_in_async_code_it_is_awaited_on_a_thread():
    async def main() -> list[int]:
        return await in_thread(processes.map)(double, [1, 2])

    assert asyncio.run(main()) == [2, 4]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_handler_uses_the_same_children_over_its_invocations(is_async):
    if is_async:

        @meantime.handler
        async def lambda_handler(event, context):
            return await in_thread(processes.map)(own_pid, range(4), max_concurrency=2)
    else:

        @meantime.handler
        def lambda_handler(event, context):
            return processes.map(own_pid, range(4), max_concurrency=2)

    pids = {pid for _ in range(3) for pid in lambda_handler({}, LambdaContext(timeout=30.0))}

    assert len(pids) <= 2
    assert meantime.current_environment().statistics().leftover_processes == 0


def test_the_children_end_with_their_environment(notes):
    with fresh_environment():
        (pid,) = processes.map(own_pid, [None])
        notes.add(pid)
        assert notes.running() == [pid]

    assert notes.running() == []
    (another,) = processes.map(own_pid, [None])
    assert another != pid


def test_work_under_way_ends_with_its_environment_and_begins_nothing_more(notes):
    caught: list[BaseException] = []

    def run() -> None:
        try:
            processes.map(partial(note_and_hang, notes), [1, 2, 3], max_concurrency=1)
        except meantime.InvocationEnded as error:
            caught.append(error)

    with fresh_environment():
        thread = threading.Thread(target=run)
        thread.start()
        notes.wait()
    thread.join()

    assert [str(error) for error in caught] == ["the execution environment was closed, and its child processes with it"]
    assert len(notes.lines()) == 1
    assert notes.running() == []


def note_and_hang(notes: Any, _: int) -> None:
    notes.add(os.getpid())
    while True:
        pass


def test_a_call_may_use_processes_itself():
    assert processes.map(sum_in_children, [3, 4], max_concurrency=2) == [6, 12]


def sum_in_children(number: int) -> int:
    return sum(processes.map(double, range(number), max_concurrency=2))


def test_a_fork_of_the_program_has_children_of_its_own():
    (pid,) = processes.map(own_pid, [None], max_concurrency=1)
    reading, writing = os.pipe()
    forked = os.fork()
    if forked == 0:
        try:
            os.write(writing, str(processes.map(own_pid, [None], max_concurrency=1)[0]).encode())
            meantime.current_environment().close()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        others = int(pipe.read())
    os.waitpid(forked, 0)

    assert others != pid
    assert processes.map(own_pid, [None], max_concurrency=1) == [pid]


# Machines that give no more.


def test_a_machine_that_gives_no_process_is_an_error(monkeypatch):
    def start(_: str) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("meantime.executors.children.pool.start", start)

    with pytest.raises(RuntimeError, match=r"no child process can be started for this work: .* temporarily"):
        processes.map(double, [1])


def test_a_python_that_cannot_be_started_anew_is_an_error_whatever_was_forked(monkeypatch):
    assert processes.map(double, [1]) == [2]
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    with pytest.raises(RuntimeError, match=r"no child process can be started for this work: .*/nowhere/python"):
        processes.map(math.sqrt, [1], start_method="spawn")


def test_a_system_that_cannot_fork_is_an_error(monkeypatch):
    monkeypatch.delattr(os, "fork")

    with pytest.raises(RuntimeError, match=r"processes\.map needs a system that can fork"):
        processes.map(double, [1])


def test_a_machine_that_gives_no_more_processes_gets_the_work_done_on_fewer(monkeypatch):
    original, started = child_start.start, []

    def start(method: str) -> Any:
        if started:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(method)
        return original(method)

    monkeypatch.setattr("meantime.executors.children.pool.start", start)

    assert processes.map(double, range(20), max_concurrency=4) == [2 * number for number in range(20)]


def test_who_is_refused_a_process_waits_for_the_one_that_somebody_else_is_just_being_given(monkeypatch):
    original, started, refused = child_pool._start, [], threading.Event()

    def start(method: str) -> Any:
        if started:
            refused.set()
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(method)
        child = original(method)
        assert refused.wait(30)
        threading.Event().wait(0.1)  # time for the other to see that there is no child yet
        return child

    monkeypatch.setattr(child_pool, "_start", start)

    assert processes.map(double, range(20), max_concurrency=2) == [2 * number for number in range(20)]


def test_verbs_of_two_threads_share_the_children():
    results: dict[int, list[int]] = {}

    def run(number: int) -> None:
        results[number] = processes.map(double, range(50), max_concurrency=2)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == {number: [2 * item for item in range(50)] for number in range(4)}
    assert statistics().started <= 8
