"""What `parse=` makes of a record, and that a record it cannot parse has failed, by itself."""

from __future__ import annotations

import json
from collections import namedtuple
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import pytest
from tests.batch.conftest import come_again

import meantime
from meantime.testing import LambdaContext, sqs_event


@dataclass
class DataClass:
    id: Any


class Tuple(NamedTuple):
    id: Any


class Dictionary(TypedDict):
    id: Any


class OfTheRecord:
    def __init__(self, message):
        self.id = message.json()["id"]


BODIES = [{"id": 1}, "no order", {"id": "x"}, {"id": 4}]


def test_any_function_of_the_record_may_parse_it(executor):
    got = []

    def receive(number):
        got.append(number)

    async def receive_async(number):
        receive(number)

    handler = meantime.batch.sqs(executor=executor.partition(" ")[0], parse=lambda message: int(message.json()["id"]))(
        receive_async if "tasks" in executor else receive
    )
    event = sqs_event(BODIES)

    assert come_again(event, handler(event, LambdaContext(60))) == [1, 2]
    assert sorted(got) == [1, 4]


def test_the_record_itself_is_given_beside_it_to_who_asks():
    got = []

    @meantime.batch.sqs(parse=lambda message: message.json())
    def lambda_handler(order, record):
        got.append((order, record.body))

    lambda_handler(sqs_event([{"id": 1}]), LambdaContext(60))

    assert got == [({"id": 1}, '{"id": 1}')]


def test_parsing_comes_before_the_call_and_not_after_a_retry():
    """A message that is no order will not become one: nothing is called again for it."""
    parsed = []

    def parse(message) -> Any:
        parsed.append(message.body)
        return json.loads(message.body)

    event = sqs_event(["no json"])

    answer = meantime.batch.sqs(parse=parse, retry=meantime.Retry(5))(lambda order: None)(event, LambdaContext(60))

    assert come_again(event, answer) == [0]
    assert parsed == ["no json"]


@pytest.mark.parametrize("nonsense", [5, "Order", {"id": int}])
def test_what_parses_nothing_is_refused(nonsense):
    with pytest.raises(TypeError, match="parse must be a pydantic model, or a function of the record"):
        meantime.batch.sqs(parse=nonsense)(lambda order: None)


def test_an_async_parse_is_refused():
    async def parse(message):
        return message

    with pytest.raises(TypeError, match="parse must be a plain function"):
        meantime.batch.sqs(parse=parse)(lambda order: None)


@pytest.mark.parametrize("plain", [DataClass, Tuple, Dictionary, namedtuple("Named", "id")])  # noqa: PYI024  # the old one, too
def test_a_class_of_fields_is_refused_since_the_record_itself_would_be_its_first(plain):
    with pytest.raises(TypeError) as caught:
        meantime.batch.sqs(parse=plain)(lambda order: None)

    name = plain.__name__
    assert f"parse={name} would be called with the SQSMessage itself" in str(caught.value)
    assert f"write parse=lambda record: {name}(**record.json())" in str(caught.value)
    assert f"pydantic.TypeAdapter({name})" in str(caught.value)


def test_of_a_dynamodb_record_the_message_names_the_item():
    with pytest.raises(TypeError, match=r"parse=lambda record: DataClass\(\*\*record.new_image\)"):
        meantime.batch.dynamodb(parse=DataClass)(lambda order: None)


@pytest.mark.parametrize("builtin", [int, str, dict, list[int]])
def test_a_builtin_type_is_refused_too(builtin):
    with pytest.raises(TypeError, match=r"write parse=lambda record: \w+\(record.json\(\)\)"):
        meantime.batch.kinesis(parse=builtin)(lambda order: None)


def test_a_class_that_is_made_of_a_record_may_parse_it():
    got = []

    meantime.batch.sqs(parse=OfTheRecord)(got.append)(sqs_event([{"id": 1}]), LambdaContext(60))

    assert [order.id for order in got] == [1]


def test_what_a_lambda_makes_of_the_record_may_be_such_a_class():
    got = []

    parse = meantime.batch.sqs(parse=lambda record: DataClass(**record.json()))
    parse(got.append)(sqs_event([{"id": 1}]), LambdaContext(60))

    assert got == [DataClass(1)]
