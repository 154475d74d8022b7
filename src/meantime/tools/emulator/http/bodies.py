"""Bodies in events are text; what is not text is in Base64. Which is which, the content type decides, not the bytes."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, Final

from meantime.tools.emulator.http.response import MalformedAnswerError

if TYPE_CHECKING:
    from meantime.tools.emulator.http.request import Request

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html, and measured for HTTP APIs:
# https://github.com/ministackorg/ministack/pull/766. A missing type, and a form, are Base64.
_TEXT: Final = frozenset({"application/json", "application/javascript", "application/xml"})


def event_body(request: Request) -> tuple[str, bool]:
    """Return the body for an event, and whether it is Base64."""
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    is_text = content_type.startswith("text/") or content_type in _TEXT
    if not request.body:
        return "", False
    # A compressed body is no text, whatever it is once it is decompressed.
    if is_text and request.header("content-encoding") is None:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def answered_body(body: Any, *, is_base64: bool) -> bytes:
    """Return the bytes of a text in an answer.

    Raises:
        MalformedAnswerError: It is no text, or not the Base64 it is said to be.
    """
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError(f"body is no text but {_shown(body)}")
    if not is_base64:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswerError(f"isBase64Encoded is true and the body is no Base64: {error}") from None


def compact(value: Any) -> bytes:
    """Return JSON as AWS writes it, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"  # noqa: PLR2004  # enough to recognise it
