"""Commands to a real Redis behind a relay: names, waits, pipelines, pools."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import redis
import redis.asyncio
from tests.measure.patience import patient
from tests.servers.measure.recorded import assert_waited, named, observed, recorded

from meantime import threads
from meantime.tools.downstream import DelayRelay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.conftest import Server


@pytest.fixture
def relay(redis_server: Server) -> Iterator[DelayRelay]:
    with DelayRelay(f"127.0.0.1:{redis_server.port}", latency=0.05) as relay:
        yield relay


@patient
def test_a_command_waits_as_long_as_its_answer_takes(relay: DelayRelay) -> None:
    with closing(redis.Redis(port=relay.port, socket_timeout=5)) as client:
        client.ping()
        relay.reset()

        recorder = recorded(lambda: [client.get(f"secret-{number}") for number in range(4)])

    calls = named(recorder, "redis GET")
    assert_waited(calls, [answer.duration for answer in relay.answers])
    for call in calls:
        assert call["kind"] == call["library"] == "redis"
        assert call["target"].endswith(f":{relay.port}")
        assert (call["timeout_s"], call["has_timeout"], call["new_connection"]) == (5.0, True, False)
        assert "test_redis_recorded.py" in call["line"]
        assert call["sent_bytes"] > 0 < call["received_bytes"]
    assert "secret" not in str(recorder.document)


def test_the_first_command_of_a_client_opens_its_connection(relay: DelayRelay) -> None:
    def work() -> None:
        with closing(redis.Redis(port=relay.port)) as client:
            client.get("x")

    recorder = recorded(work)

    (call,) = named(recorder, "redis GET")
    assert call["new_connection"] is True
    (made,) = observed(recorder, "client_made")
    assert made["text"] == "redis.Redis"


@patient
def test_a_pipeline_is_one_call_with_the_number_of_its_commands(relay: DelayRelay) -> None:
    with closing(redis.Redis(port=relay.port)) as client:
        client.ping()
        relay.reset()

        def work() -> None:
            for _ in range(3):
                pipeline = client.pipeline(transaction=False)
                for number in range(12):
                    pipeline.set(str(number), number)
                pipeline.execute()

        recorder = recorded(work)

    assert_waited(named(recorder, "redis pipeline (12)"), [answer.duration for answer in relay.answers])
    assert not observed(recorder, "client_made")


@pytest.mark.blocks_the_loop  # redis-py reads its own version when it connects
@patient
def test_awaited_commands_wait_side_by_side(relay: DelayRelay) -> None:
    async def work() -> None:
        async with redis.asyncio.Redis(port=relay.port) as client:
            await asyncio.gather(*(client.get(str(number)) for number in range(4)))
            relay.reset()
            await asyncio.gather(*(client.get(str(number)) for number in range(4)))
            pipeline = client.pipeline(transaction=False)
            for number in range(2):
                pipeline.get(str(number))
            await pipeline.execute()

    recorder = recorded(lambda: asyncio.run(work()))

    told = [answer.duration for answer in relay.answers]
    assert_waited(named(recorder, "redis GET")[4:], told[:4])
    assert all(call["is_async"] for call in named(recorder, "redis GET"))
    assert_waited(named(recorder, "redis pipeline (2)"), told[4:])


def test_commands_on_threads_are_children_of_their_items(relay: DelayRelay) -> None:
    with closing(redis.Redis(port=relay.port)) as client:
        recorder = recorded(lambda: threads.map(client.get, ["a", "b", "c"], max_concurrency=3))

    items = [call["id"] for call in recorder.calls if call["kind"] == "item"]
    assert [call["parent"] for call in sorted(named(recorder, "redis GET"), key=lambda call: call["parent"])] == items
    assert all("test_redis_recorded.py" in call["line"] for call in named(recorder, "redis GET"))


@patient
def test_a_wait_for_the_pool_is_seen(relay: DelayRelay) -> None:
    pool = redis.BlockingConnectionPool(port=relay.port, max_connections=1)
    with closing(redis.Redis(connection_pool=pool)) as client:
        client.ping()

        recorder = recorded(lambda: threads.map(client.get, ["a", "b"], max_concurrency=2))
        pool.disconnect()

    (waited,) = [call for call in recorder.calls if call["kind"] == "pool"]
    assert waited["waiting_ms"] > 40
    (full,) = observed(recorder, "pool_full")
    assert full["numbers"] == {"pool_size": 1.0, "count": 1.0}


def test_a_command_that_is_refused_says_so(relay: DelayRelay) -> None:
    with closing(redis.Redis(port=relay.port)) as client:

        def work() -> None:
            client.set("text", "no list")
            with pytest.raises(redis.ResponseError):
                client.lpush("text", 1)

        recorder = recorded(work)

    (call,) = named(recorder, "redis LPUSH")
    assert call["error"] == "ResponseError"


def test_whether_a_cluster_has_a_timeout_is_not_known() -> None:
    """It has no pool of its own to ask."""
    cluster = object.__new__(redis.RedisCluster)  # one that is connected to nothing

    def work() -> None:
        with pytest.raises(AttributeError):
            cluster.execute_command("GET", "key")

    (call,) = named(recorded(work), "redis GET")
    assert call["has_timeout"] is None


def test_a_command_that_is_written_as_a_whole_is_told_of_without_its_arguments(relay: DelayRelay) -> None:
    with redis.Redis(port=relay.port) as client:
        recorder = recorded(lambda: client.execute_command("SET key secret"))
        configured = recorded(lambda: client.execute_command("CONFIG GET secret"))

    assert named(recorder, "redis SET")
    assert named(configured, "redis CONFIG GET")
