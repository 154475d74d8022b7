"""A function's settings are checked before anything starts, and what is wrong is said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.emulator import Emulator, EmulatorError, Function, MechanismUnavailableError
from meantime.tools.emulator.mechanisms import choose

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy


def test_defaults_are_those_of_lambda(tmp_path: Path) -> None:
    function = Function("orders.app.handler", code=tmp_path)
    assert (function.memory_mb, function.timeout, function.name) == (128, 3.0, "orders-app-handler")
    assert function.reserved_concurrency is None
    assert function.python == Path(sys.executable)
    assert Function("a.b", code=tmp_path, memory_mb=1769).cpu_share == 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"handler": "handler"}, "package.module.function"),
        ({"handler": "app."}, "package.module.function"),
        ({"handler": ".handler"}, "package.module.function"),
        ({"memory_mb": 127}, r"memory_mb 127 is not in 128\.\.10240"),
        ({"memory_mb": 10_241}, r"memory_mb 10241 is not in 128\.\.10240"),
        ({"memory_mb": 128.5}, "memory_mb is a whole number of MB, not 128.5"),
        ({"timeout": 0}, "timeout 0 is not above 0 and at most 900 seconds"),
        ({"timeout": 901}, "timeout 901 is not above 0"),
        ({"timeout": float("nan")}, "timeout nan is not above 0"),
        ({"reserved_concurrency": -1}, "reserved_concurrency -1 is below 0"),
        ({"code": "nowhere"}, "code folder .*nowhere is not there"),
        ({"code": __file__}, "is no folder"),
        ({"name": "a b"}, "name 'a b' is not"),
        ({"python": "nopython"}, "python nopython is not an executable file"),
        ({"environment": {"A-B": "x"}}, "variable name 'A-B'"),
        ({"environment": {"A": 1}}, "variable A is 1, which is not text"),
        ({"environment": {"A": "\0"}}, "variable A holds a NUL"),
        ({"environment": {"A": "x" * 4089}}, "variables have 4097 bytes; AWS takes 4096"),
        ({"environment": {"AWS_LAMBDA_RUNTIME_API": "x"}}, "how the emulator talks to the runtime"),
    ],
)
def test_a_bad_setting_is_refused(tmp_path: Path, settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Function(**{"handler": "app.handler", "code": tmp_path, **settings})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"cpu": "magic"}, "cpu='magic' is none of auto, cgroup-v2, cgroup-v1, budget, none"),
        ({"freeze": "magic"}, "freeze='magic' is none of auto, cgroup-v2, cgroup-v1, sigstop, none"),
        ({"memory": "budget"}, "memory='budget' is none of auto, cgroup-v2, cgroup-v1, none"),
        ({"init_cpu": "half"}, "init_cpu='half' is neither full nor limited"),
        ({"init_timeout": 0}, "init_timeout 0 is not above 0 seconds"),
    ],
)
def test_a_bad_option_is_refused(deploy: Deploy, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint), Emulator(deploy("x = 1"), **options):
        pass


def test_a_mechanism_this_machine_lacks_is_refused_by_name_and_replaced_by_auto() -> None:
    with pytest.raises(MechanismUnavailableError, match="use auto, or one of budget, none"):
        choose([], freeze="auto", cpu="cgroup-v2", memory="auto")
    chosen = choose([], freeze="auto", cpu="auto", memory="auto")
    assert (chosen.freeze, chosen.cpu, chosen.memory) == ("sigstop", "budget", "none")


def test_an_interpreter_without_the_runtime_client_is_refused(deploy: Deploy, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    python.chmod(0o755)
    with (
        pytest.raises(EmulatorError, match=r"has no awslambdaric.*pip install awslambdaric"),
        Emulator(deploy("x = 1", python=python)),
    ):
        pass


def test_a_program_that_is_no_interpreter_is_refused(deploy: Deploy) -> None:
    with (
        pytest.raises(EmulatorError, match="does not run as a Python interpreter"),
        Emulator(deploy("x = 1", python="/bin/true")),
    ):
        pass


def test_another_interpreter_runs_the_function(deploy: Deploy, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nMARK=other exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    source = """
        import os
        def handler(event, context):
            return os.environ["MARK"]
    """
    with Emulator(deploy(source, python=python)) as emulator:
        assert emulator.invoke().payload == "other"
