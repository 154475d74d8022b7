"""Every event of our sources that is publicly to be had: tests/asgi/events/SOURCES.md says from where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.asgi.scope_checker import check_scope

from meantime import MalformedBody
from meantime.asgi.response import Response
from meantime.asgi.sources import source_of

FOLDER = Path(__file__).parent.parent / "events"
NAMES = {
    "alb": "Application Load Balancer",
    "api_gateway_v1": "API Gateway REST API (v1)",
    "api_gateway_v2": "API Gateway HTTP API (payload 2.0)",
    "function_url": "Lambda function URL",
    "http_api_payload_v1": "API Gateway HTTP API (payload 1.0)",
    "vpc_lattice_v1": "VPC Lattice (v1)",
    "vpc_lattice_v2": "VPC Lattice (v2)",
}
# They say that their body is base64, and it is not.
MALFORMED = {
    "powertools-apiGatewayProxyEventAnotherPath",
    "powertools-apiGatewayProxyEvent_noVersionAuth",
    "aws-docs-java-events-apigateway-v2",
}

recorded = pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)


def test_there_are_some_of_each_source():
    assert {path.parent.name for path in FOLDER.glob("*/*.json")} == set(NAMES)


@recorded
def test_it_is_recognised(path):
    event = json.loads(path.read_text())

    assert source_of(event).name == NAMES[path.parent.name]


@recorded
def test_its_scope_is_as_specified(path):
    event = json.loads(path.read_text())

    for base_path in ("", "/base"):
        check_scope(source_of(event).scope(event, base_path))


@recorded
def test_its_body_is_read(path):
    event = json.loads(path.read_text())

    if path.stem in MALFORMED:
        with pytest.raises(MalformedBody, match="isBase64Encoded"):
            source_of(event).body(event)
    else:
        assert isinstance(source_of(event).body(event), bytes)


@recorded
def test_the_event_is_left_as_it_is(path):
    event = json.loads(path.read_text())

    source_of(event).scope(event, "/base")
    source_of(event).answer(event, Response(200, [], b""))

    assert event == json.loads(path.read_text())


@recorded
def test_its_answer_is_json_of_the_status_and_the_body(path):
    event = json.loads(path.read_text())

    answer = source_of(event).answer(event, Response(201, [(b"content-type", b"text/plain")], b"made"))

    answer = json.loads(json.dumps(answer))
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (201, "made", False)


def _asked(name, line, root_path, host):
    return pytest.param(name, line, root_path, host, id=name)


@pytest.mark.parametrize(
    ("name", "line", "root_path", "host"),
    [
        _asked("api_gateway_v1/powertools-ts-apigw-rest-no-auth", "POST /prod/no-auth?", "/prod", "15.248.3.126"),
        _asked("api_gateway_v1/sam-aws-proxy", "POST /prod/path/to/resource?foo=bar", "/prod", "127.0.0.1"),
        _asked(
            "api_gateway_v2/aws-docs-nodejs-apig-event-v2",
            "GET /default/nodejs-apig-function-1G3XMPLZXVXYI?",
            "/default",
            "205.255.255.176",
        ),
        _asked(
            "function_url/lambda-go-lambda-urls-request",
            "POST /my/path?parameter1=value1&parameter1=value2&parameter2=value",
            "",
            "123.123.123.123",
        ),
        _asked("alb/powertools-albEventPathTrailingSlash", "GET /lambda/?query=1234ABCD", "", "72.12.164.125"),
        _asked(
            "vpc_lattice_v2/powertools-ts-vpc-lattice-v2-base",
            "POST /echo?QS1=value1&QS1=value2&single=one",
            "",
            "10.42.0.189",
        ),
        _asked("vpc_lattice_v1/powertools-vpcLatticeEvent", "GET /testpath?order-id=1", "", "10.213.229.10"),
    ],
)
def test_what_the_client_asked_is_in_the_scope(name, line, root_path, host):
    event = json.loads((FOLDER / f"{name}.json").read_text())

    scope = source_of(event).scope(event, "")

    assert f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}" == line
    assert scope["root_path"] == root_path
    assert scope["client"] == (host, 0)


def test_an_api_gateways_console_test_has_no_headers_and_no_parameters():
    event = json.loads((FOLDER / "api_gateway_v1/powertools-ts-apigw-rest-console-test-ui.json").read_text())

    scope = source_of(event).scope(event, "")

    assert scope["headers"] == []
    assert scope["client"] == ("test-invoke-source-ip", 0)
