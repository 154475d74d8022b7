"""The order desk on this machine by one command: the function on the emulator, and beside it all that it calls."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import boto3
import typer

from meantime.tools.cli import cli
from meantime.tools.downstream import AWSServer

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
BUCKET = "documents"
LATENCIES = {"north": 0.1, "east": 0.3, "south": 2.0}  # seconds: one of them is slow
PRICES = {"north": 4900, "east": 4400, "south": 3900}
_OFFER = re.compile(r"/(north|east|south)/offers/([\w.-]+)")
_ORDER = re.compile(r"/(north|east|south)/orders/([\w.-]+)")


class _Supplier(BaseHTTPRequestHandler):
    """The APIs of all three suppliers, each as slow as it is."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # http.server's name
        """An offer."""
        if found := _OFFER.fullmatch(self.path):
            time.sleep(LATENCIES[found[1]])
            self._answer(200, {"price_cents": PRICES[found[1]]})
        else:
            self._answer(404, {})

    def do_PUT(self) -> None:  # http.server's name
        """An order."""
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(201 if _ORDER.fullmatch(self.path) else 404, {})

    def log_message(self, *_: object) -> None:
        """Nothing: the emulator's front logs the requests that matter here."""

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        with suppress(ConnectionError):  # who asked may have given up
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)


@contextmanager
def suppliers() -> Iterator[str]:
    """Serve the suppliers' APIs on a free port; gives their address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Supplier) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def surroundings() -> Iterator[dict[str, str]]:
    """Serve all that the function calls; gives its environment variables.

    Raises:
        AWSServerError: There is no local server with S3's protocol; the message says how to install it.
    """
    with suppliers() as url, AWSServer() as aws, tempfile.TemporaryDirectory(prefix="order-desk-") as folder:
        with closing(
            boto3.client(
                "s3",
                endpoint_url=aws.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106  # no secret
            )
        ) as s3:
            s3.create_bucket(Bucket=BUCKET)
        database = Path(folder, "orders.sqlite")
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript((FOLDER / "schema.sql").read_text())
        yield {
            "SUPPLIERS_URL": url,
            "DATABASE_URL": f"sqlite:///{database}",
            "BUCKET": BUCKET,
            **aws.environment,
        }


def main(port: Annotated[int, typer.Option(help="Where to serve it; 0 for a free port.")] = 3000) -> None:
    """Serve the order desk as its Function URL does, until Ctrl-C."""
    with surroundings() as environment:
        settings = ["--streaming", "--memory", "1024", "--timeout", "20", "--code", str(FOLDER), "--port", str(port)]
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        cli(["emulator", "serve", "app.handler", *settings, *variables])


if __name__ == "__main__":
    typer.run(main)
