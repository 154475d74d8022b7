"""What a request becomes: for each event source the event that AWS would send."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities import data_classes
from aws_lambda_powertools.utilities.parser import models
from tests.tools.emulator.http.conftest import SOURCES

from meantime.tools.emulator.http import ApiGatewayV1, ApiGatewayV2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.emulator.http.conftest import Served

    Echo = Callable[..., Served]

RECORDED = Path(__file__).parents[3] / "asgi" / "events"
TARGET = "/a%2Fb/c%20d/%C3%BC?x=1&x=a%20b&empty=&bare&plus=a+b"
REPEATED = [("X-Twice", "1"), ("X-Twice", "2"), ("Cookie", "a=1; b=2")]


@pytest.mark.parametrize(
    ("source", "data_class", "model"),
    [
        ("function-url", data_classes.LambdaFunctionUrlEvent, models.LambdaFunctionUrlModel),
        ("api-gateway-v2", data_classes.APIGatewayProxyEventV2, models.APIGatewayProxyEventV2Model),
        ("http-api-payload-v1", data_classes.APIGatewayProxyEvent, models.APIGatewayProxyEventModel),
        ("api-gateway-v1", data_classes.APIGatewayProxyEvent, models.APIGatewayProxyEventModel),
        ("alb", data_classes.ALBEvent, models.AlbModel),
        ("vpc-lattice-v1", data_classes.VPCLatticeEvent, models.VpcLatticeModel),
        (
            "vpc-lattice-v2",
            data_classes.VPCLatticeEventV2,
            None,
        ),  # the model knows no lists, which recorded events have
    ],
)
def test_powertools_reads_the_event(echo: Echo, source: str, data_class: Any, model: Any) -> None:
    event = echo(source).event(
        "/items/7?x=1", method="POST", body=b'{"a": 1}', headers={"Content-Type": "application/json"}
    )
    read = data_class(event)
    assert read.http_method == "POST"
    assert read.path == "/items/7"
    assert read.resolved_query_string_parameters["x"] in ("1", ["1"])
    assert read.json_body == {"a": 1}
    assert "application/json" in read.resolved_headers_field["content-type"]
    if model is not None:
        model.model_validate(event)


# Of its sample for payload 2.0, what AWS leaves out where there is none; and what only an authorizer gives.
OPTIONAL = {"authorizer", "authentication", "pathParameters", "stageVariables", "operationName", "version", "requestId"}


@pytest.mark.parametrize(
    ("source", "folder", "multi_value"),
    [
        ("function-url", "function_url", False),
        ("api-gateway-v2", "api_gateway_v2", False),
        ("http-api-payload-v1", "http_api_payload_v1", False),
        ("api-gateway-v1", "api_gateway_v1", False),
        ("alb", "alb", False),
        ("alb-multi-value", "alb", True),
        ("vpc-lattice-v1", "vpc_lattice_v1", False),
        ("vpc-lattice-v2", "vpc_lattice_v2", False),
    ],
)
def test_it_has_the_fields_that_recorded_events_have(
    echo: Echo, source: str, folder: str, *, multi_value: bool
) -> None:
    recorded = [json.loads(file.read_text()) for file in sorted((RECORDED / folder).glob("*.json"))]
    recorded = [event for event in recorded if ("multiValueHeaders" in event) is multi_value or folder != "alb"]
    event = echo(source).event(
        "/?x=1", method="POST", body=b"text", headers=[("Content-Type", "text/plain"), *REPEATED]
    )
    for part in (lambda each: each, lambda each: each.get("requestContext", {})):
        always = set.intersection(*(set(part(each)) for each in recorded)) - OPTIONAL
        ever = set.union(*(set(part(each)) for each in recorded))
        assert always <= set(part(event)) <= ever


def test_a_function_url_keeps_the_path_as_sent_and_joins_what_is_repeated(echo: Echo) -> None:
    event = echo("function-url").event(TARGET, headers=REPEATED)
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/a%2Fb/c%20d/%C3%BC"
    assert event["rawQueryString"] == "x=1&x=a%20b&empty=&bare&plus=a+b"
    assert event["queryStringParameters"] == {"x": "1,a b", "empty": "", "bare": "", "plus": "a b"}
    assert event["headers"]["x-twice"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert event["requestContext"]["domainName"].endswith(".lambda-url.us-east-1.on.aws")


def test_an_http_api_decodes_the_path_and_cuts_it_off_at_an_encoded_question_mark(echo: Echo) -> None:
    served = echo("api-gateway-v2")
    assert served.event(TARGET)["rawPath"] == "/a/b/c d/ü"
    assert served.event("/a%3Fb=c/d?e=f")["rawPath"] == "/a"
    assert served.event(TARGET)["rawQueryString"] == "x=1&x=a%20b&empty=&bare&plus=a+b"


def test_an_http_api_with_payload_1_0_decodes_the_path_and_has_all_values(echo: Echo) -> None:
    event = echo("http-api-payload-v1").event(TARGET, headers=REPEATED)
    assert event["path"] == event["requestContext"]["path"] == "/a/b/c d/ü"
    assert event["multiValueQueryStringParameters"]["x"] == ["1", "a b"]
    assert event["multiValueHeaders"]["x-twice"] == ["1", "2"]
    assert event["headers"]["x-twice"] == "2"
    assert event["multiValueHeaders"]["cookie"] == ["a=1; b=2"]
    assert event["headers"]["Content-Length"] == "0"


def test_a_rest_api_decodes_the_parameters_but_not_the_path(echo: Echo) -> None:
    event = echo("api-gateway-v1").event(TARGET, headers=[*REPEATED, ("tEsT", "case"), ("authorization", "me")])
    assert event["path"] == "/a%2Fb/c%20d/%C3%BC"
    assert event["pathParameters"] == {"proxy": "a%2Fb/c%20d/%C3%BC"}
    assert event["queryStringParameters"] == {"x": "a b", "empty": "", "bare": "", "plus": "a b"}
    assert event["multiValueQueryStringParameters"]["x"] == ["1", "a b"]
    assert event["headers"]["X-Twice"] == "2"
    assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert event["multiValueHeaders"]["tEsT"] == ["case"]
    assert event["multiValueHeaders"]["Authorization"] == ["me"]
    assert event["multiValueHeaders"]["Cookie"] == ["a=1; b=2"]


def test_a_rest_api_has_null_for_what_there_is_not(echo: Echo) -> None:
    event = echo("api-gateway-v1").event("/", headers={"Connection": "keep-alive", "TE": "trailers"})
    missing = ("body", "pathParameters", "queryStringParameters", "multiValueQueryStringParameters", "stageVariables")
    assert [event[name] for name in missing] == [None] * 5
    assert event["resource"] == event["requestContext"]["resourcePath"] == "/"
    assert {"Connection", "TE", "Content-Length"}.isdisjoint(event["headers"])


def test_a_load_balancer_decodes_nothing_and_hands_on_the_last_of_what_is_repeated(echo: Echo) -> None:
    event = echo("alb").event(TARGET, headers=REPEATED)
    assert event["path"] == "/a%2Fb/c%20d/%C3%BC"
    assert event["queryStringParameters"] == {"x": "a%20b", "empty": "", "bare": "", "plus": "a+b"}
    assert event["headers"]["x-twice"] == "2"
    assert event["body"] == ""


def test_a_load_balancer_with_multi_value_headers_hands_on_all(echo: Echo) -> None:
    event = echo("alb-multi-value").event(TARGET, headers=REPEATED)
    assert event["multiValueQueryStringParameters"]["x"] == ["1", "a%20b"]
    assert event["multiValueHeaders"]["x-twice"] == ["1", "2"]
    assert {"headers", "queryStringParameters"}.isdisjoint(event)


def test_vpc_lattice_has_the_query_in_the_path(echo: Echo) -> None:
    first = echo("vpc-lattice-v1").event(TARGET, headers=REPEATED)
    assert first["raw_path"] == TARGET
    assert first["headers"]["x-twice"] == "1,2"


def test_vpc_lattice_s_second_version_has_lists(echo: Echo) -> None:
    event = echo("vpc-lattice-v2").event(TARGET, headers=REPEATED)
    assert event["path"] == TARGET
    assert event["headers"]["x-twice"] == ["1", "2"]
    assert event["queryStringParameters"]["x"] == ["1", "a b"]


@pytest.mark.parametrize("source", SOURCES)
def test_it_says_whom_it_forwards(echo: Echo, source: str) -> None:
    served = echo(source)
    event = served.event("/", headers={"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https"})
    given = event.get("multiValueHeaders") or event["headers"]
    headers = {name.lower(): value[0] if isinstance(value, list) else value for name, value in given.items()}
    assert headers["x-forwarded-for"] == "10.1.2.3, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(served.front.port)
    assert headers["host"] == f"127.0.0.1:{served.front.port}"


@pytest.mark.parametrize("source", ["function-url", "api-gateway-v2", "api-gateway-v1", "alb"])
def test_it_adds_a_trace_or_keeps_the_clients(echo: Echo, source: str) -> None:
    served = echo(source)
    traces = []
    for headers in ({}, {"X-Amzn-Trace-Id": "Root=1-5bdb40ca-556d8b0c50dc66f0511bf520"}):
        given = served.event("/", headers=headers)["headers"]
        traces.append({name.lower(): value for name, value in given.items()}["x-amzn-trace-id"])
    assert traces[0].startswith("Root=1-")
    assert traces[1] == "Root=1-5bdb40ca-556d8b0c50dc66f0511bf520"


BINARY = bytes(range(256))


@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        ("text/plain; charset=utf-8", "ü".encode(), True),
        ("application/json", b"{}", True),
        ("Application/XML", b"<a/>", True),
        ("application/javascript", b"1", True),
        ("application/x-www-form-urlencoded", b"a=1", False),
        ("application/problem+json", b"{}", False),
        ("image/png", BINARY, False),
        ("text/plain", BINARY, False),
        (None, b"text", False),
    ],
)
@pytest.mark.parametrize("source", ["function-url", "alb"])
def test_the_content_type_decides_what_is_text(
    echo: Echo, source: str, content_type: str | None, body: bytes, *, is_text: bool
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    event = echo(source).event("/", method="POST", body=body, headers=headers)
    assert event["isBase64Encoded"] is not is_text
    assert event["body"] == (body.decode() if is_text else base64.b64encode(body).decode())


def test_a_compressed_body_is_no_text(echo: Echo) -> None:
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    event = echo().event("/", method="POST", body=b"not really", headers=headers)
    assert base64.b64decode(event["body"]) == b"not really"
    assert event["headers"]["content-encoding"] == "gzip"


def test_no_body_is_no_body(echo: Echo) -> None:
    event = echo().event("/", method="POST")
    assert "body" not in event
    assert event["isBase64Encoded"] is False


def test_a_rest_api_spoils_binary_bodies_unless_their_type_is_named(echo: Echo) -> None:
    headers = {"Content-Type": "image/png"}
    plain = echo(ApiGatewayV1()).event("/", method="POST", body=BINARY, headers=headers)
    assert plain["isBase64Encoded"] is False
    assert "\ufffd" in plain["body"]


@pytest.mark.parametrize("named", ["*/*", "image/png", "image/*"])
def test_a_rest_api_keeps_the_binary_bodies_that_are_named(echo: Echo, named: str) -> None:
    served = echo(ApiGatewayV1(binary_media_types=[named]))
    event = served.event("/", method="POST", body=BINARY, headers={"Content-Type": "image/png"})
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == BINARY


def test_a_rest_api_s_stage_is_in_front_of_the_path_and_not_in_it(echo: Echo) -> None:
    served = echo(ApiGatewayV1(stage="prod"))
    assert served.url.endswith("/prod")
    event = served.event("/prod/items?x=1")
    assert event["path"] == "/items"
    assert event["requestContext"]["path"] == "/prod/items"
    assert event["requestContext"]["stage"] == "prod"
    assert ".execute-api." in event["requestContext"]["domainName"]


def test_an_http_api_s_stage_is_in_the_path(echo: Echo) -> None:
    event = echo(ApiGatewayV2(stage="prod")).event("/prod/items")
    assert event["rawPath"] == "/prod/items"
    assert event["requestContext"]["stage"] == "prod"


def test_a_header_keeps_every_byte(echo: Echo) -> None:
    event = echo().event("/", headers=[("X-Bytes", "é\xff".encode("latin-1").decode("latin-1"))])
    assert event["headers"]["x-bytes"] == "é\xff"
