"""Everything that can go wrong in a function: the answer is that of AWS, and the next invocation works."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from meantime.tools.emulator import Emulator, EmulatorError, Invocation, conclusion
from meantime.tools.emulator.happenings import Answered

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

MISBEHAVING = """
    import ctypes, os, sys, threading, time

    def handler(event, context):
        match event:
            case "raise": raise ValueError("nö")
            case "exit": sys.exit(3)
            case "quit": sys.exit()
            case "crash": os.kill(os.getpid(), 11)
            case "object": return object()
            case "sleep": time.sleep(60)
            case "spin":
                while True: pass
            case "huge": return "x" * 6_300_000
            case "deep": return recurse(900)
            case "leave":
                threading.Timer(0.05, os._exit, [1]).start()
                return "left"
            case "bomb": os.kill(os.getpid(), 19)
            case _: return "well"

    def recurse(depth):
        return recurse(depth - 1) if depth else 1 / 0
"""


def invoke_twice(emulator: Emulator, event: str) -> tuple[Invocation, Invocation]:
    failed, after = emulator.invoke(event), emulator.invoke("anything")
    assert after.payload == "well"
    assert after.error is None
    return failed, after


def test_an_exception_is_the_answer_and_the_environment_stays(deploy: Deploy) -> None:
    with Emulator(deploy(MISBEHAVING)) as emulator:
        failed, after = invoke_twice(emulator, "raise")
    assert failed.payload["errorType"] == failed.error.error_type == "ValueError"
    assert failed.payload["errorMessage"] == failed.error.message == "nö"
    assert 'raise ValueError("nö")' in failed.error.stack_trace[0]
    assert failed.error.status == "Unhandled"
    assert failed.payload["requestId"] == failed.request_id
    assert "[ERROR] ValueError: nö\nTraceback (most recent call last):\n" in failed.log
    assert not after.cold


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("exit", "Runtime exited with error: exit status 3"),
        ("quit", "Runtime exited without providing a reason"),
        ("crash", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_is_an_exit_error_and_is_replaced(deploy: Deploy, event: str, reason: str) -> None:
    with Emulator(deploy(MISBEHAVING)) as emulator:
        failed, after = invoke_twice(emulator, event)
    assert failed.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {failed.request_id} Error: {reason}",
    }
    assert (
        f"RequestId: {failed.request_id} Error: {reason}\nRuntime.ExitError\nEND RequestId: {failed.request_id}\n"
    ) in failed.log
    assert failed.log.endswith("\tStatus: error\tError Type: Runtime.ExitError\n")
    assert after.cold
    assert after.environment_id != failed.environment_id


@pytest.mark.parametrize("event", ["sleep", "spin", "bomb"])
def test_an_invocation_out_of_time_is_cut_off_and_its_environment_replaced(deploy: Deploy, event: str) -> None:
    with Emulator(deploy(MISBEHAVING, timeout=0.5)) as emulator:
        failed, after = invoke_twice(emulator, event)
    message = f"RequestId: {failed.request_id} Error: Task timed out after 0.50 seconds"
    assert failed.payload == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert failed.duration_ms == 500
    assert 0.5 <= failed.finished - failed.started < 2
    assert re.search(rf"\dZ {failed.request_id} Task timed out after 0\.50 seconds\n\n", failed.log)
    assert "\tDuration: 500.00 ms\t" in failed.log
    assert failed.log.endswith("\tStatus: timeout\n")
    assert after.cold


def test_an_answer_json_cannot_hold_is_a_marshal_error(deploy: Deploy) -> None:
    with Emulator(deploy(MISBEHAVING)) as emulator:
        failed, after = invoke_twice(emulator, "object")
    assert failed.error.error_type == "Runtime.MarshalError"
    assert "Object of type object is not JSON serializable" in failed.error.message
    assert not after.cold


def test_an_async_handler_is_a_marshal_error(deploy: Deploy) -> None:
    source = """
        async def handler(event, context):
            return 1
    """
    with Emulator(deploy(source)) as emulator:
        for _ in range(2):
            error = emulator.invoke().error
            assert error.error_type == "Runtime.MarshalError"
            assert "Object of type coroutine is not JSON serializable" in error.message


def test_an_answer_larger_than_aws_takes_is_an_error(deploy: Deploy) -> None:
    with Emulator(deploy(MISBEHAVING, memory_mb=1024, timeout=30)) as emulator:
        failed, _ = invoke_twice(emulator, "huge")
    assert failed.payload == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert '413. {"errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).' in failed.log


def test_an_error_with_a_stack_too_long_for_ordinary_headers_is_an_ordinary_error(deploy: Deploy) -> None:
    with Emulator(deploy(MISBEHAVING, timeout=30)) as emulator:
        failed, _ = invoke_twice(emulator, "deep")
    assert failed.error.error_type == "ZeroDivisionError"
    assert "Previous line repeated 898 more times" in failed.error.stack_trace[-1]


def test_a_process_that_ends_after_its_answer_takes_nothing_back(deploy: Deploy) -> None:
    with Emulator(deploy(MISBEHAVING), freeze="none") as emulator:
        assert emulator.invoke("leave").payload == "left"
        while not (result := emulator.invoke("anything")).cold:
            assert result.payload in ("well", None) or result.error.error_type == "Runtime.ExitError"
        assert result.payload == "well"


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("import nosuchmodule", "app.handler", "Runtime.ImportModuleError", "No module named 'nosuchmodule'"),
        ("x = 1", "nowhere.handler", "Runtime.ImportModuleError", "No module named 'nowhere'"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("x = 1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_initialised_twice_and_reported(
    deploy: Deploy, source: str, handler: str, error_type: str, message: str
) -> None:
    with Emulator(deploy(source, handler=handler, timeout=30)) as emulator:
        first, second = emulator.invoke(), emulator.invoke()
    for failed in (first, second):
        assert failed.error.error_type == failed.payload["errorType"] == error_type
        assert message in failed.error.message
        assert failed.cold
        assert failed.init_ms is None
        inits = re.findall(r"INIT_REPORT Init Duration: .*\tPhase: (\w+)\tStatus: (.*)\n", failed.log)
        assert inits == [("init", f"error\tError Type: {error_type}"), ("invoke", f"error\tError Type: {error_type}")]
        assert failed.log.endswith(f"\tStatus: error\tError Type: {error_type}\n")


def test_a_process_that_ends_while_loading_is_an_exit_error(deploy: Deploy) -> None:
    with Emulator(deploy("raise SystemExit(7)", timeout=30)) as emulator:
        failed = emulator.invoke()
    assert failed.error.error_type == "Runtime.ExitError"
    assert failed.error.message.endswith("Error: Runtime exited with error: exit status 7")


SLOW_ONCE = """
    import os, pathlib, time
    mark = pathlib.Path(__file__).with_name("mark")
    if not mark.exists():
        mark.touch()
        time.sleep(60)
    def handler(event, context):
        return context.get_remaining_time_in_millis()
"""


def test_an_initialisation_out_of_time_is_repeated_inside_the_invocation(deploy: Deploy) -> None:
    with Emulator(deploy(SLOW_ONCE, timeout=20), init_timeout=0.5) as emulator:
        first, second = emulator.invoke(), emulator.invoke()
    assert first.error is None
    told = re.match(r"INIT_REPORT Init Duration: (\d+)\.\d\d ms\tPhase: init\tStatus: timeout\nSTART ", first.log)
    assert told is not None, first.log
    assert int(told[1]) >= 490  # it is counted from when the process is there, a moment after the time began
    assert first.cold
    assert first.init_ms is None
    assert first.duration_ms > 10, "the repeated initialisation is part of the invocation"
    assert first.payload < 20_000
    assert "Init Duration" not in first.log.splitlines()[-1]
    assert not second.cold


def test_an_initialisation_that_never_ends_is_a_timeout(deploy: Deploy) -> None:
    with Emulator(deploy("import time; time.sleep(60)", timeout=0.4), init_timeout=0.2) as emulator:
        failed = emulator.invoke()
    assert failed.error.error_type == "Sandbox.Timedout"
    assert re.match(
        r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: timeout\n"
        r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: invoke\tStatus: timeout\nSTART ",
        failed.log,
    )
    assert failed.log.endswith("\tStatus: timeout\n")


def test_a_function_over_its_memory_is_killed(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return len(bytearray(event * 1024 * 1024))
    """
    with Emulator(deploy(source, timeout=60)) as emulator:
        if emulator.mechanisms.memory == "none":
            pytest.skip("this machine offers no way to limit memory")
        killed, after = emulator.invoke(200), emulator.invoke(50)
    reason = "Runtime exited with error: signal: killed"
    assert killed.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {killed.request_id} Error: {reason}",
    }
    assert killed.max_memory_used_mb == 128
    assert killed.log.endswith("\tStatus: error\tError Type: Runtime.OutOfMemory\n")
    assert after.payload == 50 * 1024 * 1024
    assert 50 <= after.max_memory_used_mb < 128


def test_an_answer_nested_too_deeply_is_its_text() -> None:
    text = "[" * 100_000 + "]" * 100_000
    answer = Answered(at=0.0, body=text.encode(), content_type="application/json", failed=False, size=len(text))
    assert conclusion.answered(answer).payload == text


def test_an_event_nested_too_deeply_is_refused(deploy: Deploy) -> None:
    event: list[object] = []
    for _ in range(100_000):
        event = [event]
    with Emulator(deploy("handler = print")) as emulator, pytest.raises(ValueError, match="nested too deeply"):
        emulator.invoke(event)


def test_a_code_folder_that_is_gone_by_the_start_is_the_emulators_error(deploy: Deploy) -> None:
    function = deploy("handler = print")
    shutil.rmtree(function.code)
    with Emulator(function) as emulator, pytest.raises(EmulatorError, match="could not be started"):
        emulator.invoke()
