"""A resource that is made of another stands and falls with it."""

from __future__ import annotations

import asyncio

import pytest

import meantime
from meantime.testing import LambdaContext


class Pair:
    """A tunnel that may be made anew, and a connection through it; each of either kind."""

    def __init__(self, tunnel_kind: str, connection_kind: str, **options) -> None:
        self.events: list[str] = []
        self._made = {"tunnel": 0, "connection": 0}
        self.tunnel = self._resource(tunnel_kind, "tunnel", options)
        self.connection = self._resource(connection_kind, "connection", {}, self.tunnel)

    def _make(self, name: str) -> str:
        self._made[name] += 1
        number = f"{name} {self._made[name]}"
        self.events.append(f"{number} made")
        return number

    def _resource(self, kind, name, options, needed=None):
        if kind == "blocking":

            @meantime.warm(**options)
            def resource():
                if needed is not None:
                    needed()
                number = self._make(name)
                yield number
                self.events.append(f"{number} closed")
        else:

            @meantime.warm(**options)
            async def resource():
                if needed is not None:
                    answer = needed()
                    if asyncio.iscoroutine(answer):
                        await answer
                number = self._make(name)
                yield number
                await asyncio.sleep(0)
                self.events.append(f"{number} closed")

        return resource

    def invoke(self, *asked):
        """What is got when these are asked for, one after the other, in one invocation."""

        @meantime.handler
        async def lambda_handler(event, context):
            got = []
            for each in asked:
                answer = each()
                got.append(await answer if asyncio.iscoroutine(answer) else answer)
            return got

        return lambda_handler({}, LambdaContext(30))


@pytest.fixture(params=["blocking of blocking", "async of blocking", "async of async"])
def kinds(request):
    connection, _, tunnel = request.param.split()
    return tunnel, connection


def test_it_is_made_anew_with_what_it_stands_on_and_closed_first(kinds, clock):
    pair = Pair(*kinds, max_idle=300.0)

    assert pair.invoke(pair.connection) == ["connection 1"]
    clock.freeze(301)
    assert pair.invoke(pair.connection) == ["connection 2"]

    events = ["connection 1 closed", "tunnel 1 closed", "tunnel 2 made", "connection 2 made"]
    if kinds == ("blocking", "async"):  # the one cannot wait for the other: they close side by side
        assert sorted(pair.events[2:]) == sorted(events)
    else:
        assert pair.events[2:] == events


def test_using_it_is_using_what_it_stands_on(kinds, clock):
    pair = Pair(*kinds, max_idle=300.0)

    for _ in range(4):
        assert pair.invoke(pair.connection) == ["connection 1"]
        clock.freeze(200)

    assert pair.invoke(pair.tunnel) == ["tunnel 1"]


def test_asked_for_first_it_is_not_cut_off_by_who_asks_for_the_other_afterwards(kinds, clock):
    pair = Pair(*kinds, max_idle=300.0)

    pair.invoke(pair.connection)
    clock.freeze(301)

    assert pair.invoke(pair.connection, pair.tunnel, pair.connection) == ["connection 2", "tunnel 2", "connection 2"]


def test_if_the_other_is_asked_for_first_both_are_made_anew_all_the_same(kinds, clock):
    pair = Pair(*kinds, max_idle=300.0)

    pair.invoke(pair.connection)
    clock.freeze(301)

    assert pair.invoke(pair.tunnel, pair.connection) == ["tunnel 2", "connection 2"]


def test_a_failed_check_of_what_it_stands_on_makes_both_anew(kinds):
    good = ["tunnel 2"]
    pair = Pair(*kinds, check=lambda number: number in good)

    assert pair.invoke(pair.connection) == ["connection 1"]
    assert pair.invoke(pair.connection) == ["connection 2"]
    assert pair.invoke(pair.connection) == ["connection 2"]


def test_if_what_it_stands_on_breaks_down_by_itself_both_are_made_anew():
    breaks = asyncio.Event()
    events = []

    async def heartbeat(number):
        await breaks.wait()
        raise ConnectionError(f"tunnel {number} is down")

    @meantime.warm(max_age=300.0)
    async def tunnel():
        number = 1 + events.count("tunnel")
        events.append("tunnel")
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(heartbeat(number))
            yield number
            beating.cancel()

    @meantime.warm
    async def connection():
        return f"through tunnel {await tunnel()}"

    @meantime.handler
    async def lambda_handler(event, context):
        got = await connection()
        if event == "break":
            breaks.set()
            await asyncio.sleep(0.01)
            breaks.clear()
        return got

    assert lambda_handler("break", LambdaContext()) == "through tunnel 1"
    assert lambda_handler({}, LambdaContext()) == "through tunnel 2"


def test_it_stands_on_what_the_others_stand_on(clock):
    pair = Pair("async", "async", max_idle=300.0)

    @meantime.warm
    async def repository():
        return f"repository on {await pair.connection()}"

    assert pair.invoke(repository) == ["repository on connection 1"]
    clock.freeze(301)
    assert pair.invoke(repository) == ["repository on connection 2"]


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_what_failed_to_be_made_of_it_is_forgotten(kind, environment):
    pair = Pair(kind, kind, max_idle=300.0)

    if kind == "blocking":

        @meantime.warm
        def refused():
            pair.tunnel()
            raise ConnectionError("refused")
    else:

        @meantime.warm
        async def refused():
            await pair.tunnel()
            raise ConnectionError("refused")

    for _ in range(3):
        with pytest.raises(ConnectionError, match="refused"):
            pair.invoke(refused)

    (tunnel,) = environment.resources
    assert tunnel.dependents == []  # else they would pile up as long as the tunnel is good


def test_what_is_made_of_something_that_is_never_made_anew_stays_as_quick_to_ask_for(clock):
    pair = Pair("blocking", "blocking")

    pair.invoke(pair.connection)
    clock.freeze(1_000_000)

    assert pair.invoke(pair.connection) == ["connection 1"]
    assert pair.events == ["tunnel 1 made", "connection 1 made"]


def test_a_creation_inside_another_that_is_cut_off_by_the_deadline_is_not_kept():
    attempts = []

    @meantime.warm
    async def tunnel():
        attempts.append(1)
        if len(attempts) == 1:
            await asyncio.Event().wait()
        yield "tunnel"

    @meantime.warm
    async def connection():
        return f"through the {await tunnel()}"

    @meantime.handler(reserve=0.2)
    async def lambda_handler(event, context):
        return await connection()

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler({}, LambdaContext(0.3))
    assert lambda_handler({}, LambdaContext()) == "through the tunnel"
