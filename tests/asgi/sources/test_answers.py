"""What a response becomes, where the sources differ."""

from __future__ import annotations

import pytest

from meantime.asgi.response import Response
from meantime.asgi.sources import source_of
from meantime.testing import http_event
from meantime.testing.http_sources import SOURCES

COOKIES = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")]
REPEATED = [(b"vary", b"Origin"), (b"vary", b"Cookie")]
TEXT = [(b"content-type", b"text/plain")]


def answer_to(source, response, method="GET"):
    event = http_event(method, "/", source=source)
    return source_of(event).answer(event, response)


@pytest.mark.parametrize("source", ["api-gateway-v2", "function-url"])
def test_payload_v2_has_cookies_of_their_own_and_one_value_for_a_header(source):
    assert answer_to(source, Response(200, TEXT + COOKIES + REPEATED, b"hi")) == {
        "statusCode": 200,
        "headers": {"content-type": "text/plain", "vary": "Origin, Cookie"},
        "cookies": ["a=1", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
        "body": "hi",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("source", ["api-gateway-v1", "http-api-payload-v1"])
def test_payload_v1_has_lists_of_what_is_repeated_and_no_field_too_many(source):
    # A field that it does not know makes API Gateway answer 502.
    assert answer_to(source, Response(200, TEXT + COOKIES + REPEATED, b"hi")) == {
        "statusCode": 200,
        "headers": {"content-type": "text/plain"},
        "multiValueHeaders": {
            "set-cookie": ["a=1", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
            "vary": ["Origin", "Cookie"],
        },
        "body": "hi",
        "isBase64Encoded": False,
    }


def test_a_load_balancer_with_multi_value_headers_gets_lists_only():
    assert answer_to("alb-multi-value", Response(404, TEXT + REPEATED, b"hi")) == {
        "statusCode": 404,
        "statusDescription": "404 Not Found",
        "multiValueHeaders": {"content-type": ["text/plain"], "vary": ["Origin", "Cookie"]},
        "body": "hi",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("source", ["alb", "vpc-lattice-v1", "vpc-lattice-v2"])
def test_with_single_values_each_cookie_has_a_spelling_of_its_own(source):
    cookies = [(b"set-cookie", f"c{number}=1".encode()) for number in range(40)]

    answer = answer_to(source, Response(200, TEXT + REPEATED + cookies, b"hi"))

    assert answer["headers"]["vary"] == "Origin, Cookie"
    assert "multiValueHeaders" not in answer
    spelt = {name: value for name, value in answer["headers"].items() if name.lower() == "set-cookie"}
    assert list(spelt.values()) == [f"c{number}=1" for number in range(40)]
    assert next(iter(spelt)) == "set-cookie"


@pytest.mark.parametrize("source", ["alb", "alb-multi-value", "vpc-lattice-v1", "vpc-lattice-v2"])
@pytest.mark.parametrize(("status", "line"), [(200, "200 OK"), (418, "418 I'm a Teapot"), (599, "599 Unknown")])
def test_a_status_has_its_words_where_they_are_asked_for(source, status, line):
    assert answer_to(source, Response(status, [], b""))["statusDescription"].lower() == line.lower()


@pytest.mark.parametrize("source", SOURCES)
def test_header_values_of_latin_1_are_no_trouble(source):
    answer = answer_to(source, Response(200, [(b"x-name", "Grüße".encode("latin-1"))], b""))

    assert "Grüße" in str(answer)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 205), ("GET", 304), ("HEAD", 404)])
def test_where_http_has_no_body_there_is_none_and_no_type_is_made_up(source, method, status):
    answer = answer_to(source, Response(status, [(b"content-length", b"5")], b"hello"), method)

    assert answer["body"] == ""
    assert answer["isBase64Encoded"] is False
    headers = {**answer.get("headers", {}), **answer.get("multiValueHeaders", {})}
    assert headers in ({"content-length": "5"}, {"content-length": ["5"]})


@pytest.mark.parametrize("source", SOURCES)
def test_a_binary_body_is_base64(source):
    answer = answer_to(source, Response(200, [(b"content-type", b"image/png")], b"\x89PNG"))

    assert (answer["body"], answer["isBase64Encoded"]) == ("iVBORw==", True)
