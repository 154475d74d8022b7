"""S3, DynamoDB and SQS on this machine for unmodified boto3: ministack, in a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from meantime.tools.downstream.listener import HOST, bound_socket, check_port

if TYPE_CHECKING:
    from types import TracebackType

PYTHON_VARIABLE = "MEANTIME_AWS_SERVER_PYTHON"
MINISTACK = "ministack==1.5.33"

_LAUNCHER = Path(__file__).with_name("aws_launcher.py")
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_LOG_LINES_SHOWN = 20
_MISSING_PACKAGE = re.compile(r"^ModuleNotFoundError: No module named '(ministack|hypercorn)", re.MULTILINE)
_ASK_AGAIN = 0.05
_ANSWER_TIMEOUT = 10.0


class AWSServerError(RuntimeError):
    """The AWS server cannot be started.

    Attributes:
        log: What the server wrote before it ended; empty if it never ran.
    """

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class AWSServer:
    """A server on loopback that speaks the protocols of S3, DynamoDB, SQS and more; a context manager.

    It starts empty and keeps everything in a temporary folder that is removed at the end. It ends with the
    process that started it, however that ends. Linux and macOS.

    Args:
        port: The port to serve on; 0 for a free one.
        python: The interpreter that has ministack; by default the one that the variable
            `MEANTIME_AWS_SERVER_PYTHON` names, or else `aws-server/bin/python` in this virtual environment.
        start_timeout: Seconds it may take to answer its first requests.

    Raises:
        ValueError: The port is no port.
    """

    def __init__(
        self, *, port: int = 0, python: str | os.PathLike[str] | None = None, start_timeout: float = 60.0
    ) -> None:
        check_port(port)
        self._wanted_port = port
        self._python = Path(python or os.environ.get(PYTHON_VARIABLE) or _default_python())
        self._start_timeout = start_timeout
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @property
    def url(self) -> str:
        """Where it is served, for `endpoint_url`; without a slash at the end."""
        if self._port is None:
            raise RuntimeError("It has no address before it is started: use it as a context manager, or call start().")
        return f"http://{HOST}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make any AWS SDK use it; replace AWS_ENDPOINT_URL to go through a proxy."""
        return {"AWS_ENDPOINT_URL": self.url} | _CREDENTIALS

    @property
    def log(self) -> str:
        """What the server has written so far; empty when it is not running."""
        if self._folder is None:
            return ""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder / "server.log").read_text(errors="replace")
        return ""

    def start(self) -> Self:
        """Serve; returns when S3, DynamoDB and SQS have each answered a request.

        Raises:
            AWSServerError: The interpreter is missing, or the server ended or did not answer in time.
            OSError: The port cannot be had.
            RuntimeError: It was started before.
        """
        if self._port is not None:
            raise RuntimeError("This AWSServer was started before: make a new one.")
        self._check_interpreter()
        try:
            self._launch()
            self._wait_until_it_answers()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End the server and remove what it kept; returns when that is done. Closing twice is no harm."""
        if self._process is not None:
            # Its process group, so that whatever it started goes too; it has nothing to save.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def reset(self) -> None:
        """Empty it: every bucket, table and queue is gone."""
        _request(f"{self.url}/_ministack/reset", "POST", {}, b"")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_interpreter(self) -> None:
        if self._python.is_file():
            return
        raise AWSServerError(f"There is no AWS server: {self._python} does not exist. {_advice(self._python)}")

    def _launch(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="meantime-aws-"))
        with bound_socket(self._wanted_port) as listening, (self._folder / "server.log").open("wb") as log:
            self._port = listening.getsockname()[1]
            # The socket is handed over rather than its number, so that nobody can take the port in between.
            self._process = subprocess.Popen(  # noqa: S603  # the user's own interpreter, our own file
                [self._python, "-I", _LAUNCHER, self._folder, str(listening.fileno())],
                cwd=self._folder,
                env=_server_environment(self._folder, self._port),
                pass_fds=[listening.fileno()],
                start_new_session=True,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        for service, target in (
            ("dynamodb", "DynamoDB_20120810.ListTables"),
            ("sqs", "AmazonSQS.ListQueues"),
            ("s3", ""),
        ):
            while not self._answers(service, target):
                self._check_it_lives()
                if time.monotonic() > deadline:
                    raise self._no_start(f"did not answer for {service} within {self._start_timeout:g} s")
                time.sleep(_ASK_AGAIN)

    def _answers(self, service: str, target: str) -> bool:
        # Each service is loaded by its first request, which is better paid here than by the first caller.
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/{service}/aws4_request"}
        if target:
            headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        try:
            _request(f"{self.url}/", "POST" if target else "GET", headers, b"{}" if target else None)
        except (OSError, http.client.HTTPException):  # not listening yet, or an error status
            return False
        return True

    def _check_it_lives(self) -> None:
        assert self._process is not None  # noqa: S101  # _launch() made it
        status = self._process.poll()
        if status is not None:
            raise self._no_start(f"ended with status {status}")

    def _no_start(self, what: str) -> AWSServerError:
        log = self.log
        if missing := _MISSING_PACKAGE.search(log):
            return AWSServerError(
                f"There is no AWS server: {self._python} has no {missing[1]}. {_advice(self._python)}", log
            )
        shown = "\n".join(f"  {line}" for line in log.splitlines()[-_LOG_LINES_SHOWN:])
        return AWSServerError(f"The AWS server ({self._python}) {what}. Its log ends:\n{shown or '  (empty)'}", log)


def _advice(wanted: Path) -> str:
    """The commands that make an interpreter with ministack: the one that is wanted, if it may be made there."""
    folder = wanted.parent.parent
    may_be_made = wanted.parent.name == "bin" and not folder.exists()
    python = wanted if may_be_made else _default_python()
    return (
        f"These two commands make {'it' if may_be_made else 'one where it is looked for by default'}:\n"
        f"  {shlex.join([sys.executable, '-m', 'venv', str(python.parent.parent)])}\n"
        f"  {shlex.join([str(python), '-m', 'pip', 'install', MINISTACK])}\n"
        f"Or name an interpreter that has {MINISTACK} with python= or {PYTHON_VARIABLE}."
    )


def _default_python() -> Path:
    return Path(sys.prefix) / "aws-server" / "bin" / "python"


def _server_environment(folder: Path, port: int) -> dict[str, str]:
    """A small environment, so that neither the caller's settings nor credentials reach the server."""
    return _CREDENTIALS | {
        "DOCKER_HOST": f"unix://{folder}/no-docker",  # at start it would remove containers that are not ours
        "GATEWAY_PORT": str(port),
        "HOME": str(folder),
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "LANG": "C.UTF-8",
        "LOG_LEVEL": "WARNING",
        "PATH": os.defpath,
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",  # would listen on a port of its own
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
    }


def _request(url: str, method: str, headers: dict[str, str], body: bytes | None) -> None:
    """Make a request, past any HTTP proxy of the caller's; raises OSError unless it succeeds."""
    request = urllib.request.Request(  # noqa: S310  # our own address
        url, data=body, headers=headers, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(request, timeout=_ANSWER_TIMEOUT).close()
