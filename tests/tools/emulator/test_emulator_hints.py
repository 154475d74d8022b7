"""What the emulator's commands say of an error whose message does not say what to do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from meantime.tools.emulator.command import app

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

APPLICATION = """
    from fastapi import FastAPI

    app = FastAPI()

    async def bare(scope, receive, send):
        pass

    def handler(event, context):
        raise TypeError("handler() missing 1 required positional argument: 'order'")
"""


@pytest.mark.parametrize("name", ["app", "bare"])
def test_an_application_that_was_named_for_its_handler(deploy: Deploy, name: str) -> None:
    code = deploy(APPLICATION).code

    result = CliRunner().invoke(app, ["invoke", f"app.{name}", "--code", str(code), "--count", "2", "--timeout", "30"])

    assert result.exit_code == 1
    assert result.stderr == (
        f"app.{name} is an ASGI application, and no handler: write handler = meantime.ASGIAdapter({name}) below it, "
        "and name app.handler\n"
    )


def test_a_coroutine_that_nobody_awaits(deploy: Deploy) -> None:
    code = deploy("async def handler(event, context):\n    return 1\n").code

    result = CliRunner().invoke(app, ["invoke", "app.handler", "--code", str(code), "--timeout", "30"])

    assert result.stderr == (
        "app.handler is async def, which Lambda does not await: write @meantime.handler above it, "
        "with import meantime\n"
    )


def test_an_import_that_fails(deploy: Deploy) -> None:
    code = deploy("import nothing_of_the_kind").code

    result = CliRunner().invoke(app, ["invoke", "app.handler", "--code", str(code)])

    has_not = f"nothing_of_the_kind is in neither {code} nor the packages of {sys.executable}"
    assert result.stderr.startswith(f"{has_not}; where it fails: cd {code} && ")


def test_of_other_errors_there_is_nothing_to_add(deploy: Deploy) -> None:
    code = deploy(APPLICATION).code

    result = CliRunner().invoke(app, ["invoke", "app.handler", "--code", str(code), "--timeout", "30"])

    assert (result.exit_code, result.stderr) == (1, "")
