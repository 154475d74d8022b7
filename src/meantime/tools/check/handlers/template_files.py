"""Which files are templates, by their text: asked of every YAML and JSON file, so without parsing any."""

from __future__ import annotations

import re

_FUNCTION = re.compile(rb"""Type["']?\s*:\s*["']?AWS::(Serverless|Lambda)::Function\b""")


def looks_like_template(name: str, data: bytes) -> bool:
    """Whether a file is to describe functions: a template of SAM or CloudFormation, or a serverless.yml.

    Args:
        name: The file's name, without its folder.
        data: What it holds.
    """
    return (b"Resources" in data and _FUNCTION.search(data) is not None) or looks_like_service(name, data)


def looks_like_service(name: str, data: bytes) -> bool:
    """Whether it is to be a service of the Serverless Framework."""
    return name.startswith("serverless") and b"functions:" in data and b"provider:" in data
