"""MT203: work for the processor on the event loop."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
from PIL import Image


async def shrink(path):
    image = Image.open(path)
    image.thumbnail((200, 200))  # finds MT203 likely
    return image
""",
            id="an image",
        ),
        pytest.param(
            {
                "app.py": """
import passwords


async def login(event):
    return passwords.is_right(event["password"])
""",
                "passwords.py": """
import bcrypt as hashing


def is_right(password):
    return hashing.checkpw(password, b"")  # finds MT203 likely
""",
            },
            id="a password, in a helper of another file",
        ),
        pytest.param(
            """
from gzip import compress as squeeze


class Archive:
    async def store(self, data):
        return squeeze(data)  # finds MT203 likely
""",
            id="compressing, by another name, in a method",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT203", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio
import gzip


async def store(data):
    return await asyncio.to_thread(gzip.compress, data)
""",
            id="handed to a thread",
        ),
        pytest.param("import gzip\n\n\ndef store(data):\n    return gzip.compress(data)\n", id="no loop"),
        pytest.param(
            "from unknown import pack\n\n\nasync def store(data):\n    return await pack(data)\n",
            id="something awaited",
        ),
        pytest.param("import gzip\n\n\nasync def load(path):\n    return gzip.open(path)\n", id="only opened"),
        pytest.param(
            "from unknown import compress\n\n\nasync def store(data):\n    return compress(data)\n",
            id="another compress",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT203", files)


def test_shows_the_way(findings_of):
    (found,) = findings_of(
        "MT203", "import zlib\n\n\nasync def main():\n    pack()\n\n\ndef pack():\n    zlib.compress(b'')\n"
    )
    assert [step.text.replace("`", "") for step in found.chain] == ["main calls pack"]
    assert "`zlib.compress` (compressing)" in found.message
