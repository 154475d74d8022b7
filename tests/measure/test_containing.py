"""What fails in the recording is told of once, by its sort and its line."""

from __future__ import annotations

from meantime import measure
from meantime.measure.containing import contained


@contained
def step(value: str) -> None:
    raise ValueError(f"{value} is no number")


def test_the_words_of_an_error_are_not_told() -> None:
    """They may hold what the function works with."""
    with measure.recording() as recorder:
        step("secret")
        step("secret")

    (seen,) = (each for each in recorder.document["observations"] if each["kind"] == "not_recorded")
    assert seen["text"] == "test_containing.step: recording it failed: ValueError at test_containing.py:11"
