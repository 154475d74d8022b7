"""Text or base64, and how much fits into an answer."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.asgi.response import RESPONSE_MAX_BYTES, Response, encoded, size_above


def response(body, content_type=None, coding=None):
    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    if coding is not None:
        headers.append((b"content-encoding", coding.encode()))
    return Response(200, headers, body)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html; charset=utf-8",
        "text/plain",
        "text/css",
        "text/csv",
        "text/event-stream",
        "text/javascript",
        "TEXT/HTML; Charset=UTF-8",
        "application/json",
        "application/problem+json",
        "application/ld+json",
        "application/vnd.api+json; charset=utf-8",
        "application/xml",
        "application/atom+xml",
        "application/yaml",
        "application/openapi+yaml",
        "application/x-yaml",
        "application/javascript",
        "application/x-www-form-urlencoded",
        "application/graphql",
        "application/x-ndjson",
        "application/jsonl",
        "application/json-seq",
        "image/svg+xml",
        'text/plain; charset="utf-8"',
        "text/plain; charset=us-ascii",
        "text/plain;format=flowed",
    ],
)
def test_text_is_text(content_type):
    assert encoded(response("größer".encode(), content_type)) == ("größer", False)


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "application/octet-stream",
        "application/pdf",
        "application/gzip",
        "application/x-protobuf",
        "audio/mpeg",
        "multipart/form-data; boundary=x",
        "application/zip",
        "font/woff2",
        "text/plain; charset=utf-16",
    ],
)
def test_anything_else_is_base64_even_if_it_could_be_text(content_type):
    assert encoded(response(b"abc", content_type)) == ("YWJj", True)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "GZIP", "gzip, identity"])
def test_what_is_compressed_is_base64(coding):
    assert encoded(response(b"abc", "text/html", coding)) == ("YWJj", True)


@pytest.mark.parametrize("coding", ["identity", "", " Identity "])
def test_what_is_not_compressed_is_not(coding):
    assert encoded(response(b"abc", "text/html", coding)) == ("abc", False)


def test_text_that_is_not_utf_8_is_base64_so_that_its_bytes_arrive():
    latin_1 = "größer".encode("latin-1")

    assert encoded(response(latin_1, "text/html; charset=iso-8859-1")) == (b64encode(latin_1).decode(), True)


def test_a_body_of_no_declared_type_is_text_if_it_can_be():
    assert encoded(response(b"abc")) == ("abc", False)
    assert encoded(response(b"\xff")) == ("/w==", True)


def test_no_body_is_no_base64():
    assert encoded(response(b"", "image/png")) == ("", False)


@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_the_very_bytes_arrive(body):
    for content_type in ("text/plain", "image/png", None):
        text, is_base64 = encoded(response(body, content_type))

        assert (b64encode(body).decode() if is_base64 else body.decode()) == text


def test_a_response_says_what_it_is():
    assert repr(Response(404, [(b"a", b"b")], b"xyz")) == "Response(404, [(b'a', b'b')], 3 bytes)"


def answer(body, *, is_base64=False):
    return {"statusCode": 200, "headers": {"a": "b"}, "body": body, "isBase64Encoded": is_base64}


@pytest.mark.parametrize("execution_environment", [None, "AWS_Lambda_python3.11", "AWS_Lambda_python3.13", "other"])
@pytest.mark.parametrize("letter", ["a", "\x01", '"', "é", "語", "😀"])
def test_the_limit_is_that_of_the_json_to_the_byte(monkeypatch, execution_environment, letter):
    if execution_environment is None:
        monkeypatch.delenv("AWS_EXECUTION_ENV", raising=False)
    else:
        monkeypatch.setenv("AWS_EXECUTION_ENV", execution_environment)
    as_utf_8 = execution_environment == "AWS_Lambda_python3.13"
    limit = 300_000

    def size(body):
        return len(json.dumps(answer(body), ensure_ascii=not as_utf_8).encode())

    each = size(letter) - size("")
    most = (limit - size("")) // each
    fits = letter * most + "a" * (limit - size(letter * most))

    assert size(fits) == limit
    assert size_above(answer(fits), limit) is None
    assert size_above(answer(fits + "a"), limit) == limit + 1


def test_five_megabytes_of_bytes_are_too_much_as_base64():
    body = b64encode(bytes(5_000_000)).decode()

    assert size_above(answer(body, is_base64=True)) > RESPONSE_MAX_BYTES == 6_291_556
    assert size_above(answer(b64encode(bytes(4_700_000)).decode(), is_base64=True)) is None


def test_a_small_answer_is_not_turned_into_json(monkeypatch):
    monkeypatch.setattr("json.dumps", None)

    assert size_above(answer("x" * 100_000)) is None
    assert size_above(answer("x" * 5_000_000, is_base64=True)) is None
