"""Templates that are made to be hard to read."""

from __future__ import annotations

import pytest

from meantime.tools.check.handlers.nodes import read_nodes
from meantime.tools.check.unreadable import UnreadableError


@pytest.mark.parametrize(
    "text",
    [
        "X: " + "[" * 100_000,
        "X: " + "[" * 100_000 + "]" * 100_000,
        "X: " + "{a: " * 100_000 + "}" * 100_000,
        "X:\n  " + "- " * 100_000 + "1",
        "? " * 100_000 + "1",
        "\n".join(" " * depth + "a:" for depth in range(2_000)),
    ],
    ids=["never closed", "lists", "mappings", "a list of lists", "keys of keys", "indented"],
)
def test_what_is_nested_too_deeply_is_told(text):
    with pytest.raises(UnreadableError, match="too deeply"):
        read_nodes(text, "template.yaml")


def test_what_is_nested_as_deeply_as_any_template_is_read():
    flow = read_nodes("X: " + "[" * 100 + "]" * 100, "template.yaml")
    block = read_nodes("\n".join(" " * depth + "a:" for depth in range(200)), "template.yaml")

    assert flow is not None
    assert block is not None


def test_brackets_that_follow_one_another_are_not_nested():
    found = read_nodes("X: [" + "[1], " * 1_000 + "]\nY: 2", "template.yaml")

    assert found is not None
    assert found.get("Y").text == "2"


@pytest.mark.parametrize("text", ["X: 1\n" + " " * 1_000 + "\nY: 2", "X: a" + " " * 100_000 + "# b\nY: 2"])
def test_spaces_are_no_depth(text):
    found = read_nodes(text, "template.yaml")

    assert found is not None
    assert found.get("Y").text == "2"


def test_what_is_merged_many_times_is_merged_once():
    anchors = [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: {n}}}" for n in range(1, 9)]
    found = read_nodes("\n".join(["a0: &a0 {k0: 0}", *anchors]), "template.yaml")

    assert [key for key, _ in found.get("a8").entries()] == [f"k{n}" for n in range(8, -1, -1)]


def test_a_mapping_may_merge_itself():
    found = read_nodes("a: &a\n  b: 1\n  c: {<<: *a}\n  <<: *a\n", "template.yaml")

    assert found.get("a", "b").text == "1"


def test_what_json_writes_as_two_halves_is_as_wide_as_it_stands_there():
    found = read_nodes('{"Emoji": "\\ud83d\\ude00", "After": 1}', "template.json")

    assert found is not None
    assert found.get("After").place.column == 27
