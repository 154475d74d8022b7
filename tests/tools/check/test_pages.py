"""Every rule has a page, and every page is true: its bad code is found as marked, its good code is not found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from meantime.tools.check import rule
from meantime.tools.check.checking import check
from meantime.tools.check.rule import all_rules
from meantime.tools.check.settings import Settings

PAGES = sorted((Path(rule.__file__).parent / "pages").glob("*.md"))
HEADINGS = ["What it finds", "Why it hurts on Lambda", "Bad", "Good", "When to ignore", "Source"]
BLOCK = re.compile(r"^```(python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"# finds (MT\d+)( likely)?")
UNREADABLE = "MT001"  # its bad code is none


class Example(NamedTuple):
    """One block of a page: a file, and the template beside it if a block of YAML stands before."""

    code: str
    files: dict[str, str]


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def examples(heading):
    """The examples of all pages under a heading, for parametrize."""
    for path in PAGES:
        template = {}
        for number, (language, text) in enumerate(BLOCK.findall(section(path.read_text(encoding="utf-8"), heading)), 1):
            if language == "yaml":
                name = "serverless.yml" if re.search(r"^provider:", text, re.MULTILINE) else "template.yaml"
                template = {name: text}
                continue
            yield pytest.param(Example(path.stem, {"app.py": text, **template}), id=f"{path.stem}-{number}")
            template = {}
        if template:
            yield pytest.param(Example(path.stem, template), id=f"{path.stem}-template")


@pytest.fixture
def checked(tmp_path):
    """Gives what all rules find in an example."""

    def found(example, **settings):
        for name, text in example.files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return check([tmp_path], root=tmp_path, settings=Settings(all=True, **settings)).findings

    return found


def test_every_rule_has_a_page_and_every_page_a_rule():
    assert [path.stem for path in PAGES] == list(all_rules())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
class TestPage:
    def test_it_has_the_headings_that_every_page_has(self, path):
        page = path.read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS
        assert page.startswith(f"# {path.stem} {all_rules()[path.stem].name}\n\n")
        assert all(section(page, heading).strip() for heading in HEADINGS)

    def test_it_says_the_levels_that_the_rule_has(self, path):
        last = path.read_text(encoding="utf-8").strip().split("\n\n")[-1]
        assert last.startswith("Levels: ")
        assert {word for word in ("error", "warning") if word in last} == set(all_rules()[path.stem].levels)

    def test_it_has_bad_and_good_code(self, path):
        page = path.read_text(encoding="utf-8")
        assert f"# finds {path.stem}" in section(page, "Bad")
        assert BLOCK.search(section(page, "Good"))
        assert "# finds" not in section(page, "Good")

    def test_its_sources_are_links(self, path):
        assert re.search(r"\]\(https?://", section(path.read_text(encoding="utf-8"), "Source"))


@pytest.mark.parametrize("example", list(examples("Bad")))
def test_bad_code_is_found_as_it_is_marked(checked, example):
    expected = {
        (name, number, "warning" if mark[2] else "error")
        for name, text in example.files.items()
        for number, line in enumerate(text.splitlines(), 1)
        for mark in MARK.finditer(line)
        if mark[1] == example.code
    }
    found = [each for each in checked(example, warnings=True) if each.code == example.code]
    assert {(each.place.path, each.place.line, each.level) for each in found} == expected
    assert expected


@pytest.mark.parametrize("example", list(examples("Good")))
def test_no_rule_finds_anything_in_good_code(checked, example):
    assert checked(example) == ()


@pytest.mark.parametrize("example", [*examples("Bad"), *examples("Good")])
def test_code_is_python(example):
    if "app.py" in example.files and not (example.code == UNREADABLE and "# finds" in example.files["app.py"]):
        compile(example.files["app.py"], "app.py", "exec")
