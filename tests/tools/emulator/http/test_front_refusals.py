"""What clients get when there is no answer: for each event source what AWS says in the function's stead."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.tools.emulator.conftest import wait_for

from meantime.tools.emulator.http import ApiGatewayV1, ApiGatewayV2, Fault, HttpFront

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.emulator.conftest import Deploy
    from tests.tools.emulator.http.conftest import Serve, Served

    Echo = Callable[..., Served]

PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
FAILED = {
    "function-url": (502, "Internal Server Error"),
    "api-gateway-v2": (500, '{"message":"Internal Server Error"}'),
    "api-gateway-v1": (502, '{"message":"Internal server error"}'),
    "alb": (502, PAGE.format("502 Bad Gateway")),
    "vpc-lattice-v1": (502, "Bad Gateway"),
}


@pytest.mark.parametrize("source", FAILED)
def test_a_function_that_raises(echo: Echo, source: str) -> None:
    served = echo(source)
    got = served.request("/raise")
    assert (got.status, got.body.decode()) == FAILED[source]
    assert served.exchanges[-1].fault is Fault.FUNCTION_FAILED
    assert served.exchanges[-1].problem == "ValueError: nö"
    assert 'raise ValueError("nö")' in served.invocations[-1].log


@pytest.mark.parametrize("source", ["function-url", "api-gateway-v2", "alb"])
def test_a_function_that_times_out(echo: Echo, source: str) -> None:
    served = echo(source, timeout=0.2)
    got = served.request("/sleep")
    assert (got.status, got.body.decode()) == FAILED[source]
    assert served.exchanges[-1].fault is Fault.FUNCTION_TIMED_OUT
    assert served.exchanges[-1].problem == "Sandbox.Timedout: Task timed out after 0.20 seconds"


@pytest.mark.parametrize("source", ["function-url", "api-gateway-v1"])
def test_an_answer_over_six_megabytes(echo: Echo, source: str) -> None:
    served = echo(source, timeout=20, memory_mb=1769)
    assert served.request("/huge").status == 502
    assert served.exchanges[-1].fault is Fault.ANSWER_TOO_LARGE
    assert "6291556 bytes" in served.exchanges[-1].problem


def test_a_load_balancer_takes_one_megabyte(echo: Echo) -> None:
    served = echo("alb", timeout=20, memory_mb=1769)
    assert served.request("/", method="POST", body=b"x" * (1024 * 1024 + 1)).status == 413
    assert served.request("/huge").status == 502
    got = served.answer({"statusCode": 200, "body": "x" * 1_000_000})
    assert got.status == 200


@pytest.mark.parametrize(
    ("source", "status", "body"),
    [
        ("function-url", 429, '"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"'),
        ("api-gateway-v2", 503, '{"message":"Service Unavailable"}'),
        ("api-gateway-v1", 500, '{"message":"Internal server error"}'),
        ("alb", 502, "502 Bad Gateway"),
        ("vpc-lattice-v2", 503, "Service Unavailable"),
    ],
)
def test_a_throttled_function(echo: Echo, source: str, status: int, body: str) -> None:
    served = echo(source, reserved_concurrency=0)
    got = served.request("/")
    assert got.status == status
    assert body in got.body.decode()
    assert served.exchanges[-1].fault is Fault.THROTTLED


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        (ApiGatewayV1(timeout=0.2), 504, "Endpoint request timed out"),
        (ApiGatewayV2(timeout=0.2), 503, "Service Unavailable"),
    ],
    ids=["REST", "HTTP"],
)
def test_api_gateway_waits_only_so_long_and_the_function_runs_on(
    echo: Echo, source: ApiGatewayV1, status: int, message: str
) -> None:
    served = echo(source)
    got = served.request("/nap")
    assert (got.status, got.json()) == (status, {"message": message})
    assert served.exchanges[-1].fault is Fault.SOURCE_TIMED_OUT
    assert served.exchanges[-1].invocation is None
    wait_for(lambda: bool(served.invocations))
    assert served.invocations[-1].error is None


@pytest.mark.parametrize(
    ("source", "limit"),
    [("function-url", 6_291_456), ("api-gateway-v2", 10_485_760), ("api-gateway-v1", 10_485_760)],
)
def test_a_request_that_is_too_large_does_not_reach_the_function(echo: Echo, source: str, limit: int) -> None:
    served = echo(source)
    got = served.request("/", method="POST", body=b"x" * (limit + 1))
    assert got.status == 413
    assert served.exchanges[-1].fault is Fault.REQUEST_TOO_LARGE
    assert served.invocations == []


def test_a_request_that_grows_too_large_in_base64_does_not_either(echo: Echo) -> None:
    served = echo()
    got = served.request("/", method="POST", body=b"x" * 5_000_000)
    assert got.status == 413
    assert "bytes of JSON" in served.exchanges[-1].problem


@pytest.mark.parametrize("source", FAILED)
def test_a_websocket_is_refused_in_words(echo: Echo, source: str) -> None:
    served = echo(source)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    got = served.request("/ws", headers=headers)
    assert got.status == 400
    assert b"WebSocket is not supported" in got.body or b"400 Bad Request" in got.body
    assert served.exchanges[-1].fault is Fault.UPGRADE


@pytest.mark.parametrize(("source", "status"), [(ApiGatewayV1(stage="prod"), 403), (ApiGatewayV2(stage="prod"), 404)])
@pytest.mark.parametrize("target", ["/", "/production/x", "/other"])
def test_a_path_outside_the_stage_does_not_reach_the_function(
    echo: Echo, source: ApiGatewayV1, status: int, target: str
) -> None:
    served = echo(source)
    assert served.request(target).status == status
    assert served.invocations == []


def test_a_load_balancer_does_not_trace(echo: Echo) -> None:
    assert echo("alb").request("/", method="TRACE").status == 405


def test_a_function_that_cannot_be_imported_says_why(deploy: Deploy, serve: Serve) -> None:
    served = serve(deploy("import nothing_of_the_kind"))
    assert served.request("/").status == 502
    problem = "Unable to import module 'app': No module named 'nothing_of_the_kind'"
    assert problem in served.exchanges[-1].problem
    assert problem in served.invocations[-1].log


def test_closing_answers_what_is_under_way(deploy: Deploy, echo: Echo) -> None:
    served = echo(timeout=60)
    answers = []
    client = threading.Thread(target=lambda: answers.append(served.request("/sleep")))
    client.start()
    wait_for(lambda: bool(served.front._under_way))
    served.run(served.front.close())
    client.join(30)
    assert answers[0].status == 500
    assert served.exchanges[-1].problem == "cut off: serving was stopped"


def test_a_port_that_is_taken_is_named(deploy: Deploy, echo: Echo) -> None:
    served = echo()
    second = HttpFront(served.front._environments.function, port=served.front.port)
    with pytest.raises(OSError, match=f"port {served.front.port} of 127.0.0.1 cannot be had"):
        served.run(second.__aenter__())


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"source": "cloudfront"}, "there is no event source 'cloudfront'; there are function-url, "),
        ({"port": 65_536}, "a port is a number from 1 to 65535"),
    ],
)
def test_bad_settings_are_refused_before_anything_starts(
    deploy: Deploy, settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        HttpFront(deploy("def handler(event, context): pass"), **settings)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(("kind", "longest"), [(ApiGatewayV1, 29), (ApiGatewayV2, 30)])
def test_api_gateway_has_a_longest_timeout(kind: type[ApiGatewayV1 | ApiGatewayV2], longest: int) -> None:
    with pytest.raises(ValueError, match=f"at most {longest} seconds, not {longest + 1}"):
        kind(timeout=longest + 1)
