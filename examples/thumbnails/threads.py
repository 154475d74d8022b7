"""Thumbnails of the photos in this folder, side by side on threads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thumbnail import thumbnail

import meantime
from meantime import threads

PHOTOS = sorted((Path(__file__).parent / "photos").glob("*.jpg"))
WIDTH = 4  # photos at once


@meantime.handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The thumbnails, for GET …/thumbnails."""
    thumbnails = threads.map(thumbnail, PHOTOS, max_concurrency=WIDTH)
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"thumbnails": thumbnails}),
    }
