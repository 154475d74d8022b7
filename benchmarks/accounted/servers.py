"""The servers of the accounting, in a process of their own: each holds its answers back, and says for how long."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme

from meantime.tools.downstream import DelayRelay

if TYPE_CHECKING:
    from collections.abc import Iterator

DELAY = 0.03
HEAVY_TAILED = "lognormal:p50=20ms,p99=120ms"

_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


class Servers:
    """The process, as the accounting sees it.

    Args:
        process: It, started.
        bundle: The file with the authority of its certificate.
    """

    def __init__(self, process: subprocess.Popen[str], bundle: str) -> None:
        self._process = process
        self.bundle = bundle
        self.ports: dict[str, int] = self._ask("ports")

    def reset(self) -> None:
        """Forget all answers."""
        self._ask("reset")

    def answers(self) -> list[tuple[float, float]]:
        """When each answer was asked for and when it went, in seconds of `time.monotonic()`, in the order they went."""
        return [(started, finished) for started, finished in self._ask("answers")]

    def _ask(self, command: str) -> Any:
        assert self._process.stdin is not None  # noqa: S101  # both are pipes
        assert self._process.stdout is not None  # noqa: S101  # likewise
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def serving(databases: dict[str, int]) -> Iterator[Servers]:
    """Start the process.

    Args:
        databases: The ports of servers to stand before, by name.
    """
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        certificate, bundle = Path(folder) / "server.pem", Path(folder) / "authority.pem"
        authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        authority.cert_pem.write_to_path(bundle)
        command = [sys.executable, __file__, str(certificate), json.dumps(databases)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # ourselves
            try:
                yield Servers(process, str(bundle))
            finally:
                process.terminate()


def serve(certificate: str, databases: dict[str, int]) -> None:
    """Serve, and answer the accounting's questions, until it has gone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    upstream = f"127.0.0.1:{_answer_at_once()}"
    with ExitStack() as stack:
        relays = {
            "http": DelayRelay(upstream, latency=DELAY),
            "tls": DelayRelay(upstream, latency=DELAY, tls=context),
            "heavy_tailed": DelayRelay(upstream, latency=HEAVY_TAILED, seed=1),
            **{name: DelayRelay(f"127.0.0.1:{port}", latency=DELAY) for name, port in databases.items()},
        }
        for relay in relays.values():
            stack.enter_context(relay)
        for line in sys.stdin:
            match line.strip():
                case "ports":
                    answer: object = {name: relay.port for name, relay in relays.items()}
                case "reset":
                    for relay in relays.values():
                        relay.reset()
                    answer = {}
                case _:
                    answers = [(one.started, one.finished) for relay in relays.values() for one in relay.answers]
                    answer = sorted(answers, key=lambda one: one[1])
            print(json.dumps(answer), flush=True)  # noqa: T201  # the accounting reads it


def _answer_at_once() -> int:
    """Serve HTTP that answers any request at once, on a thread; its port."""
    started = threading.Event()
    ports: list[int] = []

    async def run() -> None:
        server = await asyncio.start_server(_converse, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    started.wait()
    return ports[0]


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
