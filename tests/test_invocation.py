"""What `handler` makes of a function: one invocation from event to answer."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import socket
import threading
import time
from functools import partial
from unittest.mock import MagicMock

import pytest

import meantime
from meantime import (
    DeadlineExceeded,
    InvocationCancelled,
    LoopRunning,
    MeantimeError,
    clock,
    sequential,
    tasks,
    threads,
)
from meantime.limiter import Limiter
from meantime.testing import LambdaContext


async def sleep(seconds):
    """With a held clock at hand, no time of the machine's."""
    await clock.sleep_async(seconds)


def test_an_async_function_becomes_a_plain_function_of_event_and_context():
    @meantime.handler
    async def lambda_handler(event, context):
        """What it is for."""
        await asyncio.sleep(0)
        return event["name"], context.function_name

    assert lambda_handler({"name": "x"}, LambdaContext(function_name="f")) == ("x", "f")
    assert lambda_handler.__doc__ == "What it is for."


def test_the_function_itself_stays_reachable():
    async def main(event, context):
        return event

    lambda_handler = meantime.handler(reserve=0.1)(main)

    assert lambda_handler.main is main
    assert lambda_handler.__wrapped__ is main
    assert asyncio.run(lambda_handler.main(1, None)) == 1


def test_what_a_peer_said_last_and_that_it_is_gone_is_known_before_the_handler_begins():
    told = []

    class Client(asyncio.Protocol):
        def data_received(self, data):
            told.append(data)

        def connection_lost(self, error):
            told.append("lost")

    @meantime.handler
    async def lambda_handler(event, context):
        if event == "connect":
            await asyncio.get_running_loop().create_connection(Client, *server.getsockname())
        return list(told)

    with socket.create_server(("127.0.0.1", 0)) as server:
        lambda_handler("connect", LambdaContext())
        peer, _ = server.accept()
        peer.sendall(b"you were idle for too long")
        peer.close()

        assert lambda_handler("look", LambdaContext()) == [b"you were idle for too long", "lost"]


def test_a_blocking_function_is_as_welcome():
    @meantime.handler
    def lambda_handler(event, context):
        return threads.map(str, event)

    assert lambda_handler([1, 2], LambdaContext()) == ["1", "2"]


def test_a_blocking_handler_never_loads_asyncio(run_python):
    run_python(
        """
        import sys
        import meantime
        from meantime import threads, sequential
        from meantime.testing import LambdaContext

        @meantime.handler
        def lambda_handler(event, context):
            return threads.map(str, event) + sequential.map(str, event)

        assert lambda_handler([1], LambdaContext()) == ["1", "1"]
        assert "asyncio" not in sys.modules
        assert "typing" not in sys.modules
        """
    )


def test_all_invocations_share_one_loop_which_is_the_threads_current_loop(environment):
    @meantime.handler
    async def lambda_handler(event, context):
        return asyncio.get_running_loop()

    loops = {lambda_handler({}, LambdaContext()) for _ in range(5)}

    assert len(loops) == 1
    assert asyncio.get_event_loop_policy().get_event_loop() in loops
    assert environment.statistics().loops_made == 1


def test_a_loop_that_the_function_made_at_import_is_adopted_and_left_open(run_python):
    run_python(
        """
        import asyncio, meantime
        from meantime.testing import LambdaContext

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)

        @meantime.handler
        async def lambda_handler(event, context):
            return asyncio.get_running_loop()

        assert lambda_handler({}, LambdaContext()) is loop
        meantime.current_environment().close()
        assert not loop.is_closed()
        loop.close()
        """
    )


def test_asyncio_run_beside_it_does_no_harm():
    @meantime.handler
    async def lambda_handler(event, context):
        return asyncio.get_running_loop()

    first = lambda_handler({}, LambdaContext())
    asyncio.run(asyncio.sleep(0))  # leaves the thread without a current loop

    assert lambda_handler({}, LambdaContext()) is first


def test_on_a_running_loop_it_says_what_to_await():
    @meantime.handler
    async def lambda_handler(event, context): ...

    async def main():
        lambda_handler({}, LambdaContext())

    with pytest.raises(LoopRunning, match=r"await .*lambda_handler\.main\(event, context\)"):
        asyncio.run(main())


def test_an_error_of_the_function_is_raised_as_it_is():
    @meantime.handler
    async def lambda_handler(event, context):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        lambda_handler({}, LambdaContext())


class Answers:
    """Callable in several ways."""

    def __call__(self, event, context, error=None):
        return "a part"

    def of_three(self, event, context, error):
        return "a part"

    @staticmethod
    def of_any(*_):
        return "a part"


def needs_a_keyword(event, context, error=None, *, table):
    return "a part"


@pytest.mark.parametrize(
    "function",
    [lambda: 1, lambda event: 1, lambda event, context, more: 1, Answers().of_three, needs_a_keyword],
)
def test_a_function_that_cannot_take_event_and_context_is_refused_when_it_is_decorated(function):
    with pytest.raises(TypeError, match=r"takes a function of \(event, context\), and .* is not one of two arguments"):
        meantime.handler(function)


def test_of_a_function_not_written_in_python_only_a_call_can_tell():
    assert meantime.handler(partial(print, end=""))("", LambdaContext()) is None


def test_an_async_function_that_takes_no_context_is_refused_too():
    async def lambda_handler(event): ...

    with pytest.raises(TypeError, match="lambda_handler is not one of two arguments"):
        meantime.handler(lambda_handler)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("on_deadline", [lambda: 1, lambda event, context: 1, Answers.of_three, needs_a_keyword])
def test_an_on_deadline_that_cannot_take_three_arguments_is_refused_at_once(on_deadline):
    with pytest.raises(
        TypeError, match=r"on_deadline must take three arguments, \(event, context, error\), and .* does"
    ):
        meantime.handler(on_deadline=on_deadline)


@pytest.mark.parametrize(
    "on_deadline",
    [
        Answers(),
        Answers().of_three,
        Answers.of_any,
        partial(needs_a_keyword, table="orders"),
        partial(lambda table, event, context, error: "a part", "orders"),
        lambda event, *_: "a part",
        lambda event, context, error, table="orders": "a part",
        MagicMock(return_value="a part"),
    ],
)
def test_an_on_deadline_that_can_take_three_arguments_answers(on_deadline, fake_clock):
    @meantime.handler(reserve=20, on_deadline=on_deadline)
    async def lambda_handler(event, context):
        await sleep(60)

    assert lambda_handler({}, LambdaContext(40)) == "a part"


def test_at_the_deadline_the_error_names_what_was_waiting_and_the_environment_lives_on(environment, fake_clock):
    @meantime.handler(reserve=20)
    async def lambda_handler(event, context):
        return await tasks.map(sleep, event["seconds"])

    with pytest.raises(DeadlineExceeded) as caught:
        lambda_handler({"seconds": [60]}, LambdaContext(40))

    assert [(waiting.function, waiting.item) for waiting in caught.value.waiting] == [("sleep", 60)]
    assert caught.value.waiting[0].seconds > 0.05
    assert "test_invocation.py" in str(caught.value)
    assert lambda_handler({"seconds": [0]}, LambdaContext()) == [None]
    assert environment.statistics().loops_retired == 0


def test_at_the_deadline_a_wait_outside_every_verb_is_named_too(fake_clock):
    @meantime.handler(reserve=20)
    async def lambda_handler(event, context):
        await sleep(60)

    with pytest.raises(DeadlineExceeded, match="lambda_handler"):
        lambda_handler({}, LambdaContext(40))


def test_a_function_may_answer_itself_when_a_verb_meets_the_deadline(fake_clock):
    @meantime.handler(reserve=20)
    async def lambda_handler(event, context):
        try:
            await tasks.map(sleep, [60])
        except DeadlineExceeded as error:
            return {"unfinished": len(error.waiting)}

    assert lambda_handler({}, LambdaContext(40)) == {"unfinished": 1}


def test_a_blocking_function_meets_the_deadline_in_its_threads():
    release = threading.Event()

    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        threads.map(lambda _: release.wait(30), ["x"])

    with pytest.raises(DeadlineExceeded, match="'x'"):
        lambda_handler({}, LambdaContext(0.3))
    release.set()


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_on_deadline_is_asked_as_soon_as_somebody_sees_that_the_deadline_comes_first(environment, kind):
    limiter = Limiter("downstream", rate=1, per=3600.0, burst=1)

    async def main(event, context):
        await tasks.map(asyncio.sleep, [0, 0], limiter=limiter)

    def blocking_main(event, context):
        sequential.map(str, [0, 0], limiter=limiter)

    lambda_handler = meantime.handler(on_deadline=lambda *_: "a part")(main if kind == "async" else blocking_main)

    context = LambdaContext(600)
    assert lambda_handler({}, context) == "a part"
    assert context.get_remaining_time_in_millis() > 300_000
    assert environment.statistics().deadlines_exceeded == 1


def test_an_error_like_the_deadlines_before_its_time_is_the_functions_own(environment):
    @meantime.handler(on_deadline=lambda *_: "a part")
    def lambda_handler(event, context):
        raise DeadlineExceeded("of something else")

    with pytest.raises(DeadlineExceeded, match="of something else"):
        lambda_handler({}, LambdaContext(60))
    assert environment.statistics().deadlines_exceeded == 0


def test_on_deadline_gives_the_answer_instead(environment, fake_clock):
    def answer(event, context, error):
        return {"event": event, "waiting": [waiting.function for waiting in error.waiting]}

    @meantime.handler(reserve=20, on_deadline=answer)
    async def lambda_handler(event, context):
        await tasks.gather(sleep(60))

    assert lambda_handler("e", LambdaContext(40)) == {"event": "e", "waiting": ["sleep"]}
    assert environment.statistics().deadlines_exceeded == 1


def test_on_deadline_is_not_asked_for_another_error():
    @meantime.handler(on_deadline=lambda *_: "answer")
    async def lambda_handler(event, context):
        raise DeadlineExceeded("somebody else's")

    with pytest.raises(DeadlineExceeded, match="somebody else's"):
        lambda_handler({}, LambdaContext())


def test_an_invocation_that_begins_after_its_deadline_does_nothing():
    begun = []

    @meantime.handler
    async def lambda_handler(event, context):
        begun.append(event)

    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(0.0))

    assert begun == []


def test_a_short_invocation_keeps_half_of_its_time_for_work():
    @meantime.handler(reserve=10)
    async def lambda_handler(event, context):
        return meantime.current_deadline().remaining()

    assert 0.3 < lambda_handler({}, LambdaContext(1.0)) <= 0.5


def test_outside_an_invocation_there_is_no_deadline():
    assert meantime.current_deadline() is None


def test_the_deadline_reaches_threads_and_tasks():
    @meantime.handler
    async def lambda_handler(event, context):
        async def here(_):
            return meantime.current_deadline()

        in_task = await tasks.map(here, [1])
        in_thread = await meantime.in_thread(meantime.current_deadline)()
        return {*in_task, in_thread, meantime.current_deadline()}

    assert len(lambda_handler({}, LambdaContext())) == 1


def test_a_handler_that_ends_cancelled_is_an_ordinary_error():
    @meantime.handler
    async def lambda_handler(event, context):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises(InvocationCancelled, match="cancelled by its own code"):
        lambda_handler({}, LambdaContext())
    assert issubclass(InvocationCancelled, Exception)


def test_a_function_that_outlasts_its_cancellation_is_cut_off_and_the_loop_retired(environment, caplog):
    @meantime.handler(reserve=0.4)
    async def stubborn(event, context):
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    with pytest.raises(DeadlineExceeded), caplog.at_level(logging.WARNING):
        stubborn({}, LambdaContext(0.5))

    assert environment.statistics().loops_retired == 1
    assert "stubborn" in caplog.text

    @meantime.handler
    async def lambda_handler(event, context):
        return "works"

    assert lambda_handler({}, LambdaContext()) == "works"


def test_a_stopped_loop_is_an_error_that_says_so():
    @meantime.handler
    async def lambda_handler(event, context):
        asyncio.get_running_loop().stop()
        await asyncio.sleep(60)

    with pytest.raises(MeantimeError, match=r"call no loop\.stop\(\)"):
        lambda_handler({}, LambdaContext())


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_a_context_that_cannot_tell_the_time_is_refused(kind):
    begun = []

    async def main(event, context):
        begun.append(event)

    lambda_handler = meantime.handler(main if kind == "async" else lambda event, context: begun.append(event))

    with pytest.raises(TypeError, match=r"get_remaining_time_in_millis.*LambdaContext"):
        lambda_handler({}, None)
    assert begun == []


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"reserve": -1}, ValueError, "reserve must be 0 or more"),
        ({"reserve": float("inf")}, ValueError, "reserve must be 0 or more"),
        ({"reserve": "1"}, TypeError, "reserve must be a number"),
        ({"on_deadline": 5}, TypeError, "on_deadline must be a blocking function"),
    ],
)
def test_bad_keywords_are_refused_at_the_decoration(keywords, error, words):
    with pytest.raises(error, match=words):
        meantime.handler(**keywords)(lambda event, context: None)


def test_what_cannot_be_a_handler_is_refused():
    async def stream(event, context):
        yield event

    with pytest.raises(TypeError, match="cannot stream"):
        meantime.handler(stream)
    with pytest.raises(TypeError, match="takes a function"):
        meantime.handler(5)  # type: ignore[call-overload]  # the mistake under test
    with pytest.raises(TypeError, match="takes a function"):
        meantime.handler(LambdaContext)  # type: ignore[arg-type]  # the mistake under test


def test_one_handler_may_call_another_in_the_same_invocation(environment):
    @meantime.handler
    def inner(event, context):
        return meantime.current_deadline()

    @meantime.handler
    def outer(event, context):
        return inner(event, context) is meantime.current_deadline()

    assert outer({}, LambdaContext())
    assert environment.statistics().invocations == 1


def test_a_blocking_handler_that_calls_an_async_one_is_told_what_to_do():
    @meantime.handler
    async def inner(event, context): ...

    @meantime.handler
    def outer(event, context):
        return inner(event, context)

    with pytest.raises(LoopRunning, match=r"await .*inner\.main"):
        outer({}, LambdaContext())


def test_two_invocations_at_once_are_refused():
    inside, release = threading.Event(), threading.Event()

    @meantime.handler
    def lambda_handler(event, context):
        inside.set()
        assert release.wait(30)

    thread = threading.Thread(target=lambda_handler, args=({}, LambdaContext(30)))
    thread.start()
    assert inside.wait(30)
    with pytest.raises(MeantimeError, match="another invocation is under way"):
        lambda_handler({}, LambdaContext())
    release.set()
    thread.join()


def test_a_system_exit_leaves_the_handler_as_python_would_have_it():
    @meantime.handler
    async def lambda_handler(event, context):
        raise SystemExit(4)

    with pytest.raises(SystemExit):
        lambda_handler({}, LambdaContext())


def test_the_clock_of_the_deadline_is_the_contexts():
    begin = time.monotonic()

    @meantime.handler(reserve=0.5)
    async def lambda_handler(event, context):
        return meantime.current_deadline().at

    at = lambda_handler({}, LambdaContext(10))

    assert begin + 9.4 < at < time.monotonic() + 9.5


def test_a_blocking_handler_that_ends_cancelled_is_an_ordinary_error():
    @meantime.handler
    def lambda_handler(event, context):
        raise asyncio.CancelledError

    with pytest.raises(InvocationCancelled):
        lambda_handler({}, LambdaContext())


def test_a_blocking_handler_that_returns_a_coroutine_is_told_to_be_async():
    async def main(event, context): ...

    lambda_handler = meantime.handler(lambda event, context: main(event, context))

    with pytest.raises(TypeError, match="returned a coroutine, which nobody would await"):
        lambda_handler({}, LambdaContext())


def test_a_context_whose_time_is_no_number_is_refused():
    lambda_handler = meantime.handler(lambda event, context: "answer")

    with pytest.raises(TypeError, match=r"must give a number, got MagicMock.*LambdaContext"):
        lambda_handler({}, MagicMock())


def test_items_cost_nothing_to_name_at_the_deadline(fake_clock):
    class Telling:
        def __repr__(self):
            asked.append(1)
            return "told"

    asked = []

    @meantime.handler(reserve=20)
    async def lambda_handler(event, context):
        await tasks.map(lambda _: sleep(60), [Telling(), b"0" * 1_000_000, "x" * 1_000_000, [Telling()]])

    with pytest.raises(DeadlineExceeded) as caught:
        lambda_handler({}, LambdaContext(40))

    assert asked == []
    assert all(len(str(waiting.text)) <= 80 for waiting in caught.value.waiting)
    assert "Telling" in str(caught.value)


def test_the_environment_cannot_be_closed_from_inside_its_loop(environment):
    @meantime.handler
    async def lambda_handler(event, context):
        meantime.current_environment().close()

    with pytest.raises(LoopRunning, match="close it outside"):
        lambda_handler({}, LambdaContext())
    assert meantime.handler(lambda event, context: "works")({}, LambdaContext()) == "works"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_an_environment_and_a_loop_of_its_own(run_python):
    """AWS Lambda Managed Instances fork several processes in one environment."""
    run_python(
        """
        import asyncio, os, warnings
        warnings.simplefilter("ignore")
        import meantime
        from meantime import threads
        from meantime.testing import LambdaContext

        closed = []

        @meantime.warm
        def connection():
            yield os.getpid()
            closed.append(os.getpid())

        @meantime.handler
        async def lambda_handler(event, context):
            loop = asyncio.get_running_loop()
            return id(loop._selector), connection(), meantime.current_environment().statistics().invocations

        parent = lambda_handler({}, LambdaContext())
        assert threads.map(str, [1]) == ["1"]
        child = os.fork()
        if child == 0:
            mine = lambda_handler({}, LambdaContext())
            good = mine[1] == os.getpid() and mine[2] == 1 and threads.map(str, [1]) == ["1"] and closed == []
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert lambda_handler({}, LambdaContext())[1] == os.getpid()
        """
    )


def test_on_deadline_is_asked_before_threads_are_waited_for():
    release, asked = threading.Event(), []

    def answer(event, context, error):
        asked.append(meantime.current_deadline().remaining())
        return "answer"

    @meantime.handler(reserve=1.0, on_deadline=answer)
    def lambda_handler(event, context):
        threads.map(lambda _: release.wait(30), ["x"])

    assert lambda_handler({}, LambdaContext(2.0)) == "answer"
    release.set()
    assert asked[0] > -0.4


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_an_on_deadline_that_takes_too_long_is_interrupted_and_the_error_raised():
    @meantime.handler(reserve=0.2, on_deadline=lambda *_: time.sleep(60))
    def lambda_handler(event, context):
        threads.map(lambda _: release.wait(30), ["x"])

    release = threading.Event()
    with pytest.raises(DeadlineExceeded, match="'x'"):
        lambda_handler({}, LambdaContext(0.4))
    release.set()


def test_what_a_retry_has_noted_on_the_error_is_one_line_of_the_log_since_lambda_prints_no_notes(caplog):
    retry = meantime.Retry(attempts=2, initial_backoff=0)

    @retry
    def fetch():
        error = TimeoutError("timed out")
        error.add_note("somebody else's")
        raise error

    @meantime.handler
    async def lambda_handler(event, context):
        return await meantime.in_thread(fetch)()

    with pytest.raises(TimeoutError):
        lambda_handler({}, LambdaContext())

    (record,) = (each for each in caplog.records if each.name == "meantime")
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("TimeoutError: Meantime: ")
    assert "fetch: attempt 2 of 2" in record.getMessage()
    assert "somebody else's" not in record.getMessage()


def test_an_error_without_notes_of_meantimes_own_adds_nothing_to_the_log(caplog):
    @meantime.handler
    def lambda_handler(event, context):
        error = LookupError("no such order")
        error.add_note("somebody else's")
        raise error

    with pytest.raises(LookupError):
        lambda_handler({}, LambdaContext())

    assert not caplog.records


def test_an_on_deadline_that_fails_leaves_what_was_waiting_in_the_log(caplog, fake_clock):
    def answer(event, context, error):
        raise ZeroDivisionError

    @meantime.handler(reserve=20, on_deadline=answer)
    async def lambda_handler(event, context):
        await tasks.map(sleep, [60])

    with pytest.raises(ZeroDivisionError):
        lambda_handler({}, LambdaContext(40))
    assert "failed to answer for: tasks.map stopped at the deadline" in caplog.text
    assert "sleep(60)" in caplog.text


def test_a_deadline_that_the_function_answers_itself_counts_too(environment, fake_clock):
    @meantime.handler(reserve=20)
    async def lambda_handler(event, context):
        try:
            await tasks.map(sleep, [60])
        except DeadlineExceeded:
            return "answer"

    lambda_handler({}, LambdaContext(40))
    assert environment.statistics().deadlines_exceeded == 1


def test_the_items_that_were_waiting_are_the_items_themselves(fake_clock):
    items = [{"id": 7, "body": "x" * 200}]

    @meantime.handler(reserve=20)
    async def lambda_handler(event, context):
        await tasks.map(lambda _: sleep(60), items)

    with pytest.raises(DeadlineExceeded) as caught:
        lambda_handler({}, LambdaContext(40))
    assert caught.value.waiting[0].item is items[0]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  # our own


def test_a_blocking_call_is_shown_in_the_traceback():
    def block():
        time.sleep(60)

    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        block()

    with pytest.raises(DeadlineExceeded) as caught:
        lambda_handler({}, LambdaContext(0.3))
    assert "block" in [entry.name for entry in caught.traceback]


def test_on_deadline_may_make_calls_of_its_own_which_have_most_of_the_reserve():
    left = []

    def answer(event, context, error):
        left.append(meantime.current_deadline().remaining())
        return meantime.threads.map(str, [1, 2])

    @meantime.handler(reserve=1.0, on_deadline=answer)
    async def lambda_handler(event, context):
        await asyncio.sleep(60)

    assert lambda_handler({}, LambdaContext(timeout=1.2)) == ["1", "2"]
    assert 0 < left[0] <= 0.75


def test_once_an_invocation_has_ended_its_deadline_has_passed():
    deadlines = []

    @meantime.handler
    def lambda_handler(event, context):
        deadlines.append(meantime.current_deadline())

    lambda_handler({}, LambdaContext(timeout=900))

    assert deadlines[0].remaining() <= 0


def test_where_the_loop_had_to_be_given_up_on_deadline_still_has_an_eighth_of_the_reserve():
    def answer(event, context, error):
        left = meantime.current_deadline().remaining()
        time.sleep(0.05)
        return left

    @meantime.handler(reserve=2.0, on_deadline=answer)
    async def lambda_handler(event, context):
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    assert 0 < lambda_handler({}, LambdaContext(timeout=2.5)) <= 0.25


def test_a_verb_in_on_deadline_that_is_cut_off_still_gives_its_part():
    release = threading.Event()

    def answer(event, context, error):
        settled = threads.settle(lambda number: release.wait(number) or number, [0, 30])
        return settled.results, [each.item for each in settled.unfinished]

    @meantime.handler(reserve=2.0, on_deadline=answer)
    async def lambda_handler(event, context):
        meantime.current_deadline().at = time.monotonic() + 0.1  # the test need not last that long
        await tasks.map(asyncio.sleep, [60])

    answered = lambda_handler({}, LambdaContext(timeout=4.5))
    release.set()

    assert answered == ([0], [30])


def test_once_on_deadline_has_answered_the_deadline_of_its_calls_has_passed(fake_clock):
    deadlines = []

    def answer(event, context, error):
        deadlines.append(meantime.current_deadline())

    @meantime.handler(reserve=20, on_deadline=answer)
    async def lambda_handler(event, context):
        await sleep(60)

    lambda_handler({}, LambdaContext(40))

    assert deadlines[0].remaining() <= 0
    assert deadlines[0].at == 0
