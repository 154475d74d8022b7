"""Thumbnails of the photos in this folder, one after another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thumbnail import thumbnail

import meantime
from meantime import sequential

PHOTOS = sorted((Path(__file__).parent / "photos").glob("*.jpg"))


@meantime.handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The thumbnails, for GET …/thumbnails."""
    thumbnails = sequential.map(thumbnail, PHOTOS)
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"thumbnails": thumbnails}),
    }
