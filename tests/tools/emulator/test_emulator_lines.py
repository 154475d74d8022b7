"""The platform's own log lines, and the function's output taken apart."""

from __future__ import annotations

import asyncio
import functools
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meantime.tools.emulator import log
from meantime.tools.emulator.output import Output


def test_the_lines_are_those_of_aws() -> None:
    assert log.start_line("1-2") == "START RequestId: 1-2 Version: $LATEST\n"
    assert log.end_line("1-2") == "END RequestId: 1-2\n"
    report = functools.partial(
        log.report_line, "1-2", duration_ms=3.014, billed_ms=4, memory_mb=128, max_memory_used_mb=36
    )
    assert report(init_ms=110.1) == (
        "REPORT RequestId: 1-2\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
    )
    assert report(init_ms=None, status="error", error_type="Runtime.ExitError") == (
        "REPORT RequestId: 1-2\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tStatus: error\tError Type: Runtime.ExitError\n"
    )
    assert log.init_report_line(1.23604, phase="init", status="timeout") == (
        "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout\n"
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (-9, "Runtime exited with error: signal: killed"),
        (-6, "Runtime exited with error: signal: aborted"),
        (-64, "Runtime exited with error: signal: 64"),
    ],
)
def test_the_end_of_a_process_is_told_in_the_words_of_aws(status: int, reason: str) -> None:
    assert log.exit_reason(status) == reason


def frame(message: str) -> bytes:
    encoded = message.encode()
    return b"\xa5\x5a\x00\x03" + len(encoded).to_bytes(4, "big") + microseconds(time.time()) + encoded


def microseconds(seconds: float) -> bytes:
    return int(seconds * 1e6).to_bytes(8, "big")


def taken(*writes: bytes, ended: bool = False) -> list[str]:
    """Return what is taken after each write."""

    async def run() -> list[str]:
        output = Output()
        texts = []
        for write in writes:
            os.set_blocking(output.writing_end, False)
            os.write(output.writing_end, write)
            texts.append(output.take(ended=ended))
        output.close()
        return texts

    return asyncio.run(run())


def test_frames_and_text_keep_their_order_and_each_frame_is_a_line() -> None:
    assert taken(b"a\n" + frame("b") + b"c" + frame("d\n") + b"e") == ["a\nb\nc\nd\ne"]


def test_a_frame_cut_short_waits_for_its_rest() -> None:
    data = frame("whole")
    for cut in range(3, len(data)):
        assert taken(data[:cut], data[cut:]) == ["", "whole\n"]


@pytest.mark.parametrize(
    "rest",
    [b"\x01" + bytes(4), b"\x03" + b"\xff" * 4, b"\x03" + bytes(4) + microseconds(0), b"\x03" + bytes(4) + b"\xff" * 8],
    ids=["no such type", "too long", "long ago", "far ahead"],
)
def test_bytes_that_only_begin_like_a_frame_hold_nothing_back(rest: bytes) -> None:
    [text] = taken(b"a" + b"\xa5\x5a\x00" + rest + b"after" + frame("framed"))
    assert text.startswith("a")
    assert text.endswith("after\nframed\n")


def test_a_frame_cut_short_is_text_when_nothing_more_can_come() -> None:
    data = frame("never whole")
    assert taken(data[:-1], ended=True) == [data[:-1].decode(errors="replace")]


def test_bytes_that_are_no_text_are_shown_and_not_fatal() -> None:
    assert taken(b"\xff\xfe ok") == ["\ufffd\ufffd ok"]


@given(st.lists(st.tuples(st.booleans(), st.text(st.characters(codec="ascii"), min_size=1)), max_size=20), st.data())
@settings(max_examples=50, deadline=None)
def test_no_text_is_lost_however_it_comes(pieces: list[tuple[bool, str]], data: st.DataObject) -> None:
    written = b"".join(frame(text) if framed else text.encode() for framed, text in pieces)
    # A cut inside a frame's first bytes is left out: a pipe's write of a few bytes is never torn.
    cuts = [end for end in range(len(written)) if b"\xa5" not in written[max(end - 3, 0) : end]]
    cut = data.draw(st.sampled_from([0, *cuts]))
    text = "".join(taken(*filter(None, [written[:cut], written[cut:]])))
    assert text.replace("\n", "") == "".join(text for _, text in pieces).replace("\n", "")
