"""What a decorator of a batch was told: its keywords, checked before any record comes."""

from __future__ import annotations

from types import FunctionType, MethodType

from meantime.batch.calling import CONTEXTS, TAKES_MORE, RecordFunction
from meantime.batch.parsing import parser_of
from meantime.callables import (
    argument_names,
    is_async,
    is_async_generator,
    is_generator,
    may_return_awaitable,
    name_of,
    place_of,
    required_arguments,
    undecorated,
)
from meantime.executors.arguments import DEFAULT_MAX_CONCURRENCY, CallOptions, check_async, check_blocking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.batch.sources import Source
    from meantime.limiter import Limiter
    from meantime.retry import Retry

SEQUENTIAL, THREADS, TASKS, PROCESSES = "sequential", "threads", "tasks", "processes"
_BLOCKING = (THREADS, SEQUENTIAL, PROCESSES)
_ASYNC = (TASKS, SEQUENTIAL)


class Plan:
    """One decorated function and how its batches are worked on.

    Args:
        source: Where the batches come from.
        function: The function of one record.
        keywords: The decorator's, as it documents them.

    Attributes:
        runs_on: The executor that the records are worked on by.
        is_async: Whether what Lambda calls runs on the event loop.
        has_hooks: Whether there is anything to be called beside the function.
        keeps_results: Whether anybody looks at what the function gives.

    Raises:
        TypeError: A keyword, or the function, is of a wrong kind.
        ValueError: A keyword is out of range.
    """

    def __init__(
        self,
        source: Source,
        function: Any,
        *,
        max_concurrency: int | None,
        timeout: float | None,
        limiter: Limiter | None,
        retry: Retry | None,
        executor: Any,
        parse: Any,
        prepare: Callable[..., Any] | None,
        finish: Callable[..., Any] | None,
        window: Callable[..., Any] | None,
        on_failure: Callable[..., Any] | None,
        fail_when: Callable[..., bool] | None,
    ) -> None:
        self.source = source
        self.decorator = f"batch.{source.name}"
        self.record_function = RecordFunction(function, self.decorator, parser_of(parse, source.record))
        self.name = name_of(function)
        self.place = place_of(function)
        self.runs_on, self.is_async = _executor_of(executor, function, self.decorator)
        if max_concurrency is None:
            max_concurrency = _width_of(self.runs_on)
        width = 1 if self.is_async and self.runs_on == SEQUENTIAL else max_concurrency
        self.options = CallOptions(max_concurrency, timeout, limiter, retry)
        self.options.max_concurrency = width
        self.prepare = self._hook("prepare", prepare)
        self.finish = self._hook("finish", finish)
        self.window = self._hook("window", window)
        self.on_failure = self._hook("on_failure", on_failure)
        self.fail_when = fail_when
        self.keeps_results = any(hook is not None for hook in (finish, window, fail_when))
        self.has_hooks = any((prepare, finish, window, on_failure, fail_when))
        self._check_together()
        _check_takes("prepare", prepare, "the list of records")
        _check_takes("finish", finish, "the outcomes")
        _check_takes("window", window, "the window", "the outcomes")
        _check_takes("on_failure", on_failure, "the record", "its error")
        _check_takes("fail_when", fail_when, "the outcomes")

    def _hook(self, name: str, function: Any) -> Callable[..., Any] | None:
        """A function beside the record's own; on the event loop one that blocks goes to a thread."""
        if function is None:
            return None
        if not callable(function) or is_generator(function) or is_async_generator(function):
            raise TypeError(f"{name} must be a plain function, got {function!r:.80}")
        if not self.is_async:
            if is_async(function):
                raise TypeError(
                    f"{name}={name_of(function)} is an async function, and {self.name} is a blocking one: make both "
                    "the same"
                )
            return function  # type: ignore[no-any-return]  # it is callable
        if is_async(function):
            return function  # type: ignore[no-any-return]  # it is callable
        from meantime.executors.in_threads import in_thread  # noqa: PLC0415  # asyncio is needed for async ones only

        return in_thread(function)

    def _check_together(self) -> None:
        source, asks_for = self.source, self.record_function.asks_for
        if self.window is not None and not source.has_windows:
            raise ValueError(f"{source.service} has no tumbling windows: {self.decorator} takes no window=")
        fail_when: Any = self.fail_when
        if fail_when is not None and (not callable(fail_when) or is_async(fail_when)):
            raise TypeError(f"fail_when must be a plain function of the outcomes, got {fail_when!r:.80}")
        if "prepared" in asks_for and self.prepare is None:
            raise TypeError(f"{self.name} takes 'prepared', and {self.decorator} has no prepare= to give it")
        if self.runs_on == PROCESSES and set(asks_for) & set(CONTEXTS):
            raise TypeError(f"{self.name} takes the context, which stays in the parent process: use another executor")


def _check_takes(name: str, function: Any, *given: str) -> None:
    """Refuse a function that cannot be called with so many arguments, as far as that can be told."""
    bearer = undecorated(function)
    if not isinstance(bearer, (FunctionType, MethodType)):
        return
    code = bearer.__code__
    most = code.co_argcount - isinstance(bearer, MethodType)
    if len(required_arguments(bearer)) > len(given) or (most < len(given) and not code.co_flags & TAKES_MORE):
        raise TypeError(
            f"{name}={name_of(bearer)} takes ({', '.join(argument_names(bearer))}), and is called with "
            f"{' and '.join(given)}"
        )


def _executor_of(executor: Any, function: Any, decorator: str) -> tuple[str, bool]:
    """The name of the executor, and whether the handler is async."""
    if executor is None:
        executor = TASKS if is_async(function) else THREADS
    name = executor if isinstance(executor, str) else _module_name(executor)
    if name not in (*_BLOCKING, TASKS):
        raise ValueError(
            f'executor must be "sequential", "threads", "tasks" or "processes", or the module of this name, got '
            f"{executor!r:.80}"
        )
    if name == TASKS and callable(function) and not is_async(function) and not may_return_awaitable(function):
        raise TypeError(
            f'{name_of(function)} is a blocking function, and {decorator}(executor="tasks") runs async ones: make it '
            "an `async def`, or leave executor= out, and each record has a thread"
        )
    if name not in _ASYNC and is_async(function):
        raise TypeError(
            f'{name_of(function)} is an async function, and {decorator}(executor="{name}") runs blocking ones: leave '
            "executor= out, and each record has a task, or make it a `def`"
        )
    if name == TASKS or is_async(function):
        check_async(function)
        return name, True
    check_blocking(function, f'{decorator} with executor="{name}"')
    return name, False


def _module_name(executor: Any) -> str:
    package, _, name = str(getattr(executor, "__name__", "")).rpartition(".")
    return name if package == "meantime.executors" else ""


def _width_of(executor: str) -> int:
    if executor != PROCESSES:
        return DEFAULT_MAX_CONCURRENCY
    from meantime.executors.children.cores import default_width  # noqa: PLC0415  # only processes ask for it

    return default_width()
