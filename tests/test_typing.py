"""What type checkers see of the public names: mypy checks this file as a user's code, running it proves the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, assert_type

import meantime
from meantime import sequential, tasks, threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator


@meantime.warm
async def from_iterator() -> AsyncIterator[int]:
    yield 1


@meantime.warm
async def from_generator() -> AsyncGenerator[int, None]:
    yield 1


@meantime.warm
async def from_function() -> int:
    return 1


@meantime.warm
def blocking_from_iterator() -> Iterator[int]:
    yield 1


@meantime.warm
def blocking_from_function() -> int:
    return 1


@meantime.warm(max_idle=60.0, max_age=900.0, check=lambda number: number > 0, check_after=1.0)
async def renewed() -> AsyncIterator[int]:
    yield 1


@meantime.warm(max_idle=60.0)
def blocking_renewed() -> Iterator[int]:
    yield 1


@meantime.handler(reserve=0.2, leftovers="wait", blocked_after=0.5, metrics="Shop/Orders")
async def with_options(event: dict[str, int], context: object) -> str:
    return str(event["number"])


def text(number: int) -> str:
    return str(number)


async def text_later(number: int) -> str:
    return str(number)


async def main() -> None:
    assert_type(await from_iterator(), int)
    assert_type(await from_generator(), int)
    assert_type(await from_function(), int)
    assert_type(await renewed(), int)
    assert_type(await tasks.map(text_later, [1]), list[str])
    assert_type(await tasks.map(meantime.in_thread(text), [1]), list[str])
    assert_type(await meantime.in_thread(text)(1), str)
    settled = await tasks.settle(text_later, [1])
    assert_type(settled, meantime.Outcomes[int, str])
    assert_type(settled.results, list[str])
    async for outcome in tasks.as_completed(text_later, [1]):
        assert_type(outcome, meantime.Outcome[int, str])
        assert_type(outcome.get(), str)
    assert_type(await tasks.map(text_later, numbers()), list[str])


async def numbers() -> AsyncIterator[int]:
    yield 1


@meantime.handler
async def lambda_handler(event: dict[str, Any], context: object) -> None:
    await main()


def test_what_type_checkers_are_told_is_true() -> None:
    assert_type(blocking_from_iterator(), int)
    assert_type(blocking_from_function(), int)
    assert_type(blocking_renewed(), int)
    assert_type(threads.map(text, [1]), list[str])
    assert_type(sequential.map(text, [1]), list[str])
    assert_type(threads.settle(text, [1]), meantime.Outcomes[int, str])
    assert_type(threads.settle(text, [1])[0].item, int)
    for outcome in threads.as_completed(text, [1]):
        assert_type(outcome, meantime.Outcome[int, str])
    asyncio.run(main())
    lambda_handler({}, meantime.testing.LambdaContext())
