"""Processes where they belong: in the real runtime client, with no /dev/shm, over warm invocations and freezes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.downstream import DelayedAPI
from meantime.tools.emulator import Emulator, Function

if TYPE_CHECKING:
    from collections.abc import Callable

# A /dev as Lambda has it, for this command and what it starts, in a mount namespace of their own.
_WITHOUT_SHM = """
set -e
new=$(mktemp -d)
mount -t tmpfs tmpfs "$new"
for name in null zero full random urandom; do
    touch "$new/$name"
    mount --bind "/dev/$name" "$new/$name"
done
ln -s /proc/self/fd "$new/fd"
mount --rbind "$new" /dev
exec "$@"
"""
_PREFIX = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _WITHOUT_SHM, "sh"]

_DRIVER = """
import json, sys
from meantime.tools.emulator import Emulator, Function

settings, events = json.loads(sys.argv[1]), json.loads(sys.argv[2])
with Emulator(Function("app.lambda_handler", **settings)) as emulator:
    done = [emulator.invoke(event) for event in events]
print(json.dumps([{
    "payload": each.payload, "error": each.error and each.error.message, "cold": each.cold, "log": each.log,
    "request_id": each.request_id,
} for each in done]))
"""


@pytest.fixture
def invoke_without_shm(tmp_path) -> Callable[..., list[Any]]:
    """Invokes a function, given as source text, once for each event, where there is no /dev/shm."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here to hide /dev/shm with")
    tried = subprocess.run([*_PREFIX, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mount namespace can be made here: {tried.stderr.strip()}")

    def invoke(source: str, *events: Any, **settings: Any) -> list[Any]:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        given = {"code": str(tmp_path), "memory_mb": 3538, "timeout": 10.0} | settings
        done = subprocess.run(
            [*_PREFIX, sys.executable, "-c", _DRIVER, json.dumps(given), json.dumps(events)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [type("Invocation", (), each) for each in json.loads(done.stdout)]

    return invoke


@pytest.fixture
def emulate(tmp_path) -> Callable[..., Emulator]:
    """Starts an emulator for a function given as source text."""

    def start(source: str, **settings: Any) -> Emulator:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Emulator(
            Function("app.lambda_handler", code=tmp_path, **{"memory_mb": 3538, "timeout": 10.0} | settings)
        )

    return start


def test_without_shm_multiprocessing_fails_and_processes_work_on_the_same_children_each_time(invoke_without_shm):
    source = """
        import multiprocessing, os, meantime
        from concurrent.futures import ProcessPoolExecutor
        from meantime import processes

        def work(number):
            return [number * number, os.getpid()]

        def attempt(make):
            try:
                make()
            except OSError as error:
                return type(error).__name__
            return "worked"

        @meantime.handler
        def lambda_handler(event, context):
            done = processes.map(work, range(8), chunk_size=1)
            return {
                "shm": os.path.exists("/dev/shm"),
                "lock": attempt(multiprocessing.Lock),
                "executor": attempt(ProcessPoolExecutor),
                "results": [result for result, _ in done],
                "pids": sorted({pid for _, pid in done}),
            }
    """
    results = invoke_without_shm(source, {}, {}, {})

    assert [each.error for each in results] == [None] * 3
    assert [each.cold for each in results] == [True, False, False]
    for each in results:
        assert not each.payload["shm"]
        assert each.payload["lock"] != "worked"
        assert each.payload["executor"] != "worked"
        assert each.payload["results"] == [number * number for number in range(8)]
    assert len({pid for each in results for pid in each.payload["pids"]}) <= 2


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_without_shm_either_start_method_works(invoke_without_shm, start_method):
    source = f"""
        import meantime
        from meantime import processes

        def work(number):
            return number * number

        @meantime.handler
        def lambda_handler(event, context):
            return processes.map(work, range(8), start_method="{start_method}")
    """
    (result,) = invoke_without_shm(source, {})

    assert result.error is None
    assert result.payload == [number * number for number in range(8)]


def test_the_log_of_a_kept_child_has_the_request_that_it_works_for(emulate):
    source = """
        import logging, meantime
        from meantime import processes

        logging.getLogger().setLevel("INFO")

        def work(number):
            print("printed", number)
            logging.getLogger().info("logged %s", number)

        @meantime.handler
        def lambda_handler(event, context):
            processes.map(work, [event], max_concurrency=1)
            return meantime.current_environment().children.statistics().started
    """
    with emulate(source) as lambda_:
        results = [lambda_.invoke(1), lambda_.invoke(2)]

    assert [each.payload for each in results] == [1, 1]
    for number, each in enumerate(results, 1):
        assert f"printed {number}\n" in each.log
        (line,) = (line for line in each.log.splitlines() if f"logged {number}" in line)
        assert each.request_id in line


def test_at_the_deadline_the_children_are_killed_and_the_environment_lives_on(emulate, tmp_path):
    source = """
        import os, meantime
        from meantime import processes

        def hang(folder):
            open(os.path.join(folder, str(os.getpid())), "w").close()
            while True:
                pass

        @meantime.handler(reserve=0.5)
        def lambda_handler(event, context):
            if event:
                processes.map(hang, [event] * 2, chunk_size=1)
            return processes.map(abs, [-1])
    """
    noted = tmp_path / "noted"
    noted.mkdir()
    with emulate(source, timeout=1.5) as lambda_:
        late, good = lambda_.invoke(str(noted)), lambda_.invoke(None)
        running = [path for path in noted.iterdir() if (path / "/proc" / path.name / "exe").exists()]

    assert late.error.error_type == "DeadlineExceeded"
    assert "hang(" in late.error.message
    assert "Left over" not in late.log
    assert len(list(noted.iterdir())) == 2
    assert running == []
    assert (good.payload, good.cold) == ([1], False)


def test_a_child_that_takes_too_much_memory_is_a_failed_item_and_the_environment_lives_on(emulate):
    source = """
        import meantime
        from meantime import processes

        def take(megabytes):
            return len(bytearray(b"x" * (megabytes << 20)))

        @meantime.handler
        def lambda_handler(event, context):
            outcomes = processes.settle(take, event, max_concurrency=2)
            return [outcomes.success_count, [str(error) for error in outcomes.errors]]
    """
    with emulate(source, memory_mb=256) as lambda_:
        if lambda_.mechanisms.memory == "none":
            pytest.skip("memory cannot be limited on this machine")
        short, good = lambda_.invoke([1, 1000, 1]), lambda_.invoke([1])

    assert short.error is None
    assert short.payload[0] == 2
    assert "was killed by SIGKILL, most likely since memory ran out" in short.payload[1][0]
    assert (good.payload, good.cold) == ([1, []], False)


def test_below_two_cores_the_log_says_what_to_do_instead(emulate):
    source = """
        import meantime
        from meantime import processes

        @meantime.handler
        def lambda_handler(event, context):
            return processes.map(abs, [-1, -2])
    """
    with emulate(source, memory_mb=512) as lambda_:
        first, second = lambda_.invoke({}), lambda_.invoke({})

    assert first.payload == second.payload == [1, 2]
    assert "At 512 MB this function has 0.29 of a core, so processes gain nothing over a plain loop" in first.log
    assert "processes gain nothing" not in second.log


def test_a_global_client_is_used_by_parent_and_children_each_on_connections_of_its_own(emulate):
    source = """
        import os, requests, meantime
        from meantime import processes

        session = requests.Session()

        def get(_):
            return session.get(os.environ["API_URL"], timeout=5).json()["number"]

        @meantime.handler
        def lambda_handler(event, context):
            return [get(None), *processes.map(get, range(4), max_concurrency=2, chunk_size=1), get(None)]
    """
    with DelayedAPI(0.0) as api:
        with emulate(source, environment={"API_URL": api.url}) as lambda_:
            results = [lambda_.invoke({}) for _ in range(3)]
        statistics = api.statistics()

    assert [each.error for each in results] == [None] * 3
    assert sorted(number for each in results for number in each.payload) == list(range(1, 19))
    assert statistics.peak_connections <= 3  # the parent's, and one of each child
