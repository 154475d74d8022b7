"""HTTP requests as an HTTP API of API Gateway hands them over, for tests of web applications."""

from __future__ import annotations

from base64 import b64encode
from time import gmtime, strftime

from meantime import clock
from meantime.testing.events import ACCOUNT, REGION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_API = "a1b2c3d4e5"
_HOST = f"{_API}.execute-api.{REGION}.amazonaws.com"
_CLIENT = "203.0.113.7"


def http_event(
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    stage: str = "$default",
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A request to an HTTP API (payload format 2.0).

    Args:
        method: GET, POST…
        target: What follows the host in the address: the path, percent-encoded where that is needed, and its query.
        headers: Of the request; `cookie` becomes the event's list of cookies.
        body: Text goes as it is, bytes go as base64, anything else as JSON, with that content type.
        stage: The stage, which stands in front of the path unless it is the default one.
        authorizer: What an authorizer has found out, as in `{"jwt": {"claims": {…}}}`.

    Raises:
        ValueError: The target is no path.
    """
    # Python's own modules, loaded when they are needed: who tests no web application must not pay for them.
    from urllib.parse import parse_qsl, unquote  # noqa: PLC0415  # as said

    if not target.startswith("/"):
        raise ValueError(f'A target begins with "/", as in "/orders?limit=5"; got {target!r:.80}')
    path, _, query = target.partition("?")
    path = unquote(path) if stage == "$default" else f"/{stage}{unquote(path)}"
    text, is_base64, content_type = _body(body)
    sent = {
        "accept": "*/*",
        "host": _HOST,
        "user-agent": "test",
        "x-forwarded-for": _CLIENT,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    if text is not None:
        sent |= {"content-length": str(_length(body, text))} | content_type
    sent |= {name.lower(): value for name, value in (headers or {}).items()}
    cookies = sent.pop("cookie", None)
    now = clock.wall()
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": _API,
        "domainName": _HOST,
        "domainPrefix": _API,
        "http": {
            "method": method.upper(),
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": _CLIENT,
            "userAgent": sent["user-agent"],
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": stage,
        "time": strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": context,
        "isBase64Encoded": is_base64,
    }
    if cookies:
        event["cookies"] = cookies.split("; ")
    if query:
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            values.setdefault(name, []).append(value)
        event["queryStringParameters"] = {name: ",".join(several) for name, several in values.items()}
    if text is not None:
        event["body"] = text
    return event


def _body(body: object) -> tuple[str | None, bool, dict[str, str]]:
    """The event's body, whether it is base64, and the header that tells its type."""
    if body is None:
        return None, False, {}
    if isinstance(body, bytes):
        return b64encode(body).decode(), True, {"content-type": "application/octet-stream"}
    if isinstance(body, str):
        return body, False, {"content-type": "text/plain"}
    from json import dumps  # noqa: PLC0415  # as above

    return dumps(body), False, {"content-type": "application/json"}


def _length(body: object, text: str) -> int:
    return len(body) if isinstance(body, bytes) else len(text.encode())
