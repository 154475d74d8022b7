"""Verbs within calls of verbs: at the deadline the inner one says first what became of its items."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import meantime
from meantime import DeadlineExceeded, clock, in_thread, tasks, threads
from meantime.testing import LambdaContext


@pytest.fixture(autouse=True)
def _time_passes_at_once(fake_clock):
    pass


async def quick(value: str) -> str:
    return value


async def read(key: str) -> str:
    if key == "slow":
        await clock.sleep_async(60)
    return key


def statuses(outcomes: Any) -> str:
    return "".join(outcome.status[0] for outcome in outcomes)


def invoke(function: Any, **options: Any) -> Any:
    """The answer of this function as a handler that has 20 s, and as much for answering."""
    return meantime.handler(reserve=20, **options)(function)({}, LambdaContext(timeout=40))


def test_a_settle_within_a_gather_keeps_its_outcomes():
    async def lambda_handler(event, context):
        name, outcomes = await tasks.gather(quick("a"), tasks.settle(read, ["x", "slow", "y"]))
        return name, statuses(outcomes), outcomes.reason

    assert invoke(lambda_handler) == ("a", "SUS", "DEADLINE_EXCEEDED")


def test_a_settle_within_a_task_group_keeps_its_outcomes():
    async def lambda_handler(event, context):
        async with asyncio.TaskGroup() as group:
            settled = group.create_task(tasks.settle(read, ["x", "slow"]))
        return statuses(settled.result())

    assert invoke(lambda_handler) == "SU"


def test_a_settle_within_a_settle_within_a_settle_keeps_its_outcomes():
    async def inner(keys: list[str]) -> str:
        return statuses(await tasks.settle(read, keys))

    async def middle(groups: list[list[str]]) -> list[str]:
        return (await tasks.settle(inner, groups)).results

    async def lambda_handler(event, context):
        return (await tasks.settle(middle, [[["x", "slow"], ["y"]], [["slow", "z"]]])).results

    assert invoke(lambda_handler) == [["SU", "S"], ["US"]]


def test_on_threads_a_settle_within_a_settle_keeps_its_outcomes():
    def blocking_read(key: str) -> str:
        if key == "slow":
            clock.sleep(30)
        return key

    def inner(keys: list[str]) -> str:
        return statuses(threads.settle(blocking_read, keys))

    def lambda_handler(event, context):
        return threads.settle(inner, [["x", "slow"], ["y"]]).results

    assert invoke(lambda_handler) == ["SU", "S"]


def test_on_a_thread_of_a_task_a_settle_keeps_its_outcomes():
    def blocking_read(key: str) -> str:
        if key == "slow":
            clock.sleep(30)
        return key

    def inner() -> str:
        return statuses(threads.settle(blocking_read, ["x", "slow"]))

    async def lambda_handler(event, context):
        return await tasks.gather(quick("a"), in_thread(inner)())

    assert invoke(lambda_handler) == ["a", "SU"]


def test_after_the_deadline_nothing_further_begins_while_the_outer_verb_waits():
    begun = []

    async def inner(number: int) -> str:
        begun.append(number)
        return statuses(await tasks.settle(read, ["slow"])) if number == 0 else await read("x")

    async def lambda_handler(event, context):
        outcomes = await tasks.settle(inner, [0, 1, 2, 3], max_concurrency=1)
        return [outcome.started for outcome in outcomes]

    assert invoke(lambda_handler) == [True, False, False, False]
    assert begun == [0]


def test_what_waits_beside_it_is_named_by_its_own_name_and_arguments():
    async def customer(number: int, *, name: str) -> None:
        await clock.sleep_async(60)

    async def lambda_handler(event, context):
        return await tasks.gather(customer(7, name="x"), tasks.map(read, ["x", "slow"]))

    with pytest.raises(DeadlineExceeded) as caught:
        invoke(lambda_handler)

    named = {waiting.function.rpartition(".")[2]: waiting for waiting in caught.value.waiting}
    assert {"customer", "read"} & set(named)
    assert all(waiting.function != "TaskFanOut.values" for waiting in caught.value.waiting)
    if "customer" in named:
        assert named["customer"].text == "7, 'x'"
        assert named["customer"].item is None


def test_a_consumer_that_returns_from_within_as_completed_leaves_nothing_to_report(caplog):
    async def lambda_handler(event, context):
        async for outcome in tasks.as_completed(read, ["x", "slow", "slow"]):
            return outcome.result
        return None

    assert invoke(lambda_handler, leftovers="fail") == "x"
    assert caplog.messages == []


def test_a_handler_that_forgets_to_await_is_told():
    async def lambda_handler(event, context):
        return tasks.map(read, ["x"])

    with pytest.raises(TypeError, match=r"returned the coroutine of tasks\.map, which nobody would await"):
        invoke(lambda_handler)
