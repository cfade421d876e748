from dataclasses import replace

import numpy as np
import pytest
from audited_scenes import Drawn, Told, part, redrawn
from fas_audit.audit import audit
from fas_audit.findings import Limits
from fas_audit.report import rows
from fas_audit.target import Part, rows_of

from fascore import FascoreError

LIMITS = Limits(distance=0.07)
"""Wide enough for the 2 x 160 records that a test can afford: an AUC of theirs has a standard error of .042."""


def ask(planted, **options):
    return audit("drawn", [planted], limits=LIMITS, processes=0, **options)


def of(audited, question):
    return {f.model: f for task in audited.tasks for f in task.findings if f.question == question}


def fails(audited, question):
    return any(f.verdict == "failed" for f in of(audited, question).values())


@pytest.fixture(scope="module")
def clean():
    return ask(part())


def test_a_dataset_drawn_without_regard_to_the_label_passes_every_question(clean):
    assert clean.verdict() == "passed"
    assert set(clean.verdicts()) == {"passed"} | (
        {"not measurable"} if any(f.measured is None for t in clean.tasks for f in t.findings) else set()
    )
    asked = {f.question for task in clean.tasks for f in task.findings if f.measured is not None}
    assert asked == {"metadata", "surroundings", "attributes", "identity", "statistics"}


def test_boxes_that_never_differ_cannot_reveal_anything_and_this_is_reported(clean):
    assert {f.sentence for f in of(clean, "geometry").values()} == {"nothing differs between records"}


def test_a_planted_correlation_of_crf_with_the_label_fails_and_is_named():
    def change(record, random):
        return replace(record, metadata={**record.metadata, "crf": int(random.integers(18, 30)) + 6 * record.label})

    audited = ask(part(change))
    assert audited.verdict() == "failed"
    assert fails(audited, "metadata") and not fails(audited, "attributes") and not fails(audited, "surroundings")
    failed = next(f for f in of(audited, "metadata").values() if f.verdict == "failed")
    assert failed.telling[0][0] == "crf"
    assert "crf" in failed.sentence and "--ignore" in failed.sentence


def test_a_column_that_is_ignored_reveals_nothing_and_is_in_the_report():
    def change(record, random):
        return replace(record, metadata={**record.metadata, "crf": 20 + record.label})

    audited = ask(part(change), ignored=["crf"])
    assert not fails(audited, "metadata")
    assert "crf" in audited.excluded


@pytest.mark.parametrize(
    ("change", "question"),
    [
        (lambda r, _: redrawn(r, rate=25.0 + 0.5 * r.label), "metadata"),
        (lambda r, _: redrawn(r, frames=3 + r.label), "metadata"),
        (
            lambda r, random: replace(
                r, metadata={**r.metadata, "crf": None if r.label and random.random() < 0.5 else 25}
            ),
            "metadata",
        ),
        (lambda r, _: redrawn(r, wall=12.0 * r.label), "surroundings"),
        (lambda r, _: replace(redrawn(r, wall=12.0 * r.label), annotation=Told(area=False)), "surroundings"),
        (lambda r, _: replace(redrawn(r, wall=12.0 * r.label), annotation=None), "surroundings"),
        (lambda r, random: replace(r, annotation=Told(float(random.integers(0, 4) + 2 * r.label))), "geometry"),
        (
            lambda r, random: replace(
                r, metadata={**r.metadata, "glasses": int(random.random() < 0.3 + 0.4 * r.label)}
            ),
            "attributes",
        ),
        (
            lambda r, random: replace(
                r, metadata={**r.metadata, "room": "hall" if random.random() < 0.3 + 0.4 * r.label else "attic"}
            ),
            "attributes",
        ),
        (lambda r, _: redrawn(r, skin=60.0 * r.label), "statistics"),
    ],
    ids=[
        "rate",
        "frames",
        "missing number",
        "wall",
        "wall outside the box",
        "wall at the border",
        "area",
        "glasses",
        "room",
        "brightness",
    ],
)
def test_each_planted_leak_fails_its_own_question(change, question):
    assert fails(ask(part(change)), question)


def test_the_size_of_the_area_does_not_leak_into_what_lies_outside_it():
    audited = ask(part(lambda r, random: replace(r, annotation=Told(float(random.integers(0, 4) + 5 * r.label)))))
    assert fails(audited, "geometry")
    assert not fails(audited, "surroundings")


def hidden(share):
    """Areas that cover the whole picture for this share of records."""
    return part(lambda r, random: replace(r, annotation=Told(64.0 if random.random() < share else 0.0)), count=700)


def counts(audited, question):
    return {(f.measured.bona_fide, f.measured.attacks) for f in of(audited, question).values()}


def test_more_records_are_read_for_surroundings_that_many_records_do_not_show():
    audited = ask(hidden(0.4), records=170)
    assert counts(audited, "metadata") == counts(audited, "geometry") == {(170, 170)}
    ((bona_fide, attacks),) = counts(audited, "surroundings")
    assert min(bona_fide, attacks) > 130 and max(bona_fide, attacks) < 200
    assert all(f.measured.error < 0.7 * LIMITS.distance for f in of(audited, "surroundings").values())
    assert 340 < audited.read < 560
    assert any(
        f"{audited.read - 340} more records were read for the surroundings" in note
        for task in audited.tasks
        for note in task.notes
    )


def test_none_are_read_in_vain_where_as_many_again_would_not_be_enough():
    audited = ask(hidden(0.9), records=170)
    assert audited.read == 340
    assert not any("more records" in note for task in audited.tasks for note in task.notes)


def test_the_table_says_that_identity_has_an_upper_limit_only(clean):
    limits = {row[2]: row[6] for row in rows(clean)[1:]}
    assert limits == {
        "metadata": ".50 +- .07",
        "surroundings": ".50 +- .07",
        "geometry": ".50 +- .07",
        "attributes": ".50 +- .07",
        "identity": "<= 0.57",
        "statistics": "<= 0.75",
    }


def test_labels_balanced_within_subjects_pass_below_one_half_with_a_note():
    planted = part()
    seen: dict[str, int] = {}
    balanced = []
    for row in planted.rows:
        label = seen[row.record.subject] = 1 - seen.get(row.record.subject, 0)
        balanced.append(replace(row, record=replace(row.record, label=label, species=None if label else "print.flat")))
    audited = ask(Part("drawn", tuple(balanced)))
    (answer,) = (row for row in rows(audited) if row[2] == "identity")
    assert of(audited, "identity")["shares"].measured.auc < 0.45
    assert answer[7:] == ("passed", "below 0.50: labels are balanced within subjects better than by chance")


def test_causes_of_the_label_are_not_asked_about():
    def change(record, random):
        causes = {"instrument": "paper", "attack_potential": 1, "source": "x"} if not record.label else {}
        return replace(record, presenter=None if record.label else "somebody", metadata={**record.metadata, **causes})

    audited = ask(part(change))
    assert not fails(audited, "metadata") and not fails(audited, "attributes")
    assert {"species", "instrument", "attack_potential", "presenter", "label", "response", "source"} <= set(
        audited.excluded
    )


def test_subjects_with_a_single_label_fail_the_identity_question():
    def change(record, random):
        label = int(record.subject[1:]) % 2
        return replace(record, label=label, species=None if label else "print.flat")

    audited = ask(part(change))
    assert fails(audited, "identity")
    assert "each subject" in of(audited, "identity")["shares"].sentence


def test_records_without_subject_are_grouped_by_id_and_this_is_reported():
    planted = part()
    audited = ask(Part("drawn", tuple(replace(row, record=replace(row.record, subject=None)) for row in planted.rows)))
    assert any("320 of 320 records name no subject" in note for task in audited.tasks for note in task.notes)
    assert of(audited, "identity")["shares"].verdict == "not measurable"


def test_shuffled_labels_tell_nothing_whatever_was_planted():
    def change(record, random):
        return redrawn(
            replace(record, metadata={"crf": 20 + 5 * record.label}), wall=30.0 * record.label, skin=60.0 * record.label
        )

    assert ask(part(change)).verdict() == "failed"
    planted = part(change, count=700)
    labels = np.random.default_rng(5).permutation([row.record.label for row in planted.rows])
    relabelled = [
        replace(row.record, label=int(label), species=None if label else "print.flat")
        for row, label in zip(planted.rows, labels)
    ]
    audited = ask(Part("drawn", tuple(replace(row, record=record) for row, record in zip(planted.rows, relabelled))))
    aucs = [
        f.measured.auc for task in audited.tasks for f in task.findings if f.measured and f.question != "statistics"
    ]
    assert np.abs(np.array(aucs) - 0.5).max() < 0.07
    assert audited.verdict() == "passed"


def test_too_few_records_are_not_measurable_and_no_failure():
    audited = ask(part(count=40))
    assert audited.verdict() == "not measurable" or "failed" not in audited.verdicts()
    assert "too few records" in of(audited, "metadata")["tree"].sentence


def test_a_record_that_cannot_be_read_is_counted_named_and_left_out():
    audited = ask(part(lambda r, _: redrawn(r, fails=r.id == "r00007"), count=60))
    assert audited.unreadable == {"r00007": "the tape is torn"}
    assert sum(task.bona_fide + task.attacks for task in audited.tasks) == 59


def test_where_nothing_can_be_read_there_is_no_audit():
    with pytest.raises(FascoreError, match=r"none of 10 records can be read; 'r00000': the tape is torn"):
        ask(part(lambda r, _: redrawn(r, fails=True), count=10))


def test_tasks_are_asked_apart():
    def change(record, random):
        task = "forgery" if random.random() < 0.5 else "spoof"
        crf = 20 + 8 * record.label * (task == "forgery")
        return replace(record, task=task, metadata={"crf": crf + int(random.integers(4))})

    audited = ask(part(change))
    verdicts = {task.task: {f.verdict for f in task.findings if f.question == "metadata"} for task in audited.tasks}
    assert "failed" in verdicts["forgery"]
    assert "failed" not in verdicts["spoof"], [
        f for task in audited.tasks for f in task.findings if f.question == "metadata"
    ]


def test_no_more_records_are_read_than_asked_for_and_the_seed_draws_them():
    first, second = ask(part(count=80), records=10), ask(part(count=80), records=10, seed=1)
    assert (first.read, first.listed) == (20, 80)
    assert first.tasks != second.tasks
    assert first.tasks == ask(part(count=80), records=10).tasks


def test_the_table_by_species_names_the_statistic_that_tells():
    audited = ask(part(lambda r, _: redrawn(r, skin=60.0 * r.label)))
    ((row,),) = [task.species for task in audited.tasks]
    assert row.species == "print.flat" and row.auc > 0.9 and row.statistic.startswith("rgb ")


def test_worker_processes_find_what_one_process_finds():
    planted = part(count=40)
    assert audit("drawn", [planted], processes=2).tasks == audit("drawn", [planted], processes=0).tasks


def test_one_id_for_two_records_of_two_parts_is_refused():
    first = part(count=10)
    second = Part(
        "other", tuple(replace(row, record=replace(row.record, channels={"rgb": Drawn(1)})) for row in first.rows)
    )
    with pytest.raises(FascoreError, match="names two records; ids must be unique"):
        audit("drawn", [first, second], processes=0)


def test_an_id_listed_twice_in_a_split_is_refused():
    record = part(count=1).rows[0].record
    with pytest.raises(FascoreError, match="'r00000' is listed twice"):
        rows_of({"train": [record, record]})
