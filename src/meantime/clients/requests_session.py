"""requests sessions: one for all threads, with a connection for each."""

from __future__ import annotations

from meantime.clients.settings import CONNECT_TIMEOUT, READ_TIMEOUT, check, library
from meantime.executors.arguments import DEFAULT_MAX_CONCURRENCY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from requests import Session


def requests(
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
) -> Session:
    """Make a requests session, once, at module level: any number of threads may share it.

    Within an invocation no call waits longer than to the deadline: there it raises DeadlineExceeded. It keeps no
    cookies: those of one invocation's user are nothing to the next.

    Args:
        max_concurrency: The most calls under way at once: so many connections are kept for each host.
        connect_timeout: Seconds to connect, for calls without a `timeout` of their own.
        read_timeout: Seconds that an answer, or its next piece, may take, likewise.

    Raises:
        ModuleNotFoundError: requests is not installed.
        TypeError: A number is none.
        ValueError: A number is out of range.
    """
    check(max_concurrency, connect_timeout, read_timeout)
    session: Session = library("requests").Session()
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415  # requests is loaded by now, and this with it

    from meantime.clients.requests_adapter import DeadlineAdapter  # noqa: PLC0415  # likewise
    from meantime.clients.trust import ssl_context  # noqa: PLC0415  # likewise

    ssl_context()  # now, while the environment starts: then Lambda gives it a whole CPU
    adapter = DeadlineAdapter((connect_timeout, read_timeout), pool_maxsize=max_concurrency)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
