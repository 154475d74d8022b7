"""The functions whose durations are predicted, with blocking libraries: one call after the other, or on threads."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from meantime import threads
from meantime.measure import recording

if TYPE_CHECKING:
    from collections.abc import Callable

URL = os.environ["API_URL"]
WIDEST = 64
LINE = json.dumps({"sensor": "rooftop", "readings": [20.5, 21.25, 19.75], "unit": "°C", "valid": True})


def _boto3_call() -> Callable[[int, int], bytes]:
    import boto3  # noqa: PLC0415  # one of the two is needed
    from botocore.config import Config  # noqa: PLC0415  # likewise

    config = Config(max_pool_connections=WIDEST, s3={"addressing_style": "path"}, retries={"mode": "standard"})
    client = boto3.client("s3", endpoint_url=URL, config=config)

    def call(number: int, body_bytes: int) -> bytes:
        if body_bytes:
            client.put_object(Bucket="bucket", Key=f"items/{number}", Body=b"x" * body_bytes)
            return b""
        answer: bytes = client.get_object(Bucket="bucket", Key=f"items/{number}")["Body"].read()
        return answer

    return call


def _requests_call() -> Callable[[int, int], bytes]:
    import requests  # noqa: PLC0415  # one of the two is needed
    from requests.adapters import HTTPAdapter  # noqa: PLC0415  # likewise

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=WIDEST))

    def call(number: int, body_bytes: int) -> bytes:
        if body_bytes:
            return session.post(f"{URL}/items/{number}", data=b"x" * body_bytes, timeout=30).content
        return session.get(f"{URL}/items/{number}", timeout=30).content

    return call


_call = _boto3_call() if os.environ["LIBRARY"] == "boto3" else _requests_call()


def item(number: int, body_bytes: int, lines: int) -> int:
    """One call, and the work on its answer."""
    answer = _call(number, body_bytes)
    return len(answer) + sum(len(json.loads(LINE)) for _ in range(lines))


def sequential(event: dict[str, Any]) -> int:
    """One after the other."""
    total = 0
    for number in range(event["items"]):
        total += item(number, event["body_bytes"], event["lines"])
    return total


def side_by_side(event: dict[str, Any]) -> int:
    """So many at once."""
    one = partial(item, body_bytes=event["body_bytes"], lines=event["lines"])
    return sum(threads.map(one, range(event["items"]), max_concurrency=event["max_concurrency"]))


def lambda_handler(event: dict[str, Any], context: object) -> Any:
    """Both, as the event says."""
    if event["max_concurrency"] > 1:
        return side_by_side(event)
    if not event["record"]:
        return sequential(event)
    with recording() as recorder:
        sequential(event)
    return recorder.document
