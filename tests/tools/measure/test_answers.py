"""Handlers that answer otherwise are told apart, without what they answer."""

from __future__ import annotations

import json

import pytest

from meantime.tools.measure.answers import difference


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"total": "166"}, {"total": "0"}, "total: another text"),
        ({"total": 1}, {"total": None}, "total: no value instead of a number"),
        ({"lines": [{"price": 1}]}, {"lines": [{"price": 2}]}, "lines[0].price: another number"),
        ({"lines": [1, 2]}, {"lines": []}, "lines: 0 items instead of 2"),
        ({"a": 1}, {}, "a: is missing"),
        ({}, {"a": 1}, "a: is there, too"),
        ("x", "y", "another text"),
        (None, {}, "an object instead of no value"),
        ({"body": json.dumps({"a": 1, "b": 2})}, {"body": json.dumps({"a": 1, "b": 3})}, "body.b: another number"),
    ],
)
def test_the_first_difference_is_named(one, other, said):
    assert difference([one, one], [other, other]) == said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [None, True]}, {"b": [None, True], "a": 1}),
        ({"body": '{"a": 1, "b": 2}'}, {"body": '{"b":2,"a":1}'}),
        ({"body": "no JSON"}, {"body": "no JSON"}),
    ],
)
def test_what_means_the_same_is_the_same(one, other):
    assert difference([one], [other]) is None


def test_what_differs_from_one_invocation_to_the_next_does_not_count():
    one = [{"id": "a", "total": 1}, {"id": "b", "total": 1}]
    other = [{"id": "c", "total": 1}, {"id": "d", "total": 1}]

    assert difference(one, other) is None
    assert difference(one, [{"id": "c", "total": 2}, {"id": "d", "total": 2}]) == "total: another number"


def test_nothing_is_said_where_there_is_no_answer():
    assert difference([], [{"a": 1}]) is None
