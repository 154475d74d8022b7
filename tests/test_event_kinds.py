"""What an event seems to be, and what takes it; tests/batch/test_events.py has what the batches make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meantime.event_kinds import advice, looks_like

RECORDED = sorted((Path(__file__).parent / "asgi" / "events").glob("*/*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recorded_http_event_is_told_to_be_for_the_adapter(path):
    assert looks_like(json.loads(path.read_text()))[1] == "ASGIAdapter"


@pytest.mark.parametrize(
    ("event", "words", "taker"),
    [
        ({"Records": [{"eventSource": "aws:sqs"}]}, "a batch of SQS", "batch.sqs"),
        ({"Records": [{"EventSource": "aws:sns"}]}, "a notification of SNS", None),
        ({"eventSource": "aws:kafka", "records": {}}, "a batch of Amazon MSK", "batch.kafka"),
        ({"Records": [{"cf": {"request": {}}}]}, "a request of CloudFront, as Lambda@Edge hands over", None),
        (
            {"requestContext": {"connectionId": "x", "eventType": "CONNECT"}, "headers": {}},
            "a message of a WebSocket API",
            None,
        ),
        ({"type": "REQUEST", "methodArn": "arn", "httpMethod": "GET"}, "what a Lambda authorizer is asked", None),
        ({"version": "2.0", "routeArn": "arn", "rawPath": "/"}, "what a Lambda authorizer is asked", None),
        ({"raw_path": "/", "method": "GET"}, "a request of VPC Lattice", "ASGIAdapter"),
        ({"triggerSource": "PreSignUp_SignUp"}, "a trigger of Cognito", None),
        ({}, "an empty one", None),
        (None, "a NoneType: None", None),
    ],
)
def test_an_event_is_told_by_its_shape(event, words, taker):
    assert looks_like(event) == (words, taker)


@pytest.mark.parametrize(
    ("taker", "text"),
    [
        ("batch.sqs", "meantime.batch.sqs"),
        ("ASGIAdapter", "meantime.ASGIAdapter(app)"),
        (None, "meantime.handler"),
    ],
)
def test_the_advice_names_what_takes_it(taker, text):
    assert text in advice(taker)
