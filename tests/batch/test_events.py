"""Events that are none of the decorator's, or not as they should be: told before any record is touched."""

from __future__ import annotations

import pytest
from tests.batch.conftest import Course, come_again, decorator_of, event_of

import meantime
from meantime import WrongEvent
from meantime.testing import LambdaContext, dynamodb_event, kafka_event, kinesis_event, sqs_event

EVENTS = {
    "sqs": sqs_event([1]),
    "kinesis": kinesis_event([1]),
    "dynamodb": dynamodb_event([(None, {"id": "1"})]),
    "kafka": kafka_event([1]),
}


def refusal(decorator: str, event) -> str:
    called: list[object] = []
    handler = decorator_of(decorator)(called.append)
    with pytest.raises(WrongEvent) as raised:
        handler(event, LambdaContext(60))
    assert called == []
    assert isinstance(raised.value, ValueError)
    return str(raised.value)


@pytest.mark.parametrize("decorator", EVENTS)
@pytest.mark.parametrize("other", EVENTS)
def test_of_another_source_the_error_names_the_decorator_that_takes_it(decorator, other):
    if decorator == other:
        assert decorator_of(decorator)(lambda record: None)(EVENTS[other], LambdaContext(60)) == {
            "batchItemFailures": []
        }
        return
    text = refusal(decorator, EVENTS[other])
    assert text.startswith(f"meantime.batch.{decorator} takes a batch of")
    assert text.endswith(f"decorate its function with meantime.batch.{other}")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}, "a notification of SNS"),
        ({"Records": [{"eventSource": "aws:s3", "s3": {}}]}, "a notification of S3"),
        ({"Records": [{"eventSource": "aws:new"}]}, "one of 'aws:new'"),
        ({"detail-type": "Scheduled Event", "detail": {}}, "an event of EventBridge"),
        ({"awslogs": {"data": ""}}, "a batch of CloudWatch Logs"),
        ({"eventSource": "aws:amq", "messages": []}, "a batch of ActiveMQ"),
        ([{"messageId": "1", "eventSource": "aws:sqs"}], "a list, as EventBridge Pipes hands over"),
        ({"orders": [1], "more": 2}, "one without Records, with the keys orders, more"),
        ({"Records": None}, "one whose Records are None"),
        ({"Records": [None]}, "one whose Records are [None]"),
        ({}, "an empty one"),
        (None, "a NoneType: None"),
        ("text", "a str: 'text'"),
    ],
)
def test_any_other_event_is_named(event, words):
    text = refusal("sqs", event)

    assert f"and this event is {words}: " in text
    assert "meantime.handler" in text


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"httpMethod": "GET", "path": "/"}, "a request of an API Gateway or a load balancer"),
        ({"version": "2.0", "rawPath": "/"}, "a request of an HTTP API or a function URL"),
    ],
)
def test_a_request_is_for_the_asgi_adapter(event, words):
    text = refusal("sqs", event)

    assert f"and this event is {words}: serve it with meantime.ASGIAdapter(app)" in text


MIXED = "meantime.batch.sqs takes a batch of SQS, and Records[1] of this one is of aws:kinesis, beside others"


def test_of_a_batch_of_several_sources_the_first_record_that_does_not_fit_is_named():
    event = {"Records": sqs_event(["a"])["Records"] + kinesis_event(["b"])["Records"]}

    with pytest.raises(WrongEvent) as caught:
        meantime.batch.sqs(lambda message: None)(event, LambdaContext())

    assert str(caught.value).startswith(MIXED)
    assert "decorate its function with" not in str(caught.value)  # it is decorated so


def test_a_record_that_is_none_is_named_beside_those_that_are():
    event = {"Records": [*sqs_event(["a"])["Records"], "a text"]}

    with pytest.raises(WrongEvent, match=r"Records\[1\] of this one is 'a text', beside others that are of aws:sqs"):
        meantime.batch.sqs(lambda message: None)(event, LambdaContext())


@pytest.mark.parametrize(
    ("source", "spoil", "named"),
    [
        ("sqs", lambda record: record.pop("messageId"), "Records[1] has no messageId"),
        ("sqs", lambda record: record.update(messageId=""), "Records[1] has no messageId"),
        ("sqs", lambda record: record.update(messageId=None), "Records[1] has no messageId"),
        ("sqs", lambda record: record.update(messageId=7), "Records[1] has no messageId"),
        ("kinesis", lambda record: record["kinesis"].pop("sequenceNumber"), "has no kinesis.sequenceNumber"),
        ("kinesis", lambda record: record.update(kinesis=None), "has no kinesis.sequenceNumber"),
        ("dynamodb", lambda record: record["dynamodb"].pop("SequenceNumber"), "has no dynamodb.SequenceNumber"),
    ],
)
def test_a_record_that_an_answer_could_not_name_is_refused(source, spoil, named):
    """AWS takes an answer with an empty or unknown identifier for a failure of the whole batch."""
    event = event_of(source, "abc")
    spoil(event["Records"][1])

    assert named in refusal(source, event)


def test_a_record_of_kafka_without_an_offset_is_refused():
    event = kafka_event([1])
    del event["records"]["topic-0"][0]["offset"]

    refusal("kafka", event)


def test_a_fifo_batch_wider_than_lambda_hands_over_is_refused():
    """So a test with an event that cannot be learns of it."""
    assert "this batch of a FIFO queue has 11 messages: Lambda hands over 10 at most" in refusal(
        "sqs", sqs_event(range(11), groups=["a"] * 11)
    )


def test_an_event_made_by_hand_may_leave_out_what_nobody_needs():
    event = {"Records": [{"messageId": "1", "body": "{}"}, {"messageId": "2", "body": "x"}]}

    answer = meantime.batch.sqs(lambda message: message.json())(event, LambdaContext(60))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_a_fifo_queue_is_known_by_its_messages_where_its_name_is_missing():
    event = sqs_event(range(2), groups=["a", "a"])
    for record in event["Records"]:
        del record["eventSourceARN"]

    answer = Course(failing=frozenset({0})).handler("sqs", "threads")(event, LambdaContext(60))

    assert come_again(event, answer) == [0, 1]


def test_the_groups_of_a_standard_queue_are_for_fairness_and_bind_no_order():
    """A standard queue may have message groups, too; its messages are each by itself."""
    event = sqs_event(range(3))
    for record in event["Records"]:
        record["attributes"]["MessageGroupId"] = "tenant"

    answer = Course(failing=frozenset({0})).handler("sqs", "threads")(event, LambdaContext(60))

    assert come_again(event, answer) == [0]


def test_a_message_that_is_in_the_batch_twice_is_done_once_and_answered_once(executor, caplog):
    event = sqs_event(range(3))
    event["Records"].append(event["Records"][1] | {"receiptHandle": "another"})
    course = Course(failing=frozenset({1}))

    answer = course.handler("sqs", executor)(event, LambdaContext(60))

    assert sorted(course.begun) == [0, 1, 2]
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}
    assert "1 of 4 messages have the messageId of another in the same batch" in caplog.text


def test_it_is_refused_on_an_event_loop_before_anything_is_done():
    def lambda_handler(event, context):
        raise AssertionError

    import asyncio  # noqa: PLC0415

    event = sqs_event([1])
    handler = meantime.batch.sqs(lambda message: None)

    async def main():
        with pytest.raises(meantime.LoopRunning, match=r"await meantime.in_thread"):
            handler(event, LambdaContext(60))
        return await meantime.in_thread(handler)(event, LambdaContext(60))

    assert asyncio.run(main()) == {"batchItemFailures": []}
