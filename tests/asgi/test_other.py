"""Events that are no HTTP requests: told for what they are, or handed to another function."""

from __future__ import annotations

import asyncio

import pytest

import meantime
from meantime import WrongEvent
from meantime.testing import LambdaContext, http_event, sqs_event

CONNECT = {"requestContext": {"eventType": "CONNECT", "connectionId": "d2=", "routeKey": "$connect"}, "headers": {}}
MESSAGE = {"requestContext": {"eventType": "MESSAGE", "connectionId": "d2=", "routeKey": "$default"}, "body": "{}"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (sqs_event(["1"]), r"a batch of SQS; give the adapter `other=` a function that meantime\.batch\.sqs decorates"),
        ({"source": "aws.events", "detail-type": "Scheduled Event"}, "an event of EventBridge; give it a function"),
        (CONNECT, "a message of a WebSocket API; it knows of HTTP only"),
        (MESSAGE, "a message of a WebSocket API; it knows of HTTP only"),
        ({"httpMethod": "GET"}, "it has not all that such a request has.*http_event"),
        ({}, "an empty one"),
        (None, "a NoneType"),
        ([], "a list"),
    ],
)
def test_an_event_of_another_kind_fails_the_invocation_with_what_would_take_it(answering, event, words):
    adapter = meantime.ASGIAdapter(answering())

    with pytest.raises(WrongEvent, match=words):
        adapter(event, LambdaContext())


async def later(event, context):
    await asyncio.sleep(0)
    return "later", event, context.function_name, asyncio.get_running_loop()


def _changed(source, *path_and_value):
    event = holder = http_event("GET", "/", source=source)
    *path, key, value = path_and_value
    for each in path:
        holder = holder[each]
    holder[key] = value
    return event


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            _changed("api-gateway-v2", "requestContext", "http", {}),
            "HTTP API (payload 2.0), and cannot be read as one",
        ),
        (_changed("function-url", "requestContext", "http", None), "a request of Lambda function URL"),
        (_changed("api-gateway-v1", "httpMethod", None), "a request of API Gateway REST API"),
        (_changed("alb", "headers", "text/plain"), "a request of Application Load Balancer"),
        (_changed("vpc-lattice-v2", "headers", "accept", 7), "a request of VPC Lattice (v2)"),
        (_changed("api-gateway-v2", "headers", "host", ["a"]), "the host is of the type list"),
        (_changed("function-url", "headers", "host", 7), "the host is of the type int"),
    ],
)
def test_an_event_that_no_source_would_send_so_is_told_in_words(answering, event, words):
    adapter = meantime.ASGIAdapter(answering(), lifespan="off")

    with pytest.raises(WrongEvent) as raised:
        adapter(event, LambdaContext())

    assert words in str(raised.value)
    assert "meantime.testing.http_event" in str(raised.value)


def test_one_function_serves_http_and_anything_else_on_one_loop(answering):
    loops = []

    async def app(scope, receive, send):
        loops.append(asyncio.get_running_loop())
        await answering()(scope, receive, send)

    adapter = meantime.ASGIAdapter(app, other=later)

    assert adapter(http_event("GET", "/"), LambdaContext())["statusCode"] == 200
    assert adapter({"a": 1}, LambdaContext(function_name="f")) == ("later", {"a": 1}, "f", loops[0])


def test_other_may_be_a_blocking_function(answering):
    def plain(event, context):
        return meantime.threads.map(str, event["items"])

    adapter = meantime.ASGIAdapter(answering(), other=plain)

    assert adapter({"items": [1, 2]}, LambdaContext()) == ["1", "2"]


@pytest.mark.parametrize("is_async", [True, False])
def test_other_may_be_a_batch(answering, is_async):
    async def record(message):
        if message.body == "2":
            raise ValueError(message.body)

    def blocking_record(message):
        if message.body == "2":
            raise ValueError(message.body)

    batch = meantime.batch.sqs(record if is_async else blocking_record)
    adapter = meantime.ASGIAdapter(answering(), other=batch)
    event = sqs_event(["1", "2"])

    answer = adapter(event, LambdaContext())

    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}


def test_other_has_the_deadline_and_the_leftovers_of_every_handler(answering, caplog):
    async def waits(event, context):
        left.append(asyncio.create_task(asyncio.sleep(60)))
        return meantime.current_deadline() is not None

    left = []
    adapter = meantime.ASGIAdapter(answering(), other=waits)

    assert adapter({}, LambdaContext()) is True
    assert left[0].cancelled()


def test_the_application_has_started_before_other_is_called(environment):
    happened = []

    async def app(scope, receive, send):
        assert scope["type"] == "lifespan"
        await receive()
        happened.append("startup")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        happened.append("shutdown")
        await send({"type": "lifespan.shutdown.complete"})

    def other(event, context):
        happened.append("other")

    adapter = meantime.ASGIAdapter(app, other=other)
    adapter({}, LambdaContext())
    environment.close()
    adapter({}, LambdaContext())

    assert happened == ["startup", "other", "shutdown", "startup", "other"]


def test_main_hands_on_to_other_too(answering):
    adapter = meantime.ASGIAdapter(answering(), other=later)

    assert asyncio.run(adapter.main({}, LambdaContext()))[0] == "later"


def test_an_error_of_other_is_the_invocations(answering):
    def other(event, context):
        raise LookupError("no such row")

    with pytest.raises(LookupError):
        meantime.ASGIAdapter(answering(), other=other)({}, LambdaContext())


def test_an_event_that_the_other_function_does_not_take_either_says_that_it_was_handed_on(answering):
    @meantime.batch.sqs
    async def ship(message):
        """Take a message."""

    adapter = meantime.ASGIAdapter(answering(), other=ship)

    with pytest.raises(WrongEvent, match=r"event of EventBridge: .*ASGIAdapter has handed it on to `other=`") as raised:
        adapter({"detail-type": "order", "detail": {}}, LambdaContext())

    assert raised.value.looks_like == "an event of EventBridge"
