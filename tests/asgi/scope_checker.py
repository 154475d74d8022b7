"""What the ASGI specification says of an HTTP scope, to the letter: https://asgi.readthedocs.io/en/latest/specs/www.html."""

from __future__ import annotations

import re

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_KEYS = {
    "type",
    "asgi",
    "http_version",
    "method",
    "scheme",
    "path",
    "raw_path",
    "root_path",
    "query_string",
    "headers",
    "client",
    "server",
}


def check_scope(scope):
    """AssertionError where it is not as the specification has it; it may lack what the adapter adds, and no more."""
    assert scope.keys() == _KEYS
    assert scope["type"] == "http"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["http_version"] in {"1.0", "1.1", "2"}
    assert type(scope["method"]) is str
    assert scope["method"] == scope["method"].upper() != ""
    assert scope["scheme"] in {"http", "https"}
    _check_path(scope)
    assert type(scope["query_string"]) is bytes
    assert scope["query_string"].isascii()
    assert not re.search(rb"[\s#]", scope["query_string"])
    _check_headers(scope["headers"])
    _check_address(scope["client"])
    _check_address(scope["server"])


def _check_path(scope):
    assert type(scope["path"]) is str
    assert scope["path"].startswith("/")
    scope["path"].encode()  # no surrogates
    assert type(scope["raw_path"]) is bytes
    assert scope["raw_path"].isascii()
    assert not re.search(rb"[\s?#]", scope["raw_path"])
    assert type(scope["root_path"]) is str
    assert not scope["root_path"].endswith("/")
    # Not the specification, but what all applications rely on: path and raw_path have the root path in front.
    assert scope["path"] == scope["root_path"] or scope["path"].startswith(scope["root_path"] + "/")


def _check_headers(headers):
    assert type(headers) is list
    for name, value in headers:
        assert type(name) is bytes
        assert _TOKEN.fullmatch(name), name
        assert type(value) is bytes
        assert not re.search(rb"[\r\n\0]", value)
    assert [name for name, _ in headers].count(b"cookie") <= 1


def _check_address(address):
    if address is None:
        return
    host, port = address
    assert type(host) is str
    assert host
    assert not host.startswith("[")
    assert type(port) is int
    assert 0 <= port < 65536
