"""What `warm` promises: made once for each execution environment, kept over invocations, closed with it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import pickle
import sys
import threading

import pytest

import meantime
from meantime import tasks, threads
from meantime.testing import LambdaContext, fresh_environment


class Client:
    """Something that lives on a loop and can be closed."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False


def test_a_plain_function_is_called_once():
    made = []

    @meantime.warm
    def table():
        made.append("table")
        return object()

    assert table() is table()
    assert made == ["table"]


def test_who_looks_behind_wrappers_finds_no_generator():
    """FastAPI's `Depends` does: it would take the warm resource for the generator that makes it, and break on it."""

    @meantime.warm
    async def client():
        yield object()

    @meantime.warm
    def table():
        yield object()

    assert inspect.unwrap(client) is client
    assert inspect.unwrap(table) is table


def test_an_async_generator_gives_the_same_client_in_every_invocation_and_is_closed_with_the_environment():
    events = []

    @meantime.warm
    async def client():
        events.append("made")
        yield Client()
        events.append("closed")

    @meantime.handler
    async def lambda_handler(event, context):
        return await client()

    with fresh_environment():
        clients = {lambda_handler({}, LambdaContext()) for _ in range(5)}
        assert events == ["made"]

    assert len(clients) == 1
    assert events == ["made", "closed"]


def test_an_async_function_gives_the_same_value_in_every_invocation():
    @meantime.warm
    async def client():
        await asyncio.sleep(0)
        return Client()

    @meantime.handler
    async def lambda_handler(event, context):
        return await client()

    assert lambda_handler({}, LambdaContext()) is lambda_handler({}, LambdaContext())


def test_a_generator_is_closed_with_the_environment():
    events = []

    @meantime.warm
    def connection():
        events.append("made")
        yield "connection"
        events.append("closed")

    with fresh_environment():
        assert connection() == "connection"
        assert connection() == "connection"
        assert events == ["made"]
    assert events == ["made", "closed"]


def test_resources_are_closed_newest_first():
    closed = []

    @meantime.warm
    def first():
        yield 1
        closed.append("first")

    @meantime.warm
    def second():
        yield first() + 1
        closed.append("second")

    with fresh_environment():
        assert second() == 2
    assert closed == ["second", "first"]


def test_another_environment_makes_its_own():
    @meantime.warm
    def thing():
        return object()

    with fresh_environment():
        one = thing()
    with fresh_environment():
        assert thing() is not one


def test_it_is_made_once_even_if_many_tasks_ask_at_once():
    made = []

    @meantime.warm
    async def client():
        made.append(1)
        await asyncio.sleep(0.01)
        yield object()

    @meantime.handler
    async def lambda_handler(event, context):
        return await tasks.map(lambda _: client(), range(10))

    assert len(set(lambda_handler({}, LambdaContext()))) == 1
    assert made == [1]


def test_it_is_made_once_even_if_many_threads_ask_at_once():
    made = []
    barrier = threading.Barrier(8)

    @meantime.warm
    def client():
        made.append(1)
        return object()

    def ask(_):
        barrier.wait(30)
        return client()

    assert len(set(threads.map(ask, range(8), max_concurrency=8))) == 1
    assert made == [1]


def test_a_failed_creation_is_raised_and_not_kept():
    attempts = []

    @meantime.warm
    async def client():
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("refused")
        yield "client"

    @meantime.handler
    async def lambda_handler(event, context):
        return await client()

    with pytest.raises(ConnectionError, match="refused"):
        lambda_handler({}, LambdaContext())
    assert lambda_handler({}, LambdaContext()) == "client"


def test_a_failed_blocking_creation_is_raised_and_not_kept():
    attempts = []

    @meantime.warm
    def client():
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("refused")
        return "client"

    with pytest.raises(ConnectionError, match="refused"):
        client()
    assert client() == "client"


def test_the_tasks_and_threads_of_a_resource_are_no_leftovers(environment, caplog):
    caplog.set_level(logging.WARNING)
    beats = []
    release = threading.Event()

    @meantime.warm
    async def pool():
        async def beat():
            while True:
                beats.append(1)
                await asyncio.sleep(0.001)

        thread = threading.Thread(target=release.wait, args=(30,), daemon=True)
        thread.start()
        task = asyncio.create_task(beat())
        yield task
        task.cancel()

    @meantime.handler
    async def lambda_handler(event, context):
        task = await pool()
        await asyncio.sleep(0.01)
        return task.done()

    assert [lambda_handler({}, LambdaContext()) for _ in range(3)] == [False] * 3
    release.set()
    assert "Left over" not in caplog.text
    assert environment.statistics().leftover_tasks == 0


def test_a_creation_cut_off_by_the_deadline_is_not_kept():
    attempts = []

    @meantime.warm
    async def client():
        attempts.append(1)
        if len(attempts) == 1:
            await asyncio.sleep(60)
        yield "client"

    @meantime.handler(reserve=0.2)
    async def lambda_handler(event, context):
        return await client()

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler({}, LambdaContext(0.3))
    assert lambda_handler({}, LambdaContext()) == "client"


def test_a_resource_outlives_the_deadline_of_the_invocation_that_made_it():
    @meantime.warm
    async def deadline_inside():
        yield meantime.current_deadline()

    @meantime.handler
    async def lambda_handler(event, context):
        return await deadline_inside()

    assert lambda_handler({}, LambdaContext()) is None


def test_after_a_retired_loop_the_resource_is_made_anew_and_the_old_one_closed():
    events = []

    @meantime.warm
    async def client():
        events.append("made")
        yield object()
        events.append("closed")

    @meantime.handler(reserve=0.8)
    async def lambda_handler(event, context):
        await client()
        if event == "stubborn":
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler("stubborn", LambdaContext(1.6))
    assert events == ["made", "closed"]
    lambda_handler("good", LambdaContext())
    assert events == ["made", "closed", "made"]


def test_a_generator_must_yield_exactly_once(caplog):
    @meantime.warm
    def nothing():
        return
        yield

    @meantime.warm
    def twice():
        yield 1
        yield 2

    with pytest.raises(RuntimeError, match="nothing ended without a yield"):
        nothing()
    twice()
    meantime.current_environment().close()
    assert "twice failed to close: it yielded a second time" in caplog.text


def test_an_async_generator_must_yield():
    @meantime.warm
    async def nothing():
        return
        yield

    @meantime.handler
    async def lambda_handler(event, context):
        await nothing()

    with pytest.raises(RuntimeError, match="nothing ended without a yield"):
        lambda_handler({}, LambdaContext())


def test_a_function_with_arguments_is_refused():
    with pytest.raises(TypeError, match=r"without arguments.*client takes region"):

        @meantime.warm  # type: ignore[arg-type]  # the mistake under test
        def client(region): ...

    with pytest.raises(TypeError, match="takes a function"):
        meantime.warm("client")  # type: ignore[call-overload]  # the mistake under test


def test_a_fresh_environment_leaves_the_one_around_it_alone():
    made, closed = [], []

    @meantime.warm
    async def client():
        made.append(1)
        yield made[-1]
        closed.append(1)

    @meantime.warm
    def connection():
        made.append(2)
        yield 2
        closed.append(2)

    @meantime.handler
    async def lambda_handler(event, context):
        connection()
        await client()
        return asyncio.get_running_loop()

    outer = lambda_handler({}, LambdaContext())
    with fresh_environment():
        assert lambda_handler({}, LambdaContext()) is not outer
    assert sorted(closed) == [1, 2]
    assert lambda_handler({}, LambdaContext()) is outer
    assert sorted(made) == [1, 1, 2, 2]


def test_a_resource_that_fails_to_close_is_logged_and_the_others_are_closed(caplog):
    closed = []

    @meantime.warm
    def first():
        yield 1
        closed.append("first")

    @meantime.warm
    def failing():
        yield 2
        raise OSError("will not close")

    @meantime.warm
    async def failing_too():
        yield 3
        raise OSError("nor this one")

    @meantime.handler
    async def lambda_handler(event, context):
        return first(), failing(), await failing_too()

    with fresh_environment():
        lambda_handler({}, LambdaContext())

    assert closed == ["first"]
    assert "failing failed to close" in caplog.text
    assert "failing_too failed to close" in caplog.text
    assert "will not close" in caplog.text


def test_a_resource_whose_task_is_cancelled_runs_its_clean_up_in_that_task():
    events = []

    @meantime.warm
    async def client():
        async with asyncio.TaskGroup():
            events.append(asyncio.current_task())
            try:
                yield "client"
            finally:
                events.append(asyncio.current_task())

    async def main():
        await client()

    asyncio.run(main())  # cancels what is left at its end

    assert len(events) == 2
    assert events[0] is events[1]


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_resources_that_need_each_other_in_a_circle_are_an_error_that_names_them(kind):
    if kind == "async":

        @meantime.warm
        async def chicken():
            return await egg()

        @meantime.warm
        async def egg():
            return await chicken()

        @meantime.handler
        async def lambda_handler(event, context):
            return await chicken()
    else:

        @meantime.warm
        def chicken():
            return egg()

        @meantime.warm
        def egg():
            return chicken()

        @meantime.handler
        def lambda_handler(event, context):
            return chicken()

    with pytest.raises(RuntimeError, match=r"in a circle: .*chicken needs .*egg needs .*chicken"):
        lambda_handler({}, LambdaContext())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has eager tasks from 3.12 on")
def test_eager_tasks_are_no_obstacle():
    @meantime.warm
    async def client():
        yield "client"

    @meantime.handler
    async def lambda_handler(event, context):
        asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009  # 3.11's types have none
        return await client()

    assert lambda_handler({}, LambdaContext()) == "client"
    assert lambda_handler({}, LambdaContext()) == "client"


def test_a_bound_method_makes_a_resource_too():
    class Factory:
        def client(self):
            return "client"

    assert meantime.warm(Factory().client)() == "client"


def test_keyword_only_arguments_without_defaults_are_refused_too():
    with pytest.raises(TypeError, match="client takes region"):

        @meantime.warm  # type: ignore[arg-type]  # the mistake under test
        def client(*, region): ...


def test_who_takes_an_async_resource_for_what_it_gives_is_told_to_await_it():
    @meantime.warm
    async def api():
        return Client()

    with pytest.raises(AttributeError, match=r"api is a warm resource.*`client = await api\(\)` in an async handler"):
        api.get  # type: ignore[attr-defined]  # noqa: B018  # the mistake under test
    http = meantime.clients.httpx()
    with pytest.raises(AttributeError, match=r"`client = await http\(\)` in an async handler, then `client\.get`"):
        http.get  # type: ignore[attr-defined]  # noqa: B018  # the mistake under test


def test_who_takes_a_blocking_resource_for_what_it_gives_is_told_to_call_it():
    @meantime.warm
    def table():
        return object()

    with pytest.raises(AttributeError, match=r"as in `table\(\)\.get_item`"):
        table.get_item  # type: ignore[attr-defined]  # noqa: B018  # the mistake under test


def test_who_looks_at_a_resource_finds_nothing_strange(recwarn):
    @meantime.warm
    def table():
        """What is stored."""

    assert not hasattr(table, "__len__")
    assert not hasattr(table, "get_item")
    assert inspect.getdoc(table) == "What is stored."
    assert not inspect.iscoroutinefunction(table)
    assert callable(copy.copy(table))
    with pytest.raises((TypeError, pickle.PicklingError, AttributeError)):  # whichever this Python has for it
        pickle.dumps(table)
