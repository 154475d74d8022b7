"""A file's text as a syntax tree. What the parser warns of is not told: it is somebody else's to say."""

from __future__ import annotations

import ast
import warnings


def parsed(text: str) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        SyntaxError: It has none.
        RecursionError: It is nested deeper than can be followed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # an escape like "\\d", from Python 3.12 on
        warnings.simplefilter("ignore", DeprecationWarning)  # the same before that
        try:
            return ast.parse(text)
        except ValueError as error:  # null bytes, up to Python 3.11
            raise SyntaxError(str(error)) from None
        except MemoryError as error:  # how the parser says so
            raise RecursionError("it is nested too deeply to be parsed") from error
