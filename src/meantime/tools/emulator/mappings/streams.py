"""The mapping of a stream, of Kinesis or of DynamoDB: `StreamMapping`."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from meantime.tools.emulator.mappings import limits
from meantime.tools.emulator.mappings.delivery import Delivering
from meantime.tools.emulator.mappings.destinations import Destination
from meantime.tools.emulator.mappings.dynamodb import DynamoDBSource
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, place_of, source_error
from meantime.tools.emulator.mappings.kinesis import KinesisSource
from meantime.tools.emulator.mappings.mapping import Mapping
from meantime.tools.emulator.mappings.settings import StreamSettings
from meantime.tools.emulator.mappings.stream_poller import StreamPoller

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.emulator.emulator import Emulator
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.endpoint import Endpoint
    from meantime.tools.emulator.mappings.source import Source

_KINESIS: Final = re.compile(r"arn:[a-z0-9-]+:kinesis:[a-z0-9-]+:\d{12}:stream/[A-Za-z0-9_.-]+")
_DYNAMODB: Final = re.compile(r"arn:[a-z0-9-]+:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]+/stream/[^/]+")


class StreamMapping(Mapping):
    """Reads a stream of Kinesis or DynamoDB and invokes a function with its records, as Lambda's poller does.

    It begins at `starting_position` each time it is entered: checkpoints are kept as long as it runs.

    Args:
        function: The function, which then gets an emulator of its own, or a running emulator of it.
        stream_arn: The stream's ARN; a table's stream has one of its own (LatestStreamArn).
        endpoint_url: Where it is served; by default where the machine's AWS settings say.
        region: By default the ARN's own.
        starting_position: TRIM_HORIZON, LATEST or, for Kinesis, a datetime.
        batch_size: The most records of one invocation.
        batch_window: Seconds to gather a batch.
        parallelization_factor: Batches of one shard at once.
        report_batch_item_failures: Whether the function's answer may list failed records.
        bisect_batch_on_function_error: Whether a failed batch is halved.
        maximum_retry_attempts: How often a failed batch is tried again; -1 for no limit.
        maximum_record_age: Seconds after which a record is given up; -1 for no limit.
        on_failure: The ARN of the queue or topic that is told of what is given up.
        tumbling_window: Seconds of a window; 0 for none.
        on_invocation: Called with each invocation when it has ended, on another thread; it must be quick.

    Raises:
        TypeError: The function is none.
        ValueError: A setting that AWS would not take.
        SourceError: On entering: the stream or the destination is not there.
        EmulatorError: On entering: the function cannot be run on this machine.
    """

    settings: StreamSettings

    def __init__(
        self,
        function: Function | Emulator,
        *,
        stream_arn: str,
        endpoint_url: str | None = None,
        region: str | None = None,
        starting_position: Literal["TRIM_HORIZON", "LATEST"] | datetime = "TRIM_HORIZON",
        batch_size: int = limits.STREAM_BATCH_DEFAULT,
        batch_window: int = 0,
        parallelization_factor: int = 1,
        report_batch_item_failures: bool = False,
        bisect_batch_on_function_error: bool = False,
        maximum_retry_attempts: int = -1,
        maximum_record_age: int = -1,
        on_failure: str | None = None,
        tumbling_window: int = 0,
        on_invocation: Callable[[Invocation], None] | None = None,
    ) -> None:
        self.settings = StreamSettings(
            starting_position=starting_position,
            batch_size=batch_size,
            batch_window=batch_window,
            parallelization_factor=parallelization_factor,
            report_batch_item_failures=report_batch_item_failures,
            bisect_batch_on_function_error=bisect_batch_on_function_error,
            maximum_retry_attempts=maximum_retry_attempts,
            maximum_record_age=maximum_record_age,
            on_failure=on_failure,
            tumbling_window=tumbling_window,
        )
        if not (_KINESIS.fullmatch(stream_arn) or _DYNAMODB.fullmatch(stream_arn)):
            raise ValueError(
                f"stream_arn {stream_arn!r} is the ARN neither of a Kinesis data stream nor of a table's stream"
            )
        if _DYNAMODB.fullmatch(stream_arn) and isinstance(starting_position, datetime):
            raise ValueError("a DynamoDB stream has no starting_position in time; AT_TIMESTAMP is for Kinesis only")
        endpoint, place = place_of(stream_arn, endpoint_url, region)
        super().__init__(
            function, name=f"stream {stream_arn}", endpoint=endpoint, region=place, on_invocation=on_invocation
        )
        self._stream_arn = stream_arn
        self._source: Source | None = None
        self._destination: Destination | None = None
        self._reading: StreamPoller | None = None

    def _open(self, endpoint: Endpoint) -> None:
        make = KinesisSource if _KINESIS.fullmatch(self._stream_arn) else DynamoDBSource
        self._source = make(endpoint, self._stream_arn)
        try:
            self._source.shards()
        except CALL_ERRORS as error:
            raise source_error(f"stream {self._stream_arn} cannot be read", error) from error
        if self.settings.on_failure is not None:
            self._destination = Destination(endpoint, self.settings.on_failure)
        if self.settings.maximum_retry_attempts == self.settings.maximum_record_age == -1:
            self._advice = (
                "neither maximum_retry_attempts nor maximum_record_age is set: a failing record holds up its shard",
            )

    def _make_poller(self, endpoint: Endpoint) -> StreamPoller:
        assert self._source is not None  # noqa: S101  # it is open
        self._reading = StreamPoller(
            Delivering(
                source=self._source,
                settings=self.settings,
                function_arn=self.function.arn,
                invoke=self._invoke,
                endpoint=endpoint,
                destination=self._destination,
                counters=self._counters,
                stopping=asyncio.Event(),
            )
        )
        return self._reading

    async def _prepare(self) -> None:
        assert self._reading is not None  # noqa: S101  # it is made
        await self._reading.prepare()

    async def _look(self, since: float) -> str:
        assert self._reading is not None  # noqa: S101  # it is made
        return "" if self._reading.caught_up(since) else "there are records that are not read or not processed"

    def _give_back(self) -> int:
        return 0  # nobody else was kept from reading them
