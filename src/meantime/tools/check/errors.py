"""What stops a check before it begins: the command then exits with 2."""

from __future__ import annotations


class CheckError(Exception):
    """The check cannot be done as asked: an unknown rule, a path that is not there, settings that say nothing known."""
