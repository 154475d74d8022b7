"""boto3 clients: made once, for all threads, with a connection for each."""

from __future__ import annotations

import os
from threading import Lock

from meantime import clock
from meantime.clients.ending import cut_off, described, has_come, not_begun
from meantime.clients.settings import CONNECT_TIMEOUT, KEEP_ALIVE, READ_TIMEOUT, check, library
from meantime.deadline import current_deadline
from meantime.executors.arguments import DEFAULT_MAX_CONCURRENCY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_lock = Lock()  # a boto3 session is not for several threads: https://github.com/boto/boto3/issues/1592


def boto3(
    service: str,
    *,
    max_concurrency: int | None = None,
    connect_timeout: float | None = None,
    read_timeout: float | None = None,
    config: Any = None,
    session: Any = None,
    **options: Any,
) -> Any:
    """Make a boto3 client, once, at module level: any number of threads may share it.

    Within an invocation no call waits longer than to the deadline: there it raises DeadlineExceeded, and no retry is
    begun for which there is no time.

    Args:
        service: The name of the service, as for `boto3.client`.
        max_concurrency: The most calls under way at once: so many connections are kept; 10 unless said.
        connect_timeout: Seconds to connect; 2 unless said.
        read_timeout: Seconds that an answer, or its next piece, may take; botocore's own 60 unless said.
        config: A `botocore.config.Config`; what it sets wins over what is set here, except for the three above.
        session: A `boto3.Session`; boto3's default one unless said.
        options: Whatever else `boto3.client` takes: `region_name`, `endpoint_url`, `verify`…

    Raises:
        ModuleNotFoundError: boto3 is not installed.
        TypeError: A number is none.
        ValueError: A number is out of range.
    """
    check(
        DEFAULT_MAX_CONCURRENCY if max_concurrency is None else max_concurrency,
        CONNECT_TIMEOUT if connect_timeout is None else connect_timeout,
        READ_TIMEOUT if read_timeout is None else read_timeout,
    )
    maker = session or library("boto3")
    said = {
        "max_pool_connections": max_concurrency,
        "connect_timeout": connect_timeout,
        "read_timeout": read_timeout,
    }
    settings = _settings(config, {name: value for name, value in said.items() if value is not None})
    with _lock:
        client = maker.client(service, config=settings, **options)
    try:
        _bind(client)
    except AttributeError as error:  # a boto3 of another make than those that the tests know: better slow than dead
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        getLogger("meantime").warning(
            "This client's calls do not end at the deadline of the invocation, only at their own timeouts: the "
            "installed boto3 is not known to this version of Meantime (%s). Update one of them.",
            error,
        )
    return client


def _settings(config: Any, said: dict[str, Any]) -> Any:
    """What was said, or else what the user's config has, or else ours."""
    from botocore.config import Config  # noqa: PLC0415  # boto3 is loaded by now

    settings = Config(
        max_pool_connections=DEFAULT_MAX_CONCURRENCY,
        connect_timeout=CONNECT_TIMEOUT,
        tcp_keepalive=True,
        retries=None if os.environ.get("AWS_RETRY_MODE") else {"mode": "standard"},
    )
    retries = settings.retries
    if config is not None:
        settings = settings.merge(config)
        if config.retries and retries:
            settings = settings.merge(Config(retries=retries | config.retries))
    return settings.merge(Config(**said))


def _bind(client: Any) -> None:
    """Let the client's requests, answers and retries end at the deadline."""
    from meantime.clients.trust import ssl_context  # noqa: PLC0415  # boto3 is loaded by now
    from meantime.clients.urllib3_pools import bound  # noqa: PLC0415  # likewise

    endpoint = client._endpoint  # noqa: SLF001  # botocore has no other way in; tests/servers know if it is closed
    session = endpoint.http_session
    manager = session._manager  # noqa: SLF001  # likewise
    is_public = session._verify is True and not client.meta.config.client_cert  # noqa: SLF001  # likewise
    emitter = _Retries(endpoint._event_emitter)  # noqa: SLF001  # likewise
    bound(manager)
    session._pool_classes_by_scheme = manager.pool_classes_by_scheme  # noqa: SLF001  # for its proxies
    pool_options = manager.connection_pool_kw
    if client.meta.config.tcp_keepalive:
        pool_options["socket_options"] = [*pool_options["socket_options"], *KEEP_ALIVE]
    if is_public and endpoint.host.startswith("https:"):
        pool_options["ssl_context"] = ssl_context()
    endpoint.http_session = _Session(session)
    endpoint._event_emitter = emitter  # noqa: SLF001  # likewise


class _Session:
    """Botocore's HTTP session, whose requests end at the deadline."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        """Send one request; DeadlineExceeded once the time is used up."""
        deadline = current_deadline()
        started = clock.monotonic()
        if deadline is not None and deadline.remaining() <= 0:
            raise not_begun(_described(request))
        try:
            response = self._session.send(request)
        except Exception as error:
            if deadline is None or not has_come(deadline):
                raise
            raise cut_off(_described(request), started) from error
        if request.stream_output:  # its body is read later, maybe in an invocation
            from meantime.clients.urllib3_pools import Body  # noqa: PLC0415  # loaded by now

            response.raw = Body(response.raw, lambda: _described(request))
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class _Retries:
    """Botocore's emitter of events, which asks all handlers for how long to wait before the next attempt."""

    def __init__(self, emitter: Any) -> None:
        self._emitter = emitter

    def emit(self, event_name: str, **facts: Any) -> Any:
        """What the handlers answer; nothing, which ends the call with what it has, where there is no time for more."""
        deadline = current_deadline() if event_name.startswith("needs-retry.") else None
        if deadline is None:
            return self._emitter.emit(event_name, **facts)
        answers = self._emitter.emit(event_name, **facts)
        delay = max((answer for _, answer in answers if answer is not None), default=0)
        return answers if delay < deadline.remaining() else []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._emitter, name)


def _described(request: Any) -> str:
    """One request, with the operation where its address does not tell it."""
    operation = request.headers.get("X-Amz-Target", b"")
    name = operation.decode() if isinstance(operation, bytes) else str(operation)
    return described(request.method, request.url) + (f" ({name})" if name else "")
