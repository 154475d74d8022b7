"""The commands' `--format`: for whom they print."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How the result is printed."""

    text = "text"
    json = "json"


Output = Annotated[Format, typer.Option("--format", metavar="FORM", help="text for people, json for programs.")]
