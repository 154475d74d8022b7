"""How one batch of a shard is delivered, to a function that is no more than a future, on a clock that is held."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.testing import FakeClock
from meantime.tools.emulator.errors import TooManyRequestsError
from meantime.tools.emulator.invocation import FunctionError, Invocation
from meantime.tools.emulator.mappings.delivery import Delivering, Delivery
from meantime.tools.emulator.mappings.settings import StreamSettings
from meantime.tools.emulator.mappings.source import Record, Source
from meantime.tools.emulator.mappings.statistics import Counters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


class NoSource(Source):
    """A stream that is not read here."""

    batch_info = "KinesisBatchInfo"
    timespec = "milliseconds"
    read_max = 10_000
    shards = iterator = read = None  # type: ignore[assignment]


@dataclass
class Setup:
    """One delivery's function, destination and counters."""

    settings: StreamSettings
    answer: Callable[[list[str]], Any]
    batches: list[list[str]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)

    def deliver(self, records: Sequence[Record]) -> None:
        asyncio.run(self._deliver(records))

    async def _deliver(self, records: Sequence[Record]) -> None:
        await self.delivery().deliver(records)

    def delivery(self) -> Delivery:
        """What delivers one shard's batches, on the running loop."""
        common = Delivering(
            source=NoSource(STREAM),
            settings=self.settings,
            function_arn="arn:aws:lambda:us-east-1:000000000000:function:app",
            invoke=self._invoke,
            endpoint=self,  # type: ignore[arg-type]
            destination=self,  # type: ignore[arg-type]
            counters=self.counters,
            stopping=asyncio.Event(),
        )
        return Delivery(common, "shardId-000000000000")

    async def write(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """In place of an endpoint's threads."""
        return function(*arguments)

    def send(self, document: Any) -> None:
        """In place of a queue or topic."""
        self.sent.append(document)

    def _invoke(self, event: Any) -> Future[Invocation]:
        numbers = [record["sequence"] for record in event["Records"]]
        future: Future[Invocation] = Future()
        try:
            answer = self.answer(numbers)
        except TooManyRequestsError as throttled:
            future.set_exception(throttled)
            return future
        self.batches.append(numbers)
        self.events.append(event)
        error = FunctionError("ValueError", "no") if isinstance(answer, Exception) else None
        future.set_result(
            Invocation(
                None if error else answer,
                error,
                1.0,
                1,
                cold=False,
                init_ms=None,
                environment_id="e",
                request_id="r",
                log="",
                max_memory_used_mb=1,
                cpu_ms=1.0,
                started=0.0,
                finished=0.0,
            )
        )
        return future

    @property
    def given_up(self) -> list[tuple[str, str, str, int]]:
        """What was sent: first, last, condition, number of invocations."""
        return [
            (
                document["KinesisBatchInfo"]["startSequenceNumber"],
                document["KinesisBatchInfo"]["endSequenceNumber"],
                document["requestContext"]["condition"],
                document["requestContext"]["approximateInvokeCount"],
            )
            for document in self.sent
        ]


def records(numbers: Sequence[int] | str, arrived: float = 0.0) -> list[Record]:
    return [Record({"sequence": str(number)}, 10, str(number), arrived, "key") for number in numbers]


def fails_on(*poison: str) -> Callable[[list[str]], Any]:
    """A function that raises when one of these is in its batch."""
    return lambda numbers: ValueError() if set(poison) & set(numbers) else {}


def reports(*poison: str) -> Callable[[list[str]], Any]:
    """A function that answers with those that failed."""
    return lambda numbers: {"batchItemFailures": [{"itemIdentifier": n} for n in numbers if n in poison]}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with FakeClock() as held:
        yield held


def test_a_batch_that_succeeds_is_invoked_once() -> None:
    setup = Setup(StreamSettings(), fails_on())

    setup.deliver(records("123"))

    assert setup.batches == [["1", "2", "3"]]
    assert setup.counters.statistics().done == 3


def test_a_batch_that_fails_is_tried_again_as_often_as_allowed_and_given_up_as_a_whole() -> None:
    setup = Setup(StreamSettings(maximum_retry_attempts=2), fails_on("2"))

    setup.deliver(records("123"))

    assert setup.batches == [["1", "2", "3"]] * 3
    assert setup.given_up == [("1", "3", "RetryAttemptsExhausted", 3)]
    assert setup.counters.statistics().discarded == 3


def test_from_the_checkpoint_on_it_is_tried_again_and_the_retries_count_anew() -> None:
    """As recorded from AWS: six records in batches of three, the sixth failing, three retries: five times the sixth."""
    setup = Setup(StreamSettings(maximum_retry_attempts=3, report_batch_item_failures=True), reports("6"))

    setup.deliver(records("456"))

    assert setup.batches == [["4", "5", "6"], *[["6"]] * 4]
    assert setup.given_up == [("6", "6", "RetryAttemptsExhausted", 4)]
    assert setup.sent[0]["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}


def test_without_reporting_the_answer_moves_no_checkpoint() -> None:
    setup = Setup(StreamSettings(), reports("2"))

    setup.deliver(records("123"))

    assert setup.batches == [["1", "2", "3"]]


def test_halving_finds_the_poisonous_record_and_gives_up_nothing_else() -> None:
    setup = Setup(StreamSettings(maximum_retry_attempts=1, bisect_batch_on_function_error=True), fails_on("6"))

    setup.deliver(records("12345678"))

    assert setup.batches == [
        list("12345678"), list("1234"), list("5678"), list("56"), ["5"], ["6"], ["6"], list("78"),
    ]  # fmt: skip
    assert setup.given_up == [("6", "6", "RetryAttemptsExhausted", 2)]
    assert setup.sent[0]["responseContext"]["functionError"] == "Unhandled"


def test_halving_is_no_retry() -> None:
    setup = Setup(StreamSettings(maximum_retry_attempts=0, bisect_batch_on_function_error=True), fails_on("1"))

    setup.deliver(records("1234"))

    assert setup.batches == [list("1234"), list("12"), ["1"], ["2"], list("34")]
    assert setup.given_up == [("1", "1", "RetryAttemptsExhausted", 1)]


def test_with_reporting_the_batch_is_cut_at_the_checkpoint_and_then_halved() -> None:
    settings = StreamSettings(
        maximum_retry_attempts=0, bisect_batch_on_function_error=True, report_batch_item_failures=True
    )
    setup = Setup(settings, reports("3"))

    setup.deliver(records("12345"))

    assert setup.batches == [list("12345"), list("345"), ["3"], list("45")]
    assert setup.given_up == [("3", "3", "RetryAttemptsExhausted", 1)]


def test_records_that_are_too_old_are_given_up_without_an_invocation(clock: FakeClock) -> None:
    setup = Setup(StreamSettings(maximum_record_age=60), fails_on())
    old, young = records("12", arrived=clock.wall() - 61), records("34", arrived=clock.wall() - 59)

    setup.deliver([*old, *young])

    assert setup.batches == [["3", "4"]]
    assert setup.given_up == [("1", "2", "RecordAgeExceeded", 0)]
    assert "responseContext" not in setup.sent[0]


def test_a_record_that_keeps_failing_is_given_up_when_it_is_too_old(clock: FakeClock) -> None:
    setup = Setup(StreamSettings(maximum_record_age=60), fails_on("1"))

    setup.deliver(records("1", arrived=clock.wall()))

    ((first, last, condition, invocations),) = setup.given_up
    assert (first, last, condition) == ("1", "1", "RecordAgeExceeded")
    assert invocations == len(setup.batches) > 10


def test_a_throttled_invocation_is_no_retry() -> None:
    throttles = iter(range(20))

    def answer(_numbers: list[str]) -> Any:
        if next(throttles, None) is not None:
            raise TooManyRequestsError("app", 1)
        return {}

    setup = Setup(StreamSettings(maximum_retry_attempts=0), answer)

    setup.deliver(records("12"))

    assert setup.batches == [["1", "2"]]
    assert setup.sent == []
    assert setup.counters.statistics().throttles == 20


def test_records_that_stay_throttled_are_given_up_when_they_are_too_old(clock: FakeClock) -> None:
    def answer(_numbers: list[str]) -> Any:
        raise TooManyRequestsError("app", 1)

    setup = Setup(StreamSettings(maximum_record_age=60), answer)

    setup.deliver(records("12", arrived=clock.wall()))

    assert setup.given_up == [("1", "2", "RecordAgeExceeded", 0)]


@given(
    size=st.integers(1, 20),
    data=st.data(),
    report=st.booleans(),
    bisect=st.booleans(),
    retries=st.integers(0, 3),
)
def test_every_record_is_done_or_given_up_in_order_and_no_good_one_is_given_up_by_halving(
    size: int, data: st.DataObject, *, report: bool, bisect: bool, retries: int
) -> None:
    poison = {str(n) for n in data.draw(st.sets(st.integers(1, size)))}
    settings = StreamSettings(
        maximum_retry_attempts=retries, report_batch_item_failures=report, bisect_batch_on_function_error=bisect
    )
    setup = Setup(settings, reports(*poison) if report else fails_on(*poison))

    with FakeClock():
        setup.deliver(records(range(1, size + 1)))

    statistics = setup.counters.statistics()
    assert statistics.done + statistics.discarded == size
    given_up = {str(n) for first, last, _, _ in setup.given_up for n in range(int(first), int(last) + 1)}
    assert poison <= given_up
    assert len(given_up) == statistics.discarded
    if bisect:
        assert given_up == poison
    firsts = list(dict.fromkeys(number for batch in setup.batches for number in batch))
    assert firsts == sorted(firsts, key=int)
    assert statistics.in_flight == statistics.records_in_flight == 0
