"""Notes on errors (PEP 678): why there was no further attempt."""

from __future__ import annotations


def set_note(error: BaseException, begin: str, text: str) -> None:
    """Add this note, in place of an earlier one that begins alike: some errors are raised again and again.

    Args:
        error: It is raised next, and nothing here may come in its place.
        begin: What all notes of this sort begin with.
        text: What follows.
    """
    try:
        notes = getattr(error, "__notes__", None)
        if notes:
            notes[:] = [each for each in notes if not (isinstance(each, str) and each.startswith(begin))]
        error.add_note(begin + text)
    except Exception:  # noqa: BLE001, S110  # somebody's own class may refuse
        pass
