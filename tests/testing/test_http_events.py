"""The event of an HTTP API, as https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html."""

from __future__ import annotations

import base64
import json

import pytest

import meantime
from meantime.asgi.sources import source_of
from meantime.testing import LambdaContext, http_event, http_response
from meantime.testing.http_sources import SOURCES


def test_a_request_has_what_api_gateway_puts_in():
    event = http_event("get", "/orders/7")

    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "$default"
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/orders/7"
    assert event["requestContext"]["http"]["method"] == "GET"
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False
    assert {"body", "cookies", "queryStringParameters"}.isdisjoint(event)
    assert set(event["requestContext"]) == {
        "accountId", "apiId", "domainName", "domainPrefix", "http", "requestId", "routeKey", "stage", "time",
        "timeEpoch",
    }  # fmt: skip
    json.dumps(event)


def test_the_path_comes_decoded_and_the_query_as_it_was_sent():
    event = http_event("GET", "/caf%C3%A9/a%20b?size=2&size=3&empty=&text=a%20b")

    assert event["rawPath"] == "/café/a b"
    assert event["rawQueryString"] == "size=2&size=3&empty=&text=a%20b"
    assert event["queryStringParameters"] == {"size": "2,3", "empty": "", "text": "a b"}


def test_a_stage_stands_in_front_of_the_path():
    assert http_event("GET", "/orders", stage="prod")["rawPath"] == "/prod/orders"


def test_header_names_are_in_lower_case_and_cookies_a_list_of_their_own():
    event = http_event("GET", "/", headers={"X-Tenant": "acme", "Cookie": "a=1; b=2"})

    assert event["headers"]["x-tenant"] == "acme"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("body", "content_type", "text", "is_base64"),
    [
        ("größer", "text/plain", "größer", False),
        ({"quantity": 2}, "application/json", '{"quantity": 2}', False),
        (b"\xff\x00", "application/octet-stream", base64.b64encode(b"\xff\x00").decode(), True),
    ],
)
def test_a_body_goes_as_api_gateway_sends_its_kind(body, content_type, text, is_base64):
    event = http_event("POST", "/", body=body)

    assert (event["body"], event["isBase64Encoded"]) == (text, is_base64)
    assert event["headers"]["content-type"] == content_type


def test_the_content_length_is_that_of_what_was_sent():
    assert http_event("POST", "/", body="größer")["headers"]["content-length"] == "8"
    assert http_event("POST", "/", body=b"\xff\x00")["headers"]["content-length"] == "2"


def test_headers_of_ones_own_win():
    event = http_event("POST", "/", body="<a/>", headers={"Content-Type": "application/xml", "Host": "shop.example"})

    assert event["headers"]["content-type"] == "application/xml"
    assert event["headers"]["host"] == "shop.example"


def test_what_an_authorizer_found_is_in_the_context():
    event = http_event("GET", "/", authorizer={"jwt": {"claims": {"sub": "ada"}}})

    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == "ada"


def test_a_target_that_is_no_path_is_refused():
    with pytest.raises(ValueError, match="begins with"):
        http_event("GET", "orders")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("api-gateway-v1", {"resource", "path", "httpMethod", "multiValueHeaders", "multiValueQueryStringParameters"}),
        ("http-api-payload-v1", {"version", "resource", "path", "httpMethod", "multiValueHeaders"}),
        ("function-url", {"version", "rawPath", "rawQueryString"}),
        ("alb", {"path", "httpMethod", "headers", "queryStringParameters"}),
        ("alb-multi-value", {"path", "httpMethod", "multiValueHeaders", "multiValueQueryStringParameters"}),
        ("vpc-lattice-v1", {"raw_path", "method", "headers", "query_string_parameters", "is_base64_encoded"}),
        ("vpc-lattice-v2", {"version", "path", "method", "headers", "queryStringParameters"}),
    ],
)
def test_other_sources_have_events_of_their_own_shape(source, names):
    event = http_event("GET", "/orders?page=2", source=source)

    assert names <= set(event)
    json.dumps(event)


def test_a_source_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no event source 'gateway'; there are api-gateway-v2, "):
        http_event("GET", "/", source="gateway")


def test_a_header_may_come_more_than_once():
    pairs = [("X-Tag", "a"), ("x-tag", "b")]

    assert http_event("GET", "/", headers=pairs)["headers"]["x-tag"] == "a,b"
    assert http_event("GET", "/", headers=pairs, source="alb")["headers"]["x-tag"] == "b"
    assert http_event("GET", "/", headers=pairs, source="alb-multi-value")["multiValueHeaders"]["x-tag"] == ["a", "b"]


def test_the_client_has_an_address():
    event = http_event("GET", "/", client="198.51.100.9")
    rest = http_event("GET", "/", client="198.51.100.9", source="api-gateway-v1")

    assert event["requestContext"]["http"]["sourceIp"] == "198.51.100.9"
    assert rest["requestContext"]["identity"]["sourceIp"] == "198.51.100.9"
    assert rest["headers"]["x-forwarded-for"] == "198.51.100.9"


def test_a_rest_api_has_its_stage_and_its_authorizer_in_the_context():
    event = http_event("GET", "/orders", source="api-gateway-v1", stage="prod", authorizer={"principalId": "ada"})

    assert (event["path"], event["requestContext"]["path"]) == ("/orders", "/prod/orders")
    assert event["requestContext"]["authorizer"] == {"principalId": "ada"}


def test_a_function_url_is_one_whatever_host_the_request_names():
    event = http_event("GET", "/", source="function-url", headers={"Host": "api.example.com"})

    assert event["headers"]["host"] == "api.example.com"
    assert source_of(event).name == "Lambda function URL"


@pytest.fixture
def received():
    """What Starlette reads of a form that was sent from a source."""
    pytest.importorskip("starlette", reason="Starlette is not installed here")
    pytest.importorskip("python_multipart", reason="python-multipart is not installed here")
    from starlette.applications import Starlette  # noqa: PLC0415  # it may not be installed
    from starlette.responses import JSONResponse  # noqa: PLC0415  # likewise
    from starlette.routing import Route  # noqa: PLC0415  # likewise

    async def echo(request):
        async with request.form() as form:
            fields = [
                [name, value] if isinstance(value, str)
                else [name, value.filename, value.content_type, (await value.read()).decode("latin-1")]
                for name, value in form.multi_items()
            ]  # fmt: skip
        return JSONResponse(fields)

    adapter = meantime.ASGIAdapter(Starlette(routes=[Route("/", echo, methods=["POST"])]))
    return lambda **options: http_response(adapter(http_event("POST", "/", **options), LambdaContext())).json()


@pytest.mark.parametrize("source", SOURCES)
def test_a_form_has_its_fields(received, source):
    form = {"name": "Ada & Söhne", "tag": ["a", "b"]}

    assert received(form=form, source=source) == [["name", "Ada & Söhne"], ["tag", "a"], ["tag", "b"]]


@pytest.mark.parametrize("source", SOURCES)
def test_files_are_uploaded_with_a_form(received, source):
    files = {"photo": ('a "b".png', b"\x89\r\n--\x00", "image/png"), "raw": b"x", "named": ("n.txt", b"y")}

    assert received(form={"name": "Ada"}, files=files, source=source) == [
        ["name", "Ada"],
        ["photo", "a %22b%22.png", "image/png", "\x89\r\n--\x00"],
        ["raw", "raw", "application/octet-stream", "x"],
        ["named", "n.txt", "application/octet-stream", "y"],
    ]


def test_a_form_beside_a_body_is_refused():
    with pytest.raises(ValueError, match="not both"):
        http_event("POST", "/", body={}, form={"name": "Ada"})
