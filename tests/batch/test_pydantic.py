"""Models of pydantic as what a batch's function is given."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.batch.conftest import come_again, decorator_of

import meantime
from meantime.testing import LambdaContext, dynamodb_event, kafka_event, kinesis_event, sqs_event

pytest.importorskip("pydantic", reason="pydantic is not installed here")

import pydantic  # it may be absent

BODIES = [{"id": 1}, "no order", {"id": "x"}, {"id": 4}]


@pytest.mark.parametrize("source", ["sqs", "kinesis", "kafka"])
def test_a_pydantic_model_validates_what_the_record_carries(source):
    got = []

    class Order(pydantic.BaseModel):
        id: int

    events = {"sqs": sqs_event, "kinesis": kinesis_event, "kafka": kafka_event}
    event = events[source](BODIES) if source != "kinesis" else kinesis_event(BODIES, partition_keys=list("aabc"))

    answer = decorator_of(source)(parse=Order)(got.append)(event, LambdaContext(60))

    again = come_again(event, answer)
    assert {1, 2} <= set(again)
    assert all(type(order) is Order for order in got)
    assert Order(id=1) in got


def test_a_type_adapter_does_so_too():
    got = []
    event = sqs_event([[1, 2], ["x"]])

    answer = meantime.batch.sqs(parse=pydantic.TypeAdapter(list[int]))(got.append)(event, LambdaContext(60))

    assert come_again(event, answer) == [1]
    assert got == [[1, 2]]


def test_of_a_dynamodb_record_a_model_gets_the_item_as_plain_values():
    got = []

    class Item(pydantic.BaseModel):
        id: str
        price: Decimal
        tags: frozenset[str] = frozenset()

    event = dynamodb_event(
        [(None, {"id": "1", "price": Decimal("1.10"), "tags": {"a"}}), ({"id": "2", "price": 5}, None)]
    )

    answer = meantime.batch.dynamodb(parse=Item)(got.append)(event, LambdaContext(60))

    assert answer == {"batchItemFailures": []}
    assert sorted(got, key=lambda item: item.id) == [
        Item(id="1", price=Decimal("1.10"), tags=frozenset({"a"})),
        Item(id="2", price=Decimal(5)),
    ]


def test_the_log_says_what_was_wrong_with_it(caplog):

    class Order(pydantic.BaseModel):
        id: int

    meantime.batch.sqs(parse=Order)(lambda order: None)(sqs_event([{"id": "x"}]), LambdaContext(60))

    assert "ValidationError: 1 validation error for Order" in caplog.text


@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
def test_of_a_stream_that_carries_no_item_the_log_says_which_view_type_a_model_needs(view, caplog):
    class Item(pydantic.BaseModel):
        id: str

    event = dynamodb_event([(None, {"id": "1"})])
    change = event["Records"][0]["dynamodb"]
    change["StreamViewType"] = view
    del change["NewImage"]

    answer = meantime.batch.dynamodb(parse=Item)(lambda item: None)(event, LambdaContext(60))

    assert come_again(event, answer) == [0]
    assert f"the stream's view type is {view}, which has none for INSERT" in caplog.text
    assert "view type NEW_AND_OLD_IMAGES" in caplog.text


def test_a_parser_that_takes_no_item_for_an_answer_gets_none():
    class Item(pydantic.BaseModel):
        id: str

    got = []
    event = dynamodb_event([({"id": "1"}, None)])
    change = event["Records"][0]["dynamodb"]
    change["StreamViewType"] = "NEW_IMAGE"
    del change["OldImage"]

    meantime.batch.dynamodb(parse=pydantic.TypeAdapter(Item | None))(got.append)(event, LambdaContext(60))

    assert got == [None]
