"""What an answer becomes: for each event source the HTTP response that AWS makes of it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.emulator.http.conftest import SOURCES

from meantime.tools.emulator.http import ApiGatewayV1, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.emulator.http.conftest import Served

    Echo = Callable[..., Served]

BOTH = ("function-url", "api-gateway-v2")
STRICT = ("http-api-payload-v1", "api-gateway-v1", "alb", "alb-multi-value", "vpc-lattice-v1", "vpc-lattice-v2")
SINGLE = tuple(source for source in SOURCES if source != "alb-multi-value")
BINARY = bytes(range(256))


# Recorded from AWS by LocalStack: tests/aws/services/lambda_/test_lambda.snapshot.json, TestLambdaURL.
@pytest.mark.parametrize("source", BOTH)
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ({"hello": "wörld"}, '{"hello":"wörld"}'),
        (["hello", 3, True], '["hello",3,true]'),
        ("hello", "hello"),
        (3.1, "3.1"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_an_answer_without_a_status_is_the_body(echo: Echo, source: str, answer: Any, body: str) -> None:
    got = echo(source).answer(answer)
    assert (got.status, got.header("content-type"), got.body.decode()) == (200, "application/json", body)


@pytest.mark.parametrize("source", SINGLE)
def test_status_headers_and_body_are_the_answers(echo: Echo, source: str) -> None:
    headers = {"Content-Type": "text/html; charset=utf-8", "X-Number": "7", "Location": "/elsewhere"}
    got = echo(source).answer({"statusCode": 303, "headers": headers, "body": "ü"})
    assert (got.status, got.body.decode()) == (303, "ü")
    assert {name: got.header(name) for name in headers} == headers
    assert got.header("content-length") == "2"


def test_a_load_balancer_with_multi_value_headers_looks_at_those_only(echo: Echo) -> None:
    answer = {"statusCode": 200, "headers": {"X-A": "no"}, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}}
    got = echo("alb-multi-value").answer(answer)
    assert got.values("set-cookie") == ["a=1", "b=2"]
    assert got.header("x-a") is None


def test_a_load_balancer_looks_at_single_headers_only(echo: Echo) -> None:
    got = echo("alb").answer({"statusCode": 200, "headers": {"X-A": "yes"}, "multiValueHeaders": {"X-B": ["no"]}})
    assert (got.header("x-a"), got.header("x-b")) == ("yes", None)


@pytest.mark.parametrize("source", ["api-gateway-v1", "http-api-payload-v1"])
def test_an_api_of_the_older_format_looks_at_both_and_the_multi_value_ones_win(echo: Echo, source: str) -> None:
    answer = {"statusCode": 200, "headers": {"X-A": "1", "x-b": "2"}, "multiValueHeaders": {"X-B": ["3", "4"]}}
    got = echo(source).answer(answer)
    assert (got.values("x-a"), got.values("x-b")) == (["1"], ["3", "4"])


@pytest.mark.parametrize("source", BOTH)
def test_cookies_are_a_header_each(echo: Echo, source: str) -> None:
    got = echo(source).answer({"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"]})
    assert got.values("set-cookie") == ["a=1; Path=/", "b=2"]


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "api-gateway-v1"])
def test_base64_is_decoded_and_what_is_compressed_stays_so(echo: Echo, source: str) -> None:
    headers = {"Content-Type": "image/png", "Content-Encoding": "br"}
    several = {name: [value] for name, value in headers.items()}
    body = base64.b64encode(BINARY).decode()
    answer = {"statusCode": 200, "headers": headers, "multiValueHeaders": several, "body": body}
    got = echo(source).answer({**answer, "isBase64Encoded": True})
    assert got.body == BINARY
    assert (got.header("content-type"), got.header("content-encoding")) == ("image/png", "br")


def test_a_rest_api_without_binary_types_hands_out_base64(echo: Echo) -> None:
    body = base64.b64encode(BINARY).decode()
    assert echo("api-gateway-v1").answer({"body": body, "isBase64Encoded": True}).body.decode() == body


@pytest.mark.parametrize(
    ("accept", "decoded"), [("image/png", True), ("image/png, */*", True), ("*/*", False), (None, False)]
)
def test_a_rest_api_decodes_for_clients_that_ask_for_a_binary_type_first(
    echo: Echo, accept: str | None, *, decoded: bool
) -> None:
    body = base64.b64encode(BINARY).decode()
    served = echo(ApiGatewayV1(binary_media_types=["image/png"]))
    headers = {} if accept is None else {"Accept": accept}
    got = served.answer({"body": body, "isBase64Encoded": True}, headers=headers)
    assert got.body == (BINARY if decoded else body.encode())


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("function-url", "application/json"),
        ("api-gateway-v2", "text/plain; charset=utf-8"),
        ("http-api-payload-v1", "text/plain; charset=utf-8"),
        ("api-gateway-v1", "application/json"),
        ("alb", "application/octet-stream"),
        ("vpc-lattice-v1", "application/octet-stream"),
    ],
)
@pytest.mark.parametrize("status", [200, 204, 304])
def test_a_body_without_a_type_gets_one_and_no_body_gets_none(echo: Echo, source: str, kind: str, status: int) -> None:
    got = echo(source).answer({"statusCode": status})
    assert got.header("content-type") == (kind if status == 200 else None)


@pytest.mark.parametrize("source", ["function-url", "api-gateway-v1"])
def test_headers_that_aws_sets_itself_are_renamed(echo: Echo, source: str) -> None:
    own = {"Date": "yesterday", "Server": "mine", "Connection": "close", "Content-Length": "999"}
    got = echo(source).answer({"statusCode": 200, "headers": {**own, "Transfer-Encoding": "gzip"}, "body": "x"})
    assert {name: got.header(f"x-amzn-remapped-{name}") for name in own} == own
    assert got.header("content-length") == "1"
    assert got.header("transfer-encoding") is None


@pytest.mark.parametrize("source", ["api-gateway-v2", "alb", "vpc-lattice-v2"])
def test_hop_by_hop_headers_are_dropped(echo: Echo, source: str) -> None:
    hops = {"Connection": "close", "Keep-Alive": "timeout=5", "Transfer-Encoding": "gzip", "Upgrade": "h2c"}
    got = echo(source).answer({"statusCode": 200, "headers": {**hops, "Content-Length": "999"}, "body": "x"})
    assert (got.status, got.body) == (200, b"x")
    assert [got.header(name) for name in hops] == [None] * 4


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_tells_of_the_emulators_own_server(echo: Echo, source: str) -> None:
    got = echo(source).answer({"statusCode": 200})
    assert got.header("server") in (None, "awselb/2.0")


def test_a_status_may_be_text_and_header_values_numbers(echo: Echo) -> None:
    got = echo().answer({"statusCode": "201", "headers": {"X-N": 7, "X-B": True}})
    assert (got.status, got.header("x-n"), got.header("x-b")) == (201, "7", "true")


def test_a_load_balancer_has_the_reason_of_the_answer(echo: Echo) -> None:
    got = echo("alb").answer({"statusCode": 404, "statusDescription": "404 Nowhere To Be Seen"})
    assert (got.status, got.reason) == (404, "Nowhere To Be Seen")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"statusCode": "no"}, "statusCode is 'no', which is no number from 200 to 599"),
        ({"statusCode": 99}, "statusCode is 99"),
        ({"statusCode": True}, "statusCode is True"),
        ({"statusCode": 200, "body": 7}, "body is no text but 7"),
        ({"statusCode": 200, "body": "!", "isBase64Encoded": True}, "the body is no Base64"),
        ({"statusCode": 200, "headers": ["X-A"]}, "headers is no object but list"),
        ({"statusCode": 200, "headers": {"X-A": {}}}, "the header X-A has the value {}"),
        ({"statusCode": 200, "headers": {"X-A": "a\r\nX-B: b"}}, "is no header"),
        ({"statusCode": 200, "headers": {"X A": "a"}}, "is no header"),
        ({"statusCode": 200, "cookies": "a=b"}, "cookies is no list of texts"),
    ],
)
def test_a_bad_answer_is_told_of_and_refused(echo: Echo, answer: Any, problem: str) -> None:
    served = echo()
    got = served.answer(answer)
    assert (got.status, got.body) == (502, b"Internal Server Error")
    assert problem in served.exchanges[-1].problem
    assert served.exchanges[-1].fault is Fault.MALFORMED_ANSWER


@pytest.mark.parametrize("source", STRICT)
@pytest.mark.parametrize("answer", ["hello", None, ["a"]])
def test_an_answer_that_is_no_object_is_refused_where_nothing_is_guessed(echo: Echo, source: str, answer: Any) -> None:
    served = echo(source)
    assert served.answer(answer).status == (500 if source == "http-api-payload-v1" else 502)
    assert "it is no object" in served.exchanges[-1].problem


def test_a_load_balancer_wants_a_status(echo: Echo) -> None:
    served = echo("alb")
    assert served.answer({"body": "x"}).status == 502
    assert served.exchanges[-1].problem == "it has no statusCode"


def test_a_rest_api_needs_no_status(echo: Echo) -> None:
    assert echo("api-gateway-v1").answer({"body": "x"}).status == 200


def test_a_rest_api_refuses_fields_that_it_does_not_know(echo: Echo) -> None:
    served = echo("api-gateway-v1")
    got = served.answer({"statusCode": 200, "cookies": ["a=b"]})
    assert (got.status, got.json()) == (502, {"message": "Internal server error"})
    assert served.exchanges[-1].problem == "it has the unknown field cookies"
