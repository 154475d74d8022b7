"""What the ASGI adapter costs a request, against Mangum, and against the same application called on a bare kept loop.

An adapter's own cost is what a request takes beyond the application: the time with it less the time on the kept loop.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import fastapi
import mangum
import starlette.applications
import starlette.responses
import starlette.routing
from awslambdaric.lambda_context import LambdaContext  # type: ignore[import-untyped]  # it has no type hints
from timing import ROUNDS, Comparison, Requirement, compare

import meantime

if TYPE_CHECKING:
    from collections.abc import Callable

# The runtime client's own, as each contestant gets it.
CONTEXT = LambdaContext(
    invoke_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    client_context=None,
    cognito_identity=None,
    epoch_deadline_time_in_ms=int(time.time() + 3600) * 1000,
)
OURS = "meantime.ASGIAdapter"
PEER = "Mangum"
PEER_OFF = 'Mangum, lifespan="off"'
BARE = "bare kept loop, prepared scope"

REQUESTS = 300  # in one round
OK = 200
BODY = '{"user_id":7}'

# Without a lifespan the peer has nothing to do besides, and ours a deadline, the alarm and a look for leftovers.
OWN_COST = (Requirement(PEER, 1 / 2), Requirement(PEER_OFF, 1.1))
# On the others a thread starts for each request; without a lifespan that is all that there is to gain.
IN_ALL = (Requirement(PEER, 1 / 1.5), Requirement(PEER_OFF, 0.9))

# What an HTTP API of API Gateway sends (payload format 2.0) for a page's request in Firefox.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOST = "abcdefghij.execute-api.eu-west-1.amazonaws.com"
EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/users/7",
    "rawQueryString": "verbose=true",
    "cookies": ["session=abc", "theme=dark"],
    "headers": {
        "accept": "application/json",
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": "en-GB,en;q=0.5",
        "authorization": "Bearer 0123456789abcdef0123456789abcdef",
        "cache-control": "no-cache",
        "content-length": "0",
        "dnt": "1",
        "host": HOST,
        "origin": "https://example.com",
        "pragma": "no-cache",
        "priority": "u=4",
        "referer": "https://example.com/",
        "sec-fetch-dest": "empty",
        "sec-fetch-mode": "cors",
        "sec-fetch-site": "cross-site",
        "user-agent": USER_AGENT,
        "x-amzn-trace-id": "Root=1-5e6722a7-cc56c3f1aa46db7ae02d4da4",
        "x-forwarded-for": "205.255.255.176",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    },
    "queryStringParameters": {"verbose": "true"},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "abcdefghij",
        "domainName": HOST,
        "domainPrefix": "abcdefghij",
        "http": {
            "method": "GET",
            "path": "/users/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "205.255.255.176",
            "userAgent": USER_AGENT,
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": "$default",
        "time": "10/Mar/2020:05:16:23 +0000",
        "timeEpoch": 1583817383220,
    },
    "isBase64Encoded": False,
}


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """An application without a framework, with a lifespan."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"user_id":7}'})


async def user(request: Any) -> starlette.responses.JSONResponse:
    """Starlette's route."""
    return starlette.responses.JSONResponse({"user_id": int(request.path_params["user_id"])})


starlette_application = starlette.applications.Starlette(routes=[starlette.routing.Route("/users/{user_id}", user)])
fastapi_application = fastapi.FastAPI()
blocking_application = fastapi.FastAPI()


@fastapi_application.get("/users/{user_id}")
async def user_async(user_id: int) -> dict[str, int]:
    """FastAPI's route, on the loop."""
    return {"user_id": user_id}


@blocking_application.get("/users/{user_id}")
def user_blocking(user_id: int) -> dict[str, int]:
    """FastAPI's route, which a thread runs."""
    return {"user_id": user_id}


APPLICATIONS: tuple[tuple[str, Any, tuple[Requirement, ...]], ...] = (
    ("an adapter's own cost: a bare application", bare, OWN_COST),
    ("an adapter's own cost: Starlette", starlette_application, OWN_COST),
    ("an adapter's own cost: FastAPI, an async route", fastapi_application, OWN_COST),
    ("in all: FastAPI, a `def` route", blocking_application, IN_ALL),
)

# What an adapter makes of the event.
SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "https",
    "path": "/users/7",
    "raw_path": b"/users/7",
    "root_path": "",
    "query_string": b"verbose=true",
    "headers": [
        *((name.encode(), value.encode()) for name, value in EVENT["headers"].items()),
        (b"cookie", b"session=abc; theme=dark"),
    ],
    "client": ("205.255.255.176", 0),
    "server": (HOST, 443),
}


class OnKeptLoop:
    """Calls an application on a loop that is kept, with a scope made before: what no adapter can do without."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._sent: list[Any] = []

    def __call__(self, event: Any, context: Any) -> object:  # noqa: ARG002  # called as the adapters are
        """One request; what is sent is kept, and nothing is made of it."""
        self._sent.clear()
        loop = asyncio.get_event_loop()
        loop.run_until_complete(self._application(dict(SCOPE), self._receive, self._send))
        return self._sent[0]["status"]

    async def _receive(self) -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Any) -> None:
        self._sent.append(message)


def requests(handler: Callable[[Any, Any], Any], loop: asyncio.AbstractEventLoop) -> Callable[[], object]:
    """Many requests, one after another; each contestant has a loop of its own, as it would have by itself."""

    def run() -> None:
        asyncio.set_event_loop(loop)
        for _ in range(REQUESTS):
            handler(EVENT, CONTEXT)

    return run


def benchmark() -> list[Comparison]:
    """A request of a bare application, of Starlette and of FastAPI, on the loop and on a thread."""
    loops = {name: asyncio.new_event_loop() for name in (OURS, PEER, PEER_OFF, BARE)}
    try:
        return [measured(title, application, loops, claims) for title, application, claims in APPLICATIONS]
    finally:
        meantime.current_environment().close()
        for loop in loops.values():
            loop.close()


def measured(
    title: str, application: Any, loops: dict[str, asyncio.AbstractEventLoop], claims: tuple[Requirement, ...]
) -> Comparison:
    """One application behind each adapter; all must have answered alike."""
    handlers: dict[str, Callable[[Any, Any], Any]] = {
        OURS: meantime.ASGIAdapter(application),
        PEER: mangum.Mangum(application),
        PEER_OFF: mangum.Mangum(application, lifespan="off"),
        BARE: OnKeptLoop(application),
    }
    for name, handler in handlers.items():
        asyncio.set_event_loop(loops[name])
        answer = handler(EVENT, CONTEXT)
        if answer != OK and (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) != (OK, BODY, False):
            raise AssertionError(f"{title}: {name} answered {answer}")
    contestants = {name: requests(handler, loops[name]) for name, handler in handlers.items()}
    # CPU time: on a busy machine each change of threads waits for its turn, whoever changes them.
    measure = partial(compare, title, "request", contestants, *claims, units=REQUESTS, timer=time.process_time)
    return measure(rounds=2 * ROUNDS) if application is blocking_application else measure(less=BARE)
