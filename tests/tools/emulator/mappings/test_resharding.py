"""What the local AWS server cannot do, and AWS does: closed parents that stay to be read, iterators that expire.

The stream is a stand-in that speaks the protocol of DynamoDB streams, to the same client as a real one.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from meantime.tools.emulator.mappings import SourceError, StreamMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tools.emulator.mappings.conftest import Traced

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-01-01T00:00:00.000"
PAGE = 2
PREFIX = "shardId-00000000000000000000-"  # shards' names have a least length


@dataclass
class StandIn:
    """The stream: its shards' parents and records, and what each next read of a shard is refused with."""

    parents: dict[str, str | None]
    records: dict[str, list[int]]
    refusals: dict[str, list[str]] = field(default_factory=dict)
    url: str = ""
    reads: list[str] = field(default_factory=list)

    def answer(self, operation: str, question: dict[str, Any]) -> dict[str, Any]:
        return {
            "DescribeStream": self._describe,
            "GetShardIterator": self._iterator,
            "GetRecords": self._read,
        }[operation](question)

    def _describe(self, _question: dict[str, Any]) -> dict[str, Any]:
        shards = [
            {
                "ShardId": PREFIX + shard,
                **({"ParentShardId": PREFIX + parent} if parent else {}),
                "SequenceNumberRange": {
                    "StartingSequenceNumber": f"{1:021}",
                    **({"EndingSequenceNumber": f"{9:021}"} if self._closed(shard) else {}),
                },
            }
            for shard, parent in self.parents.items()
        ]
        return {"StreamDescription": {"StreamArn": ARN, "Shards": shards}}

    def _iterator(self, question: dict[str, Any]) -> dict[str, Any]:
        shard, kind = question["ShardId"].removeprefix(PREFIX), question["ShardIteratorType"]
        numbers = self.records[shard]
        start = {"TRIM_HORIZON": 0, "LATEST": len(numbers)}.get(kind)
        if start is None:
            start = numbers.index(int(question["SequenceNumber"])) + 1
        return {"ShardIterator": f"{shard}:{start}"}

    def _read(self, question: dict[str, Any]) -> dict[str, Any]:
        shard, _, start = question["ShardIterator"].partition(":")
        self.reads.append(shard)
        if self.refusals.get(shard):
            raise LookupError(self.refusals[shard].pop(0))
        numbers = self.records[shard][int(start) : int(start) + PAGE]
        reached = int(start) + len(numbers)
        is_end = self._closed(shard) and reached >= len(self.records[shard])
        return {
            "Records": [_record(number) for number in numbers],
            **({} if is_end else {"NextShardIterator": f"{shard}:{reached}"}),
        }

    def _closed(self, shard: str) -> bool:
        return shard in self.parents.values()


def _record(number: int) -> dict[str, Any]:
    return {
        "eventID": str(number),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000,
            "Keys": {"id": {"N": str(number)}},
            "SequenceNumber": f"{number:021}",
            "SizeBytes": 1,
            "StreamViewType": "KEYS_ONLY",
        },
    }


class _Handler(BaseHTTPRequestHandler):
    stream: ClassVar[StandIn]

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        try:
            status, answer = 200, self.stream.answer(operation, question)
        except LookupError as refusal:
            status, answer = 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{refusal}", "message": "no"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def serve() -> Iterator[Callable[[StandIn], StandIn]]:
    servers = []

    def start(stream: StandIn) -> StandIn:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stream": stream}))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        stream.url = f"http://127.0.0.1:{server.server_address[1]}"
        return stream

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def drained(stream: StandIn, app: Traced, **settings: Any) -> list[int]:
    """Return the numbers in the order they were processed."""
    with StreamMapping(app.function, stream_arn=ARN, endpoint_url=stream.url, **settings) as mapping:
        mapping.drain(timeout=30)
    return [number for batch in app.trace() for number in batch]


@pytest.fixture
def app(traced: Callable[..., Traced]) -> Traced:
    return traced(
        "def handler(event, context): trace([int(record['dynamodb']['SequenceNumber']) for record in event['Records']])"
    )


def test_children_are_read_after_their_parent_is_processed_to_its_end(
    serve: Callable[[StandIn], StandIn], app: Traced
) -> None:
    stream = serve(
        StandIn(
            parents={"left": "root", "right": "root", "leaf": "left", "root": None},
            records={"root": [1, 2, 3, 4, 5], "left": [10, 11, 12], "right": [20, 21, 22], "leaf": [30, 31]},
        )
    )

    order = drained(stream, app)

    assert sorted(order) == sorted(number for numbers in stream.records.values() for number in numbers)
    assert order[:5] == [1, 2, 3, 4, 5]
    assert [n for n in order if n // 10 in (1, 3) and n > 5] == [10, 11, 12, 30, 31]
    assert [n for n in order if n // 10 == 2] == [20, 21, 22]


def test_from_latest_on_only_what_comes_into_open_shards_is_read(
    serve: Callable[[StandIn], StandIn], app: Traced
) -> None:
    stream = serve(StandIn(parents={"root": None, "child": "root"}, records={"root": [1, 2], "child": [10]}))

    with StreamMapping(app.function, stream_arn=ARN, endpoint_url=stream.url, starting_position="LATEST") as mapping:
        stream.records["child"] += [11, 12, 13]
        mapping.drain(timeout=30)

    assert [number for batch in app.trace() for number in batch] == [11, 12, 13]
    assert set(stream.reads) == {"child"}


def test_an_iterator_that_expired_is_replaced_where_it_was(serve: Callable[[StandIn], StandIn], app: Traced) -> None:
    stream = serve(
        StandIn(
            parents={"root": None}, records={"root": [1, 2, 3, 4, 5]}, refusals={"root": ["ExpiredIteratorException"]}
        )
    )

    with StreamMapping(app.function, stream_arn=ARN, endpoint_url=stream.url) as mapping:
        mapping.drain(timeout=30)
        stream.records["root"] += [6, 7]
        stream.refusals["root"] = ["ExpiredIteratorException"]
        statistics = mapping.drain(timeout=30)

    assert [number for batch in app.trace() for number in batch] == [1, 2, 3, 4, 5, 6, 7]
    assert statistics.source_errors == 2


def test_after_records_were_trimmed_away_reading_goes_on_with_the_oldest_there_are(
    serve: Callable[[StandIn], StandIn], app: Traced
) -> None:
    stream = serve(
        StandIn(parents={"root": None}, records={"root": [4, 5]}, refusals={"root": ["TrimmedDataAccessException"]})
    )

    assert drained(stream, app) == [4, 5]


def test_a_throttled_read_is_tried_again(serve: Callable[[StandIn], StandIn], app: Traced) -> None:
    stream = serve(
        StandIn(
            parents={"root": None},
            records={"root": [1, 2]},
            refusals={"root": ["ProvisionedThroughputExceededException"] * 3},
        )
    )

    assert drained(stream, app) == [1, 2]


def test_a_read_that_is_refused_for_good_ends_the_mapping(serve: Callable[[StandIn], StandIn], app: Traced) -> None:
    stream = serve(
        StandIn(parents={"root": None}, records={"root": [1]}, refusals={"root": ["AccessDeniedException"] * 9})
    )

    with (
        StreamMapping(app.function, stream_arn=ARN, endpoint_url=stream.url) as mapping,
        pytest.raises(SourceError, match=r"shard .*root of .* cannot be read: .*AccessDeniedException"),
    ):
        mapping.drain(timeout=30)
