"""A delay proxy: it makes an HTTP endpoint slow, scarce or failing, and changes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from meantime.tools.downstream.refusals import not_forwardable, unreachable
from meantime.tools.downstream.service import DelayedService, refusal_response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from meantime.tools.downstream.latency import Latency
    from meantime.tools.downstream.visit import Visit

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1; those that Connection names are added. Expect is
# answered by the proxy itself; Trailer announces what neither side forwards.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What an HTTP client would add by itself.
_UNASKED_REQUEST_HEADERS = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
_UNASKED_RESPONSE_HEADERS = (hdrs.CONTENT_TYPE, hdrs.DATE, hdrs.SERVER)
# Bodies up to this size are sent in one piece; larger ones stream through.
_WHOLE = 65_536
_CHUNK = 65_536
_MAX_LINE = 65_536
# Shorter than the 5 s after which common servers drop an idle connection, so that none is used as it closes.
_KEEP_ALIVE = 4.0
_CONNECT_TIMEOUT = 10.0


class DelayProxy(DelayedService):
    """A proxy on loopback in front of one HTTP endpoint; use it wherever an `endpoint_url` can be given.

    Method, path, query, Host, headers and bodies pass unchanged, so signatures stay valid. What is above a
    limit is answered as the service would: S3, DynamoDB, SQS and others are recognised by their requests.

    Args:
        upstream: The endpoint, such as `http://127.0.0.1:4566`.
        latency: Seconds, or text as `Latency.parse` reads it, from a request's arrival to its answer, the
            upstream's own time included; a slower upstream is not sped up.
        max_concurrency: The most requests under way at once; more are throttled.
        rate: The most requests taken in any one second; more are throttled.
        max_connections: The most connections; more are closed at once.
        failure_rate: The part of requests, 0 to 1, that is not forwarded but answered with status 500.
        seed: Makes the drawn latencies and failures the same each time, given the same order of requests.
        port: The port to serve on; 0 for a free one.

    Raises:
        ValueError: The upstream is no such address; a latency, limit, rate or port that makes no sense.
    """

    def __init__(
        self,
        upstream: str,
        *,
        latency: float | str | Latency = 0.0,
        max_concurrency: int | None = None,
        rate: float | None = None,
        max_connections: int | None = None,
        failure_rate: float = 0.0,
        seed: int | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(
            latency=latency,
            max_concurrency=max_concurrency,
            rate=rate,
            max_connections=max_connections,
            failure_rate=failure_rate,
            seed=seed,
            port=port,
        )
        self.upstream = _checked_upstream(upstream)
        self._session: aiohttp.ClientSession | None = None

    def _application(self) -> web.Application:
        application = super()._application()
        application.cleanup_ctx.append(self._hold_session)
        application.on_response_prepare.append(_drop_unasked_headers)
        return application

    async def _hold_session(self, _application: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_field_size=_MAX_LINE,
            max_line_size=_MAX_LINE,
            skip_auto_headers=_UNASKED_REQUEST_HEADERS,
            # How long an answer may take is the client's business.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT),
        ) as self._session:
            yield

    async def _answer(self, request: web.Request, body: bytes | None, visit: Visit) -> web.StreamResponse:
        assert self._session is not None  # noqa: S101  # it is held as long as requests come
        if not request.raw_path.startswith("/"):
            await visit.wait_until_due()
            return refusal_response(request, not_forwardable(visit.target, request.raw_path), visit, "unreachable")
        try:
            upstream = await self._session.request(
                request.method,
                URL(self.upstream + request.raw_path, encoded=True),
                allow_redirects=False,
                data=await _body_to_send(request, body),
                headers=_end_to_end(request.raw_headers),
            )
        except (aiohttp.ClientError, OSError) as error:
            await visit.wait_until_due()
            return refusal_response(request, unreachable(visit.target, self.upstream, str(error)), visit, "unreachable")
        async with upstream:
            return await self._forward(request, upstream, visit)

    async def _forward(
        self, request: web.Request, upstream: aiohttp.ClientResponse, visit: Visit
    ) -> web.StreamResponse:
        response = _ForwardedResponse(
            status=upstream.status, reason=upstream.reason, headers=_end_to_end(upstream.raw_headers)
        )
        content = upstream.content
        sent = 0
        try:
            await visit.wait_until_due()
            if content.at_eof():
                # No body comes, so that the head ends the answer.
                visit.close("served", upstream.status)
            await response.prepare(request)
            # What ends the answer, its last counted byte or else the end of its chunks, waits for the visit's end.
            while piece := await content.read(_CHUNK):
                sent += len(piece)
                if content.at_eof() or sent == upstream.content_length:
                    break
                await response.write(piece)
        except (aiohttp.ClientError, OSError):
            # Too late for another status: a cut connection is how the client learns that this is not all.
            visit.close("unreachable", upstream.status)
            if request.transport is not None:
                request.transport.abort()
            return response
        visit.close("served", upstream.status)
        await response.write_eof(piece)
        return response


class _ForwardedResponse(web.StreamResponse):
    """An answer from upstream, which knows what it came without."""

    def __init__(self, *, status: int, reason: str | None, headers: CIMultiDict[str]) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self.absent = [name for name in _UNASKED_RESPONSE_HEADERS if name not in headers]


def _checked_upstream(upstream: str) -> str:
    try:
        url = URL(upstream)
        usable = url.scheme in {"http", "https"} and bool(url.host) and url.path in {"", "/"}
        usable = usable and not url.query_string and not url.fragment and url.user is None
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            f"The upstream is an address with scheme and host and nothing after them, such as "
            f"http://127.0.0.1:4566, not {upstream!r}."
        )
    return upstream.rstrip("/")


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> CIMultiDict[str]:
    """The headers that go on to the other side, from those of a message as they were on the wire."""
    fields = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in headers]
    dropped = set(_HOP_BY_HOP)
    for name, value in fields:
        if name.lower() == "connection":
            dropped.update(option.strip().lower() for option in value.split(","))
    kept: CIMultiDict[str] = CIMultiDict()
    spellings: dict[str, str] = {}
    for name, value in fields:
        if name.lower() not in dropped:
            # aiohttp's client takes a repeated name in another case for a replacement.
            kept.add(spellings.setdefault(name.lower(), name), value)
    return kept


async def _body_to_send(request: web.Request, body: bytes | None) -> bytes | AsyncIterator[bytes] | None:
    if body is not None:
        return body if len(body) <= _WHOLE else _in_pieces(body)
    if not request.can_read_body:
        return None
    if request.content_length is not None and request.content_length <= _WHOLE:
        return await request.read()
    return request.content.iter_any()


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]


async def _drop_unasked_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Take away what the server added to an answer that came without it."""
    if isinstance(response, _ForwardedResponse):
        for name in response.absent:
            response.headers.popall(name, None)
