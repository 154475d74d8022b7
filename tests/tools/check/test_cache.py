"""What is kept from run to run, and that nothing of it is trusted."""

from __future__ import annotations

import pickle
import sqlite3
import zlib

import pytest

from meantime.tools.check.cache import Cache
from meantime.tools.check.checking import check
from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.model.reader import read_module

SOURCE = """
import boto3
client = boto3.client("s3")

class Service:
    def load(self, key, *, retries=3):
        with self.lock:
            return [client.get_object(Bucket=b, Key=key) for b in {"a": 1j, "b": ...}]

async def lambda_handler(event, context):
    return Service().load(event["key"] or "x")
"""


def test_what_is_put_is_got_again(tmp_path):
    finding = Finding("MT001", "It is so.", Place("app.py", 1))
    with Cache(tmp_path) as cache:
        cache.put(cache.key(b"a"), (finding,))
    with Cache(tmp_path) as cache:
        assert cache.get(cache.key(b"a")) == (finding,)
        assert cache.get(cache.key(b"b")) is None


def test_a_module_is_read_once_and_is_the_same_then(tmp_path):
    with Cache(tmp_path) as cache:
        cache.load(SOURCE, name="app", file="app.py", is_package=False, digest=b"1")
    with Cache(tmp_path) as cache:
        again = cache.load("nothing", name="app", file="app.py", is_package=False, digest=b"1")
    fresh = read_module(SOURCE, name="app", file="app.py", digest=b"1")
    assert list(again.functions) == list(fresh.functions)
    assert again.imports == fresh.imports
    for name, function in fresh.functions.items():
        assert [(call.line, call.column) for call in again.functions[name].calls] == [
            (call.line, call.column) for call in function.calls
        ]
        assert all(call.within is again.functions[name] for call in again.functions[name].calls)


def test_it_is_ignored_by_git_and_says_what_it_is(tmp_path):
    with Cache(tmp_path) as cache:
        assert cache.is_kept
    assert "*" in (tmp_path / ".meantime_cache/.gitignore").read_text(encoding="utf-8").splitlines()


def test_nothing_is_kept_where_nothing_may_be_written(tmp_path):
    (tmp_path / ".meantime_cache").write_text("a file is in the way", encoding="utf-8")
    with Cache(tmp_path) as cache:
        cache.put(cache.key(b"a"), ())
        assert not cache.is_kept
        assert cache.get(cache.key(b"a")) is None


def test_a_broken_file_is_made_anew(tmp_path):
    (tmp_path / ".meantime_cache").mkdir()
    (tmp_path / ".meantime_cache/check.sqlite3").write_bytes(b"no database at all, but long enough to be read as one")
    with Cache(tmp_path) as cache:
        cache.put(cache.key(b"a"), (1,))
        assert cache.get(cache.key(b"a")) == (1,)


class _Evil:
    def __reduce__(self):
        return exec, ("import pathlib; pathlib.Path('evil').touch()",)


@pytest.mark.parametrize("value", [_Evil(), (1, [_Evil()])], ids=["itself", "within"])
def test_what_a_repository_brings_is_not_run(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    with Cache(tmp_path) as cache:
        key = cache.key(b"a")
    rows = sqlite3.connect(tmp_path / ".meantime_cache/check.sqlite3")
    rows.execute("INSERT INTO kept VALUES (?, ?, ?)", (key, 4e9, zlib.compress(pickle.dumps(value))))
    rows.commit()
    rows.close()
    with Cache(tmp_path) as cache:
        assert cache.get(key) is None
    assert not (tmp_path / "evil").exists()


def test_what_was_not_used_for_two_weeks_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    with Cache(tmp_path) as cache:
        cache.put(cache.key(b"old"), (1,))
    monkeypatch.setattr("time.time", lambda: 15 * 86_400.0)
    with Cache(tmp_path) as cache:
        assert cache.get(cache.key(b"old")) == (1,)  # used, so it stays
    monkeypatch.setattr("time.time", lambda: 30 * 86_400.0)
    with Cache(tmp_path):
        pass
    with Cache(tmp_path) as cache:
        assert cache.get(cache.key(b"old")) is None


def test_parts_of_a_key_do_not_run_together(tmp_path):
    with Cache(None) as cache:
        assert cache.key(b"ab", b"c") != cache.key(b"a", b"bc")


def test_a_second_check_reads_nothing_and_finds_the_same(tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text("def (:\n", encoding="utf-8")
    first = check([tmp_path], root=tmp_path, cache_in=tmp_path)
    monkeypatch.setattr("meantime.tools.check.reading.read_project", None)
    assert check([tmp_path], root=tmp_path, cache_in=tmp_path) == first


def test_a_changed_file_is_checked_anew(tmp_path):
    (tmp_path / "app.py").write_text("def (:\n", encoding="utf-8")
    assert check([tmp_path], root=tmp_path, cache_in=tmp_path).findings
    (tmp_path / "app.py").write_text("def f():\n", encoding="utf-8")
    (tmp_path / "app.py").write_text("x = 1 \n\n", encoding="utf-8")  # as long as before
    assert not check([tmp_path], root=tmp_path, cache_in=tmp_path).findings


def test_a_changed_comment_counts_at_once(tmp_path):
    (tmp_path / "app.py").write_text("x = 1  # noqa: MT201\n", encoding="utf-8")
    assert check([tmp_path], root=tmp_path, cache_in=tmp_path).findings
    (tmp_path / "app.py").write_text("x = 1  # noqa: E2012\n", encoding="utf-8")
    assert not check([tmp_path], root=tmp_path, cache_in=tmp_path).findings


def test_nothing_is_written_unless_it_is_asked_for(tmp_path):
    check([tmp_path], root=tmp_path)
    assert not (tmp_path / ".meantime_cache").exists()


def test_a_compiled_module_that_appears_beside_the_code_counts(tmp_path):
    (tmp_path / "app.py").write_text("def handle(event, context): ...\n", encoding="utf-8")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {Handler: ap.handle, Runtime: python3.13, CodeUri: .}\n",
        encoding="utf-8",
    )
    assert [each.code for each in check([tmp_path], root=tmp_path, cache_in=tmp_path).findings] == ["MT107"]
    (tmp_path / "ap.so").touch()
    assert not check([tmp_path], root=tmp_path, cache_in=tmp_path).findings
