"""A thousand invocations in which everything goes wrong at random: nothing leaks, is lost, or crosses over."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import meantime
from meantime import Completion, Limiter, Retry, in_thread, processes, sequential, tasks, threads
from meantime.executors.pool import pool
from meantime.executors.underway import registry
from meantime.testing import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable

INVOCATIONS = 1000
WARM_UP = 200
SEED = 20261125

number_of_mine: ContextVar[int] = ContextVar("number_of_mine", default=-1)


class Ledger:
    """Who is running now, and what was seen that must not be."""

    def __init__(self) -> None:
        self.current = -1
        self.wrong: list[str] = []

    def check(self, what: str) -> None:
        """To be called by code of an invocation: it must be the current one's."""
        if number_of_mine.get() != self.current:
            self.wrong.append(f"{what} of invocation {number_of_mine.get()} ran in invocation {self.current}")


ledger = Ledger()
release = threading.Event()  # set at the end of each invocation: threads cannot be stopped, only let go


def misbehave(what: str) -> str:
    """One blocking call."""
    ledger.check(f"a call on threads ({what})")
    if what == "raise":
        raise LookupError(what)
    if what == "exit":
        raise SystemExit(3)
    if what == "cancel":
        raise asyncio.CancelledError
    if what == "wait":
        release.wait(0.002)
    if what == "hang":
        release.wait(30)
    return what


async def misbehave_async(what: str) -> str:
    """One async call."""
    ledger.check(f"a call on tasks ({what})")
    try:
        if what in ("raise", "exit", "cancel"):
            return misbehave(what)
        await asyncio.sleep({"wait": 0.002, "hang": 30}.get(what, 0))
        ledger.check(f"the rest of a call on tasks ({what})")
    finally:
        await asyncio.sleep(0)
        ledger.check(f"the end of a call on tasks ({what})")
    return what


def misbehave_in_child(what: str) -> str:
    """One call in a child process."""
    if what == "raise":
        raise LookupError(what)
    if what == "exit":
        os._exit(7)
    if what == "cancel":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        time.sleep(30)
    return what


BLOCKING: dict[str, tuple[Any, Callable[[str], str]]] = {
    "threads": (threads, misbehave),
    "sequential": (sequential, misbehave),
    "processes": (processes, misbehave_in_child),
}


def chosen(chance: random.Random, *, hang: bool) -> dict[str, Any]:
    """The items and keywords of one verb."""
    weights = [60, 15, 5, 5, 10, 5 if hang else 0]
    kinds = ["answer", "raise", "exit", "cancel", "wait", "hang"]
    items = chance.choices(kinds, weights, k=chance.randint(0, 12))
    keywords: dict[str, Any] = {"max_concurrency": chance.randint(1, 6)}
    if chance.random() < 0.2:
        keywords["timeout"] = 0.01
    if chance.random() < 0.2:
        keywords["limiter"] = limiter
    if chance.random() < 0.2:
        keywords["retry"] = retry
    return {"items": iter(items) if chance.random() < 0.3 else items, "given": items, "keywords": keywords}


limiter = Limiter("chaos", max_concurrency=4)
retry = Retry(attempts=2, on=LookupError, initial_backoff=0.0005)


def check_settled(outcomes: Any, given: list[str]) -> None:
    """Every item in one outcome, and a true one."""
    assert [outcome.item for outcome in outcomes] == given[: len(outcomes)]
    assert len(outcomes) == len(given) or not outcomes.exhausted
    for outcome in outcomes:
        if outcome.succeeded:
            assert outcome.result == outcome.item
            assert outcome.item in ("answer", "wait", "hang")
        elif outcome.error is not None:
            assert outcome.item != "answer" or isinstance(outcome.error, (meantime.MeantimeError, TimeoutError))


def run_blocking(chance: random.Random) -> str:
    """One use of a verb in a blocking handler."""
    name = chance.choices(list(BLOCKING), [10, 4, 2])[0]
    module, function = BLOCKING[name]
    use = chosen(chance, hang=name != "sequential")
    verb = chance.choice(["map", "settle", "as_completed", "gather"])
    if name == "processes" and verb == "gather":
        verb = "map"
    if verb == "settle":
        completion = chance.choice([None, Completion.first_successful(), Completion(tolerated_failure_count=2)])
        if len(use["given"]) == 0 and not hasattr(use["items"], "__next__"):
            completion = None
        check_settled(module.settle(function, use["items"], completion=completion, **use["keywords"]), use["given"])
    elif verb == "as_completed":
        seen = []
        stop_after = chance.randint(1, 20)
        for outcome in module.as_completed(function, use["items"], **use["keywords"]):
            seen.append(outcome.index)
            if len(seen) == stop_after:
                break
        assert len(seen) == len(set(seen))
    elif verb == "gather":
        calls = [lambda what=what: function(what) for what in use["given"]]
        assert module.gather(*calls, **use["keywords"]) == use["given"]
    else:
        assert module.map(function, use["items"], **use["keywords"]) == use["given"]
    if chance.random() < 0.05:
        threading.Thread(target=release.wait, args=(5,)).start()
    return verb


async def run_async(chance: random.Random) -> str:  # noqa: C901  # one branch a verb
    """One use of a verb in an async handler."""
    use = chosen(chance, hang=True)
    verb = chance.choice(["map", "settle", "as_completed", "gather", "in_thread", "nothing"])
    if verb == "settle":
        check_settled(await tasks.settle(misbehave_async, use["items"], **use["keywords"]), use["given"])
    elif verb == "as_completed":
        stop_after, seen = chance.randint(1, 20), 0
        async for _ in tasks.as_completed(misbehave_async, use["items"], **use["keywords"]):
            seen += 1
            if seen == stop_after:
                break
    elif verb == "gather":
        calls = [lambda what=what: misbehave_async(what) for what in use["given"]]
        assert await tasks.gather(*calls, **use["keywords"]) == use["given"]
    elif verb == "in_thread":
        assert await tasks.map(in_thread(misbehave), use["items"], **use["keywords"]) == use["given"]
    elif verb == "map":
        assert await tasks.map(misbehave_async, use["items"], **use["keywords"]) == use["given"]
    if chance.random() < 0.2:
        leftover = asyncio.create_task(misbehave_async("hang"))
        await asyncio.sleep(0)
        if chance.random() < 0.3:
            leftover.cancel()
    if chance.random() < 0.02:
        raise asyncio.CancelledError
    return verb


@meantime.handler(reserve=0.04)
def blocking_handler(event: Any, context: Any) -> str:
    number_of_mine.set(event["number"])
    return run_blocking(event["chance"])


@meantime.handler(reserve=0.04)
async def async_handler(event: Any, context: Any) -> str:
    number_of_mine.set(event["number"])
    return await run_async(event["chance"])


EXPECTED = (LookupError, SystemExit, asyncio.CancelledError, meantime.MeantimeError, TimeoutError)


def invoke(number: int, chance: random.Random) -> str:
    """One invocation, and what became of it."""
    release.clear()
    ledger.current = number
    handler = async_handler if chance.random() < 0.5 else blocking_handler
    try:
        return str(
            handler({"number": number, "chance": chance}, LambdaContext(timeout=chance.choice([0.1, 0.12, 0.2])))
        )
    except EXPECTED as error:
        return type(error).__name__
    finally:
        release.set()


class Held:
    """What this process holds."""

    def __init__(self) -> None:
        gc.collect()
        self.file_descriptors = len(list(Path("/proc/self/fd").iterdir()))
        self.threads = threading.active_count()
        status = Path("/proc/self/status").read_text(encoding="ascii")
        self.resident_kb = int(status.partition("VmRSS:")[2].split()[0])
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        self.children = len(children.read_text(encoding="ascii").split())


@pytest.mark.blocks_the_loop
@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_thousand_bad_invocations_leave_nothing_behind(environment, caplog):
    caplog.set_level("ERROR")
    chance = random.Random(SEED)
    became: dict[str, int] = {}

    before = Held()
    for number in range(INVOCATIONS):
        if number == WARM_UP:
            assert registry.wait_until_idle(30)
            before = Held()
        answer = invoke(number, chance)
        became[answer] = became.get(answer, 0) + 1

    ledger.current = -2
    assert registry.wait_until_idle(30), registry.waiting()
    after = Held()
    assert ledger.wrong == []
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
    assert sum(became.values()) == INVOCATIONS
    assert {"map", "settle", "as_completed", "gather", "DeadlineExceeded", "LookupError"} <= set(became), became
    assert limiter.statistics().in_flight == 0
    assert limiter.statistics().waiting == 0
    assert after.file_descriptors <= before.file_descriptors + 4, (before.__dict__, after.__dict__)
    assert after.threads <= max(before.threads, pool.threads) + 4, (before.__dict__, after.__dict__)
    assert after.children <= before.children + 2, (before.__dict__, after.__dict__)
    assert after.resident_kb <= before.resident_kb * 1.15 + 4096, (before.__dict__, after.__dict__)
    assert environment.statistics().invocations == INVOCATIONS
