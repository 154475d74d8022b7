"""A limiter by itself: its arguments, its forms of use, what it says of itself."""

from __future__ import annotations

import asyncio
import functools
import math
import pickle
import threading
from typing import Any

import pytest

import meantime
from meantime import tasks, threads
from meantime.callables import is_async, name_of
from meantime.errors import DeadlineExceeded, LoopRunning
from meantime.limiter import Limiter


def in_flight(limiter: Limiter) -> int:
    return limiter.statistics().in_flight


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({}, ValueError, "limits nothing"),
        ({"max_concurrency": 0}, ValueError, "at least 1"),
        ({"max_concurrency": -1}, ValueError, "at least 1"),
        ({"max_concurrency": 2.5}, TypeError, "whole number"),
        ({"max_concurrency": True}, TypeError, "whole number"),
        ({"rate": 0}, ValueError, "above 0"),
        ({"rate": -1}, ValueError, "above 0"),
        ({"rate": math.nan}, ValueError, "above 0"),
        ({"rate": math.inf}, ValueError, "above 0"),
        ({"rate": "10"}, TypeError, "number"),
        ({"rate": 10, "per": 0}, ValueError, "per must"),
        ({"rate": 10, "burst": 0}, ValueError, "burst must"),
        ({"rate": 10, "burst": 1.5}, TypeError, "burst must"),
        ({"max_concurrency": 1, "per": 60}, ValueError, "no rate"),
        ({"max_concurrency": 1, "burst": 5}, ValueError, "no rate"),
        ({"adaptive": 1}, TypeError, "True or False"),
    ],
)
def test_bad_input_is_refused_when_it_is_made(arguments, error, says):
    with pytest.raises(error, match=says):
        Limiter("api", **arguments)


def test_a_name_is_a_text():
    with pytest.raises(TypeError, match="name"):
        Limiter(8)  # type: ignore[arg-type]


def test_a_decorator_without_parentheses_says_how_to_write_it():
    with pytest.raises(TypeError, match=r"write `@Limiter\('orders', max_concurrency=5\)`"):
        Limiter(in_flight)  # type: ignore[arg-type]  # as does @Limiter


def test_each_kind_of_limit_is_enough():
    assert Limiter("api", max_concurrency=1).statistics().limit == 1
    assert Limiter("api", rate=1).statistics().limit is None
    assert Limiter("api", adaptive=True).statistics().limit == 10


def test_with_holds_a_permit():
    limiter = Limiter("api", max_concurrency=2)
    with limiter:
        assert in_flight(limiter) == 1
        with limiter:
            assert in_flight(limiter) == 2
    assert in_flight(limiter) == 0


def test_async_with_holds_a_permit():
    limiter = Limiter("api", max_concurrency=1)

    async def main() -> None:
        async with limiter:
            assert in_flight(limiter) == 1

    asyncio.run(main())
    assert in_flight(limiter) == 0


def test_an_error_gives_the_permit_back_and_passes():
    limiter = Limiter("api", max_concurrency=1)

    async def fail() -> None:
        async with limiter:
            raise OSError

    with pytest.raises(OSError), limiter:
        raise OSError
    with pytest.raises(OSError):
        asyncio.run(fail())
    assert in_flight(limiter) == 0


def test_it_decorates_a_blocking_function():
    limiter = Limiter("api", max_concurrency=1)

    @limiter
    def double(number: int, *, plus: int = 0) -> int:
        """Twice as much."""
        assert in_flight(limiter) == 1
        return 2 * number + plus

    assert double(2, plus=1) == 5
    assert in_flight(limiter) == 0
    assert (name_of(double), double.__doc__) == (name_of(double.__wrapped__), "Twice as much.")  # type: ignore[attr-defined]


def test_it_decorates_an_async_function():
    limiter = Limiter("api", max_concurrency=1)

    @limiter
    async def double(number: int) -> int:
        assert in_flight(limiter) == 1
        await asyncio.sleep(0)
        return 2 * number

    assert asyncio.run(double(2)) == 4
    assert in_flight(limiter) == 0
    assert is_async(double)


def test_it_decorates_a_method():
    limiter = Limiter("api", max_concurrency=1)

    class Client:
        @limiter
        def get(self, key: str) -> str:
            return key

    assert Client().get("a") == "a"


def test_it_names_what_has_no_name_of_its_own():
    limiter = Limiter("api", max_concurrency=1)
    assert name_of(limiter.limited(functools.partial(pow, 2))) == "pow"
    assert name_of(limiter.limited_async(lambda: asyncio.sleep(0))).endswith("<lambda>")


def test_it_refuses_to_decorate_a_generator():
    limiter = Limiter("api", max_concurrency=1)

    def numbers():
        yield 1

    async def async_numbers():
        yield 1

    for function in (numbers, async_numbers):
        with pytest.raises(TypeError, match="generator"):
            limiter(function)
    with pytest.raises(TypeError, match="function"):
        limiter("text")  # type: ignore[arg-type]


def test_a_decorated_function_that_returns_a_coroutine_is_an_error():
    limiter = Limiter("api", max_concurrency=1)

    def wrapper() -> Any:
        return asyncio.sleep(0)

    with pytest.raises(TypeError, match="async def"):
        limiter(wrapper)()
    assert in_flight(limiter) == 0


def test_an_awaitable_that_is_no_coroutine_can_be_limited():
    limiter = Limiter("api", max_concurrency=1)

    async def main() -> str:
        def start() -> asyncio.Future[str]:
            return asyncio.ensure_future(asyncio.sleep(0, "5"))

        return await limiter.limited_async(start)()

    assert asyncio.run(main()) == "5"


def test_what_is_acquired_is_released():
    limiter = Limiter("api", max_concurrency=2)
    limiter.acquire()
    asyncio.run(limiter.acquire_async())
    assert in_flight(limiter) == 2
    limiter.release()
    limiter.release()
    with pytest.raises(RuntimeError, match="more often"):
        limiter.release()


def test_an_acquisition_that_nobody_awaits_takes_nothing():
    limiter = Limiter("api", max_concurrency=1)
    acquisition = limiter.acquire_async()
    assert in_flight(limiter) == 0
    acquisition.close()


@pytest.mark.parametrize("form", ["with", "acquire", "decorated"])
def test_blocking_forms_are_refused_on_the_loop_even_if_they_had_not_to_wait(form):
    limiter = Limiter("dynamodb", max_concurrency=1)

    async def main() -> None:
        if form == "with":
            with limiter:
                pass
        elif form == "acquire":
            limiter.acquire()
        else:
            limiter(lambda: 1)()

    with pytest.raises(LoopRunning, match=r"'dynamodb'.*async with"):
        asyncio.run(main())


def test_a_task_needs_asyncio_to_wait():
    limiter = Limiter("api", max_concurrency=1)
    limiter.acquire()
    with pytest.raises(RuntimeError, match="no event loop"):
        _ = limiter.__aenter__()  # as another framework's loop would
    limiter.release()


def test_it_limits_what_all_verbs_together_do():
    limiter = Limiter("api", max_concurrency=3)
    peak, now, lock = 0, 0, threading.Lock()
    meeting = threading.Barrier(3)

    def call(item: int) -> int:
        nonlocal peak, now
        with lock:
            now += 1
            peak = max(peak, now)
        if item < 3:
            meeting.wait(30)
        with lock:
            now -= 1
        return item

    def fan_out(_: int) -> list[int]:
        return threads.map(call, range(5), max_concurrency=5, limiter=limiter)

    assert threads.map(fan_out, range(2), max_concurrency=2) == [[0, 1, 2, 3, 4]] * 2
    assert peak == 3
    assert limiter.statistics().peak_in_flight == 3


def test_it_is_the_limiter_of_a_verb_on_tasks():
    limiter = Limiter("api", max_concurrency=2)

    async def call(item: int) -> int:
        assert in_flight(limiter) <= 2
        await asyncio.sleep(0)
        return item

    async def main() -> list[int]:
        return await tasks.map(call, range(20), max_concurrency=10, limiter=limiter)

    assert asyncio.run(main()) == list(range(20))
    assert limiter.statistics().admitted == 20


def test_statistics_are_a_copy():
    limiter = Limiter("api", max_concurrency=2)
    before = limiter.statistics()
    with limiter:
        during = limiter.statistics()
    assert (before.in_flight, during.in_flight) == (0, 1)
    assert (during.admitted, during.limit, during.peak_in_flight, during.waiting) == (1, 2, 1, 0)
    assert (during.waits, during.wait_time, during.longest_wait, during.throttled) == (0, 0.0, 0.0, 0)
    assert repr(during).startswith("LimiterStatistics(admitted=1, in_flight=1, limit=2,")


def test_throttles_are_counted_by_a_fixed_limiter_too():
    limiter = Limiter("api", max_concurrency=2)

    @limiter
    def get() -> Any:
        response: Any = type("Response", (), {"status_code": 429, "headers": {}})()
        return response

    get()
    with limiter:
        pass
    assert (limiter.statistics().throttled, limiter.statistics().limit) == (1, 2)


def test_it_says_what_it_is():
    limiter = Limiter("dynamodb", max_concurrency=8, rate=100.0)
    with limiter:
        assert repr(limiter) == (
            "<Limiter('dynamodb', max_concurrency=8, rate=100.0, per=1.0): 1 of 8 in flight, 0 waiting>"
        )
    assert str(limiter) == "the limiter 'dynamodb'"
    assert repr(Limiter("s3", rate=5)) == "<Limiter('s3', rate=5, per=1.0): 0 in flight, 0 waiting>"


def test_a_share_is_the_part_of_one_environment():
    whole = Limiter("api", max_concurrency=100, rate=1000, per=60, burst=20)
    share = whole.share(environments=10)
    assert share is not whole
    assert repr(share).startswith("<Limiter('api', max_concurrency=10, rate=100.0, per=60, burst=2)")


def test_a_share_is_at_least_one_call_and_says_when_that_is_too_much():
    with pytest.warns(UserWarning, match="20 in flight"):
        share = Limiter("api", max_concurrency=8).share(environments=20)
    assert share.statistics().limit == 1


@pytest.mark.parametrize(("environments", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)])
def test_environments_are_a_whole_number(environments, error):
    with pytest.raises(error, match="environments"):
        Limiter("api", max_concurrency=8).share(environments)


def test_a_foreseen_deadline_survives_the_way_to_another_process():
    error = pickle.loads(pickle.dumps(DeadlineExceeded("late", foreseen=True)))  # noqa: S301  # our own
    assert error.foreseen


def test_it_is_public():
    assert meantime.Limiter is Limiter


def test_it_loads_no_asyncio(run_python):
    loaded = run_python("""
        import sys
        from meantime.limiter import Limiter
        with Limiter("api", max_concurrency=2, rate=1e9, adaptive=True):
            pass
        print(*sys.modules)
    """).split()
    assert not {"asyncio", "random", "inspect", "dataclasses", "typing", "logging", "statistics"} & set(loaded)
