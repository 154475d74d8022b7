"""The computing of this example: a photo made small with Pillow."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_SIDE = 360  # pixels


def thumbnail(photo: Path) -> dict[str, str | int]:
    """One photo made small: its name, width and height, and the JPEG as a data URL."""
    content = BytesIO()
    with Image.open(photo) as image:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        image.save(content, "JPEG", quality=80)
        width, height = image.size
    url = f"data:image/jpeg;base64,{b64encode(content.getvalue()).decode()}"
    return {"name": photo.stem, "width": width, "height": height, "url": url}
