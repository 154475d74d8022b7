"""One child process and the kept pool of them: what a child has of its parent, how it works, and how it ends."""

from __future__ import annotations

import contextvars
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from pickle import PickleBuffer
from typing import Any

import pytest

from meantime import Deadline, InvocationEnded, current_deadline
from meantime.deadline import deadline_variable
from meantime.executors.children import pool as children
from meantime.executors.children import start as child_start
from meantime.executors.children.calls import ChildCalls, CutOff
from meantime.executors.children.child import Child, Gone
from meantime.executors.children.invocation_facts import facts_of_now
from meantime.executors.children.main import ITEM_LOST, NOT_BEGUN, RAISED, RESULT, RESULT_LOST, request
from meantime.executors.children.pickling import pack, unpack
from meantime.executors.children.pool import ChildPool

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
kept: list[Any] = []  # what a child finds here, it has from its parent


@pytest.fixture(params=["fork", "spawn"])
def start_method(request):
    """Each way to start a child in turn."""
    return request.param


@pytest.fixture
def pool():
    """A pool of its own, which must leave no process behind."""
    before = children_of(os.getpid())
    pool = ChildPool()
    yield pool
    pool.close()
    kept.clear()
    assert children_of(os.getpid()) <= before


def ask(child: Child, function: Any, *items: Any) -> list[tuple[bytes, Any]]:
    """Have a child call the function with each of these; the kinds of answer, and what they tell."""
    send(child, function, *items)
    return [(kind, unpack(parts)) for kind, parts in (child.receive() for _ in items)]


def send(child: Child, function: Any, *items: Any) -> None:
    """Send a child these calls, and wait for none of them."""
    child.send(
        request(facts_of_now(current_deadline()), pack(function), [pack(item) for item in items], stop_at_failure=False)
    )


def result_of(child: Child, function: Any, item: Any = None) -> Any:
    """What one call gives."""
    ((kind, told),) = ask(child, function, item)
    assert kind == RESULT, told
    return told


def children_of(pid: int) -> set[int]:
    """The processes that this one has started and that are not gone, zombies included."""
    return {int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()}


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Any, timeout: float = 30.0) -> None:
    """Return as soon as this holds; fail if it does not within a generous time."""
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


# What the children do.


def own_pid(_: Any) -> int:
    return os.getpid()


def double(item: Any) -> Any:
    return item * 2


def same(item: Any) -> Any:
    return item


def fail(item: Any) -> None:
    raise LookupError(item)


def leave(exit_code: int) -> None:
    os._exit(exit_code)


def kill_itself(number: int) -> None:
    os.kill(os.getpid(), number)


def sleep_long(path: str | None) -> None:
    if path is not None:
        Path(path).write_text(str(os.getpid()))
    while True:  # as code does that computes: it is in no call that a signal would interrupt
        pass


def start_program(path: str) -> None:
    """Start a program that outlasts the call, and then compute for ever."""
    program = subprocess.Popen(["/bin/sleep", "60"])
    Path(path).write_text(str(program.pid))
    sleep_long(None)


def test_a_child_makes_calls_one_after_another_and_answers_each(pool, start_method):
    child = pool.lease(start_method)

    assert ask(child, str.upper, "a", "b", "c") == [(RESULT, "A"), (RESULT, "B"), (RESULT, "C")]


def test_a_child_that_was_given_back_is_used_again_the_newest_first(pool):
    first, second = pool.lease(), pool.lease()
    pool.give_back(first)
    pool.give_back(second)

    assert [pool.lease().pid, pool.lease().pid] == [second.pid, first.pid]
    assert pool.statistics().started == 2


def test_a_child_of_another_start_method_is_not_used(pool):
    forked = pool.lease("fork")
    pool.give_back(forked)

    assert pool.lease("spawn") is not forked


def test_statistics_say_what_the_children_do(pool):
    busy, idle, dead, stopped = (pool.lease() for _ in range(4))
    pool.give_back(idle)
    os.kill(dead.pid, signal.SIGKILL)
    wait_until(lambda: not is_running(dead.pid))
    pool.discard(dead)
    stopped.kill()
    pool.discard(stopped)

    assert repr(pool.statistics()) == "ChildStatistics(busy=1, died=1, idle=1, killed=1, started=4)"
    pool.give_back(busy)


def test_a_child_that_died_while_it_was_idle_is_replaced(pool):
    child = pool.lease()
    pool.give_back(child)
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not is_running(child.pid))

    another = pool.lease()

    assert another.pid != child.pid
    assert result_of(another, double, 2) == 4


@pytest.mark.parametrize(
    ("function", "argument", "exit_code"),
    [(leave, 3, 3), (kill_itself, signal.SIGKILL, -9), (kill_itself, signal.SIGTERM, -15)],
    ids=["os._exit", "SIGKILL", "SIGTERM"],
)
def test_a_child_that_dies_in_a_call_tells_how(pool, function, argument, exit_code):
    child = pool.lease()

    with pytest.raises(Gone):
        ask(child, function, argument)
    pool.discard(child)

    assert child.exit_code == exit_code
    assert not child.killed


def test_a_busy_child_is_killed_from_another_thread(pool):
    child = pool.lease()
    threading.Timer(0.05, child.kill).start()

    with pytest.raises(Gone):
        ask(child, sleep_long, None)
    pool.discard(child)

    assert (child.killed, child.exit_code) == (True, -signal.SIGKILL)


def test_what_a_killed_child_has_started_ends_with_it(pool, tmp_path):
    child, path = pool.lease(), tmp_path / "pid"
    send(child, start_program, str(path))
    wait_until(lambda: path.exists() and path.read_text())
    program = int(path.read_text())
    assert is_running(program)

    child.kill()
    pool.discard(child)

    wait_until(lambda: not is_running(program))


def test_what_a_child_has_started_ends_with_it_when_it_dies_by_itself(pool):
    child = pool.lease()
    program = result_of(child, start_sleeper)

    os.kill(child.pid, signal.SIGKILL)
    pool.discard(child)

    wait_until(lambda: not is_running(program))


def start_sleeper(_: Any) -> int:
    return subprocess.Popen(["/bin/sleep", "60"]).pid


def test_closing_lets_idle_children_leave_and_kills_busy_ones(pool):
    idle, busy = pool.lease(), pool.lease()
    pool.give_back(idle)
    send(busy, sleep_long, None)

    pool.close()

    assert (idle.exit_code, idle.killed) == (0, False)
    assert (busy.exit_code, busy.killed) == (-signal.SIGKILL, True)
    assert pool.statistics().idle == pool.statistics().busy == 0


def test_an_idle_child_that_does_not_leave_is_killed(pool, monkeypatch):
    monkeypatch.setattr("meantime.executors.children.pool._LEAVE_WITHIN", 0.1)
    child = pool.lease()
    os.kill(child.pid, signal.SIGSTOP)
    pool.give_back(child)

    pool.close()

    assert child.exit_code == -signal.SIGKILL


def test_a_closed_pool_has_no_more_children(pool):
    kept_child, late = pool.lease(), pool.lease()
    pool.give_back(kept_child)
    pool.close()

    with pytest.raises(InvocationEnded, match="the execution environment was closed"):
        pool.lease()
    assert pool.statistics().idle == pool.statistics().busy == 0
    assert late.exit_code == -signal.SIGKILL


def test_a_child_that_begins_while_its_pool_is_closed_ends_again(pool, monkeypatch):
    original = child_start.start

    def start(method: str) -> Any:
        pool.close()
        return original(method)

    monkeypatch.setattr("meantime.executors.children.pool.start", start)

    with pytest.raises(InvocationEnded):
        pool.lease()


def test_two_hundred_calls_leave_no_file_descriptor_and_no_process(pool, start_method):
    opened = ChildPool()  # the first child opens the lifeline, which stays
    opened.give_back(opened.lease(start_method))
    opened.close()
    descriptors, processes = len([*Path("/proc/self/fd").iterdir()]), children_of(os.getpid())

    for number in range(200):
        child = pool.lease(start_method)
        assert result_of(child, double, number) == 2 * number
        if number % 50 == 0:
            child.kill()
            pool.discard(child)
        else:
            pool.give_back(child)
    pool.close()

    assert len([*Path("/proc/self/fd").iterdir()]) == descriptors
    assert children_of(os.getpid()) == processes


def test_large_items_go_both_ways_in_one_message(pool, start_method):
    child = pool.lease(start_method)
    items = [bytes([number]) * (1 << 20) for number in range(20)]

    answers = ask(child, double, *items)

    assert [result for _, result in answers] == [item * 2 for item in items]


def test_a_message_may_be_far_larger_than_a_pipe(pool):
    child = pool.lease()
    item = os.urandom(1 << 16) * 1024

    assert result_of(child, same, item) == item


class Buffered:
    """As numpy's arrays do, gives its bytes beside the pickle."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Buffered, (PickleBuffer(self.data),)


def test_large_buffers_go_beside_the_pickle_and_may_be_written_to(pool):
    child = pool.lease()
    parts = pack(Buffered(bytearray(b"x" * 100_000)))

    came = result_of(child, same, Buffered(bytearray(b"x" * 100_000)))

    assert [len(bytes(part)) > 50_000 for part in parts] == [False, True]
    assert bytes(came.data) == b"x" * 100_000
    memoryview(came.data)[0] = 0


def test_the_function_is_sent_once(pool):
    child = pool.lease()
    assert result_of(child, double, 1) == 2

    child.send(request(facts_of_now(current_deadline()), [], [pack(21)], stop_at_failure=False))

    kind, parts = child.receive()
    assert (kind, unpack(parts)) == (RESULT, 42)


def test_an_exception_comes_with_its_traceback_as_text(pool):
    ((kind, (_, brief, traceback)),) = ask(pool.lease(), fail, 7)

    assert (kind, brief) == (RAISED, "LookupError: 7")
    assert "in fail\n" in traceback
    assert "child_main" not in traceback


class Fickle:
    """Pickles well, and cannot be made again."""

    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> None:
    raise ZeroDivisionError("not again")


def test_an_item_that_cannot_be_made_in_the_child_is_told_and_the_child_lives(pool):
    child = pool.lease()

    assert ask(child, same, Fickle()) == [(ITEM_LOST, "ZeroDivisionError: not again")]
    assert result_of(child, double, 2) == 4


def test_a_result_that_cannot_be_sent_is_told_and_the_child_lives(pool):
    child = pool.lease()
    ((kind, told),) = ask(child, threading.Semaphore, 1)

    assert kind == RESULT_LOST
    assert "<Semaphore>" in told
    assert "cannot pickle" in told
    assert result_of(child, double, 2) == 4


def test_a_child_makes_no_call_of_a_message_after_the_deadline_but_the_first(pool):
    token = deadline_variable.set(Deadline(-1.0))
    try:
        child = pool.lease()
        send(child, double, 1, 2, 3)
        answers = [child.receive()[0], child.receive()[0]]
    finally:
        deadline_variable.reset(token)

    assert answers == [RESULT, NOT_BEGUN]
    assert result_of(child, double, 2) == 4


def test_the_death_of_a_child_is_seen_although_what_it_forked_lives(pool):
    child = pool.lease()

    with pytest.raises(Gone):
        ask(child, fork_and_leave, None)
    pool.discard(child)

    assert child.exit_code == 3


def fork_and_leave(_: Any) -> None:
    if os.fork():
        os._exit(3)
    time.sleep(60)
    os._exit(0)


def test_a_child_that_cannot_begin_says_why_in_the_log(pool, monkeypatch, capfd):
    def refuse(_: int) -> None:
        raise LookupError("not today")

    monkeypatch.setattr("meantime.executors.children.start._part_from_parent", refuse)
    child = pool.lease()

    with pytest.raises(Gone):
        ask(child, double, 1)
    pool.discard(child)

    assert child.exit_code == 70
    assert "LookupError: not today" in capfd.readouterr().err


def test_a_machine_that_gives_no_process_leaves_no_file_descriptor(pool, monkeypatch):
    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    opened = ChildPool()
    opened.give_back(opened.lease())
    opened.close()
    descriptors = len([*Path("/proc/self/fd").iterdir()])
    monkeypatch.setattr(os, "fork", fork)

    with pytest.raises(BlockingIOError):
        pool.lease()

    assert len([*Path("/proc/self/fd").iterdir()]) == descriptors


def test_where_the_parents_death_cannot_be_watched_for_a_child_works_all_the_same(pool, monkeypatch):
    monkeypatch.setattr("meantime.executors.children.start.new_reading_end", lambda: None)

    assert result_of(pool.lease(), double, 2) == 4


def test_a_killed_child_that_lingers_is_waited_for_later(pool, monkeypatch):
    child = pool.lease()
    child.kill()
    with monkeypatch.context() as patch:
        patch.setattr(Child, "_has_ended", lambda _: False)  # as of one that is frozen
        patch.setattr("meantime.executors.children.child._GONE_WITHIN", 0.01)
        pool.discard(child)
    assert child.exit_code is None

    pool.give_back(pool.lease())

    assert child.exit_code == -signal.SIGKILL


def test_calls_that_were_cut_off_begin_no_more(pool):
    calls = ChildCalls(
        pool,
        pack(double),
        "fork",
        timeout=None,
        deadline=None,
        named=lambda item: ("double", item),
        stop_at_failure=True,
    )
    assert calls.call(2) == 4
    calls.cut_off()

    with pytest.raises(CutOff):
        calls.call(2)
    assert (pool.statistics().idle, pool.statistics().killed) == (1, 0)


# What a child has of its parent.


def test_a_forked_child_shares_what_is_loaded(pool):
    kept.append("from the parent")

    assert result_of(pool.lease(), what_is_kept) == ["from the parent"]


def what_is_kept(_: Any) -> list[Any]:
    return kept


def test_the_context_variables_of_the_fork_stay_behind_and_the_deadline_comes_with_each_message(pool):
    token, deadline_token = variable.set("an invocation's"), deadline_variable.set(Deadline(40.0, 0.25))
    try:
        child = pool.lease()
        in_invocation = result_of(child, what_it_knows)
    finally:
        variable.reset(token)
        deadline_variable.reset(deadline_token)

    assert in_invocation == ("unset", pytest.approx(40.0, abs=10.0), 0.25)
    assert result_of(child, what_it_knows) == ("unset", None, None)


def what_it_knows(_: Any) -> tuple[Any, ...]:
    deadline = current_deadline()
    left = (None, None) if deadline is None else (deadline.remaining(), deadline.reserve)
    return variable.get(), *left


def test_what_one_call_sets_in_its_context_no_other_sees(pool):
    assert ask(pool.lease(), set_variable, "a", "b") == [(RESULT, "unset"), (RESULT, "unset")]


def set_variable(value: str) -> str:
    before = variable.get()
    variable.set(value)
    return before


def test_a_kept_child_knows_the_trace_and_the_request_of_each_invocation(pool, monkeypatch):
    bootstrap = type(sys)("awslambdaric.bootstrap")  # stands in for the runtime client, which a test does not run in
    monkeypatch.setitem(sys.modules, "awslambdaric.bootstrap", bootstrap)
    child = pool.lease()
    seen = []
    for number in (1, 2):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={number}")
        bootstrap._GLOBAL_AWS_REQUEST_ID = f"request {number}"  # type: ignore[attr-defined]
        seen.append(result_of(child, trace_and_request))
    monkeypatch.delenv("_X_AMZN_TRACE_ID")

    assert seen == [("Root=1", "request 1"), ("Root=2", "request 2")]
    assert result_of(child, trace_and_request) == (None, "request 2")


def trace_and_request(_: Any) -> tuple[Any, Any]:
    return os.environ.get("_X_AMZN_TRACE_ID"), sys.modules["awslambdaric.bootstrap"]._GLOBAL_AWS_REQUEST_ID


def test_signal_handlers_and_the_alarm_stay_behind(pool):
    before = signal.signal(signal.SIGALRM, lambda *_: kept.append("alarm"))
    signal.setitimer(signal.ITIMER_REAL, 60.0)
    try:
        handler, timer, mask, wakeup = result_of(pool.lease(), signals)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)

    assert (handler, timer, mask, wakeup) == (signal.SIG_DFL, (0.0, 0.0), set(), -1)


def signals(_: Any) -> tuple[Any, ...]:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL), mask, signal.set_wakeup_fd(-1)


def test_the_parents_own_signal_mask_is_as_before(pool):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    pool.lease()

    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_a_child_reads_nothing_from_standard_input(pool, start_method):
    assert result_of(pool.lease(start_method), read_standard_input) == b""


def read_standard_input(_: Any) -> bytes:
    return os.read(0, 10)


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="the kernel keeps no such score here")
def test_where_memory_is_short_a_child_goes_before_its_parent(pool, start_method):
    ours = int(Path("/proc/self/oom_score_adj").read_text())

    assert int(result_of(pool.lease(start_method), read_text, "/proc/self/oom_score_adj")) >= max(ours, 500)


def read_text(path: str) -> str:
    return Path(path).read_text()


def test_the_parents_garbage_is_not_finalized_in_the_child(pool, tmp_path):
    notes = tmp_path / "notes"
    notes.touch()
    gc.disable()
    try:
        make_garbage(notes)
        result_of(pool.lease(), collect)
    finally:
        gc.enable()
        gc.collect()

    assert notes.read_text() == f"{os.getpid()}\n"


class Noted:
    """Notes which process finalizes it."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.circle = self

    def __del__(self) -> None:
        with self.notes.open("a") as file:
            file.write(f"{os.getpid()}\n")


def make_garbage(notes: Path) -> None:
    Noted(notes)


def collect(_: Any) -> None:
    gc.collect()


@pytest.fixture
def connection():
    """A TCP connection: our end, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            yield ours, theirs


def test_the_parents_connections_are_dead_in_the_child_and_live_in_the_parent(pool, connection):
    ours, theirs = connection
    kept.append(ours)

    assert result_of(pool.lease(), use_kept_connection) == ("BrokenPipeError", b"")

    ours.sendall(b"from the parent")
    assert theirs.recv(100) == b"from the parent"


def use_kept_connection(_: Any) -> tuple[str, bytes]:
    try:
        kept[0].sendall(b"from the child")
    except OSError as error:
        said = type(error).__name__
    else:
        said = "sent"
    return said, kept[0].recv(100)


def test_a_child_cannot_change_what_its_parents_loop_watches(pool, connection):
    ours, theirs = connection
    with select.epoll() as watching:
        watching.register(ours, select.EPOLLIN)
        kept.extend((watching, ours))
        result_of(pool.lease(), unregister)
        theirs.sendall(b"x")

        assert watching.poll(30) == [(ours.fileno(), select.EPOLLIN)]


def unregister(_: Any) -> None:
    try:
        kept[0].unregister(kept[1])
    except OSError:
        return


def test_a_child_does_not_keep_the_parents_port(pool):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        child = pool.lease()
        assert result_of(child, double, 1) == 2

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_fork_of_the_parent_holds_no_pipe_of_its_children(pool):
    child = pool.lease()
    assert result_of(child, double, 1) == 2
    pool.give_back(child)
    reading, writing = os.pipe()
    forked = os.fork()
    if forked == 0:  # it lives on, holding what it holds, until we are done
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    try:
        pool.close()
        assert child.exit_code == 0  # it has seen our end close
    finally:
        os.close(writing)
        os.waitpid(forked, 0)


def test_a_child_has_no_children_of_its_parents(pool):
    pool.lease()

    assert result_of(pool.lease(), count_known_children) == 0


def count_known_children(_: Any) -> int:
    return len(children._known)


# Programs of their own: their ends are what is asked about.


def test_the_children_of_a_parent_that_is_killed_end_even_in_the_middle_of_a_call(tmp_path, start_method):
    pids = tmp_path / "pids"
    pids.mkdir()
    (tmp_path / "work.py").write_text(
        "import os\n"
        "def compute(folder):\n"
        "    open(os.path.join(folder, str(os.getpid())), 'w').close()\n"
        "    while folder: pass\n"
    )
    source = f"""
import os, signal, sys
sys.path.insert(0, {str(tmp_path)!r})
from meantime.executors.children.pool import ChildPool
from meantime.executors.children.main import request
from meantime.executors.children.pickling import pack
from work import compute
pool = ChildPool()
idle, busy = pool.lease({start_method!r}), pool.lease({start_method!r})
for child, folder in ((idle, ""), (busy, {str(pids)!r})):
    child.send(request(None, pack(compute), [pack(folder)], stop_at_failure=False)) if folder else None
print(idle.pid, busy.pid, flush=True)
while not os.path.exists(os.path.join({str(pids)!r}, str(busy.pid))): pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, check=False)

    assert done.returncode == -signal.SIGKILL
    for pid in map(int, done.stdout.split()):
        wait_until(lambda pid=pid: not is_running(pid))


def test_no_clean_up_and_no_buffered_output_of_the_parent_happens_twice(run_python):
    printed = run_python("""
        import atexit, sys
        from meantime.executors.children.pool import ChildPool

        sys.stdout = open(1, "w", buffering=8192, closefd=False)
        atexit.register(print, "clean-up")
        print("buffered")
        pool = ChildPool()
        pool.give_back(pool.lease())
        pool.close()
    """)

    assert printed == "buffered\nclean-up\n"


def test_a_program_without_standard_streams_has_children_all_the_same(run_python):
    run_python("""
        import sys
        from meantime import processes

        sys.stdout = sys.stderr = None
        assert processes.map(abs, [-1]) == [1]
    """)


def test_a_fork_beside_threads_is_no_warning_of_ours_to_anybody(run_python):
    run_python("""
        import threading, warnings
        from meantime.executors.children.pool import ChildPool

        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        pool = ChildPool()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pool.give_back(pool.lease())
            pool.give_back(pool.lease())
        pool.close()
        stop.set()
        thread.join()
        assert caught == [], caught
    """)


def test_a_signal_to_all_is_handled_by_the_parent_and_does_not_disturb_a_child_that_begins(run_python):
    printed = run_python("""
        import os, signal, time
        from meantime.executors.children.pool import ChildPool

        fork, setpgid = os.fork, os.setpgid

        def slow_fork():
            number = fork()
            if number == 0:
                time.sleep(0.01)  # as on a busy machine: time for signals to come before anything is set
            return number

        os.fork = slow_fork
        os.setpgid = lambda pid, group: setpgid(pid, group) if pid == 0 else None
        setpgid(0, 0)
        parent = os.getpid()
        signal.signal(signal.SIGUSR1, lambda *_: os.getpid() == parent or os.write(1, b"handled in the child"))
        spammer = fork()
        if spammer == 0:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            while os.getppid() == parent:
                os.killpg(parent, signal.SIGUSR1)
            os._exit(0)
        for _ in range(10):
            pool = ChildPool()
            child = pool.lease()
            pool.give_back(child)
            pool.close()
            assert child.exit_code == 0, child.exit_code
        os.kill(spammer, signal.SIGKILL)
        os.waitpid(spammer, 0)
        print("done")
    """)

    assert printed == "done\n"
