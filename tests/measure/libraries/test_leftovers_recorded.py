"""What a handler leaves behind is told of, with what it was."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import meantime
from meantime.measure.recorder import recording
from meantime.testing import LambdaContext


@pytest.mark.filterwarnings("ignore")
def test_a_task_that_is_left_is_told_of() -> None:
    tasks: list[Any] = []

    async def forgotten() -> None:
        await asyncio.sleep(60)

    @meantime.handler
    async def lambda_handler(event: Any, context: Any) -> str:
        tasks.append(asyncio.create_task(forgotten()))
        await asyncio.sleep(0)
        return "done"

    with recording() as recorder:
        assert lambda_handler({}, LambdaContext(timeout=3.0)) == "done"

    (left,) = [each for each in recorder.document["observations"] if each["kind"] == "leftover"]
    assert "forgotten" in left["text"]


@pytest.mark.filterwarnings("ignore")
def test_what_a_call_was_given_is_not_told() -> None:
    started, end = threading.Event(), threading.Event()

    def stuck(_: str) -> None:
        started.set()
        end.wait(10)

    @meantime.handler(reserve=0.05)
    def lambda_handler(event: Any, context: Any) -> None:
        outcomes = meantime.threads.as_completed(stuck, ["secret", "secret"], timeout=0.05)
        next(outcomes)
        assert started.is_set()

    with recording() as recorder:
        lambda_handler({}, LambdaContext(timeout=0.5))
    end.set()

    left = [each["text"] for each in recorder.document["observations"] if each["kind"] == "leftover"]
    assert left
    assert "stuck" in left[0]
    assert "secret" not in str(recorder.document)
