"""The first advice on a function is right however it is written, and the change it shows does what the function did."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meantime.tools.measure.advice import advise
from meantime.tools.measure.pricing import current_prices

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import run_of
from recorded_styles import STYLES, called, imported, names_in, record
from stretching import waiting

# Places that a diff could not safely take apart, or where it is not the function's own lines alone: words.
WITHOUT_A_DIFF = {
    *("in_a_dictionary", "helper_called_twice_on_a_line", "product_of_two", "one_thread", "until_the_list_is_empty"),
    *("first_that_is_there", "guarded", "failures_are_logged", "walrus", "matched", "handler_of_a_record"),
    *("skips_some", "helper_of_another_file"),
    # Their calls count, or collect, in an object that all turns share.
    *("class_based_service", "inherited_method", "object_as_handler"),
}


def advice_on(module, name, monkeypatch, folder=STYLES):
    recorded = waiting(record(module, name, monkeypatch), 40.0)
    return advise([run_of(recorded)], folder, prices=current_prices())


@pytest.mark.parametrize("name", names_in("independent"))
def test_calls_in_line_that_need_nothing_of_each_other_are_advised_side_by_side(name, monkeypatch):
    first = advice_on("independent", name, monkeypatch)[0]

    assert first.code == "side-by-side"
    assert first.executor == ("tasks" if name.startswith("awaited") else "threads")
    assert first.max_concurrency > 1
    assert first.duration_ms.value < first.before_ms if first.before_ms else True
    assert first.calls


@pytest.mark.parametrize("name", names_in("dependent"))
def test_a_chain_is_advised_against_concurrency(name, monkeypatch):
    found = advice_on("dependent", name, monkeypatch)

    assert found[0].code == "keep-sequential"
    assert not any(each.code == "side-by-side" for each in found)


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch")
@pytest.mark.parametrize("name", [name for name in names_in("independent") if name not in WITHOUT_A_DIFF])
def test_the_change_does_what_the_function_did(name, monkeypatch, tmp_path):
    shutil.copytree(STYLES, tmp_path / "code", ignore=shutil.ignore_patterns("__pycache__"))
    change = advice_on("independent", name, monkeypatch, tmp_path / "code")[0].change
    before = answer_of(name, STYLES, monkeypatch)

    assert change.startswith("--- a/"), change
    patch = ["patch", "-p1", "-s"]
    subprocess.run(patch, input=change + "\n", text=True, cwd=tmp_path / "code", check=True)  # as its reader would

    after = answer_of(name, tmp_path / "code", monkeypatch)
    if name == "object_as_handler":  # its advice says that the order may change
        before, after = sorted(before), sorted(after)
    assert after == before


@pytest.mark.parametrize("name", sorted(WITHOUT_A_DIFF))
def test_there_is_no_change_in_code_where_none_is_safe(name, monkeypatch):
    assert advice_on("independent", name, monkeypatch)[0].change == ""


def answer_of(name, folder, monkeypatch):
    return repr(called(imported("independent", name, monkeypatch, folder)))
