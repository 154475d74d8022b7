"""Every Python block of the README and the pages runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
BLOCKS = [
    pytest.param(page, text, id=f"{page.name}:{number}")
    for page in PAGES
    for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
]
TOOLS = (
    "bill.md",
    "check.md",
    "downstream.md",
    "emulator.md",
    "formats.md",
    "mappings.md",
    "measuring.md",
    "prediction.md",
    "serving.md",
    "streaming.md",
)
# What blocks may need and not find.
PACKAGES = (
    "aiohttp",
    "asgiref",
    "asyncpg",
    "aws_lambda_powertools",
    "aws_xray_sdk",
    "boto3",
    "django",
    "fastapi",
    "litestar",
    "mangum",
    "opentelemetry.sdk",
    "psycopg_pool",
    "quart",
    "redis",
    "starlette",
)
# Likewise, where `meantime.clients` loads them: their names are also words.
CLIENTS = ("httpx", "httpx2", "requests")
# Before pytest's own limit, which knows of no other process.
TELL_WHERE_IT_HANGS = "import faulthandler; faulthandler.dump_traceback_later(100, exit=True)\n"


@pytest.mark.parametrize(("page", "source"), BLOCKS)
def test_it_runs(page, source, tmp_path):
    if page.name in TOOLS:
        pytest.importorskip("aiohttp", reason="the tools are not installed here")
    for package in PACKAGES:
        if package in source:
            pytest.importorskip(package, reason=f"{package} is not installed here")
    if "fastapi.testclient" in source:
        pytest.importorskip("httpx2", reason="httpx2, by which Starlette's test client asks, is not installed here")
    for package in CLIENTS:
        if f"clients.{package}(" in source:
            pytest.importorskip(package, reason=f"{package} is not installed here")
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n", encoding="utf-8")
    variables = {"API_URL": "http://127.0.0.1:9", "BUCKET": "bucket", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TELL_WHERE_IT_HANGS + source],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        target = link.partition("#")[0]
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
