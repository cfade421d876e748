"""Samplers by counting: shares of tasks, coverage of an epoch, and what each of several processes sees."""

from collections import Counter
from collections.abc import Sequence

import pytest
from fas_joint.samplers import Alternating, Random, Simultaneous, TaskByTask
from hypothesis import given, settings, strategies as st

from fascore import Record, Sampler, SpecError, validate

COUNTS = {"spoof": st.integers(1, 40), "forgery": st.integers(1, 40)}
SIZES = st.integers(1, 9).map(lambda half: 2 * half)


def records(spoof: int, forgery: int) -> list[Record]:
    """Every third record of a task is bona fide; ids begin with the task, and the tasks are mixed in the list."""
    made = [(task, i) for task, count in (("spoof", spoof), ("forgery", forgery)) for i in range(count)]
    return [
        Record(
            f"{task}/{i}/{'live' if i % 3 == 0 else 'attack'}",
            int(i % 3 == 0),
            {},
            task=task,
            species=None if i % 3 == 0 else "x",
        )
        for task, i in sorted(made, key=lambda one: one[1])
    ]


def tasks(batch: Sequence[str]) -> Counter[str]:
    return Counter(id_.partition("/")[0] for id_ in batch)


def flat(plan: Sequence[Sequence[str]]) -> list[str]:
    return [id_ for batch in plan for id_ in batch]


@settings(deadline=None)
@given(size=SIZES, **COUNTS)
def test_random_merges_both_tasks_and_shows_every_record_once(size: int, spoof: int, forgery: int) -> None:
    given_records = records(spoof, forgery)
    plan = Random(batch_size=size).plan(given_records, 0, 1)
    assert sorted(flat(plan)) == sorted(record.id for record in given_records)
    assert len(plan) == -(-(spoof + forgery) // size)


def test_random_leaves_the_share_of_a_task_to_chance() -> None:
    plan = Random(batch_size=20).plan(records(200, 200), 0, 1)
    assert len({tasks(batch)["spoof"] for batch in plan}) > 3


@settings(deadline=None)
@given(size=SIZES, **COUNTS)
def test_simultaneous_has_exactly_half_of_each_task_in_every_batch(size: int, spoof: int, forgery: int) -> None:
    plan = Simultaneous(batch_size=size).plan(records(spoof, forgery), 0, 1)
    assert all(tasks(batch)["spoof"] == tasks(batch)["forgery"] <= size // 2 for batch in plan)
    shorter = min(spoof, forgery)
    assert len(plan) == -(-shorter // (size // 2))
    seen = Counter(flat(plan))
    assert max(seen.values()) == 1
    assert tasks(seen) == {"spoof": shorter, "forgery": shorter}


@settings(deadline=None)
@given(size=SIZES, **COUNTS)
def test_simultaneous_of_the_longer_task_repeats_the_shorter_one_evenly(size: int, spoof: int, forgery: int) -> None:
    plan = Simultaneous(batch_size=size, epoch="longer").plan(records(spoof, forgery), 0, 1)
    assert all(tasks(batch)["spoof"] == tasks(batch)["forgery"] for batch in plan)
    times = Counter(flat(plan))
    assert len(times) == spoof + forgery
    for task in ("spoof", "forgery"):
        counts = [count for id_, count in times.items() if id_.startswith(task)]
        assert max(counts) - min(counts) <= 1


@settings(deadline=None)
@given(size=SIZES, **COUNTS)
def test_alternating_steps_are_of_one_task_each_in_turn(size: int, spoof: int, forgery: int) -> None:
    plan = Alternating(batch_size=size).plan(records(spoof, forgery), 0, 1)
    assert [set(tasks(batch)) for batch in plan] == [{("spoof", "forgery")[step % 2]} for step in range(len(plan))]
    assert len(plan) == 2 * min(-(-spoof // size), -(-forgery // size))
    assert max(Counter(flat(plan)).values()) == 1
    fewer = "spoof" if -(-spoof // size) <= -(-forgery // size) else "forgery"
    assert tasks(flat(plan))[fewer] == {"spoof": spoof, "forgery": forgery}[fewer]


def test_alternating_of_the_longer_task_shows_every_record() -> None:
    plan = Alternating(batch_size=4, epoch="longer").plan(records(21, 7), 0, 1)
    assert len(plan) == 2 * 6
    seen = Counter(flat(plan))
    assert len(seen) == 28
    assert {count for id_, count in seen.items() if id_.startswith("forgery")} == {3}


@settings(deadline=None)
@given(size=SIZES, first=st.sampled_from(["spoof", "forgery"]), **COUNTS)
def test_task_by_task_finishes_one_task_before_the_other(size: int, first: str, spoof: int, forgery: int) -> None:
    given_records = records(spoof, forgery)
    plan = validate(TaskByTask, {"batch_size": size, "first": first}).plan(given_records, 0, 1)
    steps = {"spoof": -(-spoof // size), "forgery": -(-forgery // size)}
    second = "forgery" if first == "spoof" else "spoof"
    assert [set(tasks(batch)) for batch in plan] == [{first}] * steps[first] + [{second}] * steps[second]
    assert sorted(flat(plan)) == sorted(record.id for record in given_records)


EVERY = [Random(batch_size=8), Simultaneous(batch_size=8), Alternating(batch_size=8), TaskByTask(batch_size=8)]


@pytest.mark.parametrize("sampler", EVERY, ids=lambda sampler: sampler.type)
def test_a_plan_is_a_function_of_records_epoch_and_seed(sampler: Sampler) -> None:
    given_records = records(30, 21)
    assert sampler.plan(given_records, 4, 9) == sampler.plan(given_records, 4, 9)
    assert len({str(sampler.plan(given_records, epoch, seed)) for epoch in (0, 1) for seed in (0, 1)}) == 4


@pytest.mark.parametrize("sampler", EVERY, ids=lambda sampler: sampler.type)
def test_two_processes_share_every_batch_without_overlap_and_neither_is_idle(sampler: Sampler) -> None:
    for batch in sampler.plan(records(30, 21), 0, 1):
        parts = [batch[r::2] for r in range(2)]
        assert sorted(parts[0] + parts[1]) == sorted(batch)
        assert abs(len(parts[0]) - len(parts[1])) <= 1
        assert all(parts)


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_every_process_has_its_share_of_both_tasks_where_they_come_together(processes: int) -> None:
    for batch in Simultaneous(batch_size=16).plan(records(48, 64), 0, 1):
        for task in ("spoof", "forgery"):
            shares = [tasks(batch[r::processes])[task] for r in range(processes)]
            assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize(("kept", "wanted"), [("all", 21), ("bona_fide", 7), ("attack", 14), ("none", 0)])
def test_the_other_task_gives_all_its_records_only_one_label_or_none(kept: str, wanted: int) -> None:
    plan = validate(Random, {"batch_size": 8, "forgery": kept}).plan(records(30, 21), 0, 1)
    assert tasks(flat(plan)) == {task: count for task, count in (("spoof", 30), ("forgery", wanted)) if count}
    labels = {id_.rpartition("/")[2] for id_ in flat(plan) if id_.startswith("forgery")}
    assert labels == {"all": {"live", "attack"}, "bona_fide": {"live"}, "attack": {"attack"}, "none": set()}[kept]


def test_a_task_without_records_and_halves_of_an_odd_number_are_refused() -> None:
    with pytest.raises(SpecError, match="no record of the task forgery"):
        Alternating().plan(records(5, 0), 0, 1)
    with pytest.raises(SpecError, match="none of 5 records"):
        Random(spoof="none").plan(records(5, 0), 0, 1)
    with pytest.raises(ValueError, match="even number"):
        Simultaneous(batch_size=7)
    with pytest.raises(ValueError, match=r"joint\.random"):
        TaskByTask(forgery="none")
