"""From entries to splits: carving is disjoint by subject, and splits share no record."""

import pytest
from hypothesis import given, settings, strategies as st

from fascore import FascoreError, Record
from fascore.running.records import Splits, carve


def people(subjects: int, clips: int) -> list[Record]:
    return [
        Record(f"{subject}/{label}/{clip}", label, {}, subject=f"p{subject}", species=None if label else "print.flat")
        for subject in range(subjects) for label in (0, 1) for clip in range(clips)
    ]


@settings(deadline=None)
@given(subjects=st.integers(2, 30), clips=st.integers(1, 3), share=st.floats(0.01, 0.99), seed=st.integers(0, 2**31))
def test_carving_keeps_every_record_once_and_no_subject_in_both_parts(subjects: int, clips: int, share: float, seed: int) -> None:
    records = people(subjects, clips)
    try:
        train, dev = carve(records, share, seed)
    except FascoreError:
        assert round(share * subjects) >= subjects
        return
    assert sorted(r.id for r in train + dev) == sorted(r.id for r in records)
    assert not {r.subject for r in train} & {r.subject for r in dev}
    assert len({r.subject for r in dev}) == max(1, round(share * subjects))


def test_carving_depends_on_the_seed_and_not_on_the_order_of_listing() -> None:
    records = people(20, 1)
    chosen = [{r.subject for r in carve(listed, 0.3, seed)[1]} for listed, seed in ((records, 1), (records[::-1], 1), (records, 2))]
    assert chosen[0] == chosen[1] != chosen[2]


def test_records_without_a_subject_are_subjects_of_their_own() -> None:
    records = [Record(str(n), n % 2, {}) for n in range(40)]
    train, dev = carve(records, 0.25, 3)
    assert (len(train), len(dev)) == (30, 10)


def test_a_carving_that_would_leave_a_part_with_one_class_is_refused_with_what_to_do() -> None:
    records = [Record("a", 1, {}, subject="x"), Record("b", 0, {}, subject="y")]
    with pytest.raises(FascoreError, match=r"carving 1 of 2 subjects .* without bona fide or without attacks; name a dev split"):
        carve(records, 0.5, 0)


def test_the_manifest_hash_knows_splits_and_labels_and_not_the_order() -> None:
    records = tuple(people(3, 1))
    turned = (Record("0/0/0", 1, {}, subject="p0"), *records[1:])
    hashes = [Splits(train, (), {}, False).manifest() for train in (records, records[::-1], turned)] + [Splits((), records, {}, False).manifest()]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
