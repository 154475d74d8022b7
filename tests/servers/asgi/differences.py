"""What AWS itself changes between the client and the application, each change with its reason and its sources.

Whatever is not in this list must be the same byte for byte. A change of the request is made to the request that goes to
uvicorn, which then gets what the application gets behind the source; a change of the answer, to what uvicorn answered.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.asgi.raw_http import Answer, Request

    Headers = tuple[tuple[bytes, bytes], ...]

HTTP, HTTP_1, REST = "api-gateway-v2", "http-api-payload-v1", "api-gateway-v1"
URL, URL_STREAMED = "function-url", "function-url, streamed"
ALB, ALB_MULTI = "alb", "alb-multi-value"
LATTICE_1, LATTICE_2 = "vpc-lattice-v1", "vpc-lattice-v2"
SOURCES = (HTTP, HTTP_1, REST, URL, URL_STREAMED, ALB, ALB_MULTI, LATTICE_1, LATTICE_2)

# Where the client finds the application: with the stage before it.
ROOT_PATHS = {REST: "/dev", HTTP_1: "/dev"}

# To API Gateway and function URLs the client is the connection's own peer, which they name apart from X-Forwarded-For;
# behind the others nothing names it but X-Forwarded-For, whose first address it is.
BY_FORWARDED_FOR = (ALB, ALB_MULTI, LATTICE_1, LATTICE_2)

# What a path may have that is not encoded: RFC 3986's pchar, and the slash.
IN_PATHS = "/:@!$&'()*+,;=-._~"


@dataclass(frozen=True)
class Difference:
    """One change, and why it is none of the adapter's.

    Args:
        reason: Who makes it, and why.
        sources: Whose requests or answers are changed.
        request: What becomes of a request on its way to the application.
        answer: What becomes of an answer to that request on its way to the client.
    """

    reason: str
    sources: tuple[str, ...] = SOURCES
    request: Callable[[Request], Request] | None = None
    answer: Callable[[Request, Answer], Answer] | None = None


def joined(separator: bytes, name: bytes | None = None) -> Callable[[Request], Request]:
    """Repeated headers become one, but for cookies; only those of this name, if there is one."""

    def change(request: Request) -> Request:
        return replace(request, headers=_joined(request.headers, separator, name))

    return change


def last_header(request: Request) -> Request:
    """Of repeated headers the last is left."""
    return replace(request, headers=tuple({name.lower(): value for name, value in request.headers}.items()))


def answered_joined(_request: Request, answer: Answer) -> Answer:
    """Repeated headers become one, but for cookies."""
    cookies = [pair for pair in answer.headers if pair[0] == b"set-cookie"]
    others = tuple(pair for pair in answer.headers if pair[0] != b"set-cookie")
    return replace(answer, headers=(*_joined(others, b", ", None), *cookies))


def decoded_path(request: Request) -> Request:
    """The path was decoded, so what the application can encode again is not what was sent, but means the same."""
    path, mark, query = request.target.partition("?")
    return replace(request, target=quote(unquote(path).partition("?")[0], safe=IN_PATHS) + mark + query)


def decoded_query(request: Request) -> Request:
    """The query was decoded, and grouped by name."""
    path, _, query = request.target.partition("?")
    return _with_query(request, path, urlencode(_gathered(parse_qsl(query, keep_blank_values=True)), doseq=True))


def grouped_query(request: Request) -> Request:
    """The query was grouped by name; one without a value has an empty one."""
    path, _, query = request.target.partition("?")
    pairs = _gathered(_raw_pairs(query)).items()
    return _with_query(request, path, "&".join(f"{name}={value}" for name, values in pairs for value in values))


def last_parameter(request: Request) -> Request:
    """Of a repeated parameter the last value is left."""
    path, _, query = request.target.partition("?")
    pairs = _gathered(_raw_pairs(query)).items()
    return _with_query(request, path, "&".join(f"{name}={values[-1]}" for name, values in pairs))


def with_length(request: Request) -> Request:
    """The length is stated, also that of no body."""
    length = b"%d" % len(request.body)
    return replace(request, headers=(*request.headers, (b"content-length", length)))


def in_utf_8(_request: Request, answer: Answer) -> Answer:
    """What was latin-1 is UTF-8."""
    return replace(answer, headers=tuple((name, value.decode("latin-1").encode()) for name, value in answer.headers))


def with_type(kind: bytes) -> Callable[[Request, Answer], Answer]:
    """An answer without a content type gets one."""

    def change(_request: Request, answer: Answer) -> Answer:
        if answer.header(b"content-type") or answer.status in (204, 205, 304):
            return answer
        return replace(answer, headers=(*answer.headers, (b"content-type", kind)))

    return change


def forwarded(request: Request) -> Request:
    """Whom it is forwarded for stands in headers."""
    before = request.header(b"x-forwarded-for")
    headers = tuple(pair for pair in request.headers if pair[0] != b"x-forwarded-for")
    forwarded_for = b", ".join([*before, b"127.0.0.1"])
    return replace(request, headers=(*headers, (b"x-forwarded-for", forwarded_for), (b"x-forwarded-proto", b"http")))


DIFFERENCES = (
    # The request.
    Difference("every source says whom it forwards", request=forwarded),
    Difference("it has one value for each header", (HTTP, URL, URL_STREAMED, LATTICE_1), request=joined(b",")),
    Difference("of a repeated header it hands on the last", (ALB,), request=last_header),
    Difference(
        "VPC Lattice's first version joins even cookies with commas", (LATTICE_1,), request=joined(b",", b"cookie")
    ),
    Difference(
        "several Cookie headers, which only HTTP/2 allows, are joined as it says", request=joined(b"; ", b"cookie")
    ),
    Difference(
        "an HTTP API decodes the path, and cuts it off at a question mark", (HTTP, HTTP_1), request=decoded_path
    ),
    Difference("an HTTP API states a length, also of no body", (HTTP, HTTP_1), request=with_length),
    Difference("it decodes the query, and groups it by name", (REST, HTTP_1), request=decoded_query),
    Difference(
        "a load balancer with multi-value headers groups the query by name", (ALB_MULTI,), request=grouped_query
    ),
    Difference("of a repeated parameter it hands on the last", (ALB,), request=last_parameter),
    # The answer.
    Difference(
        "the emulator's port writes headers in UTF-8; what AWS makes of text beyond ASCII is not documented",
        answer=in_utf_8,
    ),
    Difference(
        "it takes one value for each header but cookies",
        (HTTP, URL, URL_STREAMED, ALB, LATTICE_1, LATTICE_2),
        answer=answered_joined,
    ),
    Difference(
        "it gives a type to an answer without one", (HTTP, HTTP_1), answer=with_type(b"text/plain; charset=utf-8")
    ),
    Difference(
        "it gives a type to an answer without one", (REST, URL, URL_STREAMED), answer=with_type(b"application/json")
    ),
    Difference(
        "it gives a type to an answer without one",
        (ALB, ALB_MULTI, LATTICE_1, LATTICE_2),
        answer=with_type(b"application/octet-stream"),
    ),
)

# What only the way has, of the request: compared nowhere.
REQUEST_HEADERS_OF_THE_WAY = ("x-amzn-trace-id", "x-forwarded-port")
ANSWER_HEADERS_OF_THE_WAY = {
    b"connection": "it is about one connection (RFC 9110 §7.6.1)",
    b"keep-alive": "likewise",
    b"transfer-encoding": "likewise: what uvicorn sends in chunks, a function answers whole",
    b"date": "the time of day, by whoever stands in front",
    b"server": "whoever stands in front",
    b"apigw-requestid": "API Gateway's own (HTTP API)",
    b"x-amz-apigw-id": "API Gateway's own (REST API)",
    b"x-amzn-requestid": "AWS's own",
    b"x-amzn-trace-id": "AWS's own",
    b"x-amzn-remapped-content-length": "function URLs and REST APIs rename it, and state the length themselves",
    b"x-amzn-remapped-date": "likewise",
    b"x-amzn-remapped-server": "likewise",
    b"x-amzn-remapped-connection": "likewise",
}


def to_the_application(source: str, request: Request) -> Request:
    """The request as the application gets it behind that source."""
    for each in DIFFERENCES:
        if source in each.sources and each.request is not None:
            request = each.request(request)
    return request


def to_the_client(source: str, request: Request, answer: Answer) -> Answer:
    """The application's answer as the client gets it from that source."""
    for each in DIFFERENCES:
        if source in each.sources and each.answer is not None:
            answer = each.answer(request, answer)
    return answer


def differing(expected: Answer, got: Answer) -> list[str]:
    """What two answers differ in, in words; nothing, if they are the same but for what only the way has."""
    one, other = _parts(expected, got), _parts(got, expected)
    return [
        f"{part}: expected {one.get(part)!r:.600}, got {other.get(part)!r:.600}"
        for part in {**one, **other}
        if one.get(part) != other.get(part)
    ]


def _parts(answer: Answer, other: Answer) -> dict[str, object]:
    """What must be the same in the other answer, by its name."""
    ignored = set(ANSWER_HEADERS_OF_THE_WAY)
    parts: dict[str, object] = {"status": answer.status}
    if answer.header(b"x-seen"):
        ignored.add(b"content-length")  # of the headers of the way
        parts |= _seen(answer)
    elif answer.header(b"content-encoding") == [b"gzip"]:
        parts["body"] = answer.body[:4] + answer.body[8:]  # between them stands the second in which it was compressed
    else:
        parts["body"] = answer.body
    if not other.header(b"content-length"):
        ignored.add(b"content-length")  # what is sent in chunks has none; the client's parser checks that it is right
    return parts | {f"header {name!r}": values for name, values in answer.named().items() if name not in ignored}


def _seen(answer: Answer) -> dict[str, object]:
    """What the application saw, without what only the way has."""
    if not answer.body:
        return {}
    compressed = answer.header(b"content-encoding") == [b"gzip"]
    seen = json.loads(gzip.decompress(answer.body) if compressed else answer.body)
    kept = [pair for pair in seen.pop("headers") if pair[0] not in REQUEST_HEADERS_OF_THE_WAY]
    headers = {f"request header {name}": [value for each, value in kept if each == name] for name, _ in kept}
    return {**{f"request {name}": value for name, value in seen.items()}, **headers}


def _joined(headers: Headers, separator: bytes, only: bytes | None) -> Headers:
    values: dict[bytes, list[bytes]] = {}
    left: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        lower = name.lower()
        if only is None and lower == b"cookie":
            left.append((lower, value))  # it has a rule of its own
        elif only in (None, lower):
            values.setdefault(lower, []).append(value)
        else:
            left.append((lower, value))
    return (*((name, separator.join(each)) for name, each in values.items()), *left)


def _raw_pairs(query: str) -> list[tuple[str, str]]:
    pairs = [piece.partition("=") for piece in query.split("&") if piece]
    return [(name, value) for name, _, value in pairs]


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered


def _with_query(request: Request, path: str, query: str) -> Request:
    return replace(request, target=path + (f"?{query}" if query else ""))
