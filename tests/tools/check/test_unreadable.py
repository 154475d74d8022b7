"""What is said of files that cannot be read, and that the rest is checked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meantime.tools.check.checking import check
from meantime.tools.check.settings import Settings
from meantime.tools.check.unreadable import source_text, unreadable

DEEP = "x = " + "(" * 5000 + ")" * 5000
BROKEN = {
    "a broken line": (b"def broken(:\n    pass\n", 1, "cannot be parsed"),
    "syntax of Python 2": (b"x = 1\nprint 'x'\n", 2, "cannot be parsed"),
    "syntax of no Python yet": (b"x = 1\nuse strict\n", 2, "if the file is for a newer one, run meantime with that"),
    "Latin-1 in the first line": (b"x = 'caf\xe9'\n", 1, "is not UTF-8: byte 0xe9"),
    "Latin-1 further down": (b"x = 1\n\n\n\ny = 'caf\xe9'\n", 5, "is not UTF-8: byte 0xe9"),
    "an encoding that is none": (b"# -*- coding: martian -*-\n", 1, "encoding that Python does not know"),
    "a null byte": (b"x = 1\n\0\n", 1, "null byte"),
    "UTF-16": ("x = 1\n".encode("utf-16"), 1, "is not UTF-8: byte 0xff"),
    "100,000 lines": (b"x = 1\n" * 100_000, 1, "has 100,001 lines"),
    "5,000 brackets": (DEEP.encode(), 1, "is nested too deeply|too many nested parentheses"),
}


@pytest.mark.parametrize(("data", "line", "message"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_checked(tmp_path, data, line, message):
    (tmp_path / "broken.py").write_bytes(data)
    (tmp_path / "app.py").write_text("x = 1  # noqa: MT201\n", encoding="utf-8")
    checked = check([tmp_path], root=tmp_path)
    other, told = checked.findings
    assert (other.code, other.place.path) == ("MT002", "app.py")
    assert (told.code, told.level, told.place.path) == ("MT001", "error", "broken.py")
    assert told.place.line == line
    assert any(part in told.message for part in message.split("|"))
    assert told.message.endswith("Nothing in it was checked.")


@pytest.mark.parametrize(
    "data",
    ["# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"), b"\xef\xbb\xbfx = '\xc3\xa9'\n", b"x = '\xc3\xa9'\r\n"],
    ids=["a declared encoding", "a byte order mark", "Windows' line ends"],
)
def test_what_python_reads_is_read(data):
    assert "é" in source_text(data)


def test_a_file_that_may_not_be_opened_is_told(tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "closed.py").write_text("x = 1\n", encoding="utf-8")
    real = Path.read_bytes

    def read_bytes(path):
        if path.name == "closed.py":  # the tests may run as root, whom nothing is closed to
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    (told,) = check([tmp_path], root=tmp_path).findings
    assert told.message == "This file cannot be opened: Permission denied. Nothing in it was checked."


def test_an_empty_file_is_fine(tmp_path):
    (tmp_path / "__init__.py").touch()
    assert check([tmp_path], root=tmp_path).findings == ()


def test_an_error_of_another_kind_is_not_hidden():
    with pytest.raises(KeyError):
        unreadable("app.py", KeyError("x"))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows it")
@pytest.mark.parametrize("line", ["class Box[T]: ...", "async def first[T](items): ...", "type Names = list[str]"])
def test_syntax_of_a_newer_python_is_told_as_such(tmp_path, line):
    (tmp_path / "app.py").write_text(f"{line}\n", encoding="utf-8")
    (told,) = check([tmp_path], root=tmp_path).findings
    assert "has syntax of Python 3.12, and meantime runs with 3.11. Run it with 3.12 or newer" in told.message


FUNCTION = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: app.work}\n"
BROKEN_TEMPLATES = {
    "a stray bracket": ("template.yaml", f"{FUNCTION}  G: [\n", 5),
    "a tab": ("template.yml", f"{FUNCTION}\tG: 1\n", 5),
    "JSON without its end": ("stack.json", '{"Resources": {"F": {"Type": "AWS::Lambda::Function"', 1),
    "a control character": ("template.yaml", f"{FUNCTION}  G: \x01\n", 1),
    "a service": ("serverless.yml", "provider: {name: aws\nfunctions:\n  a: {handler: app.work}\n", 2),
}


@pytest.mark.parametrize(("name", "text", "line"), BROKEN_TEMPLATES.values(), ids=BROKEN_TEMPLATES)
def test_a_template_that_cannot_be_parsed_is_told(tmp_path, name, text, line):
    (tmp_path / name).write_text(text, encoding="utf-8")
    (told,) = check([tmp_path], root=tmp_path).findings
    assert (told.code, told.level, told.place.path, told.place.line) == ("MT001", "error", name, line)
    language = "JSON" if name.endswith("json") else "YAML"
    assert told.message.startswith(f"This file describes Lambda functions and cannot be parsed as {language}: ")


@pytest.mark.parametrize("text", ["{% if x %}\n", "  G: {{ value }} x\n", "<% if x %>: [\n"])
def test_a_template_that_is_to_be_filled_in_first_is_only_likely_to_be_wrong(tmp_path, text):
    (tmp_path / "template.yaml").write_text(f"{FUNCTION}{text}", encoding="utf-8")
    checked = check([tmp_path], root=tmp_path)
    assert (checked.findings, checked.likely) == ((), 1)


def test_what_cloudformation_fills_in_itself_is_no_placeholder(tmp_path):
    filled_in = "  G: '{{resolve:ssm:name}}'\n  H: !Sub '${F}'\n"
    (tmp_path / "template.yaml").write_text(f"{FUNCTION}{filled_in}", encoding="utf-8")
    assert check([tmp_path], root=tmp_path, settings=Settings(warnings=True)).findings == ()
    (tmp_path / "template.yaml").write_text(f"{FUNCTION}{filled_in}  I: [\n", encoding="utf-8")
    assert [each.level for each in check([tmp_path], root=tmp_path).findings] == ["error"]


def test_several_documents_in_one_file_are_no_template(tmp_path):
    (tmp_path / "stack.yaml").write_text(f"{FUNCTION}---\n{FUNCTION}", encoding="utf-8")
    assert check([tmp_path], root=tmp_path, settings=Settings(warnings=True)).findings == ()


@pytest.mark.parametrize("name", ["compose.yaml", "data.json"])
def test_other_files_that_cannot_be_parsed_are_none_of_ours(tmp_path, name):
    (tmp_path / name).write_text("services: [\n", encoding="utf-8")
    assert check([tmp_path], root=tmp_path, settings=Settings(warnings=True)).findings == ()
