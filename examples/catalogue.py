"""The examples as data: where each one is, what it is given, what it calls and what must be there first."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What every emulated function and every seed signs with; the server takes any.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Downstream:
    """A server that functions call.

    Attributes:
        kind: An API that answers any path with small JSON; or AWS's services, whose buckets a plain GET can read.
        latency: Seconds from a request to its answer.
    """

    kind: Literal["api", "aws"]
    latency: float


@dataclass(frozen=True, kw_only=True)
class Example:
    """One example: a folder with the same function in several variants.

    Attributes:
        name: The name of its folder.
        title: A few words for a heading.
        description: What it does and waits for, in a sentence.
        variants: The modules of the folder; the handler of each is `VARIANT.lambda_handler`.
        downstreams: What it calls, under the environment variable that tells the function where that is.
        settings: Its other environment variables.
        timeout: Seconds that Lambda gives an invocation, as in its template.yaml.
        fill: Makes what it reads, given keywords of `boto3.client`.
    """

    name: str
    title: str
    description: str
    variants: tuple[str, ...]
    downstreams: Mapping[str, Downstream] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    fill: Callable[..., None] | None = None

    @property
    def folder(self) -> Path:
        """The folder that is deployed."""
        return _FOLDER / self.name

    @property
    def event(self) -> dict[str, Any]:
        """The event that is handed to every variant; read anew each time."""
        event: dict[str, Any] = json.loads((self.folder / "event.json").read_text())
        return event

    def environment(self, urls: Mapping[Downstream, str]) -> dict[str, str]:
        """The environment variables of its function.

        Args:
            urls: Where each downstream is served, without a slash at the end.
        """
        environment = {name: urls[downstream] for name, downstream in self.downstreams.items()} | dict(self.settings)
        return environment | CREDENTIALS if "AWS_ENDPOINT_URL" in environment else environment

    def seed(self, endpoint_url: str) -> None:
        """Fill the buckets and tables that it reads; once more changes nothing.

        Args:
            endpoint_url: A server with AWS's protocols.
        """
        if self.fill is not None:
            self.fill(
                endpoint_url=endpoint_url,
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            )


_ALL = ("sequential", "threads", "tasks")
_BLOCKING = ("sequential", "threads")  # boto3 blocks: there is nothing to await
_AWS = Downstream("aws", latency=0.02)

EXAMPLES: tuple[Example, ...] = (
    Example(
        name="several_apis",
        title="Calling several APIs",
        description="A customer's overview from three APIs, each of which takes 300 ms.",
        variants=_ALL,
        downstreams={"API_URL": Downstream("api", latency=0.3)},
    ),
    Example(
        name="s3_reads",
        title="Reading many S3 objects",
        description="The report of one day from the 24 small objects of its hours, each read in 20 ms.",
        variants=_BLOCKING,
        downstreams={"AWS_ENDPOINT_URL": _AWS},
        settings={"BUCKET": "hours"},
        fill=partial(seeds.s3_reads, bucket="hours"),
    ),
    Example(
        name="dynamodb_queries",
        title="Several DynamoDB queries",
        description="The latest reading of each of 12 sensors, a query of 20 ms each.",
        variants=_BLOCKING,
        downstreams={"AWS_ENDPOINT_URL": _AWS},
        settings={"TABLE": "readings"},
        fill=partial(seeds.dynamodb_queries, table="readings"),
    ),
    Example(
        name="sqs_batch",
        title="An SQS batch that calls an API",
        description="A batch of 10 messages, for each of which an API takes 60 ms.",
        variants=_ALL,
        downstreams={"API_URL": Downstream("api", latency=0.06)},
        timeout=30.0,
    ),
    Example(
        name="fetch_transform_store",
        title="Fetch, transform, store",
        description="8 documents: fetched in 40 ms each, transformed in a few ms of CPU, stored in 20 ms.",
        variants=_ALL,
        downstreams={"API_URL": Downstream("aws", latency=0.04), "AWS_ENDPOINT_URL": _AWS},
        settings={"BUCKET": "tables"},
        timeout=30.0,
        fill=partial(seeds.fetch_transform_store, bucket="tables"),
    ),
    Example(
        name="thumbnails",
        title="Computing: thumbnails",
        description="4 photos made small with Pillow: nothing waits, so nothing is gained.",
        variants=_ALL,
    ),
)
