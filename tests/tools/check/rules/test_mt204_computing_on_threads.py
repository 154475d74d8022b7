"""MT204: work for the processor spread over threads."""

from __future__ import annotations

import pytest

SHRINK = """
from concurrent.futures import ThreadPoolExecutor

from PIL import Image


def shrink(path):
    image = Image.open(path)
    image.thumbnail((200, 200))
    return image


def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=4) as executor:
        return len(list(executor.map(shrink, event["paths"])))MARK
"""
TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Runtime: python3.12
      CodeUri: .
      MemorySize: MEMORY
"""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(SHRINK.replace("MARK", "  # finds MT204 likely"), id="executor.map"),
        pytest.param(
            {
                "app.py": SHRINK.replace("MARK", "  # finds MT204 likely"),
                "template.yaml": TEMPLATE.replace("MEMORY", "1769"),
            },
            id="with one core",
        ),
        pytest.param(
            {
                "app.py": SHRINK.replace("MARK", "  # finds MT204 likely"),
                "template.yaml": TEMPLATE.replace("MEMORY", "!Ref Size"),
            },
            id="with memory that is not known",
        ),
        pytest.param(
            {
                "app.py": """
from meantime import threads as side_by_side

import packing


def lambda_handler(event, context):
    return side_by_side.map(packing.pack, event["parts"], max_concurrency=4)  # finds MT204 likely
""",
                "packing.py": """
import lzma


def pack(part):
    return squeeze(part)


def squeeze(part):
    return lzma.compress(part)
""",
            },
            id="threads.map, computing two calls down in another file",
        ),
        pytest.param(
            """
import bcrypt
import threading


class Hashing:
    def hash(self):
        bcrypt.hashpw(b"", b"")


def lambda_handler(event, context):
    thread = threading.Thread(target=Hashing().hash)  # finds MT204 likely
    thread.start()
    thread.join()
""",
            id="a thread of its own",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT204", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {"app.py": SHRINK.replace("MARK", ""), "template.yaml": TEMPLATE.replace("MEMORY", "1770")},
            id="several cores",
        ),
        pytest.param(
            """
from concurrent.futures import ThreadPoolExecutor

import boto3
from PIL import Image

s3 = boto3.client("s3")


def shrink(key):
    s3.download_file("images", key, "/tmp/image")
    image = Image.open("/tmp/image")
    image.thumbnail((200, 200))


def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=4) as executor:
        list(executor.map(shrink, event["keys"]))
""",
            id="work that waits, too",
        ),
        pytest.param(
            SHRINK.replace("MARK", "").replace("lambda_handler(event, context)", "main(event)"), id="no handler"
        ),
        pytest.param(
            SHRINK.replace("MARK", "").replace("    image.thumbnail((200, 200))\n", ""), id="work that does not compute"
        ),
        pytest.param(
            """
import zlib

from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()
lambda_handler = Mangum(app)


@app.get("/")
def root():
    return zlib.compress(b"")
""",
            id="a route that the framework gives a thread",
        ),
        pytest.param(
            """
import zlib


def pack(part):
    return zlib.compress(part)


def lambda_handler(event, context):
    return [pack(part) for part in event["parts"]]
""",
            id="one after the other",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT204", files)


def test_says_what_computes(findings_of):
    (found,) = findings_of("MT204", SHRINK.replace("MARK", ""))
    assert "`shrink` computes (`image.thumbnail`, working on an image)" in found.message
