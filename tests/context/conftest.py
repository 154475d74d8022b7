"""X-Ray's recorder with a daemon that keeps what it is sent."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


class Daemon:
    """Stands in for X-Ray's daemon: a UDP socket that documents are sent to."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        self._socket.close()

    def documents(self) -> list[dict[str, Any]]:
        """What was sent since this was asked last: on loopback all of it has arrived."""
        documents = []
        while True:
            try:
                header, _, document = self._socket.recv(65536).partition(b"\n")
            except BlockingIOError:
                return documents
            assert json.loads(header) == {"format": "json", "version": 1}
            documents.append(json.loads(document))

    def parents(self) -> dict[str, str | None]:
        """The name of each segment's and subsegment's parent, or the parent's id where it was not sent."""
        names: dict[str, str] = {}
        found: list[tuple[str, str | None]] = []

        def read(entity: dict[str, Any], parent: str | None) -> None:
            names[entity["id"]] = entity["name"]
            found.append((entity["name"], parent))
            for inner in entity.get("subsegments", ()):
                read(inner, entity["id"])

        for document in self.documents():
            read(document, document.get("parent_id"))
        assert len(dict(found)) == len(found), "each name is used once"
        return {name: None if parent is None else names.get(parent, parent) for name, parent in found}


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    daemon.close()


@pytest.fixture
def recorder(daemon, monkeypatch):
    """X-Ray's recorder, as it is outside Lambda, with a context that nobody has used."""
    core = pytest.importorskip("aws_xray_sdk.core", reason="aws-xray-sdk is not installed here")
    from aws_xray_sdk.core.context import Context  # noqa: PLC0415  # it may be absent

    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS", raising=False)
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    recorder = core.xray_recorder
    threshold = recorder.streaming_threshold
    recorder.configure(
        sampling=False, service="test", daemon_address=daemon.address, context=Context(context_missing="RUNTIME_ERROR")
    )
    yield recorder
    recorder.configure(context=Context(), streaming_threshold=threshold)


@pytest.fixture
def recorder_on_lambda(recorder, monkeypatch):
    """The recorder as it is on Lambda: the function's segment is Lambda's own, and known by its id."""
    from aws_xray_sdk.core.lambda_launcher import LambdaContext  # noqa: PLC0415  # it may be absent

    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    recorder.configure(context=LambdaContext(), streaming_threshold=0)
    return recorder
