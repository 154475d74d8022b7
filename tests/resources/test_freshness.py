"""What the options of `warm` promise: looked at once an invocation, made anew when no longer good, nobody cut off."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading

import pytest

import meantime
from meantime import tasks, threads
from meantime.testing import LambdaContext


class Resource:
    """A warm resource of either kind, what became of it, and a handler that asks for it."""

    def __init__(self, kind: str, **options) -> None:
        self.events: list[str] = []
        self.made = 0
        self.ask = self._blocking(options) if kind == "blocking" else self._async(options)
        self.handler = self._blocking_handler() if kind == "blocking" else self._async_handler()

    def invoke(self, asks: int = 1) -> list[int]:
        """Ask for it so many times at once in one invocation; the numbers of what was got."""
        return self.handler(asks, LambdaContext(30))

    def _make(self) -> int:
        self.made += 1
        self.events.append(f"made {self.made}")
        return self.made

    def _blocking(self, options):
        @meantime.warm(**options)
        def resource():
            number = self._make()
            yield number
            self.events.append(f"closed {number}")

        return resource

    def _async(self, options):
        @meantime.warm(**options)
        async def resource():
            number = self._make()
            await asyncio.sleep(0)
            yield number
            await asyncio.sleep(0)
            self.events.append(f"closed {number}")

        return resource

    def _blocking_handler(self):
        @meantime.handler
        def lambda_handler(event, context):
            return threads.map(lambda _: self.ask(), range(event), max_concurrency=event)

        return lambda_handler

    def _async_handler(self):
        @meantime.handler
        async def lambda_handler(event, context):
            return await tasks.map(lambda _: self.ask(), range(event), max_concurrency=event)

        return lambda_handler


@pytest.fixture(params=["blocking", "async"])
def kind(request):
    return request.param


def test_without_options_it_is_kept_however_long_the_freeze(kind, clock):
    resource = Resource(kind)

    resource.invoke()
    clock.freeze(1_000_000)

    assert resource.invoke() == [1]


def test_idle_for_longer_than_max_idle_it_is_closed_and_made_anew(kind, clock):
    resource = Resource(kind, max_idle=300.0)

    resource.invoke()
    clock.freeze(301)

    assert resource.invoke() == [2]
    assert resource.events == ["made 1", "closed 1", "made 2"]


def test_each_use_begins_the_idle_time_anew(kind, clock):
    resource = Resource(kind, max_idle=300.0)

    for _ in range(5):
        resource.invoke()
        clock.freeze(299)

    assert resource.invoke() == [1]


def test_older_than_max_age_it_is_made_anew_although_it_was_used(kind, clock):
    resource = Resource(kind, max_age=900.0)

    got = []
    for _ in range(5):
        got += resource.invoke()
        clock.freeze(400)

    assert got == [1, 1, 1, 2, 2]
    assert resource.events == ["made 1", "closed 1", "made 2"]


def test_a_wall_clock_set_back_does_no_harm(kind, clock):
    resource = Resource(kind, max_idle=300.0, max_age=300.0)

    resource.invoke()
    clock.freeze(-3600)

    assert resource.invoke() == [1]


def test_of_many_who_ask_at_once_one_makes_it_anew_and_all_get_it(kind, clock):
    resource = Resource(kind, max_idle=300.0)

    resource.invoke(8)
    clock.freeze(301)

    assert resource.invoke(8) == [2] * 8
    assert resource.events == ["made 1", "closed 1", "made 2"]


def test_who_holds_it_in_an_invocation_is_not_cut_off_there(kind, clock):
    resource = Resource(kind, max_idle=300.0)

    if kind == "blocking":

        @meantime.handler
        def lambda_handler(event, context):
            held = resource.ask()
            clock.freeze(301)
            return held, resource.ask()
    else:

        @meantime.handler
        async def lambda_handler(event, context):
            held = await resource.ask()
            clock.freeze(301)
            return held, await resource.ask()

    assert lambda_handler({}, LambdaContext(30)) == (1, 1)
    assert resource.events == ["made 1"]


def test_made_before_the_first_invocation_it_is_looked_at_by_that(clock):
    resource = Resource("blocking", max_idle=300.0)

    resource.ask()
    clock.freeze(301)

    assert resource.invoke() == [2]


def test_where_no_handler_runs_everybody_who_asks_looks(kind, clock):
    resource = Resource(kind, max_idle=300.0)
    meantime.handler(lambda event, context: None)({}, LambdaContext())  # not even between invocations

    if kind == "blocking":
        first = resource.ask()
        clock.freeze(301)
        assert (first, resource.ask()) == (1, 2)
    else:

        async def main():
            first = await resource.ask()
            clock.freeze(301)
            return first, await resource.ask()

        assert asyncio.run(main()) == (1, 2)


@pytest.mark.parametrize("verdict", [True, None, 1, ""])
def test_it_is_kept_if_its_check_says_anything_but_false(kind, verdict):
    seen = []

    def check(number):
        seen.append(number)
        return verdict

    resource = Resource(kind, check=check)

    assert [resource.invoke(), resource.invoke(), resource.invoke()] == [[1], [1], [1]]
    assert seen == [1, 1]  # not in the invocation that makes it


@pytest.mark.parametrize("verdict", [False, ConnectionError("gone")])
def test_it_is_made_anew_if_its_check_says_false_or_fails(kind, verdict, caplog):
    caplog.set_level(logging.INFO)

    def check(number):
        if number == 1:
            if verdict is False:
                return False
            raise verdict
        return True

    resource = Resource(kind, check=check)

    assert [resource.invoke(4), resource.invoke(4), resource.invoke(4)] == [[1] * 4, [2] * 4, [2] * 4]
    assert resource.events == ["made 1", "closed 1", "made 2"]
    assert f"made anew: its check says {verdict!r}" in caplog.text


def test_it_is_checked_once_an_invocation_however_many_ask(kind):
    seen = []
    resource = Resource(kind, check=seen.append)

    resource.invoke()
    resource.invoke(8)

    assert seen == [1]


def test_within_check_after_of_its_last_use_it_is_not_checked(kind, clock):
    seen = []
    resource = Resource(kind, check=seen.append, check_after=10.0)

    resource.invoke()
    clock.freeze(9)
    resource.invoke()
    assert seen == []
    clock.freeze(10)
    resource.invoke()
    assert seen == [1]


def test_an_async_resource_may_have_an_async_check():
    async def check(number):
        await asyncio.sleep(0.001)
        return number > 1

    resource = Resource("async", check=check)

    assert [resource.invoke(4), resource.invoke(4), resource.invoke(4)] == [[1] * 4, [2] * 4, [2] * 4]


def test_an_async_check_that_hangs_has_failed_after_two_seconds(clock, environment):
    async def check(number):
        clock.advance(2)
        await asyncio.Event().wait()

    resource = Resource("async", check=check)

    assert [resource.invoke(), resource.invoke()] == [[1], [2]]
    assert environment.statistics().leftover_tasks == 0  # it was cancelled


def test_an_async_check_that_does_not_let_itself_be_cancelled_takes_no_longer(clock, environment):
    async def check(number):
        clock.advance(2)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    resource = Resource("async", check=check)

    @meantime.handler
    async def lambda_handler(event, context):
        number = await resource.ask()
        gc.collect()  # the check is held by nobody else
        return number

    assert [lambda_handler({}, LambdaContext(30)) for _ in range(2)] == [1, 2]
    assert environment.statistics().leftover_tasks == 1  # nobody else would tell of it


def test_a_check_leaves_half_of_the_invocations_time_for_making_it_anew(clock):
    async def check(number):
        clock.advance(0.5)
        await asyncio.Event().wait()

    resource = Resource("async", check=check)

    resource.invoke()

    assert resource.handler(1, LambdaContext(1.2)) == [2]


def test_a_check_that_cancels_itself_has_failed():
    def check(number):
        raise asyncio.CancelledError

    resource = Resource("async", check=check)

    assert [resource.invoke(), resource.invoke()] == [[1], [2]]


def test_who_gives_up_waiting_for_a_check_leaves_it_to_the_others():
    asked = asyncio.Event()
    release = asyncio.Event()

    async def check(number):
        asked.set()
        await release.wait()

    resource = Resource("async", check=check)

    @meantime.handler
    async def lambda_handler(event, context):
        first = asyncio.create_task(resource.ask())
        await asked.wait()
        second = asyncio.create_task(resource.ask())
        first.cancel()
        release.set()
        return await second

    resource.invoke()

    assert lambda_handler({}, LambdaContext()) == 1


def test_a_check_cut_off_with_its_invocation_is_asked_again_in_the_next():
    asked, begun = [], asyncio.Event()

    async def check(number):
        asked.append(number)
        begun.set()
        if len(asked) == 1:
            await asyncio.Event().wait()

    resource = Resource("async", check=check)

    @meantime.handler
    async def lambda_handler(event, context):
        task = asyncio.create_task(resource.ask())
        await begun.wait()
        assert not task.done()

    resource.invoke()
    lambda_handler({}, LambdaContext())

    assert resource.invoke() == [1]
    assert asked == [1, 1]


def test_a_check_that_asks_for_its_own_resource_is_an_error_instead_of_a_deadlock(kind, caplog):
    caplog.set_level(logging.INFO)
    resource: Resource = Resource(kind, check=lambda _: resource.ask())

    resource.invoke()

    assert resource.invoke() == [2]
    assert "in a circle" in caplog.text


def test_an_async_check_of_a_blocking_resource_is_refused():
    async def check(number): ...

    with pytest.raises(TypeError, match=r"resource is blocking, so its check must be: .*check is async"):
        Resource("blocking", check=check)


def test_a_blocking_resources_check_that_turns_out_async_is_an_error():
    async def ping(number): ...

    resource = Resource("blocking", check=lambda number: ping(number))

    resource.invoke()

    with pytest.raises(TypeError, match="returned a coroutine, which nobody awaits"):
        resource.invoke()


def test_if_it_cannot_be_made_anew_the_error_is_raised_and_the_next_who_asks_tries_again(kind, clock):
    resource = Resource(kind, max_idle=300.0)
    make, attempts = resource._make, []

    def refused_once():
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("refused")
        return make()

    resource.invoke()
    resource._make = refused_once  # type: ignore[method-assign]  # the test makes it fail
    clock.freeze(301)

    with pytest.raises(ConnectionError, match="refused"):
        resource.invoke()
    assert resource.invoke() == [2]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"max_idle": -1}, ValueError, "max_idle must be 0 or more seconds, got -1"),
        ({"max_age": float("inf")}, ValueError, "max_age must be 0 or more seconds, got inf"),
        ({"max_idle": float("nan")}, ValueError, "max_idle must be 0 or more seconds, got nan"),
        ({"max_idle": "300"}, TypeError, "max_idle must be a number of seconds, got '300'"),
        ({"max_idle": True}, TypeError, "max_idle must be a number of seconds, got True"),
        ({"check": "SELECT 1"}, TypeError, "check must be a function of the resource, got 'SELECT 1'"),
        ({"check": bool, "check_after": -1.0}, ValueError, "check_after must be 0 or more seconds"),
        ({"check_after": 1.0}, TypeError, "check_after says when `check` is called: give that, too"),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(options, error, text):
    with pytest.raises(error, match=text):
        meantime.warm(**options)


def test_a_thread_started_by_a_check_is_no_leftover(environment):
    release = threading.Event()
    started = []

    def check(number):
        started.append(threading.Thread(target=release.wait, args=(30,), daemon=True))
        started[0].start()

    resource = Resource("blocking", check=check)

    resource.invoke()
    resource.invoke()

    assert started[0].is_alive()
    assert environment.statistics().leftover_threads == 0
    release.set()
    started[0].join()
