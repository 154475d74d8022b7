"""Files that the function's own code opens are calls, told of without what their names may give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime import measure

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_is_told_without_addresses_and_long_identifiers(tmp_path: Path) -> None:
    """A file is often named by the person or the document that it is of."""
    folder = tmp_path / "jane@example.com"
    folder.mkdir()

    with measure.recording() as recorder:
        (folder / "3f2b6c4e-0000-4000-8000-1234567890ab").write_text("x")
        (folder / "report.csv").write_text("x")

    assert [call["name"] for call in recorder.calls] == ["write 3f2b6c4e…", "write report.csv"]
    assert all("jane" not in call["target"] for call in recorder.calls)
    assert recorder.calls[1]["target"].endswith("/…/report.csv")
