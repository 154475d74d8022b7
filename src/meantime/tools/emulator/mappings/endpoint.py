"""Where an event source is served: AWS itself, or anything that speaks its protocols.

botocore makes the clients, not boto3: what boto3 adds to it, resources and transfers, is of no use here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004  # botocore's

from meantime.tools.emulator.mappings.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
P = ParamSpec("P")

CALL_ERRORS: Final = (BotoCoreError, ClientError)
_DEFAULT_REGION: Final = "us-east-1"
_CALLS_AT_ONCE: Final = 16
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_AWS_HOST: Final = re.compile(r"(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-\d)(?:\.queue)?\.amazonaws\.com(?:\.cn)?")
_THROTTLED: Final = ("Throttl", "ProvisionedThroughputExceeded", "LimitExceeded", "SlowDown", "RequestLimit")


class Endpoint:
    """Makes clients, and runs their blocking calls on threads of its own.

    Args:
        url: The endpoint; None for what the machine's AWS settings say, `AWS_ENDPOINT_URL` among them.
        region: The region; None for what they say, or else us-east-1.
    """

    def __init__(self, url: str | None, region: str | None) -> None:
        self._session: Any = botocore.session.get_session()
        self._url = url
        self.region: str = region or self._session.get_config_variable("region") or _DEFAULT_REGION
        self._clients: dict[str, Any] = {}
        # Reading waits for messages; what is to be done with them must not wait behind that.
        self._readers = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="meantime-mapping-read")
        self._writers = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="meantime-mapping-write")

    def client(self, service: str) -> Any:
        """Return the client of a service; the first call makes it, which takes a while."""
        if service not in self._clients:
            self._clients[service] = self._session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self._url,
                config=Config(
                    retries={"total_max_attempts": 3, "mode": "standard"},
                    max_pool_connections=2 * _CALLS_AT_ONCE,
                    connect_timeout=5,
                    read_timeout=30,
                ),
                **self._credentials(),
            )
        return self._clients[service]

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that may wait for records. A caller that is cancelled leaves only when it has ended."""
        return await _run(self._readers, function, *args, **kwargs)

    async def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that acts at once. A caller that is cancelled leaves only when it has ended."""
        return await _run(self._writers, function, *args, **kwargs)

    def close(self) -> None:
        """Wait for the calls that are under way; close the connections."""
        self._readers.shutdown()
        self._writers.shutdown()
        for client in self._clients.values():
            client.close()

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where asking often costs little."""
        return urlsplit(self._url or os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _LOCAL

    def _credentials(self) -> dict[str, str]:
        """Servers on this machine look at no credentials, but botocore will not go without."""
        if self.is_local and self._session.get_credentials() is None:
            return {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return {}


def place_of(name: str, url: str | None, region: str | None) -> tuple[str | None, str | None]:
    """Return the endpoint and the region that an ARN or a queue's URL tells, where none were given."""
    if name.startswith("arn:"):
        fields = name.split(":")
        return url, region or (fields[3] if len(fields) > 3 and fields[3] else None)  # noqa: PLR2004  # arn:aws:sqs:REGION
    parts = urlsplit(name)
    if aws := _AWS_HOST.fullmatch(parts.hostname or ""):
        return url, region or aws[1]
    if url is None and "AWS_ENDPOINT_URL" not in os.environ and "AWS_ENDPOINT_URL_SQS" not in os.environ:
        url = f"{parts.scheme}://{parts.netloc}"
    return url, region


def is_passing(error: BaseException) -> bool:
    """Whether a call's failure may be gone on the next try."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        return status >= 500 or any(word in code for word in _THROTTLED)  # noqa: PLR2004  # the server's own failure
    return isinstance(error, ConnectionError | HTTPClientError)


def code_of(error: BaseException) -> str:
    """Return AWS's name for a call's failure, without the namespace that older protocols put before it."""
    code: str = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    return code.rpartition(".")[2]


def source_error(what: str, error: BaseException) -> SourceError:
    """Return a call's failure as this package's exception."""
    return SourceError(f"{what}: {error}")


async def _run(threads: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    work = asyncio.get_running_loop().run_in_executor(threads, lambda: function(*args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():  # whoever is cancelled once more waits all the same
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        raise
