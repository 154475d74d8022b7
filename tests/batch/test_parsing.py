"""What `parse=` makes of a record, and that a record it cannot parse has failed, by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.batch.conftest import come_again

import meantime
from meantime.testing import LambdaContext, sqs_event

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
