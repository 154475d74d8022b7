"""A file that is no recording is told by its name and by what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from meantime.tools.report.recording import Recording, RecordingError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no JSON", "this is not JSON"),
        ("{}", "function is missing"),
        ("[" * 100_000, "its lists or objects are nested too deep"),
    ],
)
def test_what_is_no_recording_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "recording.json"
    path.write_text(text)

    with pytest.raises(RecordingError, match=rf"recording\.json: {complaint}"):
        Recording.read(path)


def test_a_missing_file_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"there is no such file; `Recorder\.write` writes one"):
        Recording.read(tmp_path / "recording.json")
