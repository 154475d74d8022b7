"""The answer of a function that is a target, of a load balancer or of VPC Lattice."""

from __future__ import annotations

from typing import Any

from meantime.tools.emulator.http.bodies import answered_body
from meantime.tools.emulator.http.headers import HOP_BY_HOP, answered_headers, answered_status, with_type, without
from meantime.tools.emulator.http.response import MalformedAnswerError, Response


def response(payload: Any, *, field: str, default_type: str, server: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the response.

    Args:
        payload: What the function answered.
        field: The one of `headers` and `multiValueHeaders` that is looked at.
        default_type: The content type of an answer without one.
        server: Headers that the source itself adds.

    Raises:
        MalformedAnswerError: It is not what a target answers.
    """
    if not isinstance(payload, dict):
        raise MalformedAnswerError(f"it is no object with a statusCode but {type(payload).__name__}")
    if "statusCode" not in payload:
        raise MalformedAnswerError("it has no statusCode")
    status = answered_status(payload["statusCode"])
    headers = without(answered_headers(payload.get(field), field), {*HOP_BY_HOP, "server"})
    body = answered_body(payload.get("body"), is_base64=bool(payload.get("isBase64Encoded")))
    return Response(status, (*with_type(headers, default_type, status), *server), body, _reason(payload, status))


def _reason(payload: dict[str, Any], status: int) -> str | None:
    """Return the phrase of a `statusDescription`, which is a status and a phrase."""
    number, _, phrase = str(payload.get("statusDescription") or "").partition(" ")
    usable = number == str(status) and phrase.isascii() and phrase.isprintable()
    return phrase if usable and phrase else None
