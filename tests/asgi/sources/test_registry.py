"""Which source an event comes from, and sources of a user's own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import meantime
from meantime.asgi import EventSource, Response, register, sources
from meantime.asgi.sources import source_of
from meantime.testing import LambdaContext, dynamodb_event, http_event, kafka_event, kinesis_event, sqs_event


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(sources, "_sources", list(sources._sources))


@pytest.mark.parametrize(
    "event",
    [
        sqs_event(["a"]),
        kinesis_event(["a"]),
        dynamodb_event([(None, {"id": "1"})]),
        kafka_event(["a"]),
        {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}},
        {"Records": [{"cf": {"request": {"method": "GET", "uri": "/"}}}]},
        {"requestContext": {"connectionId": "x", "eventType": "CONNECT", "routeKey": "$connect"}, "headers": {}},
        # API Gateway asks an authorizer about a request, and that looks much like the request.
        {"type": "REQUEST", "methodArn": "arn", "httpMethod": "GET", "path": "/", "requestContext": {}},
        {"version": "2.0", "type": "REQUEST", "routeArn": "arn", "rawPath": "/", "requestContext": {"http": {}}},
        {"version": "2.0", "requestContext": None},
        {"requestContext": "text", "httpMethod": "GET"},
        {"info": {"fieldName": "get"}, "request": {}, "arguments": {}},
        {"method": "GET"},
        {},
        [],
        None,
        "text",
    ],
)
def test_what_is_no_request_comes_from_none_of_them(event):
    assert source_of(event) is None


@pytest.mark.parametrize(
    ("source", "can_stream"),
    [
        ("function-url", True),
        ("api-gateway-v1", True),
        ("api-gateway-v2", False),
        ("http-api-payload-v1", False),
        ("alb", False),
        ("alb-multi-value", False),
        ("vpc-lattice-v1", False),
        ("vpc-lattice-v2", False),
    ],
)
def test_only_function_urls_and_rest_apis_stream(source, can_stream):
    assert source_of(http_event("GET", "/", source=source)).can_stream is can_stream


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
NAMES = (
    "version",
    "requestContext",
    "http",
    "elb",
    "httpMethod",
    "method",
    "raw_path",
    "path",
    "headers",
    "serviceNetworkArn",
    "domainName",
    "Records",
)
keys = st.sampled_from(NAMES) | st.text(max_size=3)


@given(st.recursive(scalars, lambda values: st.lists(values) | st.dictionaries(keys, values), max_leaves=20))
def test_whatever_comes_is_looked_at_without_an_error(event):
    source_of(event)


class Bedrock(EventSource):
    """The calls of an agent of Amazon Bedrock, as requests."""

    name = "Bedrock agent"

    def recognises(self, event):
        return "actionGroup" in event and "apiPath" in event

    def scope(self, event, base_path):
        path = event["apiPath"]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "method": event["httpMethod"],
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [],
            "client": None,
            "server": None,
        }

    def answer(self, event, response):
        return {
            "messageVersion": "1.0",
            "response": {
                "actionGroup": event["actionGroup"],
                "apiPath": event["apiPath"],
                "httpMethod": event["httpMethod"],
                "httpStatusCode": response.status,
                "responseBody": {"application/json": {"body": response.body.decode()}},
            },
        }


def test_a_source_of_ones_own_serves_its_events(registry, fresh_environment):
    source = Bedrock()
    assert register(source) is source

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps({"path": scope["path"]}).encode()})

    handler = meantime.ASGIAdapter(app, lifespan="off")
    answer = handler({"actionGroup": "claims", "apiPath": "/claims", "httpMethod": "GET"}, LambdaContext())

    assert answer["response"]["responseBody"]["application/json"]["body"] == '{"path": "/claims"}'


def test_a_source_of_ones_own_goes_before_the_others(registry):
    class Mine(EventSource):
        name = "mine"

        def recognises(self, event):
            return "rawPath" in event

    mine = register(Mine())

    assert source_of(http_event("GET", "/")) is mine
    assert source_of(http_event("GET", "/", source="alb")) is not mine


@pytest.mark.parametrize("wrong", [Bedrock, object(), None])
def test_only_an_instance_is_taken(registry, wrong):
    with pytest.raises(TypeError, match=r"instance of a subclass of meantime\.asgi\.EventSource"):
        register(wrong)


def test_a_source_must_say_how_it_does_what_it_does(registry):
    with pytest.raises(NotImplementedError):
        EventSource().recognises({})
    with pytest.raises(NotImplementedError):
        EventSource().scope({}, "")
    with pytest.raises(NotImplementedError):
        EventSource().answer({}, Response(200, [], b""))
    assert repr(Bedrock()) == "<Bedrock agent>"
