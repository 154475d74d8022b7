"""What the client's URL was, by every way that AWS has of putting a path in front; and that frameworks go by it."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from meantime.asgi.sources import source_of
from meantime.testing import http_event

CUSTOM_DOMAIN = {"Host": "api.example.com"}


def paths(event, base_path=""):
    scope = source_of(event).scope(event, base_path)
    return scope["root_path"], scope["path"], scope["raw_path"]


@pytest.mark.parametrize("source", ["api-gateway-v1", "api-gateway-v2", "http-api-payload-v1"])
def test_a_named_stage_is_the_root_path(source):
    event = http_event("GET", "/orders/7", source=source, stage="prod")

    assert paths(event) == ("/prod", "/prod/orders/7", b"/prod/orders/7")


@pytest.mark.parametrize("source", ["api-gateway-v1", "api-gateway-v2", "http-api-payload-v1", "function-url", "alb"])
def test_without_a_stage_there_is_no_root_path(source):
    assert paths(http_event("GET", "/orders/7", source=source)) == ("", "/orders/7", b"/orders/7")


@pytest.mark.parametrize("source", ["api-gateway-v1", "api-gateway-v2", "http-api-payload-v1"])
def test_the_root_of_a_stage_ends_in_a_slash(source):
    assert paths(http_event("GET", "/", source=source, stage="prod")) == ("/prod", "/prod/", b"/prod/")


def test_a_stage_is_found_where_a_tool_has_decoded_one_of_the_two_paths():
    event = http_event("GET", "/caf%C3%A9", source="api-gateway-v1", stage="prod")
    event["requestContext"]["path"] = "/prod/café"

    assert paths(event) == ("/prod", "/prod/café", b"/prod/caf%C3%A9")


def test_a_stage_is_cut_off_at_a_segments_border():
    event = http_event("GET", "/production/x", source="api-gateway-v2")
    event["requestContext"]["stage"] = "prod"

    assert paths(event) == ("", "/production/x", b"/production/x")


@pytest.mark.parametrize("source", ["function-url", "alb", "vpc-lattice-v1", "vpc-lattice-v2", "api-gateway-v1"])
def test_a_base_path_is_the_root_path_where_the_path_begins_with_it(source):
    assert paths(http_event("GET", "/api/x", source=source), "/api") == ("/api", "/api/x", b"/api/x")
    assert paths(http_event("GET", "/api", source=source), "/api") == ("/api", "/api", b"/api")


@pytest.mark.parametrize("source", ["function-url", "alb", "vpc-lattice-v1", "vpc-lattice-v2", "api-gateway-v1"])
@pytest.mark.parametrize("path", ["/apis/x", "/x/api", "/ap"])
def test_a_base_path_is_cut_off_at_a_segments_border(source, path):
    assert paths(http_event("GET", path, source=source), "/api") == ("", path, path.encode())


def test_a_rest_api_at_a_custom_domain_has_the_base_path_of_its_mapping_in_front():
    # Recorded: https://github.com/aws-powertools/powertools-lambda-python/pull/579
    event = http_event("GET", "/v1/payment", source="api-gateway-v1", headers=CUSTOM_DOMAIN)

    assert paths(event, "/v1") == ("/v1", "/v1/payment", b"/v1/payment")


def test_an_http_api_at_a_custom_domain_hides_the_key_of_its_mapping_and_shows_the_stage():
    # Recorded: https://github.com/CodeGenieApp/serverless-express/issues/465
    event = http_event("GET", "/foo", source="api-gateway-v2", stage="prod", headers=CUSTOM_DOMAIN)
    assert event["rawPath"] == "/prod/foo"

    assert paths(event, "/shop") == ("/shop", "/shop/foo", b"/shop/foo")


def test_an_http_api_at_its_own_domain_has_no_base_path():
    event = http_event("GET", "/foo", source="api-gateway-v2", stage="prod")

    assert paths(event, "/shop") == ("/prod", "/prod/foo", b"/prod/foo")


def test_a_stage_and_a_base_path_are_one_root_path():
    event = http_event("GET", "/shop/foo", source="api-gateway-v2", stage="prod")

    assert paths(event, "/shop") == ("/prod/shop", "/prod/shop/foo", b"/prod/shop/foo")


def test_a_path_keeps_what_was_encoded_beside_what_it_means():
    event = http_event("GET", "/a%2Fb/caf%C3%A9%20x", source="function-url")

    assert paths(event) == ("", "/a/b/café x", b"/a%2Fb/caf%C3%A9%20x")


def test_a_path_that_an_http_api_has_decoded_is_not_decoded_again():
    event = http_event("GET", "/100%2525", source="api-gateway-v2")
    assert event["rawPath"] == "/100%25"

    assert paths(event) == ("", "/100%25", b"/100%2525")


class TestFrameworks:
    """With a stage in front of the path: routes are found, and the URLs they make lead back to them."""

    EVENTS = (
        http_event("GET", "/items/7", source="api-gateway-v1", stage="prod"),
        http_event("GET", "/items/7", source="api-gateway-v2", stage="prod"),
    )

    @pytest.mark.parametrize("event", EVENTS, ids=["REST", "HTTP"])
    def test_starlette(self, event):
        starlette = pytest.importorskip("starlette.applications")
        response = pytest.importorskip("starlette.responses").JSONResponse
        routing = pytest.importorskip("starlette.routing")

        def item(request):
            return response([str(request.url), str(request.url_for("items:item", id="8")), request.path_params])

        route = routing.Route("/{id}", item, name="item")
        app = starlette.Starlette(routes=[routing.Mount("/items", routes=[route], name="items")])

        assert ask(app, event) == [
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/items/7",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/items/8",
            {"id": "7"},
        ]

    @pytest.mark.parametrize("event", EVENTS, ids=["REST", "HTTP"])
    def test_fastapi_and_its_documentation(self, event):
        fastapi = pytest.importorskip("fastapi")
        app = fastapi.FastAPI()

        def item(number: int):
            return number

        app.get("/items/{number}")(item)

        assert ask(app, event) == 7
        documentation = http_event("GET", "/docs", source="api-gateway-v2", stage="prod")
        assert "'/prod/openapi.json'" in ask(app, documentation)
        schema = http_event("GET", "/openapi.json", source="api-gateway-v2", stage="prod")
        assert ask(app, schema)["servers"] == [{"url": "/prod"}]

    @pytest.mark.parametrize("event", EVENTS, ids=["REST", "HTTP"])
    def test_litestar(self, event):
        litestar = pytest.importorskip("litestar")

        def item(request):
            return str(request.url)

        item.__annotations__ = {"request": litestar.Request, "return": str}
        route = litestar.get("/items/7", sync_to_thread=False)(item)

        url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/items/7"
        assert ask(litestar.Litestar([route]), event) == url

    @pytest.mark.parametrize("event", EVENTS, ids=["REST", "HTTP"])
    def test_django(self, event, monkeypatch):
        django = pytest.importorskip("django.core.handlers.asgi")
        monkeypatch.setattr(django, "settings", SimpleNamespace(FORCE_SCRIPT_NAME=None))  # a process has only one
        scope = source_of(event).scope(event, "")

        request = django.ASGIRequest(scope, None)

        assert (request.script_name, request.path_info, request.path) == ("/prod", "/items/7", "/prod/items/7")


def ask(app, event):
    """What the application answers to this event: what JSON says, or text."""
    source = source_of(event)
    scope = source.scope(event, "") | {"state": {}}
    parts = []

    async def receive():
        return {"type": "http.request", "body": source.body(event), "more_body": False}

    async def send(message):
        parts.append(message)

    asyncio.run(app(scope, receive, send))
    body = b"".join(part.get("body", b"") for part in parts)
    kind = dict(parts[0]["headers"])[b"content-type"]
    return json.loads(body) if b"json" in kind else body.decode()
