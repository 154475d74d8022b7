"""In which order shards are read: children after their parents, whatever is split, merged or trimmed away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.emulator.mappings.shards import Shards
from meantime.tools.emulator.mappings.source import Shard


def names(shards: list[Shard]) -> list[str]:
    return [shard.shard_id for shard in shards]


def test_a_child_waits_until_its_parent_is_done() -> None:
    shards, parent = Shards(latest=False), Shard("p", closed=True)
    shards.found([Shard("c1", ("p",)), Shard("c2", ("p",)), parent])
    first = names(shards.ready())
    shards.begun(parent)
    meanwhile = names(shards.ready())

    shards.done(parent)

    assert (first, meanwhile, names(shards.ready())) == (["p"], [], ["c1", "c2"])


def test_a_merged_shard_waits_for_both_its_parents() -> None:
    shards, left, right = Shards(latest=False), Shard("l", closed=True), Shard("r", closed=True)
    shards.found([left, right, Shard("m", ("l", "r"))])
    for shard in shards.ready():
        shards.begun(shard)

    shards.done(left)
    after_one = names(shards.ready())
    shards.done(right)

    assert (after_one, names(shards.ready())) == ([], ["m"])


def test_a_parent_that_was_trimmed_away_is_not_waited_for() -> None:
    shards = Shards(latest=False)
    shards.found([Shard("c", ("long gone",))])
    assert names(shards.ready()) == ["c"]


def test_a_parent_that_vanishes_before_it_was_begun_is_not_waited_for() -> None:
    shards = Shards(latest=False)
    shards.found([Shard("p", closed=True), Shard("c", ("p",))])

    shards.found([Shard("c", ("p",))])

    assert names(shards.ready()) == ["c"]
    assert not shards.all_begun


def test_from_latest_on_what_is_closed_already_is_not_read() -> None:
    shards, child = Shards(latest=True), Shard("c", ("p",))

    shards.found([Shard("p", closed=True), child])

    assert names(shards.ready()) == ["c"]
    assert not shards.from_the_start(child)


def test_a_shard_that_comes_later_is_read_from_its_start() -> None:
    shards, child = Shards(latest=True), Shard("c", ("p",))
    shards.found([Shard("p")])

    shards.found([Shard("p", closed=True), child])

    assert shards.from_the_start(child)


@given(data=st.data(), size=st.integers(1, 12))
def test_every_shard_is_read_once_and_after_all_it_came_from(data: st.DataObject, size: int) -> None:
    lineage = [
        Shard(
            str(number),
            tuple(map(str, data.draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True)))) if number else (),
            closed=True,
        )
        for number in range(size)
    ]
    shards, done = Shards(latest=False), []
    shards.found(data.draw(st.permutations(lineage)))
    under_way: list[Shard] = []

    while len(done) < size:
        for shard in shards.ready():
            assert set(shard.parents) <= set(done)
            shards.begun(shard)
            under_way.append(shard)
        ended = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
        shards.done(ended)
        done.append(ended.shard_id)

    assert sorted(done) == sorted(map(str, range(size)))
    assert shards.ready() == []
    assert shards.all_begun
