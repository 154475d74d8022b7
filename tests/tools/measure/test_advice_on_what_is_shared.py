"""Where turns share something, keep an order, or end early, it is said; and no change is shown that would err."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.advice import advise
from meantime.tools.measure.dependence import IF_INDEPENDENT, independent_groups
from meantime.tools.measure.pricing import current_prices

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import run_of
from recorded_styles import STYLES, names_in, record
from stretching import waiting

WITH_A_CHANGE = {"assumed_items_of_an_event"}  # its assumption is plain to check


def of_kind(kind):
    return [name for name in names_in("shared") if name.startswith(kind)]


@pytest.mark.parametrize("name", of_kind("chain"))
def test_what_is_written_to_one_thing_keeps_its_order(name, monkeypatch):
    found = independent_groups(record("shared", name, monkeypatch), STYLES)

    assert found.groups == ()
    assert found.chains


@pytest.mark.parametrize("name", of_kind("assumed"))
def test_what_turns_share_is_an_assumption(name, monkeypatch):
    (group, *_) = independent_groups(record("shared", name, monkeypatch), STYLES).groups

    assert group.certainty == IF_INDEPENDENT
    assert group.assumption


@pytest.mark.parametrize("name", [*of_kind("assumed"), *of_kind("quiet")])
def test_no_change_is_shown_that_might_give_another_answer(name, monkeypatch):
    recorded = waiting(record("shared", name, monkeypatch), 40.0)

    first = advise([run_of(recorded)], STYLES, prices=current_prices())[0]

    assert first.code == "side-by-side"
    assert bool(first.change) == (name in WITH_A_CHANGE)
