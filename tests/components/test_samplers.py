"""Samplers: what an epoch and a batch hold, counted."""

from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from fascore import Record, SpecError
from fascore.components.samplers import Balanced, Shuffle


def records(labels, species=None, subject=None, task=None):
    some = [None] * len(labels)
    columns = zip(labels, task or ["spoof"] * len(labels), species or some, subject or some)
    return [Record(f"r{i}", label, {}, task=t, species=s, subject=who) for i, (label, t, s, who) in enumerate(columns)]


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 200), size=st.integers(1, 40), seed=st.integers(0, 99))
def test_shuffle_gives_every_record_once_in_batches_of_even_size(count, size, seed):
    rows = records([0] * count)
    plan = Shuffle(batch_size=size).plan(rows, 0, seed)
    assert sorted(i for batch in plan for i in batch) == sorted(r.id for r in rows)
    sizes = [len(batch) for batch in plan]
    assert max(sizes) <= size and max(sizes) - min(sizes) <= 1 and len(plan) == -(-count // size)


def test_shuffle_drops_the_rest_where_asked():
    plan = Shuffle(batch_size=8, drop_last=True).plan(records([0] * 30), 3, 1)
    assert [len(batch) for batch in plan] == [8, 8, 8]
    assert len({i for batch in plan for i in batch}) == 24


@pytest.mark.parametrize("sampler", [Shuffle(batch_size=4), Balanced(batch_size=4)])
def test_a_plan_is_a_function_of_records_epoch_and_seed(sampler):
    rows = records([0, 1] * 20)
    again = [sampler.plan(rows, epoch, seed) for epoch, seed in ((0, 0), (0, 0), (1, 0), (0, 1))]
    assert again[0] == again[1] and again[0] != again[2] and again[0] != again[3]


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=7),
    batch=st.integers(1, 25),
    seed=st.integers(0, 99),
    processes=st.integers(1, 4),
)
def test_every_group_has_an_equal_share_of_batch_epoch_and_process(sizes, batch, seed, processes):
    group = [f"g{g}" for g, size in enumerate(sizes) for _ in range(size)]
    rows = records([0] * len(group), species=group)
    of = {row.id: row.species for row in rows}
    plan = Balanced(by="species", batch_size=batch).plan(rows, 2, seed)
    assert len(plan) == -(-len(rows) // batch)
    epoch = Counter(dict.fromkeys(of.values(), 0))
    for ids in plan:
        assert len(ids) == batch
        counts = Counter(dict.fromkeys(of.values(), 0))
        counts.update(of[i] for i in ids)
        epoch += Counter(of[i] for i in ids)
        assert max(counts.values()) - min(counts.values()) <= 1
        for rank in range(processes):
            mine = Counter(of[i] for i in ids[rank::processes])
            assert all(abs(mine[g] - counts[g] / processes) < 1 for g in counts)
    assert max(epoch[g] for g in of.values()) - min(epoch[g] for g in of.values()) <= 1


def test_a_small_group_comes_round_as_a_whole_before_it_repeats():
    rows = records([1] * 3 + [0] * 27)
    drawn = [i for batch in Balanced(batch_size=6).plan(rows, 0, 0) for i in batch if int(i[1:]) < 3]
    assert len(drawn) == 15
    assert all(len(set(drawn[start : start + 3])) == 3 for start in range(0, 15, 3))


def test_bona_fide_is_one_species():
    rows = records([1, 1, 0, 0, 0, 0], species=[None, None, "print", "print", "mask", "mask"])
    plan = Balanced(by="species", batch_size=3).plan(rows, 0, 0)
    assert [sorted(rows[int(i[1:])].species or "-" for i in batch) for batch in plan] == [["-", "mask", "print"]] * 2


@pytest.mark.parametrize(
    ("sampler", "rows", "says"),
    [
        (Shuffle(), [], "shuffle: there are 0 training records, but a batch needs 1"),
        (
            Shuffle(batch_size=8, drop_last=True),
            records([0] * 7),
            "7 training records, but a batch needs 8; lower 'batch_size'",
        ),
        (Balanced(), records([1] * 5), "balanced by label: all 5 records are in one group"),
        (Balanced(by="subject"), records([0, 1]), "record 'r0' has no subject"),
    ],
)
def test_too_few_records_are_an_error(sampler, rows, says):
    with pytest.raises(SpecError, match=says):
        sampler.plan(rows, 0, 0)
