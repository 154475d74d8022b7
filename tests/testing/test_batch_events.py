"""The builders of batches say what is wrong with what they are given: no KeyError from within."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from meantime.testing import dynamodb_event, kafka_event, kinesis_event, sqs_event


@pytest.mark.parametrize("builder", [sqs_event, kinesis_event, kafka_event, dynamodb_event])
@pytest.mark.parametrize("given", ["a text", {"id": 1}, 5, None])
def test_what_is_no_list_of_records_is_refused(builder, given):
    with pytest.raises(TypeError, match=r"must be a list, with one for each record; got " + re.escape(repr(given))):
        builder(given)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: sqs_event(["a", "b"], groups=["g"]), r"groups must have one for each of bodies, 2; got 1"),
        (lambda: kinesis_event(["a"], partition_keys=["x", "y"]), r"partition_keys must have one for each of data, 1"),
        (lambda: kafka_event(["a", "b"], keys=[None]), r"keys must have one for each of values, 2"),
    ],
)
def test_too_few_or_too_many_groups_or_keys_are_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_one_text_is_no_list_of_groups():
    with pytest.raises(TypeError, match="groups must be a list, with one for each of bodies; got 'ab'"):
        sqs_event(["a", "b"], groups="ab")


@pytest.mark.parametrize("images", [{"id": "1"}, ({"id": "1"},), ("a", "b"), "ab"])
def test_a_change_is_a_pair_of_items(images):
    with pytest.raises(TypeError, match=r"images\[1\] must be a pair of the item before and after"):
        dynamodb_event([(None, {"id": "0"}), images])


def test_a_change_from_nothing_to_nothing_is_refused():
    with pytest.raises(ValueError, match=r"images\[0\] has an item neither before nor after"):
        dynamodb_event([(None, None)])


def test_an_item_without_its_key_is_refused():
    with pytest.raises(ValueError, match=r"images\[0\] has no id, which is in the primary key: say with keys="):
        dynamodb_event([(None, {"order": "1"})])


def test_the_keys_are_a_list():
    with pytest.raises(TypeError, match=r"keys must be a list of the key's attributes, as in keys=\['order'\]"):
        dynamodb_event([(None, {"order": "1"})], keys="order")


def test_a_value_that_dynamodb_has_no_type_for_is_refused():
    with pytest.raises(TypeError, match=r"DynamoDB has no type for \(1\+2j\), a complex"):
        dynamodb_event([(None, {"id": "1", "value": 1 + 2j})])


def test_numbers_of_every_kind_are_written_as_dynamodb_has_them():
    (record,) = dynamodb_event([(None, {"id": 1, "price": Decimal("1.10"), "share": 0.5})])["Records"]

    assert record["dynamodb"]["NewImage"] == {"id": {"N": "1"}, "price": {"N": "1.10"}, "share": {"N": "0.5"}}


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="a record carries bytes, text, or what JSON can hold; got <object"):
        sqs_event([object()])
