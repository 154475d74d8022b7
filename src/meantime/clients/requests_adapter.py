"""The adapter by which a requests session sends: it knows the deadline, and shares the SSL context."""

from __future__ import annotations

from requests.adapters import HTTPAdapter

from meantime import clock
from meantime.clients.ending import cut_off, described, has_come, not_begun
from meantime.clients.settings import KEEP_ALIVE
from meantime.clients.trust import ssl_context
from meantime.clients.urllib3_pools import Body, bound
from meantime.deadline import current_deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from requests import PreparedRequest, Response


class DeadlineAdapter(HTTPAdapter):
    """Sends with a timeout, and raises DeadlineExceeded once the time is used up.

    Args:
        timeout: Seconds to connect and to read, for calls without a timeout of their own.
        options: As for requests' own adapter.
    """

    def __init__(self, timeout: tuple[float, float], **options: Any) -> None:
        self._timeout = timeout
        super().__init__(**options)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002  # requests' signature
        """Make the pools."""
        from urllib3.connection import HTTPConnection  # noqa: PLC0415  # requests has loaded it

        options["socket_options"] = [*HTTPConnection.default_socket_options, *KEEP_ALIVE]
        super().init_poolmanager(connections, maxsize, block, **options)
        bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pools of one proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        bound(manager)
        return manager

    def build_connection_pool_key_attributes(self, request: PreparedRequest, verify: Any, cert: Any = None) -> Any:
        """Share the SSL context, where the user wants nothing that is special."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify is True and not cert and host["scheme"] == "https":
            pool["ssl_context"] = ssl_context()
        return host, pool

    def send(  # type: ignore[override]  # the stubs spell out what is passed on
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002  # requests' signature
        timeout: Any = None,
        **options: Any,
    ) -> Response:
        """Send one request, and begin to read the answer."""
        deadline = current_deadline()
        started = clock.monotonic()
        if deadline is not None and deadline.remaining() <= 0:
            raise not_begun(_described(request))
        try:
            response = super().send(request, stream, self._timeout if timeout is None else timeout, **options)
        except Exception as error:
            if deadline is None or not has_come(deadline):
                raise
            raise cut_off(_described(request), started) from error
        response.raw = Body(response.raw, lambda: _described(request))
        return response


def _described(request: PreparedRequest) -> str:
    return described(str(request.method), str(request.url))
