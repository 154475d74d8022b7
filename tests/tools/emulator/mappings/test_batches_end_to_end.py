"""`meantime.batch` where it belongs: behind a real queue, on the emulator, with everything going wrong in between."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from meantime.tools.emulator import Emulator
from meantime.tools.emulator.mappings import SQSMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tools.emulator.mappings.conftest import QueueUnderTest, Traced

    MakeQueue = Callable[..., QueueUnderTest]
    MakeTraced = Callable[..., Traced]

MESSAGES = 1000

# Each kind of trouble meets a message the first time it comes, except poison, which always does.
FUNCTION = """
import signal
import meantime

@meantime.batch.sqs(max_concurrency=10, reserve=0.4)
def handler(message):
    what = message.json()
    first = message.receive_count == 1
    if what["trouble"] == "slow":
        time.sleep(0.05)
    if first and what["trouble"] == "crash":
        os._exit(3)
    if first and what["trouble"] == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)  # nothing runs any more, until the function's timeout ends it
    if first and what["trouble"] == "hang":
        time.sleep(20)  # longer than the function has: cut off at the deadline, and the environment lives on
    if what["trouble"] == "poison":
        raise ValueError("poison")
    trace(what["number"])
"""


def trouble_of(number: int) -> str:
    """3 % poison, 10 % slow, 1 % that crash the process, and a few that meet the timeout."""
    place = number % 100
    if place in (7, 40, 77):
        return "poison"
    if place == 55:
        return "crash"
    if place % 10 == 3:
        return "slow"
    return {201: "stop", 602: "stop", 404: "hang", 805: "hang"}.get(number, "none")


@contextmanager
def warm(app: Traced, environments: int) -> Iterator[Emulator]:
    """Gives an emulator that need not start environments while messages become visible again."""
    with Emulator(app.function) as emulator:
        for begun in [emulator.submit({"Records": []}) for _ in range(environments)]:
            begun.result()
        yield emulator


@pytest.mark.timeout(240)
def test_a_thousand_messages_with_poison_slow_ones_crashes_and_timeouts_and_none_is_lost(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=4, max_receive_count=4)
    queue.send({"number": number, "trouble": trouble_of(number)} for number in range(MESSAGES))
    poisonous = {number for number in range(MESSAGES) if trouble_of(number) == "poison"}
    app = traced(FUNCTION, timeout=1.5)

    with (
        warm(app, environments=5) as emulator,
        SQSMapping(emulator, queue_url=queue.url, maximum_concurrency=5, report_batch_item_failures=True) as mapping,
    ):
        statistics = mapping.drain(timeout=200)

    assert set(app.trace()) == set(range(MESSAGES)) - poisonous
    assert {body["number"] for body in queue.dead_letters()} == poisonous
    assert queue.depth() == {"visible": 0, "invisible": 0}
    assert statistics.done == MESSAGES - len(poisonous)
    assert statistics.dead_letters == len(poisonous)
    assert set(statistics.errors) == {"Runtime.ExitError", "Sandbox.Timedout"}


FIFO_FUNCTION = """
import meantime

@meantime.batch.sqs(max_concurrency=5, reserve=0.4)
async def handler(message):
    what = message.json()
    first = message.receive_count == 1
    if first and what["crash"]:
        os._exit(3)
    if first and what["fail"]:
        raise ValueError("not yet")
    trace([message.group, what["number"]])
"""


def test_of_a_fifo_queue_every_groups_order_is_kept_over_failures_and_crashes(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(fifo=True, visibility=2, max_receive_count=100)
    groups = "abcdef"
    queue.send(
        (
            {"group": group, "number": n, "fail": n in (3, 11), "crash": (group, n) == ("b", 5)}
            for n in range(20)
            for group in groups
        ),
        group=lambda body: str(body["group"]),
    )
    app = traced(FIFO_FUNCTION, timeout=1.5)

    with (
        warm(app, environments=3) as emulator,
        SQSMapping(emulator, queue_url=queue.url, report_batch_item_failures=True) as mapping,
    ):
        mapping.drain(timeout=90)

    for group in groups:
        first_times = dict.fromkeys(number for of, number in app.trace() if of == group)
        assert list(first_times) == list(range(20))
    assert queue.depth() == {"visible": 0, "invisible": 0}
