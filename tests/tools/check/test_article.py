"""What the article shows as right is silent, what it warns of is found, and so are the mistakes in its own examples.

Findings that ruff has, too, count here: the article's own bad examples are such.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meantime.tools.check.reading import read_project
from meantime.tools.check.rule import all_rules

_BLOCK = re.compile(r"^## (?P<heading>.+?)\n+```python\n(?P<code>.+?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = {
    found["heading"]: found["code"]
    for found in _BLOCK.finditer(Path(__file__).with_name("article.md").read_text(encoding="utf-8"))
}
# `requests.get` without a timeout stands in both of the article's blocking examples, and is ruff's S113.
BESIDE = {"MT701"}


@pytest.mark.parametrize("heading", BLOCKS)
def test_a_block_of_the_article_is_judged_as_the_article_does(heading, tmp_path):
    code = BLOCKS[heading]
    (tmp_path / "app.py").write_text(code, encoding="utf-8")
    expected = {
        (number, mark)
        for number, line in enumerate(code.splitlines(), 1)
        for mark in re.findall(r"# finds (MT\d+)", line)
    }

    project = read_project([tmp_path], root=tmp_path)
    found = {
        (each.place.line, each.code)
        for rule in all_rules().values()
        for each in rule.check(project)
        if each.level == "error" and not (each.code in BESIDE and each.also_found_by)
    }

    assert found == expected


def test_every_block_of_the_article_is_there():
    assert len(BLOCKS) == 18
    assert sum(code.count("# finds ") for code in BLOCKS.values()) == 7
