"""However a run of the tests ends, no server of theirs goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.servers.conftest import eventually

RUN = """
import os, sys

def test_it(postgresql, redis_server, http_api):
    for server in (postgresql, redis_server, http_api):
        print("pid", server.process.pid, server.folder, flush=True)
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv, by which the kernel is asked for it")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_takes_its_servers_with_it(tmp_path, how, postgresql, redis_server):
    (tmp_path / "test_run.py").write_text(RUN)
    for name in ("conftest.py", "keep_alive_api.py"):
        shutil.copy(Path(__file__).with_name(name), tmp_path)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    assert run.stdout is not None
    servers, folders = [], []
    with run.stdin, run.stdout:
        lines = iter(run.stdout.readline, "")
        for line in lines:
            if line == "up\n":
                break
            if (words := line.split())[:1] == ["pid"]:
                servers.append(psutil.Process(int(words[1])))
                folders.append(words[2])
        assert len(servers) == 3, "the run did not come so far"
        run.send_signal(how)
        run.wait(60)

    eventually(lambda: not any(server.is_running() for server in servers), "the servers end with the run")
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
