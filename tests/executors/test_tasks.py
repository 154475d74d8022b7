"""What is true of tasks alone."""

from __future__ import annotations

import asyncio
import functools
import sys
from unittest.mock import AsyncMock

import pytest

import meantime
from meantime import CallCancelled, CallTimeout, tasks
from meantime.executors.underway import registry
from meantime.testing import LambdaContext


async def echo(item: object) -> object:
    await asyncio.sleep(0)
    return item


def test_a_blocking_function_is_refused_with_what_to_use_instead():
    def read(key: str) -> str:
        return key

    with pytest.raises(TypeError, match=r"read is a blocking function.*threads\.map.*in_thread"):
        tasks.map(read, ["a"])  # type: ignore[arg-type,unused-coroutine]  # the mistake under test


def test_a_function_that_was_called_already_is_refused_with_what_to_pass():
    with pytest.raises(TypeError, match="got a call of echo: pass echo without calling it"):
        tasks.map(echo(1), [1])  # type: ignore[arg-type,unused-coroutine]  # the mistake under test


def test_a_list_of_calls_is_refused_with_how_to_unpack_it():
    with pytest.raises(
        TypeError, match=r"got a list: if it holds the calls, unpack it, as in `tasks\.gather\(\*calls\)`"
    ):
        tasks.gather([echo(1), echo(2)])  # type: ignore[arg-type,unused-coroutine]  # the mistake under test
    with pytest.raises(TypeError, match="got a tuple: if it holds the calls, unpack it"):
        tasks.gather((echo, echo), echo(3))  # type: ignore[arg-type,unused-coroutine]  # the mistake under test


def test_an_async_function_needs_no_thread():
    with pytest.raises(TypeError, match=r"echo is an async function, and needs no thread: `await echo\(\.\.\.\)`"):
        meantime.in_thread(echo)


def test_bad_input_is_refused_at_the_call_not_at_the_await():
    with pytest.raises(ValueError, match="max_concurrency"):
        tasks.map(echo, [1], max_concurrency=0)  # type: ignore[unused-coroutine]  # it gives none


class Client:
    async def get(self, item: object) -> object:
        return await echo(item)

    async def __call__(self, item: object) -> object:
        return await echo(item)


@functools.wraps(echo)
def wrapped(item: object) -> object:
    return echo(item)


@pytest.mark.parametrize(
    "function",
    [
        echo,
        Client().get,
        Client(),
        functools.partial(echo),
        lambda item: echo(item),
        wrapped,
        AsyncMock(side_effect=echo),
    ],
    ids=["async def", "method", "callable object", "partial", "lambda", "plain wrapper", "AsyncMock"],
)
def test_everything_that_gives_an_awaitable_is_accepted(function):
    assert asyncio.run(_map(function, [1, 2])) == [1, 2]


async def _map(function, items, **keywords):
    return await tasks.map(function, items, **keywords)


def test_a_lambda_that_gives_nothing_to_await_is_an_error():
    with pytest.raises(TypeError, match="gave int, nothing to await"):
        asyncio.run(_map(lambda item: item, [1]))


def test_gather_takes_coroutines_futures_and_functions_alike():
    async def main() -> list[object]:
        future = asyncio.get_running_loop().create_future()
        future.set_result("future")
        return await tasks.gather(
            echo("coroutine"), future, lambda: echo("function"), asyncio.create_task(echo("task"))
        )

    assert asyncio.run(main()) == ["coroutine", "future", "function", "task"]


def test_a_failure_cancels_the_rest_and_waits_until_they_have_ended():
    ended = []

    async def call(item: str) -> None:
        if item == "fail":
            await asyncio.sleep(0)
            raise LookupError
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append(item)

    async def main() -> None:
        with pytest.raises(LookupError):
            await tasks.map(call, ["a", "fail", "b"])
        assert sorted(ended) == ["a", "b"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_cancelling_the_caller_cancels_the_calls_and_waits_until_they_have_ended():
    ended = []

    async def call(item: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append(item)

    async def main() -> None:
        caller = asyncio.create_task(_map(call, ["a", "b"]))
        await asyncio.sleep(0.01)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert sorted(ended) == ["a", "b"]

    asyncio.run(main())


def test_a_call_that_raises_cancelled_error_does_not_look_like_the_callers_cancellation():
    async def call(item: int) -> None:
        raise asyncio.CancelledError

    with pytest.raises(CallCancelled, match=r"call\(1\)"):
        asyncio.run(_map(call, [1]))


def test_a_call_that_awaits_a_cancelled_task_is_a_failed_call():
    async def call(_: int) -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task

    async def main() -> None:
        with pytest.raises(CallCancelled):
            await _map(call, [1, 2])

    asyncio.run(main())


def test_a_timeout_error_of_the_call_itself_is_not_taken_for_ours():
    async def call(_: int) -> None:
        raise TimeoutError("the server said so")

    with pytest.raises(TimeoutError, match="the server said so") as caught:
        asyncio.run(_map(call, [1], timeout=60))
    assert not isinstance(caught.value, CallTimeout)


def test_coroutines_that_never_began_are_closed_without_a_warning():
    async def fail() -> None:
        raise LookupError

    async def main() -> None:
        await tasks.gather(fail(), *(echo(number) for number in range(20)), max_concurrency=1)

    with pytest.raises(LookupError):
        asyncio.run(main())  # a coroutine never awaited would be a RuntimeWarning, and so an error here


def test_only_as_many_tasks_exist_as_calls_may_run():
    async def count(_: int) -> int:
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    counts = asyncio.run(_map(count, range(1000), max_concurrency=5))

    assert max(counts) <= 6  # five workers and the caller


def test_a_timeout_scope_of_the_users_own_works_inside_a_call():
    async def call(_: int) -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            return "timed out"
        return "not reached"

    assert asyncio.run(_map(call, range(3))) == ["timed out"] * 3


def test_a_task_group_of_the_users_own_works_inside_a_call():
    async def call(item: int) -> object:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(echo(item))
        return task.result()

    assert asyncio.run(_map(call, range(3), timeout=60)) == [0, 1, 2]


def test_a_verb_that_is_let_go_in_the_middle_of_its_iteration_leaves_no_task():
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await _map(lambda _: asyncio.sleep(60), range(3))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_call_cancelled_on_its_own_is_a_failure_also_when_the_input_is_used_up():
    async def call(item: int) -> str:
        if item:
            await asyncio.sleep(0.01)
            raise asyncio.CancelledError
        return "ok"

    with pytest.raises(CallCancelled, match=r"call\(1\)"):
        asyncio.run(_map(call, [0, 1]))


def test_gathering_a_task_that_somebody_cancels_is_a_failure():
    async def main() -> None:
        cancelled = asyncio.create_task(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(cancelled.cancel)
        await tasks.gather(echo(1), cancelled)

    with pytest.raises(CallCancelled):
        asyncio.run(main())


def test_workers_cancelled_by_somebody_else_never_shorten_the_result():
    async def main() -> None:
        caller = asyncio.create_task(_map(echo, [1, 2, 3]))
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {caller, asyncio.current_task()}:
            task.cancel()
        await caller

    with pytest.raises(CallCancelled):
        asyncio.run(main())


def test_an_input_that_raises_cancelled_error_never_shortens_the_result():
    def items():
        yield 1
        raise asyncio.CancelledError

    with pytest.raises(CallCancelled):
        asyncio.run(_map(echo, items()))


def test_a_caller_cancelled_twice_still_waits_until_its_calls_have_ended():
    ended = []

    async def call(item: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02)
            ended.append(item)

    async def main() -> None:
        caller = asyncio.create_task(_map(call, [1, 2]))
        await asyncio.sleep(0.01)
        caller.cancel()
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert sorted(ended) == [1, 2]

    asyncio.run(main())


def test_after_a_failure_the_tasks_that_gather_did_not_reach_are_cancelled_too():
    async def fail() -> None:
        raise LookupError

    async def main() -> None:
        waiting = asyncio.create_task(asyncio.sleep(60))
        with pytest.raises(LookupError):
            await tasks.gather(fail(), waiting, max_concurrency=1)
        await asyncio.sleep(0)
        assert waiting.cancelled()

    asyncio.run(main())


def test_a_short_lazy_input_starts_few_tasks_however_wide_it_may_go():
    async def count(_: int) -> int:
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    counts = asyncio.run(_map(count, iter(range(3)), max_concurrency=100_000))

    assert max(counts) <= 6


def test_a_callable_that_answers_every_name_is_called_all_the_same():
    class Proxy:
        def __getattr__(self, name: str) -> Proxy:
            return self

        def __call__(self, item: object) -> object:
            return echo(item)

    assert asyncio.run(_map(lambda item: Proxy()(item), [1])) == [1]


def test_a_function_of_c_is_refused_before_anything_runs():
    with pytest.raises(TypeError, match="sorted is a blocking function"):
        tasks.map(sorted, [[1]])  # type: ignore[arg-type,unused-coroutine]  # the mistake under test


def test_calls_on_a_loop_that_was_given_up_are_no_longer_under_way():
    async def leave(_: int) -> None:
        raise SystemExit(3)

    @meantime.handler
    async def lambda_handler(event, context) -> None:
        await tasks.map(leave, [1, 2, 3], max_concurrency=2)

    with pytest.raises(SystemExit):
        lambda_handler({}, LambdaContext())

    assert not registry.waiting()
    assert not registry


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has eager tasks from 3.12 on")
def test_on_a_loop_with_eager_tasks_a_lazy_input_keeps_to_its_width():
    under_way, peak = 0, 0

    async def call(number: int) -> int:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return number

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]  # from 3.12
        assert await tasks.map(call, iter(range(300)), max_concurrency=5) == list(range(300))
        came = [outcome.index async for outcome in tasks.as_completed(call, iter(range(50)), max_concurrency=5)]
        assert sorted(came) == list(range(50))

    asyncio.run(main())

    assert peak == 5


def test_ctrl_c_in_a_call_of_settle_is_ctrl_c_for_its_caller():
    async def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(tasks.settle(interrupted, [1]))
