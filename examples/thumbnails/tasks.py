"""Thumbnails of the photos in this folder, side by side on tasks that wait for threads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thumbnail import thumbnail

import meantime
from meantime import tasks

PHOTOS = sorted((Path(__file__).parent / "photos").glob("*.jpg"))
WIDTH = 4  # photos at once


@meantime.handler
async def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The thumbnails, for GET …/thumbnails."""
    thumbnails = await tasks.map(meantime.in_thread(thumbnail), PHOTOS, max_concurrency=WIDTH)
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"thumbnails": thumbnails}),
    }
