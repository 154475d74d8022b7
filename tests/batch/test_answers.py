"""What the library answers, by the table of what AWS makes of an answer: exactly the right records come again."""

from __future__ import annotations

import pytest
from tests.batch.conftest import Course, come_again, event_of, named
from tests.conformance.responses import BATCH, READINGS, SCENARIOS, Row, Scenario

import meantime
from meantime.testing import LambdaContext, sqs_event

EACH_SCENARIO = pytest.mark.parametrize("scenario", SCENARIOS, ids=str)


def source_of(scenario: Scenario) -> str:
    return "fifo" if scenario.fifo else scenario.source


def answer_to(scenario: Scenario, executor: str, width: int = 10):
    event = event_of(source_of(scenario), scenario.keys)
    course = Course(failing=frozenset(scenario.failing))
    return event, course.handler(source_of(scenario), executor, max_concurrency=width)(event, LambdaContext(60))


@EACH_SCENARIO
def test_exactly_the_records_that_must_come_again_do(scenario: Scenario, executor):
    event, answer = answer_to(scenario, executor)

    assert come_again(event, answer) == list(scenario.again)


@EACH_SCENARIO
def test_one_after_another_too(scenario: Scenario, executor):
    event, answer = answer_to(scenario, executor, width=1)

    assert come_again(event, answer) == list(scenario.again)


@EACH_SCENARIO
def test_aws_reads_the_answer_as_it_is_meant(scenario: Scenario, executor):
    """By the emulator's own reading, which the same table holds to."""
    pytest.importorskip("botocore", reason="the tools are not installed here")
    from meantime.tools.emulator.mappings.answers import read_queue_answer, read_stream_answer  # noqa: PLC0415

    event, answer = answer_to(scenario, executor)

    read = read_queue_answer if scenario.source == "sqs" else read_stream_answer
    reading = read(answer, named(event), report=True)
    assert reading.outcome == ("partial" if scenario.again else "success")
    assert list(reading.again) == [named(event)[position] for position in scenario.again]


@pytest.mark.parametrize("row", [row for row in READINGS if row.outcome != "failure" and row.report], ids=str)
def test_the_library_says_it_in_a_way_that_the_table_knows(row: Row, executor):
    """For each documented outcome of a batch of this kind there is an answer of ours that is read as that."""
    identifiers = list(BATCH[row.source])
    keys = [str(number) for number in range(len(identifiers))]
    event = with_identifiers(event_of(row.source, keys), row.source, identifiers)
    failing = frozenset(identifiers.index(each) for each in row.again)

    answer = Course(failing=failing).handler(row.source, executor)(event, LambdaContext(60))

    expected = [{"itemIdentifier": each} for each in row.again]
    assert answer == {"batchItemFailures": expected if row.source == "sqs" else expected[:1]}


def with_identifiers(event, source: str, identifiers):
    for record, identifier in zip(event["Records"], identifiers, strict=True):
        match source:
            case "sqs":
                record["messageId"] = identifier
            case "kinesis":
                record["kinesis"]["sequenceNumber"] = identifier
            case "dynamodb":
                record["dynamodb"]["SequenceNumber"] = identifier
    return event


def test_a_record_of_kafka_is_named_by_its_partition_and_offset(executor):
    """https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html."""
    event = event_of("kafka", "aab")

    answer = Course(failing=frozenset({0})).handler("kafka", executor)(event, LambdaContext(60))

    assert answer["batchItemFailures"] == [
        {"itemIdentifier": {"partition": "topic-0", "offset": 0}},
        {"itemIdentifier": {"partition": "topic-0", "offset": 1}},
    ]


def test_kafkas_partitions_do_not_hold_each_other_back(executor):
    first, second = event_of("kafka", "aa"), event_of("kafka", "aa")
    for record in second["records"]["topic-0"]:
        record["partition"] = 1
    second["records"] = {"topic-1": second["records"]["topic-0"]}
    first["records"] |= second["records"]
    course = Course(failing=frozenset({0}))

    answer = course.handler("kafka", executor)(first, LambdaContext(60))

    partitions = [item["itemIdentifier"]["partition"] for item in answer["batchItemFailures"]]
    assert sorted(partitions) == ["topic-0", "topic-0", "topic-1", "topic-1"]
    assert sorted(course.begun) == [0, 0]


def test_the_answer_is_what_json_can_say(source, executor):
    import json  # noqa: PLC0415

    event = event_of(source, "aabb")

    answer = Course(failing=frozenset({1})).handler(source, executor)(event, LambdaContext(60))

    assert json.loads(json.dumps(answer)) == answer


def test_of_a_stream_only_the_lowest_is_named(executor):
    """Everything from it on comes again; to name the others as well would say nothing, and may be a megabyte of it."""
    event = event_of("kinesis", "abcd")

    answer = Course(failing=frozenset({1, 3})).handler("kinesis", executor, max_concurrency=4)(event, LambdaContext(60))

    assert answer == {"batchItemFailures": [{"itemIdentifier": named(event)[1]}]}


def test_no_records_are_no_failures(source, executor):
    event = event_of(source, "a")
    if source == "kafka":
        event["records"] = {}
    else:
        event["Records"] = []

    assert Course().handler(source, executor)(event, LambdaContext(60)) == {"batchItemFailures": []}


def answers_for_the_batch(message):
    return {"batchItemFailures": [{"itemIdentifier": message.message_id}] if message.body == "fails" else []}


async def answers_later(message):
    return answers_for_the_batch(message)


@pytest.mark.parametrize("executor", ["threads", "tasks", "sequential", "processes"])
def test_a_function_of_one_record_that_answers_for_the_batch_has_failed_for_it(executor, caplog):
    """Passed over, it would be a success: SQS deletes the message."""
    event = sqs_event(["fine", "fails", "fine"])
    function = answers_later if executor == "tasks" else answers_for_the_batch

    answer = meantime.batch.sqs(executor=executor, max_concurrency=2)(function)(event, LambdaContext(60))

    assert come_again(event, answer) == [1]
    assert "TypeError: the function returned batchItemFailures" in caplog.text
    assert "raise for a record that fails, and the decorator answers" in caplog.text


@pytest.mark.parametrize("value", [False, 0, {"statusCode": 500}, {"batchItemFailures": []}])
def test_whatever_else_it_returns_says_nothing_of_success(value):
    event = sqs_event(["fine"])

    assert come_again(event, meantime.batch.sqs(lambda message: value)(event, LambdaContext(60))) == []
