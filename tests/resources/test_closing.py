"""How what is no longer good is closed: in order, without taking the invocation's time, its failures told."""

from __future__ import annotations

import asyncio
import gc
import threading
from weakref import WeakSet

import pytest

import meantime
from meantime.testing import LambdaContext, fresh_environment


def test_resources_of_both_kinds_are_closed_newest_first():
    closed = []

    @meantime.warm
    async def first():
        yield
        closed.append("first")

    @meantime.warm
    def second():
        yield
        closed.append("second")

    @meantime.warm
    async def third():
        yield
        closed.append("third")

    @meantime.warm
    def fourth():
        yield
        closed.append("fourth")

    @meantime.handler
    async def lambda_handler(event, context):
        await first()
        second()
        await third()
        fourth()

    with fresh_environment():
        lambda_handler({}, LambdaContext())

    assert closed == ["fourth", "third", "second", "first"]


def test_an_async_one_that_would_not_close_keeps_no_other_from_closing():
    closed = []

    @meantime.warm
    async def first():
        yield
        closed.append("first")

    @meantime.warm
    async def stubborn():
        yield
        await asyncio.Event().wait()

    @meantime.warm
    def last():
        yield
        closed.append("last")

    @meantime.handler
    async def lambda_handler(event, context):
        await first()
        await stubborn()
        last()

    with fresh_environment() as environment:
        lambda_handler({}, LambdaContext())
        environment.close(timeout=0.2)

    assert closed == ["last", "first"]


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_failure_to_close_is_logged_and_the_new_one_given(kind, clock, caplog):
    made = []

    if kind == "blocking":

        @meantime.warm(max_idle=300.0)
        def client():
            made.append(1)
            yield len(made)
            raise OSError("the peer is gone")

        @meantime.handler
        def lambda_handler(event, context):
            return client()
    else:

        @meantime.warm(max_idle=300.0)
        async def client():
            made.append(1)
            yield len(made)
            raise OSError("the peer is gone")

        @meantime.handler
        async def lambda_handler(event, context):
            return await client()

    assert lambda_handler({}, LambdaContext()) == 1
    clock.freeze(301)
    assert lambda_handler({}, LambdaContext()) == 2
    assert "client failed to close" in caplog.text
    assert "the peer is gone" in caplog.text


def test_a_blocking_one_that_hangs_in_closing_is_waited_for_a_moment_only(clock, environment):
    hangs, release = threading.Event(), threading.Event()
    made = []

    @meantime.warm(max_idle=300.0)
    def client():
        made.append(1)
        yield len(made)
        if len(made) == 1:
            hangs.set()
            while not release.wait(0.01):
                clock.advance(0.25)

    @meantime.handler
    def lambda_handler(event, context):
        return client()

    lambda_handler({}, LambdaContext())
    clock.freeze(301)

    assert lambda_handler({}, LambdaContext()) == 2
    assert hangs.is_set()
    assert environment.statistics().leftover_threads == 0  # it goes on beside the next invocations
    release.set()


def test_an_async_one_that_hangs_in_closing_is_waited_for_a_moment_and_cancelled_after_two_seconds(
    clock, environment, caplog
):
    made, events = [], []

    @meantime.warm(max_idle=300.0)
    async def client():
        made.append(1)
        number = len(made)
        yield number
        if number == 1:
            events.append("closing")
            clock.advance(0.25)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                events.append("cancelled")
                raise

    @meantime.handler
    async def lambda_handler(event, context):
        return await client()

    lambda_handler({}, LambdaContext())
    clock.freeze(301)
    assert lambda_handler({}, LambdaContext()) == 2
    assert events == ["closing"]
    assert lambda_handler({}, LambdaContext()) == 2
    assert environment.statistics().leftover_tasks == 0  # it goes on beside the next invocations

    clock.advance(2)
    assert lambda_handler({}, LambdaContext()) == 2

    assert events == ["closing", "cancelled"]
    assert "client failed to close: cancelled after 2 seconds" in caplog.text
    assert len(environment.resources) == 1


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_of_what_was_made_anew_nothing_is_kept(kind, clock, environment):
    class Client: ...

    alive = WeakSet()

    def make():
        client = Client()
        alive.add(client)
        return client

    if kind == "blocking":

        @meantime.warm
        def session():
            return "session"

        @meantime.warm(max_idle=300.0)
        def client():
            session()
            yield make()

        @meantime.handler
        def lambda_handler(event, context):
            client()
    else:

        @meantime.warm(max_idle=3000.0)
        async def session():
            yield "session"

        @meantime.warm(max_idle=300.0)
        async def client():
            await session()
            yield make()

        @meantime.handler
        async def lambda_handler(event, context):
            await session()
            await client()

    for _ in range(10):
        lambda_handler({}, LambdaContext())
        clock.freeze(301)
        clock.advance(3)  # past the limit of closing, whose timer the held clock keeps

    gc.collect()
    assert len(alive) == 1
    assert len(environment.resources) == 2


def test_closing_on_a_thread_does_not_belong_to_the_invocation(clock):
    deadlines = []

    @meantime.warm(max_idle=300.0)
    def client():
        yield
        deadlines.append(meantime.current_deadline())

    @meantime.handler
    def lambda_handler(event, context):
        client()

    lambda_handler({}, LambdaContext())
    clock.freeze(301)
    lambda_handler({}, LambdaContext())

    assert deadlines == [None]


def test_what_is_being_closed_when_the_environment_ends_is_waited_for_there(clock):
    events = []

    @meantime.warm(max_idle=300.0)
    async def client():
        yield
        clock.advance(0.25)
        await asyncio.sleep(0.05)
        events.append("closed")

    @meantime.handler
    async def lambda_handler(event, context):
        await client()

    with fresh_environment():
        lambda_handler({}, LambdaContext())
        clock.freeze(301)
        lambda_handler({}, LambdaContext())
        assert events == []

    assert events == ["closed", "closed"]
