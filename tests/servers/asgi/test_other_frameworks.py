"""Django, Litestar and Quart answer through every source as they do behind uvicorn."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from os import environ
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.servers.asgi.differences import ALB, HTTP, LATTICE_1, REST, URL_STREAMED
from tests.servers.asgi.raw_http import Answer, Request, headers
from tests.servers.asgi.requests_to_try import HEADERS, HOST, PATHS, QUERIES, upload
from tests.servers.asgi.servers import APPLICATIONS, both_ways

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.asgi.servers import Ways

EXAMPLES = 20
SOURCES = (HTTP, REST, URL_STREAMED, ALB, LATTICE_1)  # one of each kind of event
some = settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

# Secrets that Django draws by lot, and when they expire.
_DRAWN = re.compile(
    rb'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<=csrftoken=)\w+|(?<=sessionid=)\w+|(?<=expires=)[^;]+|'
    rb"(?<=csrf_token&quot;: &quot;)\w+"
)


def without_what_is_drawn(answer: Answer) -> Answer:
    """The answer without secrets, and without the time of day."""
    return replace(
        answer,
        headers=tuple(
            (name, b"" if name == b"expires" else _DRAWN.sub(b"drawn", value)) for name, value in answer.headers
        ),
        body=_DRAWN.sub(b"drawn", answer.body),
    )


# --- Django --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def django(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("django")
    made = folder / "made.sqlite3"
    subprocess.run(
        [sys.executable, APPLICATIONS / "django_site.py"], env={**environ, "DJANGO_DATABASE": str(made)}, check=True
    )
    variables = {}
    for way in ("uvicorn", "function"):
        shutil.copy(made, database := folder / f"{way}.sqlite3")
        variables[way] = {"DJANGO_DATABASE": str(database)}
    with both_ways("django_site", SOURCES, folder, variables) as ways:
        yield ways


DJANGO = {
    "an async view": Request("GET", "/seen/a%20b/%C3%BC?q=1&q=&r=%26", headers(("cookie", "a=1; b=2"))),
    "JSON": Request("POST", "/seen", headers(("content-type", "application/json")), b'{"a": "\xc3\xbc"}'),
    "a form": Request(
        "POST", "/seen", headers(("content-type", "application/x-www-form-urlencoded")), b"a=1&a=2&b=%C3%BC+"
    ),
    "an upload": upload([("a.bin", bytes(range(256)) * 300), ("b.txt", b"text")]),
    "a view in a thread, with cookies": Request("GET", "/blocking", headers()),
    "HEAD": Request("HEAD", "/blocking", headers()),
    "a stream": Request("GET", "/stream", headers()),
    "a file": Request("GET", "/file", headers()),
    "a redirect": Request("GET", "/redirect?to=/seen%3Fa=%25C3%25BC", headers()),
    "a redirect to the slash": Request("GET", "/with-slash?a=b%20c", headers()),
    "an error": Request("GET", "/fail", headers()),
    "nothing found": Request("GET", "/missing", headers()),
    "a missing CSRF token": Request("POST", "/blocking", headers(), b"a=1"),
    "the admin, which sends to its login": Request("GET", "/admin/", headers()),
    "the admin's style": Request("GET", "/static/admin/css/base.css", headers()),
    "the admin's picture": Request("GET", "/static/admin/img/icon-yes.svg", headers()),
    "a static file that is not there": Request("GET", "/static/nothing", headers()),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", DJANGO)
def test_django_answers(django, source, name):
    request = DJANGO[name]
    if request.target == "/upload":
        request = replace(request, target="/seen")
    django.compare(source, request, without_what_is_drawn)


@pytest.mark.parametrize("source", SOURCES)
@some
@given(path=PATHS, query=QUERIES, sent=HEADERS)
def test_django_sees(django, source, path, query, sent):
    django.compare(source, Request("GET", f"/seen/{path}?{query}", (HOST, *sent)), without_what_is_drawn)


class Browser:
    """Follows Django's admin with its cookies, each way with those that it was given there."""

    def __init__(self, ways: Ways, source: str) -> None:
        self._ways = ways
        self._source = source
        self._cookies: dict[str, dict[str, str]] = {"direct": {}, "through": {}}
        self._tokens = {"direct": "", "through": ""}

    def get(self, target: str) -> tuple[Answer, Answer]:
        """Get a page both ways."""
        return self._both("GET", target, {})

    def post(self, target: str, fields: dict[str, str]) -> tuple[Answer, Answer]:
        """Send a form both ways, with the token of the page before."""
        return self._both("POST", target, fields)

    def _both(self, method: str, target: str, fields: dict[str, str]) -> tuple[Answer, Answer]:
        return self._ways.each(self._source, lambda way: self._request(way, method, target, fields), self._took)

    def _request(self, way: str, method: str, target: str, fields: dict[str, str]) -> Request:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies[way].items())
        pairs = [("cookie", cookies)] if cookies else []
        if method == "GET":
            return Request(method, target, headers(*pairs))
        body = urlencode({**fields, "csrfmiddlewaretoken": self._tokens[way]}).encode()
        kind = ("content-type", "application/x-www-form-urlencoded")
        return Request(method, target, headers(*pairs, kind, ("origin", "http://service.example")), body)

    def _took(self, way: str, answer: Answer) -> None:
        for cookie in answer.header(b"set-cookie"):
            name, _, value = cookie.decode().partition(";")[0].partition("=")
            self._cookies[way][name] = value
        if token := re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', answer.body):
            self._tokens[way] = token[1].decode()


@pytest.mark.parametrize("source", SOURCES)
def test_somebody_logs_in_to_djangos_admin_and_out(django, source):
    browser = Browser(django, source)
    user = {"username": "admin", "password": "secret", "next": "/admin/"}

    pages = [
        browser.get("/admin/login/?next=/admin/"),
        browser.post("/admin/login/?next=/admin/", {**user, "password": "wrong"}),
        browser.post("/admin/login/?next=/admin/", user),
        browser.get("/admin/"),
        browser.get("/admin/auth/user/?q=admin"),
        browser.post("/admin/logout/", {}),
        browser.get("/admin/"),
    ]

    assert [through.status for _, through in pages] == [200, 200, 302, 200, 200, 200, 302]
    assert b"Site administration" in pages[3][1].body
    for expected, through in pages:
        django.check(source, without_what_is_drawn(expected), without_what_is_drawn(through))


# --- Litestar ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def litestar(tmp_path_factory):
    with both_ways("litestar_app", SOURCES, tmp_path_factory.mktemp("litestar")) as ways:
        yield ways


LITESTAR = {
    "what it sees": Request("GET", "/seen/a%20b?q=1&q=&r=%26", headers(("cookie", "a=1; b=2"))),
    "JSON": Request("POST", "/items", headers(), b'{"name": "tea", "price": 3.5, "tags": ["\xc3\xbc"]}'),
    "refused JSON": Request("POST", "/items", headers(), b'{"name": 3}'),
    "a route in a thread": Request("GET", "/items/7?limit=3", headers()),
    "a refused parameter": Request("GET", "/items/7?limit=many", headers()),
    "no content": Request("DELETE", "/items/7", headers()),
    "a method that is not allowed": Request("PUT", "/items/7", headers()),
    "an upload": upload([("a.bin", bytes(range(256)) * 300)]),
    "cookies": Request("GET", "/cookies", headers()),
    "a stream": Request("GET", "/stream", headers()),
    "a compressed answer": Request("GET", "/compressible", headers(("accept-encoding", "gzip"))),
    "a redirect": Request("GET", "/redirect?to=/seen", headers()),
    "an error with headers": Request("GET", "/fail/409", headers()),
    "an error nobody expects": Request("GET", "/fail/500", headers()),
    "another origin": Request("GET", "/items/7", headers(("origin", "https://shop.example"))),
    "a preflight": Request(
        "OPTIONS", "/items/7", headers(("origin", "https://shop.example"), ("access-control-request-method", "DELETE"))
    ),
    "nothing found": Request("GET", "/nothing", headers()),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", LITESTAR)
def test_litestar_answers(litestar, source, name):
    litestar.compare(source, LITESTAR[name])


@pytest.mark.parametrize("source", SOURCES)
@some
@given(path=PATHS, query=QUERIES, sent=HEADERS, body=st.binary(max_size=300))
def test_litestar_sees(litestar, source, path, query, sent, body):  # noqa: PLR0917  # hypothesis names them
    litestar.compare(source, Request("POST", f"/seen/{path}?{query}", (HOST, *sent), body))


# --- Quart ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quart(tmp_path_factory):
    with both_ways("quart_app", SOURCES, tmp_path_factory.mktemp("quart")) as ways:
        yield ways


QUART = {
    "what it sees": Request("POST", "/seen?q=1&q=&r=%26", headers(("cookie", "a=1; b=2")), bytes(range(256))),
    "cookies": Request("GET", "/cookies", headers()),
    "a route in a thread": Request("GET", "/blocking", headers()),
    "HEAD": Request("HEAD", "/blocking", headers()),
    "OPTIONS": Request("OPTIONS", "/seen", headers()),
    "a stream": Request("GET", "/stream", headers()),
    "a file": Request("GET", "/static/style.css", headers()),
    "a range of a file": Request("GET", "/static/picture.png", headers(("range", "bytes=5-99"))),
    "a redirect to the slash": Request("GET", "/with-slash?a=b%20c", headers()),
    "a redirect": Request("GET", "/redirect?to=/seen", headers()),
    "an error": Request("GET", "/fail/418", headers()),
    "an error nobody expects": Request("GET", "/fail/500", headers()),
    "nothing found": Request("GET", "/nothing", headers()),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", QUART)
def test_quart_answers(quart, source, name):
    quart.compare(source, QUART[name])
