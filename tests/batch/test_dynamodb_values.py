"""DynamoDB's values as plain Python: what boto3's own deserializer gives, digit by digit."""

from __future__ import annotations

import decimal
from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.batch.dynamodb_values import CONTEXT, plain, plain_item

TEXTS = st.text(max_size=20)
BINARY = st.binary(max_size=20)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10).map(
    str
) | (st.integers(-(10**38) + 1, 10**38 - 1).map(str))
SCALARS = st.one_of(
    TEXTS.map(lambda text: {"S": text}),
    NUMBERS.map(lambda text: {"N": text}),
    BINARY.map(lambda content: {"B": content}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.lists(TEXTS, min_size=1, max_size=4, unique=True).map(lambda texts: {"SS": texts}),
    st.lists(NUMBERS, min_size=1, max_size=4, unique=True).map(lambda texts: {"NS": texts}),
    st.lists(BINARY, min_size=1, max_size=4, unique=True).map(lambda contents: {"BS": contents}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda values: {"L": values})
        | st.dictionaries(TEXTS, inner, max_size=4).map(lambda values: {"M": values})
    ),
    max_leaves=12,
)


def in_event(value: dict[str, Any]) -> dict[str, Any]:
    """The value as it stands in an event, where binary values are base64."""
    [(kind, content)] = value.items()
    match kind:
        case "B":
            content = b64encode(content).decode()
        case "BS":
            content = [b64encode(each).decode() for each in content]
        case "L":
            content = [in_event(each) for each in content]
        case "M":
            content = {name: in_event(each) for name, each in content.items()}
    return {kind: content}


@given(VALUES)
def test_it_gives_what_boto3_gives(value):
    types = pytest.importorskip("boto3.dynamodb.types", reason="boto3 is not installed here")

    assert plain(in_event(value)) == types.TypeDeserializer().deserialize(value)
    assert plain(value) == types.TypeDeserializer().deserialize(value)  # as boto3's own stream client has it


def test_its_context_is_boto3s():
    types = pytest.importorskip("boto3.dynamodb.types", reason="boto3 is not installed here")

    for name in ("Emin", "Emax", "prec", "traps", "rounding", "clamp"):
        assert getattr(CONTEXT, name) == getattr(types.DYNAMODB_CONTEXT, name)


@pytest.mark.parametrize("number", ["1" * 39, "1.23456789012345678901234567890123456789", "1E+127", "1E-200"])
def test_a_number_that_dynamodb_could_not_hold_is_refused_as_boto3_does(number):
    with pytest.raises(decimal.DecimalException):
        plain({"N": number})


def test_each_kind_of_value():
    item = {
        "text": {"S": "grün"},
        "number": {"N": "-1.50"},
        "binary": {"B": "AAH/"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2.5"]},
        "binaries": {"BS": ["AA==", "AQ=="]},
        "list": {"L": [{"N": "1"}, {"L": []}]},
        "map": {"M": {"inner": {"M": {}}}},
    }

    assert plain_item(item) == {
        "text": "grün",
        "number": Decimal("-1.50"),
        "binary": b"\x00\x01\xff",
        "flag": False,
        "nothing": None,
        "texts": {"a", "b"},
        "numbers": {Decimal(1), Decimal("2.5")},
        "binaries": {b"\x00", b"\x01"},
        "list": [Decimal(1), []],
        "map": {"inner": {}},
    }


@pytest.mark.parametrize("value", [{}, {"X": 1}, {"s": "lower"}])
def test_what_is_no_typed_value_is_refused(value):
    with pytest.raises(TypeError, match="expected one of DynamoDB's typed values"):
        plain(value)
