"""Where a function's code lies, relative to the folder that is checked from."""

from __future__ import annotations

from posixpath import dirname, join, normpath


def folder(template: str, code: str) -> str:
    """The folder that a template's `CodeUri` names; the template's own where it names none that is a folder here."""
    beside = dirname(template) or "."
    if not code or "://" in code or code.startswith(("/", "$")) or code.endswith((".zip", ".jar")):
        return beside
    return normpath(join(beside, code))
