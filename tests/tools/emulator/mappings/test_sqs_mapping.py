"""A queue drained through a function: real messages, real processes, and nothing lost."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.tools.emulator.conftest import wait_for

from meantime.tools.downstream import DelayProxy
from meantime.tools.emulator import ClosedError, Emulator
from meantime.tools.emulator.mappings import NotDrainedError, SourceError, SQSMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tools.emulator.mappings.conftest import QueueUnderTest, Traced

    from meantime.tools.downstream import AWSServer

    MakeQueue = Callable[..., QueueUnderTest]
    MakeTraced = Callable[..., Traced]

# Reports the poisonous ones; crashes, or is cut off, the first time it meets some others.
REPORTING = """
def handler(event, context):
    failed = []
    for record in event["Records"]:
        what = json.loads(record["body"])
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        if first and what.get("crash"):
            os._exit(3)
        if first and what.get("hang"):
            time.sleep(60)
        if what.get("poison"):
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            trace(what["number"])
    return {"batchItemFailures": failed}
"""


@contextmanager
def warm(app: Traced, environments: int) -> Iterator[Emulator]:
    """Gives an emulator that need not start environments while messages become visible again: the machine is slow."""
    with Emulator(app.function) as emulator:
        for begun in [emulator.submit({"Records": []}) for _ in range(environments)]:
            begun.result()
        yield emulator


def test_every_good_message_is_processed_and_deleted_and_every_poisonous_one_a_dead_letter(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=3, max_receive_count=3)
    poisonous, crashing, hanging = {7, 107, 207, 299}, {33, 177}, {71}
    queue.send(
        {"number": n, "poison": n in poisonous, "crash": n in crashing, "hang": n in hanging} for n in range(300)
    )
    app = traced(REPORTING, timeout=1.0)

    with (
        warm(app, environments=3) as emulator,
        SQSMapping(emulator, queue_url=queue.url, maximum_concurrency=3, report_batch_item_failures=True) as mapping,
    ):
        statistics = mapping.drain(timeout=90)

    assert set(app.trace()) == set(range(300)) - poisonous
    assert {body["number"] for body in queue.dead_letters()} == poisonous
    assert queue.depth() == {"visible": 0, "invisible": 0}
    assert statistics.done == 300 - len(poisonous)
    assert statistics.dead_letters == len(poisonous)
    assert set(statistics.errors) == {"Runtime.ExitError", "Sandbox.Timedout"}
    # A poisonous message costs its own redeliveries; a crash or a timeout costs its batch's, once.
    assert 2 * len(poisonous) <= statistics.redelivered <= 2 * len(poisonous) + 10 * 3


def test_without_reporting_the_answer_is_ignored_and_all_is_deleted(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send({"number": n, "poison": n == 2} for n in range(5))
    app = traced(REPORTING)

    with SQSMapping(app.function, queue_url=queue.url) as mapping:
        statistics = mapping.drain(timeout=20)

    assert statistics.done == 5
    assert statistics.redelivered == 0
    assert 2 not in app.trace()


def test_without_reporting_an_exception_is_the_whole_batchs_failure(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue(visibility=2, max_receive_count=1)
    queue.send([{"number": n} for n in range(5)])
    app = traced(
        """
def handler(event, context):
    if event["Records"]:
        trace(len(event["Records"]))
        raise ValueError("no")
""",
        timeout=1.0,
    )

    with (
        warm(app, environments=2) as emulator,
        SQSMapping(emulator, queue_url=queue.arn, endpoint_url=queue.client.meta.endpoint_url) as mapping,
    ):
        statistics = mapping.drain(timeout=30)

    assert app.trace() == [5]
    assert len(queue.dead_letters()) == 5
    assert statistics.errors == {"ValueError": 1}
    assert (statistics.failures, statistics.failed, statistics.done) == (1, 5, 0)


def test_an_answer_that_aws_cannot_use_fails_the_batch(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue(visibility=1, max_receive_count=1)
    queue.send([{"number": n} for n in range(3)])
    answer = {"batchItemFailures": [{"itemIdentifier": "unknown"}]}
    app = traced(f"def handler(event, context): return {answer}", timeout=1.0)

    with SQSMapping(app.function, queue_url=queue.url, report_batch_item_failures=True) as mapping:
        statistics = mapping.drain(timeout=20)

    assert len(queue.dead_letters()) == 3
    assert (statistics.done, statistics.failures) == (0, 1)
    assert list(statistics.errors.values()) == [1]


def test_a_fifo_queue_keeps_each_groups_order_also_over_failures_and_crashes(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(fifo=True, visibility=2, max_receive_count=100)
    groups = "abcdef"
    queue.send(
        (
            {"group": group, "number": n, "fail": n == 3, "crash": (group, n) == ("b", 5)}
            for n in range(10)
            for group in groups
        ),
        group=lambda body: body["group"],
    )
    app = traced(
        """
def handler(event, context):
    failed, stopped = [], set()
    for record in event["Records"]:
        what = json.loads(record["body"])
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        if first and what["crash"]:
            os._exit(3)
        if what["group"] in stopped or (first and what["fail"]):
            stopped.add(what["group"])
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            trace([what["group"], what["number"]])
    return {"batchItemFailures": failed}
""",
        timeout=1.0,
    )

    with SQSMapping(app.function, queue_url=queue.url, report_batch_item_failures=True) as mapping:
        mapping.drain(timeout=60)

    for group in groups:
        first_times = dict.fromkeys(number for of, number in app.trace() if of == group)
        assert list(first_times) == list(range(10))


def test_of_a_fifo_group_only_one_batch_is_under_way(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue(fifo=True)
    queue.send(({"group": group, "number": n} for n in range(4) for group in "ab"), group=lambda body: body["group"])
    app = traced("""
def handler(event, context):
    groups = sorted({record["attributes"]["MessageGroupId"] for record in event["Records"]})
    trace(["begin", groups])
    time.sleep(0.05)
    trace(["end", groups])
""")

    with SQSMapping(app.function, queue_url=queue.url, batch_size=1) as mapping:
        mapping.drain(timeout=20)

    under_way: Counter[str] = Counter()
    for what, groups in app.trace():
        under_way.update(dict.fromkeys(groups, 1 if what == "begin" else -1))
        assert max(under_way.values()) <= 1
    assert len(app.trace()) == 16


def test_a_fifo_group_waits_for_a_function_that_outlasts_the_visibility_timeout(
    sqs: Any, make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(fifo=True)
    queue.send([{"number": 1}], group=lambda _: "a")
    app = traced(
        """
def handler(event, context):
    trace(event["Records"][0]["receiptHandle"])
    while not os.path.exists(os.environ["TRACE"] + "-go"):
        time.sleep(0.01)
    trace("end")
""",
        timeout=30.0,
    )

    with SQSMapping(app.function, queue_url=queue.url) as mapping:
        wait_for(lambda: bool(app.trace()))
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=app.trace()[0], VisibilityTimeout=0)
        wait_for(lambda: mapping.statistics().received == 2)
        time.sleep(0.5)  # for the second batch to begin, if it would
        Path(f"{app.file}-go").touch()
        mapping.drain(timeout=30)

    first, end, second, last_end = app.trace()
    assert (end, last_end) == ("end", "end")
    assert first != second


def test_there_are_more_batches_at_once_as_long_as_there_are_messages(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(40)])
    app = traced("def handler(event, context): time.sleep(0.3)")

    with SQSMapping(app.function, queue_url=queue.url, batch_size=1) as mapping:
        statistics = mapping.drain(timeout=30)

    assert statistics.peak_concurrency > 5
    assert statistics.environments > 5


def test_with_a_window_that_the_visibility_timeout_does_not_cover_messages_stay_invisible_for_longer(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=1)
    queue.send([{"number": 1, "poison": True}])
    app = traced(REPORTING, timeout=1.0)

    with SQSMapping(app.function, queue_url=queue.url, batch_window=1, report_batch_item_failures=True) as mapping:
        wait_for(lambda: mapping.statistics().partials == 1)
        time.sleep(1.2)  # the queue's own visibility timeout

        assert mapping.statistics().received == 1
        assert queue.depth() == {"visible": 0, "invisible": 1}


def test_a_throttled_batch_is_tried_again(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(20)])
    app = traced("def handler(event, context): time.sleep(0.05)", reserved_concurrency=1)

    with SQSMapping(app.function, queue_url=queue.url, batch_size=5) as mapping:
        statistics = mapping.drain(timeout=30)

    assert statistics.done == 20
    assert statistics.throttles > 0
    assert statistics.redelivered == statistics.failed == 0
    assert statistics.environments == 1


def test_a_batch_that_stays_throttled_is_left_to_its_visibility_timeout(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=1, max_receive_count=2)
    queue.send([{"number": 1}])
    app = traced("def handler(event, context): trace(1)", timeout=1.0, reserved_concurrency=0)

    with SQSMapping(app.function, queue_url=queue.url) as mapping:
        statistics = mapping.drain(timeout=30)

    assert app.trace() == []
    assert statistics.dropped == 2
    assert queue.dead_letters() == [{"number": 1}]


def test_no_more_batches_are_under_way_than_the_mapping_allows(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(30)])
    app = traced("def handler(event, context): time.sleep(0.05)")

    with SQSMapping(app.function, queue_url=queue.url, batch_size=1, maximum_concurrency=2) as mapping:
        statistics = mapping.drain(timeout=30)

    assert statistics.done == 30
    assert statistics.peak_concurrency == 2
    assert statistics.environments == 2


def test_a_window_gathers_more_than_one_read_gives(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(60)])
    app = traced('def handler(event, context): trace(len(event["Records"]))')

    with SQSMapping(app.function, queue_url=queue.url, batch_size=30, batch_window=1, maximum_concurrency=2) as mapping:
        mapping.drain(timeout=30)

    assert sum(app.trace()) == 60
    assert max(app.trace()) > 10
    assert max(app.trace()) <= 30


def test_a_batch_stays_within_the_payload_limit(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"text": "x" * 1_000_000}])
    for _ in range(7):
        queue.send([{"text": "x" * 1_000_000}])
    app = traced('def handler(event, context): trace(len(event["Records"]))')

    with SQSMapping(app.function, queue_url=queue.url, maximum_concurrency=2) as mapping:
        statistics = mapping.drain(timeout=30)

    assert statistics.done == sum(app.trace()) == 8
    assert max(app.trace()) <= 6


def test_leaving_gives_back_what_is_not_processed_and_finishes_what_is(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(10)])
    app = traced("""
def handler(event, context):
    trace("begin")
    time.sleep(0.3)
""")

    with SQSMapping(app.function, queue_url=queue.url, batch_size=1, maximum_concurrency=2):
        wait_for(lambda: bool(app.trace()))

    depth = queue.depth()
    assert depth["invisible"] == 0
    assert depth["visible"] == 10 - len(app.trace())


def test_an_exception_gives_back_also_what_is_under_way_without_waiting_for_it(
    make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=300)
    queue.send([{"number": n} for n in range(30)])
    app = traced(
        """
def handler(event, context):
    trace("begin")
    time.sleep(60)
""",
        timeout=100,
    )

    def leave_early() -> None:
        with SQSMapping(app.function, queue_url=queue.url):
            wait_for(lambda: bool(app.trace()))
            raise LookupError

    began = time.monotonic()
    with pytest.raises(LookupError):
        leave_early()

    assert time.monotonic() - began < 50
    assert queue.depth() == {"visible": 30, "invisible": 0}


def test_leaving_gives_back_also_what_is_being_gathered_or_throttled(make_queue: MakeQueue, traced: MakeTraced) -> None:
    gathered, throttled = make_queue(visibility=600), make_queue(visibility=600)
    for queue in (gathered, throttled):
        queue.send([{"number": n} for n in range(3)])
    app = traced("def handler(event, context): pass", reserved_concurrency=0)

    with (
        SQSMapping(app.function, queue_url=gathered.url, batch_size=100, batch_window=300) as gathering,
        SQSMapping(app.function, queue_url=throttled.url) as waiting,
    ):
        wait_for(lambda: gathering.statistics().received == 3 and waiting.statistics().throttles > 0)

    assert gathered.depth() == throttled.depth() == {"visible": 3, "invisible": 0}
    assert gathering.statistics().released == waiting.statistics().released == 3


def test_a_queue_that_cannot_be_drained_in_time_says_what_is_left(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": 1, "poison": True}])
    app = traced(REPORTING)

    with (
        SQSMapping(app.function, queue_url=queue.url, report_batch_item_failures=True) as mapping,
        pytest.raises(NotDrainedError, match="was not empty after 1 s: 0 messages are visible, 1 invisible") as caught,
    ):
        mapping.drain(timeout=1)

    assert caught.value.statistics.partials == 1
    assert isinstance(caught.value, TimeoutError)


def test_a_running_emulator_may_be_used_and_is_left_running(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": n} for n in range(3)])
    app = traced("def handler(event, context): return 'fine'")

    with Emulator(app.function) as emulator:
        with SQSMapping(emulator, queue_url=queue.url) as mapping:
            mapping.drain(timeout=20)

        assert emulator.invoke({}).payload == "fine"


def test_each_invocation_can_be_watched(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    queue.send([{"number": 1}])
    app = traced("def handler(event, context): print('seen'); return {'batchItemFailures': []}")
    seen: list[Any] = []

    with SQSMapping(app.function, queue_url=queue.url, on_invocation=seen.append) as mapping:
        mapping.drain(timeout=20)

    assert [invocation.payload for invocation in seen] == [{"batchItemFailures": []}]
    assert "seen" in seen[0].log


def test_an_endpoint_that_is_away_for_a_while_loses_nothing(
    aws: AWSServer, make_queue: MakeQueue, traced: MakeTraced
) -> None:
    queue = make_queue(visibility=3)
    queue.send({"number": n} for n in range(60))
    app = traced(REPORTING, timeout=1.0)
    before = DelayProxy(aws.url).start()

    with SQSMapping(
        app.function, queue_url=queue.url, endpoint_url=before.url, batch_size=1, report_batch_item_failures=True
    ) as mapping:
        wait_for(lambda: mapping.statistics().done > 0)
        before.close()
        wait_for(lambda: mapping.statistics().source_errors > 0)
        with DelayProxy(aws.url, port=urlsplit(before.url).port or 0):
            mapping.drain(timeout=60)

    assert set(app.trace()) == set(range(60))
    assert queue.depth() == {"visible": 0, "invisible": 0}


def test_a_queue_that_is_not_there_is_named(aws: AWSServer, traced: MakeTraced) -> None:
    app = traced("def handler(event, context): pass")
    nowhere = "arn:aws:sqs:us-east-1:000000000000:nowhere"

    with (
        pytest.raises(SourceError, match=f"queue {nowhere} cannot be found"),
        SQSMapping(app.function, queue_url=nowhere, endpoint_url=aws.url),
    ):
        pass


def test_what_is_no_queue_is_named(aws: AWSServer, traced: MakeTraced) -> None:
    app = traced("def handler(event, context): pass")

    with (
        pytest.raises(SourceError, match="'orders' is neither the URL of a queue nor its ARN"),
        SQSMapping(app.function, queue_url="orders", endpoint_url=aws.url),
    ):
        pass


def test_a_queue_that_vanishes_ends_the_mapping(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    app = traced("def handler(event, context): pass")

    with SQSMapping(app.function, queue_url=queue.url) as mapping:
        queue.client.delete_queue(QueueUrl=queue.url)

        with pytest.raises(SourceError, match="cannot be read"):
            mapping.drain(timeout=30)

    assert isinstance(mapping.error, SourceError)


def test_a_queue_that_vanishes_is_told_also_to_who_does_not_wait(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue()
    app = traced("def handler(event, context): pass")

    def run_and_leave() -> None:
        with SQSMapping(app.function, queue_url=queue.url) as mapping:
            queue.client.delete_queue(QueueUrl=queue.url)
            wait_for(lambda: mapping.error is not None)

    with pytest.raises(SourceError, match="cannot be read"):
        run_and_leave()


def test_settings_that_do_not_fit_the_queue_are_refused_on_entering(make_queue: MakeQueue, traced: MakeTraced) -> None:
    queue = make_queue(visibility=1)
    app = traced("def handler(event, context): pass", timeout=2.0)

    with (
        pytest.raises(ValueError, match="Queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds"),
        SQSMapping(app.function, queue_url=queue.url),
    ):
        pass


def test_what_aws_advises_against_is_said(make_queue: MakeQueue, traced: MakeTraced) -> None:
    app = traced("def handler(event, context): pass", timeout=2.0)

    with SQSMapping(app.function, queue_url=make_queue(visibility=11, max_receive_count=4).url) as mapping:
        assert len(mapping.warnings) == 2
        assert "visibility timeout of 11 s is below the 12 s" in mapping.warnings[0]
        assert "maxReceiveCount of 4 is below the 5" in mapping.warnings[1]


def test_a_mapping_is_used_within_its_block_and_once(make_queue: MakeQueue, traced: MakeTraced) -> None:
    mapping = SQSMapping(traced("def handler(event, context): pass").function, queue_url=make_queue().url)
    with pytest.raises(ClosedError, match="was not started"):
        mapping.drain()

    with mapping:
        pass

    with pytest.raises(ClosedError, match="started once"):
        mapping.__enter__()
    with pytest.raises(ClosedError):
        mapping.drain()
    mapping.close()
