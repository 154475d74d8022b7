"""What a request becomes, where the sources differ, and where an event lacks something."""

from __future__ import annotations

import pytest
from tests.asgi.scope_checker import check_scope

from meantime import MalformedBody
from meantime.asgi.sources import source_of
from meantime.testing import http_event
from meantime.testing.http_sources import SOURCES

MAY_LACK = (
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "query_string_parameters",
    "body",
    "isBase64Encoded",
    "is_base64_encoded",
    "cookies",
    "rawQueryString",
    "pathParameters",
    "stageVariables",
)
each_source = pytest.mark.parametrize("source", SOURCES)


def scope_of(method="GET", target="/", **options):
    event = http_event(method, target, **options)
    scope = source_of(event).scope(event, "")
    check_scope(scope)
    return scope


def values(scope, name):
    return [value for key, value in scope["headers"] if key == name]


@pytest.mark.parametrize("source", ["api-gateway-v1", "http-api-payload-v1", "alb-multi-value", "vpc-lattice-v2"])
def test_repeated_headers_stay_repeated(source):
    scope = scope_of(headers=[("X-Tag", "a"), ("X-Tag", "b")], source=source)

    assert values(scope, b"x-tag") == [b"a", b"b"]


@pytest.mark.parametrize("source", ["api-gateway-v2", "function-url", "api-gateway-v1", "alb-multi-value"])
def test_cookies_come_in_one_header_joined_as_applications_expect_them(source):
    scope = scope_of(headers=[("Cookie", "a=1; b=2"), ("Cookie", "c=3")], source=source)

    assert values(scope, b"cookie") == [b"a=1; b=2; c=3"]


def test_cookies_that_are_also_a_header_are_not_doubled():
    event = http_event("GET", "/", headers={"Cookie": "a=1"})
    event["headers"]["cookie"] = "a=1"

    assert values(source_of(event).scope(event, ""), b"cookie") == [b"a=1"]


@each_source
def test_header_values_are_latin_1(source):
    scope = scope_of(headers={"X-Name": "Grüße"}, source=source)

    assert values(scope, b"x-name") == ["Grüße".encode("latin-1")]


@each_source
def test_header_values_beyond_latin_1_are_utf_8(source):
    scope = scope_of(headers={"X-Name": "日本"}, source=source)

    assert values(scope, b"x-name") == ["日本".encode()]


@each_source
def test_scheme_client_and_server(source):
    scope = scope_of(client="198.51.100.9", headers={"Host": "api.example.com"}, source=source)

    assert scope["scheme"] == "https"
    assert scope["client"] == ("198.51.100.9", 0)
    assert scope["server"] == ("api.example.com", 443)


@each_source
@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("[::1]:8080", ("::1", 8080)),
        ("[2001:db8::1]", ("2001:db8::1", 443)),
        ("2001:db8::1", ("2001:db8::1", 443)),
        ("localhost:3000", ("localhost", 3000)),
        ("localhost:", ("localhost", 443)),
        ("localhost:http", ("localhost", 443)),
        ("localhost:99999", ("localhost", 443)),
    ],
)
def test_the_server_is_that_of_the_host_header(source, host, server):
    assert scope_of(headers={"Host": host}, source=source)["server"] == server


@each_source
def test_the_servers_port_is_the_forwarded_one(source):
    scope = scope_of(headers={"X-Forwarded-Port": "8443", "X-Forwarded-Proto": "http"}, source=source)

    assert scope["server"][1] == 8443
    assert scope["scheme"] == "http"


@each_source
@pytest.mark.parametrize(("forwarded", "scheme"), [("https,http", "https"), ("HTTP", "http"), ("gopher", None)])
def test_a_scheme_is_http_or_https_whatever_a_proxy_says(source, forwarded, scheme):
    scope = scope_of(headers={"X-Forwarded-Proto": forwarded}, source=source)

    assert scope["scheme"] == (scheme or ("http" if source.startswith("alb") else "https"))


@pytest.mark.parametrize("source", ["alb", "alb-multi-value", "vpc-lattice-v1", "vpc-lattice-v2"])
@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("198.51.100.9, 10.0.0.1", ("198.51.100.9", 0)),
        ("198.51.100.9:4711", ("198.51.100.9", 4711)),
        ("[2001:db8::1]:4711", ("2001:db8::1", 4711)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("", None),
    ],
)
def test_the_client_of_a_target_group_is_the_first_that_was_forwarded(source, forwarded, client):
    assert scope_of(headers={"X-Forwarded-For": forwarded}, source=source)["client"] == client


@each_source
@pytest.mark.parametrize(
    "query", ["a=1&a=2", "a=&b=", "q=a+b", "q=a%20b", "q=%C3%BC", "a=1;b=2", "q=a%2Bb%26c%3Dd", "a%20b=1"]
)
def test_a_query_means_to_the_application_what_the_client_meant(source, query):
    from urllib.parse import parse_qsl  # noqa: PLC0415  # for this only

    received = scope_of(target=f"/?{query}", source=source)["query_string"].decode()

    sent = parse_qsl(query, keep_blank_values=True)
    assert parse_qsl(received, keep_blank_values=True) == (list(dict(sent).items()) if source == "alb" else sent)


@pytest.mark.parametrize("source", ["api-gateway-v2", "function-url", "vpc-lattice-v1", "vpc-lattice-v2"])
@pytest.mark.parametrize("query", ["debug", "a=1;b=2", "q=a+b&q=a%20b", "a==&&b"])
def test_a_query_comes_as_it_was_sent_where_the_event_has_it(source, query):
    assert scope_of(target=f"/?{query}", source=source)["query_string"] == query.encode()


def test_a_load_balancers_query_is_not_encoded_twice():
    assert scope_of(target="/?q=a%20b%26c", source="alb")["query_string"] == b"q=a%20b%26c"


def test_rest_parameters_without_lists_do():
    event = http_event("GET", "/?a=1", source="api-gateway-v1")
    del event["multiValueQueryStringParameters"]

    assert source_of(event).scope(event, "")["query_string"] == b"a=1"


@each_source
@pytest.mark.parametrize("missing", ["gone", None])
def test_headers_parameters_and_body_may_be_missing(source, missing):
    event = http_event("GET", "/", source=source)
    for name in MAY_LACK:
        if name in event:
            event[name] = None
            if missing == "gone":
                del event[name]

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    assert scope["headers"] == []
    assert scope["query_string"] == b""
    assert source_of(event).body(event) == b""


def test_headers_that_come_only_with_single_values_are_taken_too():
    event = http_event("GET", "/", source="api-gateway-v1")
    event["multiValueHeaders"] = {"X-A": ["1", "2"]}
    event["headers"] = {"x-a": "2", "x-b": "3"}

    assert source_of(event).scope(event, "")["headers"] == [(b"x-a", b"1"), (b"x-a", b"2"), (b"x-b", b"3")]


def test_headers_that_come_only_in_lists_are_enough():
    event = http_event("GET", "/", source="api-gateway-v1") | {"headers": None, "multiValueHeaders": {"X-A": ["1"]}}

    assert source_of(event).scope(event, "")["headers"] == [(b"x-a", b"1")]


def test_a_path_and_a_query_that_no_client_could_send_are_encoded():
    event = http_event("GET", "/?q=1", source="function-url") | {"rawPath": "/é x%20", "rawQueryString": "q=é x%20"}

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    assert (scope["path"], scope["raw_path"]) == ("/é x ", b"/%C3%A9%20x%20")
    assert scope["query_string"] == b"q=%C3%A9%20x%20"


def test_a_header_that_is_a_number_in_a_hand_made_event_is_taken_as_text():
    event = http_event("GET", "/") | {"headers": {"x-number": 7, "x-none": None}}

    assert source_of(event).scope(event, "")["headers"] == [(b"x-number", b"7")]


@each_source
@pytest.mark.parametrize("body", [b"\x00\xff" * 7, "größer", {"a": 1}])
def test_a_body_without_a_length_gets_one(source, body):
    event = http_event("POST", "/", body=body, source=source)
    for name in ("headers", "multiValueHeaders"):
        if event.get(name):
            event[name].pop("content-length", None)

    scope = source_of(event).scope(event, "")

    assert values(scope, b"content-length") == [str(len(source_of(event).body(event))).encode()]


@each_source
def test_a_length_that_was_sent_stays(source):
    if source == "api-gateway-v1":
        pytest.skip("a REST API leaves it out")
    scope = scope_of("POST", body="abc", headers={"Content-Length": "99"}, source=source)

    assert values(scope, b"content-length") == [b"99"]


@each_source
@pytest.mark.parametrize("body", ["no base64!", "YW=Jj", "YWI", "Ω"])
def test_a_body_that_is_not_the_base64_it_says_is_malformed(source, body):
    event = http_event("POST", "/", body=b"x", source=source) | {"body": body}

    with pytest.raises(MalformedBody, match="isBase64Encoded"):
        source_of(event).body(event)


@pytest.mark.parametrize(
    ("protocol", "version"), [("HTTP/1.0", "1.0"), ("HTTP/1.1", "1.1"), ("HTTP/2.0", "2"), ("HTTP/9", "1.1")]
)
def test_the_http_version(protocol, version):
    event = http_event("GET", "/")
    event["requestContext"]["http"]["protocol"] = protocol
    rest = http_event("GET", "/", source="api-gateway-v1")
    rest["requestContext"]["protocol"] = protocol

    assert source_of(event).scope(event, "")["http_version"] == version
    assert source_of(rest).scope(rest, "")["http_version"] == version
