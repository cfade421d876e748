"""From entries to splits: carving is disjoint by subject, and splits share no record."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from fascore import FascoreError, Record, RunSpec, SpecErrors, validate
from fascore.running.splits import Splits, carve, list_records


def people(subjects: int, clips: int) -> list[Record]:
    return [
        Record(f"{subject}/{label}/{clip}", label, {}, subject=f"p{subject}", species=None if label else "print.flat")
        for subject in range(subjects)
        for label in (0, 1)
        for clip in range(clips)
    ]


@settings(deadline=None)
@given(subjects=st.integers(2, 30), clips=st.integers(1, 3), share=st.floats(0.01, 0.99), seed=st.integers(0, 2**31))
def test_carving_keeps_every_record_once_and_no_subject_in_both_parts(
    subjects: int, clips: int, share: float, seed: int
) -> None:
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
    chosen = [
        {r.subject for r in carve(listed, 0.3, seed)[1]}
        for listed, seed in ((records, 1), (records[::-1], 1), (records, 2))
    ]
    assert chosen[0] == chosen[1] != chosen[2]


def test_records_without_a_subject_are_subjects_of_their_own() -> None:
    records = [Record(str(n), n % 2, {}) for n in range(40)]
    train, dev = carve(records, 0.25, 3)
    assert (len(train), len(dev)) == (30, 10)


def test_a_carving_that_would_leave_a_part_with_one_class_is_refused_with_what_to_do() -> None:
    records = [Record("a", 1, {}, subject="x"), Record("b", 0, {}, subject="y")]
    with pytest.raises(
        FascoreError, match=r"carving 1 of 2 subjects .* without bona fide or without attacks; name a dev split"
    ):
        carve(records, 0.5, 0)


def test_the_manifest_hash_knows_splits_and_labels_and_not_the_order() -> None:
    records = tuple(people(3, 1))
    turned = (Record("0/0/0", 1, {}, subject="p0"), *records[1:])
    hashes = [Splits(train, (), {}, False).manifest() for train in (records, records[::-1], turned)] + [
        Splits((), records, {}, False).manifest()
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_a_column_that_no_record_has_is_reported_before_anything_is_prepared(tiny: dict[str, Any]) -> None:
    heads = {
        "main": {"type": "binary", "where": {"taks": "spoof"}},
        "what": {"type": "multiclass", "target": "record.specie", "classes": [1, 2]},
    }
    tiny["model"]["heads"] = {name: {**head, "inputs": ["all"]} for name, head in heads.items()}
    tiny["model"]["score"] = "main"
    with pytest.raises(SpecErrors) as caught:
        list_records(validate(RunSpec, tiny))
    assert [str(problem) for problem in caught.value.problems] == [
        "model.heads.main.where.taks: the records have no column 'taks'. Did you mean 'task'?",
        "model.heads.what.target: the records have no column 'specie'. Did you mean 'species'?",
    ]
    tiny["model"]["heads"]["main"]["where"] = {"site": "A"}
    tiny["model"]["heads"]["what"]["target"] = "record.site"
    assert list_records(validate(RunSpec, tiny)).train


def test_one_id_for_two_records_is_refused_and_one_record_in_two_test_sets_is_not(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (tmp_path / name).write_bytes(b"never decoded")
    header = "id,label,species,rgb\n"
    (tmp_path / "train.csv").write_text(f"{header}t1,1,,a.png\nt2,0,print,b.png\n")
    (tmp_path / "dev.csv").write_text(f"{header}d1,1,,a.png\nd2,0,print,b.png\n")
    (tmp_path / "one.csv").write_text(f"{header}1,1,,c.png\n")
    (tmp_path / "same.csv").write_text(f"{header}1,1,,{tmp_path}/c.png\n")
    (tmp_path / "other.csv").write_text(f"{header}1,1,,d.png\n")

    def listed(second: str) -> Splits:
        manifests = {
            name: {"type": "folder", "manifest": str(tmp_path / f"{name}.csv")}
            for name in ("train", "dev", "one", second)
        }
        entry = {name: [{"dataset": dataset, "split": "all"}] for name, dataset in manifests.items()}
        data = {"train": entry["train"], "dev": entry["dev"], "test": {"first": entry["one"], "second": entry[second]}}
        model = {"heads": {"main": {"type": "binary", "inputs": ["face"]}}}
        return list_records(
            validate(RunSpec, {"name": "x", "data": data, "modalities": {"face": {"type": "faces"}}, "model": model})
        )

    assert len(listed("same").every()) == 5
    with pytest.raises(
        FascoreError,
        match=r"the id '1' names a record of first \(dataset 'one'\) and another of second \(dataset 'other'\)",
    ):
        listed("other")


def test_a_hidden_column_is_gone_from_the_records_of_its_entry_alone(tiny: dict[str, Any]) -> None:
    tiny["data"]["train"][0]["hide"] = ["site"]
    splits = list_records(validate(RunSpec, tiny))
    assert not any("site" in record.metadata for record in splits.train)
    assert all("site" in record.metadata for records in splits.tests.values() for record in records)
    tiny["data"]["train"][0]["hide"] = ["sight"]
    with pytest.raises(SpecErrors, match=r"data\.train\.0\.hide: .*no column 'sight' of metadata; they have .*site"):
        list_records(validate(RunSpec, tiny))
