"""What an application has answered, and how its body goes into the JSON that Lambda returns: as text or as base64."""

from __future__ import annotations

from binascii import b2a_base64
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What a synchronous invocation may answer, as JSON; of more Lambda says that the response payload size exceeded the
# maximum allowed payload size (6291556 bytes).
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
RESPONSE_MAX_BYTES = 6_291_556

# The statuses with which HTTP allows no body. https://www.rfc-editor.org/rfc/rfc9110#section-15.3.6 (205)
WITHOUT_BODY = (204, 205, 304)

# At most this many bytes of JSON come of one character: what is beyond the basic plane is two escapes as \ud83d.
_LONGEST_ESCAPE = 12

# And this much of all but the body: no front end takes more headers than 64 KB, API Gateway 10 KB.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
_MOST_OF_THE_REST = 128 * 1024


class Response:
    """A complete answer of the application.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case and values, repeated ones as often as they were sent.
        body: The whole body.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.headers!r}, {len(self.body)} bytes)"


def encoded(response: Response) -> tuple[str, bool]:
    """The body as text, and whether that text is base64.

    What is declared to be text, and is not compressed, goes as text if it is UTF-8, as JSON is; so the client gets the
    very bytes in either form. A body of no declared type counts as text: a REST API without binary media types would
    hand out its base64 as it is.
    """
    body = response.body
    if not body:
        return "", False
    content_type = b""
    for name, value in response.headers:
        if name == b"content-type":
            content_type = value
        elif name == b"content-encoding" and value.strip().lower() not in _NOT_CODED:
            return b2a_base64(body, newline=False).decode("ascii"), True
    if _is_text(content_type):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b2a_base64(body, newline=False).decode("ascii"), True


def body_for(method: str | None, response: Response) -> tuple[str, bool]:
    """The body as `encoded`, or none where HTTP allows none: in answer to HEAD, with 204, 205 and 304."""
    if method == "HEAD" or response.status in WITHOUT_BODY:
        return "", False
    return encoded(response)


def size_above(answer: dict[str, Any], limit: int = RESPONSE_MAX_BYTES) -> int | None:
    """The bytes of the answer's JSON if they are more than the limit, else None.

    A small answer, which nearly all are, is not turned into JSON for this.
    """
    growth = 1 if answer.get("isBase64Encoded") else _LONGEST_ESCAPE
    if len(answer.get("body") or "") * growth + _MOST_OF_THE_REST <= limit:
        return None
    from json import dumps  # noqa: PLC0415  # as above

    escapes = _escapes()
    text = dumps(answer, ensure_ascii=escapes)
    size = len(text if escapes else text.encode("utf-8", "surrogatepass"))
    return size if size > limit else None


def _escapes() -> bool:
    """Whether the runtime client writes characters beyond ASCII as escapes: it does so up to Lambda's Python 3.11.

    https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_marshaller.py
    """
    from os import environ  # noqa: PLC0415  # as above

    before, _, minor = environ.get("AWS_EXECUTION_ENV", "").partition("AWS_Lambda_python3.")
    return bool(before) or not minor.isdigit() or int(minor) < 12  # noqa: PLR2004  # Python 3.12


_NOT_CODED = (b"", b"identity")

# What is text without being text/…
_TEXT_TYPES = frozenset(
    (
        "application/ecmascript",
        "application/graphql",
        "application/http",
        "application/javascript",
        "application/json",
        "application/json-seq",
        "application/jsonl",
        "application/jsonlines",
        "application/jwt",
        "application/mbox",
        "application/ndjson",
        "application/node",
        "application/pem-certificate-chain",
        "application/sql",
        "application/toml",
        "application/typescript",
        "application/x-javascript",
        "application/x-json-stream",
        "application/x-jsonlines",
        "application/x-ndjson",
        "application/x-pem-file",
        "application/x-sh",
        "application/x-www-form-urlencoded",
        "application/x-yaml",
        "application/xml",
        "application/xml-dtd",
        "application/xml-external-parsed-entity",
        "application/yaml",
        "message/http",
        "message/rfc822",
    )
)
_TEXT_SUFFIXES = ("+json", "+xml", "+yaml", "+json-seq", "+jwt")
_TEXT_CHARSETS = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252"))


@lru_cache(maxsize=64)  # the boundary of a multipart answer is another each time
def _is_text(content_type: bytes) -> bool:
    """Whether the declared type is that of text."""
    kind, _, parameters = content_type.decode("latin-1").lower().partition(";")
    kind = kind.strip()
    if kind and not (kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(_TEXT_SUFFIXES)):
        return False
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip(" \t\"'") in _TEXT_CHARSETS  # of UTF-16 it would be luck whether it is UTF-8 as well
    return True
