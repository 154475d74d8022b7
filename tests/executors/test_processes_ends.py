"""How the verbs on child processes end otherwise than well: errors, deaths, timeouts, the deadline, stopping early."""

from __future__ import annotations

import contextvars
import itertools
import os
import signal
import socket
import threading
import time
from functools import partial
from typing import Any, NoReturn

import pytest

import meantime
from meantime import (
    CallTimeout,
    ChildDied,
    Completion,
    CompletionReason,
    Deadline,
    DeadlineExceeded,
    Limiter,
    NotPicklable,
    Retry,
    SettleFailed,
    current_deadline,
    processes,
)
from meantime.deadline import deadline_variable
from meantime.errors import ChildTraceback
from meantime.executors.children.child import Child
from meantime.executors.underway import registry
from meantime.testing import LambdaContext

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def deadline():
    """Sets the deadline that the code of a test runs under."""
    tokens = []

    def set_deadline(timeout: float) -> None:
        tokens.append(deadline_variable.set(Deadline(timeout)))

    yield set_deadline
    for token in reversed(tokens):
        deadline_variable.reset(token)


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


def note(notes: Any, item: Any) -> Any:
    notes.add(item)
    return item


def hang(notes: Any, item: Any = None) -> NoReturn:
    """Note the own process, and compute for ever."""
    notes.add(os.getpid())
    while True:
        pass


def hang_on_negative(notes: Any, item: int) -> int:
    return item if item >= 0 else hang(notes)


class Refused(LookupError):
    """An error with data of its own."""

    reason = ""


class Unpicklable(Exception):
    """Pickles, and cannot be made again: it wants an argument that it does not give."""

    def __init__(self, text: str, *, needed: str) -> None:
        super().__init__(text)


def refuse(number: int) -> int:
    if number == 3:
        error = Refused(number)
        error.reason = "three"
        error.add_note("a note")
        raise error
    return number


def raise_unpicklable(number: int) -> int:
    if number == 3:
        raise Unpicklable("three", needed="x")
    return number


def die_at_three(notes: Any, how: str, number: int) -> int:
    notes.add(number)
    if number == 3:
        if how == "exit":
            os._exit(7)
        os.kill(os.getpid(), getattr(signal, how))
    return number


# Errors.


def test_an_error_comes_as_it_was_with_the_childs_traceback():
    with pytest.raises(Refused) as caught:
        processes.map(refuse, range(6), max_concurrency=2)

    error = caught.value
    assert (error.args, error.reason, error.__notes__) == ((3,), "three", ["a note"])
    assert isinstance(error.__cause__, ChildTraceback)
    assert "in refuse\n    raise error\n" in str(error.__cause__)


def test_an_error_that_cannot_be_pickled_is_told_in_text_with_its_traceback():
    with pytest.raises(NotPicklable) as caught:
        processes.map(raise_unpicklable, [3])

    assert str(caught.value) == (
        "raise_unpicklable(3): the call raised what cannot be sent back as it is: Unpicklable: three"
    )
    assert "in raise_unpicklable\n" in str(caught.value.__cause__)


class Mute(Exception):
    """An error that cannot even be told."""

    def __init__(self) -> None:
        super().__init__(threading.Lock())

    def __str__(self) -> str:
        raise ZeroDivisionError


def raise_mute(_: Any) -> None:
    raise Mute


def test_an_error_that_cannot_even_be_told_is_named():
    with pytest.raises(NotPicklable, match=r"raise_mute\(1\): the call raised what cannot be sent .* as it is: Mute$"):
        processes.map(raise_mute, [1])


def test_settle_raises_nothing_and_the_others_have_their_results():
    outcomes = processes.settle(refuse, range(6), max_concurrency=2)

    assert outcomes.results == [0, 1, 2, 4, 5]
    assert [type(error) for error in outcomes.errors] == [Refused]


def test_a_system_exit_in_a_call_reaches_the_caller_and_the_child_lives():
    with pytest.raises(SystemExit):
        processes.map(raise_system_exit, [3])

    assert processes.map(double, [1]) == [2]
    assert statistics().started == 1


def raise_system_exit(code: int) -> None:
    raise SystemExit(code)


def test_after_a_failure_no_call_runs_on(notes):
    with pytest.raises(Refused):
        processes.map(partial(hang_or_refuse, notes), [1, 3], max_concurrency=2, chunk_size=1)

    assert registry.wait_until_idle(30)
    assert notes.running() == []
    assert processes.map(double, [1, 2]) == [2, 4]


def test_after_a_failure_its_child_begins_no_further_item_of_the_chunk_and_lives(notes):
    with pytest.raises(Refused):
        processes.map(partial(note_and_refuse, notes), [3, 4, 5], max_concurrency=1, chunk_size=3)

    assert processes.map(double, [1], max_concurrency=1) == [2]
    assert notes.lines() == ["3"]
    assert (statistics().started, statistics().killed) == (1, 0)


def note_and_refuse(notes: Any, number: int) -> int:
    notes.add(number)
    return refuse(number)


def hang_or_refuse(notes: Any, number: int) -> int:
    if number == 3:
        notes.wait()
        return refuse(number)
    return hang(notes)


def test_an_input_that_fails_ends_the_calls_under_way(notes):
    def items():
        yield -1
        notes.wait()
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        processes.map(partial(hang_on_negative, notes), items(), max_concurrency=2)

    assert registry.wait_until_idle(30)
    assert notes.running() == []


@pytest.mark.parametrize("chunk_size", [None, 3])
def test_an_input_that_fails_in_a_settle_comes_with_the_outcomes_until_then(chunk_size):
    def items():
        yield from range(4)
        raise LookupError("no more")

    with pytest.raises(SettleFailed, match="no more") as caught:
        processes.settle(double, items(), max_concurrency=1, chunk_size=chunk_size)

    assert caught.value.outcomes.results == [0, 2, 4, 6][: 3 if chunk_size else 4]


# Children that die.


@pytest.mark.parametrize("how", ["exit", "SIGKILL"])
@pytest.mark.parametrize("chunk_size", [1, 3, 6, None])
def test_a_child_that_dies_is_one_failed_item_and_no_call_is_made_twice(notes, chunk_size, how):
    outcomes = processes.settle(partial(die_at_three, notes, how), range(6), max_concurrency=2, chunk_size=chunk_size)

    assert outcomes.results == [0, 1, 2, 4, 5]
    (failed,) = outcomes.failed
    assert failed.item == 3
    assert isinstance(failed.error, ChildDied)
    assert sorted(notes.lines()) == list("012345")


def test_the_death_of_a_child_is_told_with_its_likely_cause(notes):
    with pytest.raises(ChildDied) as exited:
        processes.map(partial(die_at_three, notes, "exit"), [3])
    with pytest.raises(ChildDied) as killed:
        processes.map(partial(die_at_three, notes, "SIGKILL"), [3])

    error = exited.value
    assert (error.function, error.item, error.exit_code, error.signal) == ("die_at_three", 3, 7, None)
    assert str(error) == (
        f"die_at_three(3) has no answer: its child process {error.pid} ended with exit code 7: something in it called "
        "os._exit"
    )
    error = killed.value
    assert (error.exit_code, error.signal) == (None, "SIGKILL")
    assert "most likely since memory ran out: give the function more, or lower max_concurrency" in str(error)


def test_where_nobody_keeps_how_children_end_it_cannot_be_told(notes):
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ChildDied, match="has ended, and the kernel does not say how") as caught:
            processes.map(partial(die_at_three, notes, "exit"), [3])
    finally:
        signal.signal(signal.SIGCHLD, before)

    assert (caught.value.exit_code, caught.value.signal) == (None, None)


def test_a_child_that_died_is_replaced(notes):
    processes.settle(partial(die_at_three, notes, "exit"), [3], max_concurrency=1)

    assert processes.map(double, [1, 2], max_concurrency=1) == [2, 4]
    assert (statistics().started, statistics().died) == (2, 1)


def test_the_children_that_were_killed_while_they_were_idle_cost_nobody_anything():
    for pid in set(processes.map(own_pid, range(4), max_concurrency=2)):
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert processes.map(double, range(4), max_concurrency=2) == [0, 2, 4, 6]


def test_a_child_that_dies_before_it_has_read_its_message_costs_nobody_anything(monkeypatch):
    (pid,) = processes.map(own_pid, [None], max_concurrency=1)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    monkeypatch.setattr("meantime.executors.children.child.Child.is_alive", lambda _: True)  # it has died just after

    assert processes.map(double, [1], max_concurrency=1) == [2]


def test_children_that_die_at_once_time_after_time_are_an_error(monkeypatch):
    def start(_: str) -> Any:
        ours, theirs = socket.socketpair()
        theirs.close()
        return os.posix_spawn("/bin/false", ["false"], {}), ours

    monkeypatch.setattr("meantime.executors.children.pool.start", start)

    with pytest.raises(ChildDied, match="ended with exit code 1"):
        processes.map(double, [1], max_concurrency=1)


# Time.


def test_a_call_over_its_timeout_is_ended(notes):
    with pytest.raises(CallTimeout, match=r"hang\(1\) took longer than its timeout of 0.2 s") as caught:
        processes.map(partial(hang, notes), [1], timeout=0.2)

    assert (caught.value.item, caught.value.timeout) == (1, 0.2)
    assert registry.wait_until_idle(30)
    assert notes.running() == []


def test_the_children_of_calls_with_a_timeout_are_kept_as_well():
    for timeout in (5.0, 10.0, None):
        assert processes.map(double, range(5), timeout=timeout, max_concurrency=1) == [0, 2, 4, 6, 8]

    assert statistics().started == 1


def test_in_a_settle_a_call_over_its_timeout_fails_alone(notes):
    outcomes = processes.settle(partial(hang_on_negative, notes), [1, -1, 2, 3], timeout=0.5, max_concurrency=1)

    assert outcomes.results == [1, 2, 3]
    assert [type(error) for error in outcomes.errors] == [CallTimeout]
    assert notes.running() == []


@pytest.mark.parametrize("chunk_size", [1, 2])
def test_at_the_deadline_the_calls_under_way_are_ended_and_named(notes, deadline, chunk_size):
    deadline(1.0)

    with pytest.raises(DeadlineExceeded, match=r"processes\.map stopped at the deadline.*hang\(1\) for") as caught:
        processes.map(partial(hang, notes), [1, 2], max_concurrency=1, chunk_size=chunk_size)

    assert [waiting.item for waiting in caught.value.waiting] == [1]
    assert registry.wait_until_idle(30)
    assert notes.running() == []
    assert len(notes.lines()) == 1


@pytest.mark.parametrize("chunk_size", [1, 4])
def test_at_the_deadline_a_settle_says_what_is_unfinished(notes, deadline, chunk_size):
    deadline(1.0)

    outcomes = processes.settle(
        partial(hang_on_negative, notes), [1, -1, 2, 3], max_concurrency=1, chunk_size=chunk_size
    )

    assert outcomes.reason == CompletionReason.DEADLINE_EXCEEDED
    assert outcomes.results == [1]
    assert [(each.item, each.started) for each in outcomes.unfinished] == [(-1, True), (2, False), (3, False)]
    assert registry.wait_until_idle(30)
    assert notes.running() == []


def test_nothing_begins_after_the_deadline(notes, deadline):
    deadline(-1.0)

    with pytest.raises(DeadlineExceeded):
        processes.map(partial(note, notes), [1])
    outcomes = processes.settle(partial(note, notes), [1, 2])

    assert notes.lines() == []
    assert [each.started for each in outcomes] == [False, False]


def test_a_child_makes_no_call_of_its_message_after_the_deadline(notes, deadline):
    deadline(0.6)

    outcomes = processes.settle(partial(note_and_wait, notes), range(50), max_concurrency=1, chunk_size=50)

    assert 0 < len(notes.lines()) < 50
    assert outcomes.total_count == 50
    assert outcomes.reason == CompletionReason.DEADLINE_EXCEEDED


def note_and_wait(notes: Any, item: int) -> int:
    notes.add(item)
    time.sleep(0.05)
    return item


def test_what_a_child_has_begun_is_known_however_far_the_parent_lags_behind(notes, deadline, monkeypatch):
    deadline(0.7)
    until, receive = time.monotonic() + 0.7, Child.receive

    def receive_late(child: Child, timeout: float | None = None) -> Any:
        time.sleep(0.1 if time.monotonic() < until else 0.0)
        return receive(child, timeout)

    monkeypatch.setattr(Child, "receive", receive_late)

    outcomes = processes.settle(partial(note, notes), range(40), max_concurrency=1, chunk_size=40)

    assert len(outcomes.unfinished) < 40
    assert {int(line) for line in notes.lines()} <= {each.item for each in outcomes if each.started}


def test_calls_know_the_deadline_and_not_the_context_variables(deadline):
    deadline(100.0)
    token = variable.set("set by the caller")
    try:
        (left,), (value,) = processes.map(seconds_left, [None]), processes.map(value_of_variable, [None])
    finally:
        variable.reset(token)

    assert left == pytest.approx(100.0, abs=30.0)
    assert value == "unset"


def seconds_left(_: Any) -> float | None:
    deadline = current_deadline()
    return None if deadline is None else deadline.remaining()


def value_of_variable(_: Any) -> str:
    return variable.get()


# Stopping early.


def test_the_first_success_ends_the_losers(notes):
    outcomes = processes.settle(
        partial(hang_on_negative_after, notes),
        [-1, 5],
        completion=Completion.first_successful(),
        max_concurrency=2,
        chunk_size=1,
    )

    assert outcomes.results == [5]
    assert [each.item for each in outcomes.unfinished] == [-1]
    assert registry.wait_until_idle(30)
    assert notes.running() == []


def hang_on_negative_after(notes: Any, item: int) -> int:
    if item >= 0:
        notes.wait()
    return hang_on_negative(notes, item)


def test_a_settle_that_is_complete_in_the_middle_of_a_chunk_begins_no_further_item(notes):
    outcomes = processes.settle(
        partial(note, notes), range(10), completion=Completion(min_successful=2), max_concurrency=1, chunk_size=10
    )

    assert outcomes.reason == CompletionReason.MIN_SUCCESSFUL_REACHED
    assert outcomes.success_count == 2
    assert registry.wait_until_idle(30)
    assert [each.started for each in outcomes.unfinished][1:] == [False] * 7


def test_outcomes_come_as_they_are_done(notes):
    came = [each.item for each in processes.as_completed(partial(in_turn, notes), [2, 1, 0], max_concurrency=3)]

    assert came == [0, 1, 2]


def in_turn(notes: Any, number: int) -> None:
    """Wait for all numbers below to be done."""
    notes.wait(number)
    time.sleep(0.05)
    notes.add(number)


def test_a_consumer_that_stops_early_ends_the_calls_and_the_endless_input(notes):
    drawn = []

    def items():
        for number in itertools.count():
            drawn.append(number)
            yield number if number < 5 else -1

    outcomes = processes.as_completed(partial(hang_on_negative, notes), items(), max_concurrency=2)
    for outcome in outcomes:
        if outcome.item == 4:
            break
    outcomes.close()  # type: ignore[attr-defined]  # a generator

    assert registry.wait_until_idle(30)
    assert len(drawn) <= 8
    assert notes.running() == []


def test_at_the_deadline_a_consumer_gets_what_was_cut_off_and_the_error(notes, deadline):
    deadline(1.0)
    outcomes = processes.as_completed(partial(hang, notes), [1], max_concurrency=1)

    cut_off = next(outcomes)
    with pytest.raises(DeadlineExceeded):
        next(outcomes)

    assert (cut_off.item, cut_off.status) == (1, "UNFINISHED")
    assert registry.wait_until_idle(30)
    assert notes.running() == []


def test_an_async_handler_leaves_no_process_behind_at_its_deadline(notes):
    @meantime.handler(reserve=0.4)
    async def lambda_handler(event, context):
        return await meantime.in_thread(processes.map)(partial(hang, notes), [1, 2], max_concurrency=2)

    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(timeout=1.5))

    assert notes.running() == []
    assert len(notes.lines()) > 0


def test_a_handler_that_leaves_a_fan_out_behind_leaves_no_process(notes):
    @meantime.handler(reserve=0.4)
    def lambda_handler(event, context):
        iterator = processes.as_completed(partial(hang_on_negative, notes), [1, -1], max_concurrency=2)
        left.append(iterator)
        return next(iterator).result

    left: list[Any] = []
    assert lambda_handler({}, LambdaContext(timeout=30.0)) == 1

    assert registry.wait_until_idle(30)
    assert notes.running() == []


# Limits and retries, which stay in the parent.


def fail_at_first(notes: Any, item: int) -> int:
    notes.add(os.getpid())
    if len(notes.lines()) == 1:
        raise ConnectionError
    return item


def hang_at_first(notes: Any, item: int) -> int:
    if not notes.lines():
        hang(notes)
    return item


def test_a_failed_call_is_made_again(notes):
    retry = Retry(attempts=2, initial_backoff=0.0)

    assert processes.map(partial(fail_at_first, notes), [5], retry=retry, max_concurrency=1) == [5]
    assert len(notes.lines()) == 2
    assert retry.statistics().retries == 1


def test_each_call_of_a_gather_is_made_again_for_itself(notes):
    retry = Retry(attempts=2, initial_backoff=0.0)

    assert processes.gather(partial(fail_at_first, notes, 5), own_pid, retry=retry, max_concurrency=1)[0] == 5


def test_an_attempt_over_its_timeout_is_ended_and_made_again(notes):
    retry = Retry(attempts=2, initial_backoff=0.0)

    assert processes.map(partial(hang_at_first, notes), [5], retry=retry, timeout=0.5, max_concurrency=1) == [5]
    assert registry.wait_until_idle(30)
    assert notes.running() == []


def test_a_second_attempt_beside_a_slow_first_wins_and_the_slow_one_is_ended(notes):
    retry = Retry(hedge_after=0.2, hedge_budget=1.0)

    assert processes.map(partial(hang_at_first, notes), [5], retry=retry, max_concurrency=1) == [5]
    assert registry.wait_until_idle(30)
    assert retry.statistics().hedges_won == 1
    assert notes.running() == []


def test_a_call_whose_child_died_is_not_made_again(notes):
    with pytest.raises(ChildDied):
        processes.map(partial(die_at_three, notes, "exit"), [3], retry=Retry(attempts=3, on=Exception))

    assert notes.lines() == ["3"]


def test_calls_pass_the_limiter_before_they_go_to_a_child(notes):
    limiter = Limiter("test", max_concurrency=1)

    overlaps = processes.map(partial(overlap, notes), range(6), limiter=limiter, max_concurrency=3)

    assert overlaps == [False] * 6
    assert limiter.statistics().admitted == 6


def overlap(notes: Any, number: int) -> bool:
    """Whether another call is under way at the same time."""
    before = len(notes.lines())
    notes.add(number)
    time.sleep(0.02)
    overlaps = before % 2 == 1 or len(notes.lines()) != before + 1
    notes.add(number)
    return overlaps


def test_the_timeout_of_a_call_is_not_for_its_turn_at_the_limiter():
    limiter = Limiter("test", max_concurrency=1)

    assert processes.map(sleep, [0.4] * 3, limiter=limiter, max_concurrency=3, timeout=0.9) == [0.4] * 3


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds
