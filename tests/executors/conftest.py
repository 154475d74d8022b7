"""One face for all executors, so that one specification can be asked of each, and notes that processes share."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from contextlib import aclosing, suppress
from functools import wraps
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from meantime import Deadline, SettleFailed, clock, current_deadline, processes, sequential, tasks, threads
from meantime.deadline import deadline_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Blocking:
    """The executors of blocking functions."""

    context_travels = True

    def __init__(self, module: Any) -> None:
        self.module = module

    def map(self, function: Callable[[Any], Any], items: Iterable[Any], **keywords: Any) -> list[Any]:
        return self.module.map(function, items, **keywords)

    def gather(self, *calls: Callable[[], Any], **keywords: Any) -> list[Any]:
        return self.module.gather(*calls, **keywords)

    gather_functions = gather

    def settle(self, function: Callable[[Any], Any], items: Iterable[Any], **keywords: Any) -> Any:
        return self.module.settle(function, items, **keywords)

    def as_completed(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        each: Callable[[Any], object] | None = None,
        **keywords: Any,
    ) -> list[Any]:
        """The outcomes as they came, until `each` of one is true."""
        came = []
        for outcome in self.module.as_completed(function, items, **keywords):
            came.append(outcome)
            if each is not None and each(outcome):
                break
        return came

    def meeting(self, parties: int) -> Callable[[Any], Any]:
        """A function that gives its item back once that many calls of it are under way."""
        barrier = threading.Barrier(parties)

        def meet(item: Any) -> Any:
            barrier.wait(30)
            return item

        return meet

    def hanging(self, until: threading.Event) -> Callable[[Any], Any]:
        """A function that returns when the event is set."""

        def hang(item: Any) -> Any:
            assert until.wait(30)
            return item

        return hang

    def taking(self, seconds: float) -> Callable[[Any], Any]:
        """A function that gives its item back when it has taken so long, by the clock that the test holds."""

        def take(item: Any) -> Any:
            clock.sleep(seconds)
            return item

        return take


class Tasks:
    """The executor of async functions; the functions given here are made async first."""

    context_travels = True

    def map(self, function: Callable[[Any], Any], items: Iterable[Any], **keywords: Any) -> list[Any]:
        async def main() -> list[Any]:
            return await tasks.map(self._made_async(function), items, **keywords)

        return asyncio.run(main())

    def gather(self, *calls: Callable[[], Any], **keywords: Any) -> list[Any]:
        async def main() -> list[Any]:
            return await tasks.gather(*(self._call(call) for call in calls), **keywords)

        return asyncio.run(main())

    def gather_functions(self, *calls: Callable[[], Any], **keywords: Any) -> list[Any]:
        async def main() -> list[Any]:
            return await tasks.gather(*((lambda call=call: self._call(call)) for call in calls), **keywords)

        return asyncio.run(main())

    def settle(self, function: Callable[[Any], Any], items: Any, **keywords: Any) -> Any:
        async def main() -> Any:
            return await tasks.settle(self._made_async(function), items, **keywords)

        return asyncio.run(main())

    def as_completed(
        self, function: Callable[[Any], Any], items: Any, each: Callable[[Any], object] | None = None, **keywords: Any
    ) -> list[Any]:
        async def main() -> list[Any]:
            came = []
            async with aclosing(tasks.as_completed(self._made_async(function), items, **keywords)) as outcomes:
                async for outcome in outcomes:
                    came.append(outcome)
                    if each is not None and each(outcome):
                        break
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return came

        return asyncio.run(main())

    def _made_async(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @wraps(function)
        async def call(item: Any) -> Any:
            return await self._call(function, item)

        return call

    async def _call(self, function: Callable[..., Any], *item: Any) -> Any:
        result = function(*item)
        return await result if hasattr(result, "__await__") else result

    def meeting(self, parties: int) -> Callable[[Any], Any]:
        barrier = asyncio.Barrier(parties)

        async def meet(item: Any) -> Any:
            await asyncio.wait_for(barrier.wait(), 30)
            return item

        return meet

    def hanging(self, until: threading.Event) -> Callable[[Any], Any]:
        async def hang(item: Any) -> Any:
            while not until.is_set():  # noqa: ASYNC110  # the event is a thread's, so that one test serves all executors
                await asyncio.sleep(0.01)
            return item

        return hang

    def taking(self, seconds: float) -> Callable[[Any], Any]:
        async def take(item: Any) -> Any:
            await clock.sleep_async(seconds)
            return item

        return take


class Delegated(Exception):
    """Stands for an exception that cannot be pickled, and so stayed in the parent."""


class Delegate:
    """A function of the parent's as a child can have it: the child has it called there, and what it gave stays there.

    So a test may share what it likes with its calls, while they take the whole way through real processes.
    """

    def __init__(self, address: str, number: int, name: str) -> None:
        self.address = address
        self.number = number
        self.__qualname__ = name

    def __call__(self, *item: Any) -> Any:
        deadline = current_deadline()
        with Client(self.address) as connection:
            connection.send((self.number, item, None if deadline is None else deadline.remaining()))
            succeeded, given = connection.recv()
        if succeeded:
            return given
        raise given


class Processes(Blocking):
    """The executor on processes; the functions given here are called in the parent, by a thread for each call."""

    context_travels = False

    def __init__(self) -> None:
        super().__init__(processes)
        self._functions: list[Callable[..., Any]] = []
        self._given: list[Any] = []
        self._lock = threading.Lock()
        self._listener: Listener | None = None

    def map(self, function: Callable[[Any], Any], items: Iterable[Any], **keywords: Any) -> list[Any]:
        return self._results(lambda: processes.map(self._delegate(function), items, **keywords))

    def gather(self, *calls: Callable[[], Any], **keywords: Any) -> list[Any]:
        return self._results(lambda: processes.gather(*map(self._delegate, calls), **keywords))

    gather_functions = gather

    def settle(self, function: Callable[[Any], Any], items: Iterable[Any], **keywords: Any) -> Any:
        try:
            return self._undelegated(processes.settle(self._delegate(function), items, **keywords))
        except SettleFailed as error:
            self._undelegated(error.outcomes)
            raise

    def as_completed(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        each: Callable[[Any], object] | None = None,
        **keywords: Any,
    ) -> list[Any]:
        delegate = self._delegate(function)
        return super().as_completed(
            delegate, items, lambda outcome: self._undelegated([outcome]) and each and each(outcome), **keywords
        )

    def taking(self, seconds: float) -> Callable[[Any], Any]:
        pytest.skip("a child does not go by the clock that a test holds")

    def _delegate(self, function: Callable[..., Any]) -> Delegate:
        if self._listener is None:
            self._listener = Listener(family="AF_UNIX", backlog=64)
            threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()
        self._functions.append(function)
        name = getattr(function, "__qualname__", type(function).__qualname__)
        return Delegate(str(self._listener.address), len(self._functions) - 1, name)

    def _results(self, verb: Callable[[], list[Any]]) -> list[Any]:
        try:
            return [self._given[number] for number in verb()]
        except Delegated as error:
            raise self._given[error.args[0]] from None

    def _undelegated(self, outcomes: Any) -> Any:
        for outcome in outcomes:
            if outcome.succeeded:
                outcome.result = self._given[outcome.result]
            elif isinstance(outcome.error, Delegated):
                outcome.error = self._given[outcome.error.args[0]]
        return outcomes

    def _listen(self, listener: Listener) -> None:
        while True:
            threading.Thread(target=self._serve, args=(listener.accept(),), daemon=True).start()

    def _serve(self, connection: Any) -> None:
        with connection, suppress(EOFError, OSError, pickle.UnpicklingError):  # its child was killed
            number, item, left = connection.recv()
            deadline_variable.set(None if left is None else Deadline(left))
            answer: tuple[bool, Any]
            try:
                answer = True, self._keep(self._functions[number](*item))
            except BaseException as error:
                answer = False, self._as_error(error)
            connection.send(answer)

    def _keep(self, given: Any) -> int:
        with self._lock:
            self._given.append(given)
            return len(self._given) - 1

    def _as_error(self, error: BaseException) -> BaseException:
        try:
            pickled: BaseException = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        except Exception:
            return Delegated(self._keep(error))
        return pickled


EXECUTORS = {
    "sequential": Blocking(sequential),
    "threads": Blocking(threads),
    "tasks": Tasks(),
    "processes": Processes(),
}


@pytest.fixture(params=EXECUTORS, ids=str)
def executor(request: pytest.FixtureRequest) -> Any:
    """Each executor in turn."""
    return EXECUTORS[request.param]


@pytest.fixture(params=["threads", "tasks", "processes"], ids=str)
def concurrent_executor(request: pytest.FixtureRequest) -> Any:
    """Each executor that makes calls side by side."""
    return EXECUTORS[request.param]


class Notes:
    """Lines in a file that any process may add to: what happened in children, and which they were."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def add(self, line: object) -> None:
        """Add a line; it is written at once."""
        with self.path.open("a") as file:
            file.write(f"{line}\n")

    def lines(self) -> list[str]:
        """The lines so far."""
        return self.path.read_text().split()

    def wait(self, count: int = 1) -> None:
        """Wait until there are so many lines."""
        until = time.monotonic() + 30
        while len(self.lines()) < count:
            assert time.monotonic() < until, f"waited in vain for {count} lines"
            time.sleep(0.01)

    def running(self) -> list[int]:
        """The process numbers among the lines whose process still runs; a zombie does not."""
        return [pid for pid in map(int, self.lines()) if is_running(pid)]


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """An empty file of notes."""
    return Notes(tmp_path / "notes")
