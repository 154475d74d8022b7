"""The tests on the page about testing are tests: pytest runs them. (The other blocks run as every page's do.)"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
SUITES = [block for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if TEST.search(block)]


def test_there_are_some():
    assert len(SUITES) >= 2


@pytest.mark.parametrize("source", SUITES, ids=lambda source: TEST.findall(source)[0])
def test_they_pass(pytester, source):
    pytester.makepyfile(source)
    pytester.runpytest("-W", "error", "-p", "no:cacheprovider").assert_outcomes(passed=len(TEST.findall(source)))
