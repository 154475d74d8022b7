"""Payload format 2.0, which HTTP APIs and function URLs share: the event, and the answer that may be guessed.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meantime.tools.emulator.http.bodies import answered_body, compact, event_body
from meantime.tools.emulator.http.headers import answered_headers, answered_status, event_headers, joined
from meantime.tools.emulator.http.response import MalformedAnswerError

if TYPE_CHECKING:
    from meantime.tools.emulator.http.request import Request


def event(request: Request, *, path: str, api_id: str, account: str, stage: str) -> dict[str, Any]:
    """Return the event; what a request lacks is left out."""
    headers = [pair for pair in event_headers(request) if pair[0] != "cookie"]
    cookies = [cookie.strip() for value in request.values("cookie") for cookie in value.split(";") if cookie.strip()]
    parameters = {name: ",".join(values) for name, values in request.parameters().items()}
    body, is_base64 = event_body(request)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        **({"cookies": cookies} if cookies else {}),
        "headers": joined(headers),
        **({"queryStringParameters": parameters} if parameters else {}),
        "requestContext": {
            "accountId": account,
            "apiId": api_id,
            "domainName": request.host,
            "domainPrefix": request.host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.client,
                "userAgent": request.user_agent,
            },
            "requestId": request.id,
            "routeKey": "$default",
            "stage": stage,
            "time": request.written_time,
            "timeEpoch": int(request.time * 1000),
        },
        **({"body": body} if body else {}),
        "isBase64Encoded": is_base64,
    }


def answer(payload: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of an answer; one without a status is the body itself.

    Raises:
        MalformedAnswerError: It has a status, and something else that is wrong.
    """
    if isinstance(payload, bytes):
        raise MalformedAnswerError("it is no JSON")
    if not isinstance(payload, dict) or "statusCode" not in payload:
        body = payload.encode(errors="surrogatepass") if isinstance(payload, str) else compact(payload)
        return 200, [("Content-Type", "application/json")], body
    status = answered_status(payload["statusCode"])
    headers = answered_headers(payload.get("headers"))
    cookies = payload.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise MalformedAnswerError("cookies is no list of texts")
    headers += answered_headers({"Set-Cookie": cookies})
    content = payload.get("body")
    if isinstance(content, dict | list):
        return status, headers, compact(content)
    return status, headers, answered_body(content, is_base64=bool(payload.get("isBase64Encoded")))
