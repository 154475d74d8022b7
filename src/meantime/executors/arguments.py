"""What every verb asks of its arguments, checked before any work starts."""

from __future__ import annotations

from meantime.callables import is_async, is_coroutine, may_return_awaitable, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import TypeVar

    from meantime.limiter import Limiter
    from meantime.outcomes import Completion
    from meantime.retry import Retry

    Item = TypeVar("Item")

# The size of botocore's connection pool: one call more than this opens a connection that is thrown away.
# https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
DEFAULT_MAX_CONCURRENCY = 10


class CallOptions:
    """The keywords that every verb takes, checked.

    Args:
        max_concurrency: The most calls under way at once.
        timeout: Seconds for each call, or None.
        limiter: What every call has to pass, or None.
        retry: How a failed call is made again, or None.

    Raises:
        TypeError: One of them is of a wrong kind.
        ValueError: One of them is out of range.
    """

    __slots__ = ("limiter", "max_concurrency", "retry", "timeout")

    def __init__(
        self, max_concurrency: int, timeout: float | None, limiter: Limiter | None = None, retry: Retry | None = None
    ) -> None:
        check_limits(max_concurrency, timeout)
        if limiter is not None and not _is_one(limiter, "limited_async"):
            raise TypeError(
                "limiter must be a meantime.Limiter, as in limiter=Limiter('orders', max_concurrency=5); "
                f"got {limiter!r:.80}"
            )
        if retry is not None and not _is_one(retry, "retried_async"):
            raise TypeError(f"retry must be a meantime.Retry, as in retry=Retry(attempts=3); got {retry!r:.80}")
        self.max_concurrency = max_concurrency
        self.timeout = timeout
        self.limiter = limiter
        self.retry = retry


def check_completion(completion: Completion | None, total: int | None) -> None:
    """Raise TypeError or ValueError unless `completion` can be met by this many items."""
    if completion is None:
        return
    from meantime.outcomes import Completion  # noqa: PLC0415  # where one is given, it is loaded

    if not isinstance(completion, Completion):
        raise TypeError(f"completion must be a meantime.Completion, got {completion!r:.80}")
    if total is not None and completion.min_successful is not None and completion.min_successful > total:
        raise ValueError(f"min_successful is {completion.min_successful}, and there are only {total} items")


def check_limits(max_concurrency: int, timeout: float | None) -> None:
    """Raise TypeError or ValueError unless both are usable."""
    if isinstance(max_concurrency, bool) or not isinstance(max_concurrency, int):
        raise TypeError(f"max_concurrency must be a whole number, got {max_concurrency!r}")
    if max_concurrency < 1:
        raise ValueError(f"max_concurrency must be at least 1, got {max_concurrency}: nothing could ever run")
    if timeout is None:
        return
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds or None, got {timeout!r}")
    if not timeout > 0:
        raise ValueError(f"timeout must be above 0 seconds, got {timeout}: nothing could ever finish")


def check_items(items: Iterable[Item]) -> Iterator[Item]:
    """The iterator to draw from; TypeError unless `items` can be iterated item by item."""
    if isinstance(items, (str, bytes)):
        raise TypeError(
            f"items is one {type(items).__name__}, {items[:40]!r}, and would be taken apart: pass it in a list if it "
            "is one item, or list(items) if its parts are meant"
        )
    if hasattr(items, "__aiter__"):
        raise TypeError(
            f"items must be an iterable, got the async iterable {type(items).__name__}: use tasks, or collect it "
            "into a list first"
        )
    try:
        return iter(items)
    except TypeError:
        raise TypeError(f"items must be an iterable, got {type(items).__name__}: {items!r:.80}") from None


def check_async_items(items: Iterable[Item] | AsyncIterable[Item]) -> Iterator[Item] | AsyncIterator[Item]:
    """The iterator to draw from, which is async where `items` is; TypeError unless it can be iterated."""
    if hasattr(items, "__aiter__"):
        return aiter(items)  # type: ignore[arg-type]  # it was just seen to be async
    return check_items(items)


def known_length(items: object) -> int | None:
    """How many items there are, where that can be told without drawing them."""
    try:
        return len(items)  # type: ignore[arg-type]  # TypeError if it has none
    except (TypeError, OverflowError):  # OverflowError: a range beyond what len can tell
        return None


def check_blocking(function: Callable[..., object], executor: str) -> None:
    """TypeError unless `function` can be called on a thread and gives its result there."""
    _refuse_calls(function, executor)
    if is_coroutine(function):
        function.close()
        raise TypeError(
            f"{executor} takes functions, not coroutines: pass {name_of(function)} without calling it, or use tasks, "
            "as in `await tasks.gather(...)`"
        )
    _check_callable(function)
    if is_async(function):
        raise TypeError(
            f"{name_of(function)} is an async function, and {executor} would never await it: use tasks, as in "
            f"`await tasks.map({name_of(function)}, items)`"
        )


def check_async(function: Callable[..., object]) -> None:
    """TypeError unless calling `function` gives something to await."""
    _refuse_calls(function, "tasks.gather")
    if is_coroutine(function):
        function.close()
        raise TypeError(
            f"expected a function to call with each item, got a call of {name_of(function)}: pass "
            f"{name_of(function)} without calling it"
        )
    _check_callable(function)
    if not is_async(function) and not may_return_awaitable(function):
        name = name_of(function)
        raise TypeError(
            f"{name} is a blocking function, and on tasks it would block the loop: use `threads.map({name}, items)`, "
            f"or on tasks `meantime.in_thread({name})`; if it does return an awaitable, wrap it: "
            f"`lambda item: {name}(item)`"
        )


def check_result(function: Callable[..., object], result: object) -> None:
    """TypeError if a blocking call gave a coroutine, which nobody would await."""
    if is_coroutine(result):
        result.close()
        raise TypeError(
            f"{name_of(function)} returned a coroutine, which only an event loop can run: use tasks, as in "
            "`await tasks.map(...)`"
        )


def _is_one(given: object, method: str) -> bool:
    """Whether this is an object with such a method, and not its class."""
    return not isinstance(given, type) and hasattr(given, method)


def _refuse_calls(function: object, verb: str) -> None:
    """TypeError if this is a list of calls; then nobody awaits the coroutines in it any more."""
    if not isinstance(function, (list, tuple)):
        return
    for each in function:
        if is_coroutine(each):
            each.close()
    raise TypeError(
        f"expected a function to call, got a {type(function).__name__}"
        + (f": if it holds the calls, unpack it, as in `{verb}(*calls)`" if verb.endswith("gather") else "")
    )


def _check_callable(function: object) -> None:
    if not callable(function):
        raise TypeError(f"expected a function to call, got {type(function).__name__}: {function!r:.80}")
