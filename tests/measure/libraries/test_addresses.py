"""A request is named by its method and its path; queries, credentials and long identifiers stay out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.measure.libraries.addresses import request_name, split


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [
        ("http://api.example/orders/42?token=secret", "api.example:80", "GET /orders/42"),
        ("https://user:secret@api.example:8443/a#secret", "api.example:8443", "GET /a"),
        ("https://api.example", "api.example:443", "GET /"),
        ("https://api.example?token=secret", "api.example:443", "GET /"),
        ("http://[::1]:8080/x", "[::1]:8080", "GET /x"),
        ("http://[::1]/x", "[::1]:80", "GET /x"),
        ("/only/a/path?token=secret", "", "GET /only/a/path"),
        ("/login?next=https://user:secret@api.example/secret", "", "GET /login"),
        ("/login#https://user:secret@api.example/secret", "", "GET /login"),
        ("http://api.example?next=https://other.example/secret", "api.example:80", "GET /"),
        ("data:text/plain,secret", "", "GET /…"),
        (
            "https://hooks.example/services/T0/B0/abcdefghijklmnopqrstuvwx",
            "hooks.example:443",
            "GET /services/T0/B0/abcdefgh…",
        ),
        ("https://api.example/users/jane@example.com/x", "api.example:443", "GET /users/…/x"),
        ("https://api.example/users/jane%40example.com", "api.example:443", "GET /users/…"),
        ("https://api.example/a;jsessionid=secret/b", "api.example:443", "GET /a/b"),
        ("https://api.example/a=secret", "api.example:443", "GET /…"),
        ("//user:secret@api.example/a", "", "GET //…/a"),
        ("https://api.example/f/3f2b6c4e-0000-4000-8000-1234567890ab/z", "api.example:443", "GET /f/3f2b6c4e…/z"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, name: str) -> None:
    assert split(url)[0] == host
    assert request_name("get", url) == name


@given(st.text())
def test_any_address_has_a_short_name_without_a_query(url: str) -> None:
    name = request_name(b"GET", url)

    assert name.startswith("GET /")
    assert len(name) <= 90
    assert "?" not in name
