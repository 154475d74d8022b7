"""What schemathesis makes of the broad application's OpenAPI is answered through every source as behind uvicorn."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.servers.asgi.differences import SOURCES
from tests.servers.asgi.raw_http import Request, headers
from tests.servers.asgi.requests_to_try import HOST

EXAMPLES = 15
# Of the client's library, and drawn by lot.
NOT_SENT = {"host", "content-length", "connection", "x-schemathesis-testcaseid"}


@pytest.fixture(scope="module")
def described(broad):
    """Requests of all kinds that the application describes, and such as break its rules."""
    answer = broad.direct[next(iter(broad.direct))].send(Request("GET", "/openapi.json", headers()))
    schema = schemathesis.openapi.from_dict(json.loads(answer.body))
    right, wrong = (schema.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)
    return right | wrong


def raw(case: schemathesis.Case[Any]) -> Request:
    """The request as requests would send it."""
    given: dict[str, Any] = case.as_transport_kwargs(base_url="http://service.example")
    prepared = requests.Request(**given).prepare()
    sent = [(name.lower(), str(value)) for name, value in prepared.headers.items() if name.lower() not in NOT_SENT]
    body = prepared.body or b""
    return Request(
        str(prepared.method),
        prepared.path_url,
        (HOST, *((name.encode(), value.encode("latin-1")) for name, value in sent)),
        body.encode() if isinstance(body, str) else body,
    )


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_request_that_is_described(broad, described, source, data):
    broad.compare(source, raw(data.draw(described)))
