"""Where a function's code lies, relative to the folder that is checked from."""

from __future__ import annotations

from posixpath import dirname, join, normpath


def folder(template: str, code: str) -> str:
    """The folder that a template's `CodeUri` names; the template's own where it names none that is a folder here."""
    beside = dirname(template) or "."
    return normpath(join(beside, code)) if is_folder(code) else beside


def is_folder(code: str) -> bool:
    """Whether what a template names as code may be a folder beside it: no archive, no bucket, nothing of elsewhere."""
    return bool(code) and "://" not in code and not code.startswith(("/", "$")) and not code.endswith((".zip", ".jar"))
