"""HTTP requests as an event source hands them over, for tests of web applications, with all that AWS puts in."""

from __future__ import annotations

from base64 import b64encode

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from meantime.testing.http_forms import Fields, File

_CLIENT = "203.0.113.7"


def http_event(
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    body: object = None,
    form: Fields | None = None,
    files: Mapping[str, File] | None = None,
    source: str = "api-gateway-v2",
    stage: str = "$default",
    authorizer: Mapping[str, Any] | None = None,
    client: str = _CLIENT,
) -> dict[str, Any]:
    """A request, by default to an HTTP API (payload format 2.0).

    Args:
        method: GET, POST…
        target: What follows the host in the address: the path, percent-encoded where that is needed, and its query.
        headers: Of the request; as pairs, if one comes more than once. `cookie` becomes what the source makes of it.
        body: Text goes as it is, bytes go as base64, anything else as JSON, with that content type.
        form: Instead of a body, the fields of a form: a text each, or several.
        files: Files that are uploaded with it: the content, or `("name.txt", b"content", "text/plain")`.
        source: What hands it over: HTTP API with payload 2.0 or 1.0 (`http-api-payload-v1`), function URL, REST API
            (`api-gateway-v1`), load balancer without and with multi-value headers, VPC Lattice.
        stage: The stage of an API Gateway, which stands in front of the path unless it is the default one.
        authorizer: What an authorizer has found out, as in `{"jwt": {"claims": {…}}}`, where there are authorizers.
        client: The client's address.

    Raises:
        ValueError: The target is no path, there is no such source, or there is a body beside a form.
    """
    from meantime.testing import http_sources as sources  # noqa: PLC0415  # who tests no web application: not loaded

    if not target.startswith("/"):
        raise ValueError(f'A target begins with "/", as in "/orders?limit=5"; got {target!r:.80}')
    make = sources.SOURCES.get(source)
    if make is None:
        raise ValueError(f"there is no event source {source!r:.40}; there are {', '.join(sources.SOURCES)}")
    path, _, query = target.partition("?")
    content_type: str | None = None
    if form is not None or files is not None:
        if body is not None:
            raise ValueError("a request has a body, or form= and files=, which become one; not both")
        from meantime.testing.http_forms import encoded  # noqa: PLC0415  # most requests are no forms

        body, content_type = encoded(form, files)
    text, is_base64, own_type = _body(body)
    sent = {
        "accept": ["*/*"],
        "host": [sources.HOSTS[source]],
        "user-agent": ["test"],
        "x-forwarded-for": [client],
        "x-forwarded-port": ["443"],
        "x-forwarded-proto": ["https"],
    }
    if text is not None:
        sent |= {"content-length": [str(_length(body, text))], "content-type": [content_type or own_type]}
    own: dict[str, list[str]] = {}
    given = headers or ()
    for name, value in given.items() if hasattr(given, "items") else given:
        own.setdefault(name.lower(), []).append(value)
    request = sources.Request(
        method=method.upper(),
        path=path,
        query=query,
        headers=sent | own,
        body=text,
        is_base64=is_base64,
        stage=stage,
        authorizer=None if authorizer is None else dict(authorizer),
        client=client,
        time=clock.wall(),
    )
    return make(request)


def _body(body: object) -> tuple[str | None, bool, str]:
    """The event's body, whether it is base64, and its type."""
    if body is None:
        return None, False, ""
    if isinstance(body, bytes):
        return b64encode(body).decode(), True, "application/octet-stream"
    if isinstance(body, str):
        return body, False, "text/plain"
    from json import dumps  # noqa: PLC0415  # most requests have no body

    return dumps(body), False, "application/json"


def _length(body: object, text: str) -> int:
    return len(body) if isinstance(body, bytes) else len(text.encode())
