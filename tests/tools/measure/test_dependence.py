"""Calls that need nothing of each other are found in however they are written, and a chain is never taken for such."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.dependence import IF_INDEPENDENT, PROVED, independent_groups
from meantime.tools.measure.source.effects import reads_only

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call
from recorded_styles import STYLES, library_calls, names_in, record

ASSUMED = {
    *("until_the_list_is_empty", "first_that_is_there", "guarded", "queries"),
    *("class_based_service", "inherited_method", "object_as_handler"),  # their calls count, or collect, in an object
}
SOME = {  # how many go side by side, where not all do
    "notifies_all": 3,
    "found_then_read": 4,
}


@pytest.mark.parametrize("name", names_in("independent"))
def test_calls_that_need_nothing_of_each_other_are_found(name, monkeypatch):
    recorded = record("independent", name, monkeypatch)

    found = independent_groups(recorded, STYLES)

    assert len(found.groups) == 1, found
    (group,) = found.groups
    assert group.certainty == (IF_INDEPENDENT if name in ASSUMED else PROVED), group
    assert bool(group.assumption) == (name in ASSUMED)
    calls = [call for call in recorded.calls if call.id in library_calls(recorded)]
    tops = {call.parent if call.parent is not None else call.id for call in calls}
    assert len(group.calls) == SOME.get(name, len(tops))


@pytest.mark.parametrize("name", names_in("dependent"))
def test_calls_that_need_an_earlier_one_stay_in_line(name, monkeypatch):
    recorded = record("dependent", name, monkeypatch)

    found = independent_groups(recorded, STYLES)

    assert found.groups == ()
    assert len(library_calls(recorded)) > 1
    assert found.chains
    assert all(chain.reason for chain in found.chains)


def held_back(kind):
    """Those that were written when the analysis was there; both kinds are in each file."""
    return [
        (module, name)
        for module in ("held_back", "held_back_again", "held_back_third")
        for name in names_in(module)
        if name.startswith(kind)
    ]


@pytest.mark.parametrize(("module", "name"), held_back("free_"))
def test_what_it_was_not_made_for_is_found_as_well(module, name, monkeypatch):
    recorded = record(module, name, monkeypatch)

    (group, *_) = independent_groups(recorded, STYLES).groups

    assert len(group.calls) > 1


@pytest.mark.parametrize(("module", "name"), held_back("bound_"))
def test_a_chain_that_it_was_not_made_for_stays_one(module, name, monkeypatch):
    recorded = record(module, name, monkeypatch)

    assert independent_groups(recorded, STYLES).groups == ()


def test_a_fifo_queue_keeps_its_order(monkeypatch):
    recorded = record("dependent", "messages_in_order", monkeypatch)

    assert "FIFO" in independent_groups(recorded, STYLES).chains[0].reason


def test_a_resource_of_boto3_is_not_to_be_shared_by_threads(monkeypatch, tmp_path):
    (tmp_path / "services.py").write_text("")
    (tmp_path / "app.py").write_text(
        "import boto3\nfrom fake_services import dynamodb\n\n"
        "def handler(event, context):\n"
        "    table = dynamodb or boto3.resource('dynamodb').Table('orders')\n"
        "    return [table.get_item(TableName='orders', Key=key) for key in '123']\n"
    )
    recorded = record("app", "handler", monkeypatch, tmp_path)

    (group,) = independent_groups(recorded, tmp_path).groups

    assert group.certainty == IF_INDEPENDENT
    assert "resource" in group.assumption


def test_a_resource_from_a_module_of_the_functions_own_is_known(monkeypatch, tmp_path):
    (tmp_path / "services.py").write_text("")
    (tmp_path / "store.py").write_text(
        "import boto3\nfrom fake_services import dynamodb\n\n"
        "bucket = dynamodb or boto3.resource('s3').Bucket('orders')\n"
    )
    (tmp_path / "app.py").write_text(
        "from store import bucket\n\n"
        "def handler(event, context):\n"
        "    return [bucket.get_item(TableName='orders', Key=key) for key in '123']\n"
    )
    recorded = record("app", "handler", monkeypatch, tmp_path)

    (group,) = independent_groups(recorded, tmp_path).groups

    assert "resource" in group.assumption


@pytest.mark.parametrize("name", ["SELECT readings", "PREPARE SELECT readings", "RESET"])
def test_what_a_driver_sends_besides_changes_nothing_that_another_call_sees(name):
    """asyncpg's pool resets a connection as it comes back: turns of a loop that query are independent all the same."""
    assert reads_only(call(0, name=name, kind="sql", library="asyncpg"))
