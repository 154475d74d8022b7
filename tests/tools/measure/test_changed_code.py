"""A change is measured in a folder like the original: nothing of the original is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from meantime.tools.measure.changed_code import ChangedCode
from meantime.tools.measure.promised import Promised
from meantime.tools.report.advice import Advice, Estimate

PATCH = """--- a/shop/prices.py
+++ b/shop/prices.py
@@ -1 +1 @@
-PRICE = 1
+PRICE = 2
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "shop" / "__pycache__").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "handler.py").write_text("from shop.prices import PRICE\n")
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "prices.py").write_text("PRICE = 1\n")
    (folder / "data" / "table.csv").write_text("1,2\n")
    return folder


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    path = tmp_path / "advice-1.patch"
    path.write_text(PATCH)
    return path


def test_a_patch_is_applied_beside_the_original_wherever_its_file_is(code, patch):
    with ChangedCode([patch], code) as (change,):
        assert change.name == "advice-1"
        assert (change.code / "shop" / "prices.py").read_text() == "PRICE = 2\n"
        assert (change.code / "handler.py").read_text() == (code / "handler.py").read_text()
        assert (change.code / "data" / "table.csv").read_text() == "1,2\n"

    assert (code / "shop" / "prices.py").read_text() == "PRICE = 1\n"
    assert (code / "data" / "table.csv").exists()
    assert not change.code.exists()


def test_bytecode_of_the_original_is_not_shared(code, patch):
    with ChangedCode([patch], code) as (change,):
        assert not (change.code / "shop" / "__pycache__").exists()


def test_a_changed_copy_is_measured_where_it_is(code, tmp_path):
    copy = tmp_path / "changed"
    copy.mkdir()

    with ChangedCode([copy], code, taken=["changed"]) as (change,):
        assert (change.name, change.code) == ("changed-2", copy)
    assert copy.is_dir()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not a patch", "holds no change"),
        (PATCH.replace("PRICE = 1", "PRICE = 7"), "does not fit shop/prices.py"),
        (PATCH.replace("a/shop/", "a/../").replace("b/shop/", "b/../"), "outside the code folder"),
    ],
)
def test_a_patch_that_cannot_be_applied_is_refused_in_words(code, tmp_path, text, words):
    path = tmp_path / "wrong.patch"
    path.write_text(text)

    with pytest.raises(ValueError, match=f"wrong.patch: .*{words}"):
        ChangedCode([path], code).__enter__()


def test_a_patch_that_is_not_there_is_refused(code):
    with pytest.raises(ValueError, match="no such patch, nor a folder"):
        ChangedCode([Path("nowhere.patch")], code).__enter__()


def test_a_patch_says_what_it_promises(code, tmp_path):
    advice = Advice(
        code="side-by-side",
        title="Do",
        text="it",
        executor="threads",
        max_concurrency=10,
        memory_mb=1769,
        duration_ms=Estimate(value=166.2, low=135, high=204),
    )
    promised = Promised.of(advice, 835.5)
    assert promised is not None
    path = tmp_path / "advice-1.patch"
    path.write_text(f"Do it\n{promised.line}\n\n{PATCH}")

    with ChangedCode([path], code) as (change,):
        assert change.promised == promised
