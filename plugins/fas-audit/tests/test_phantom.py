"""The audit of the rendered dataset of fas-phantom."""

from dataclasses import replace

import pytest
from fas_audit.audit import audit
from fas_audit.findings import FINE, Limits
from fas_audit.target import Part, rows_of
from fas_phantom.components import Phantom
from fas_phantom.sources import Detected, Rendered

LIMITS = Limits(distance=0.07)
"""Wide enough for the 2 x 170 records that a test can afford; the whole audit is in MEASURED.md."""
PHANTOM = Phantom(subjects=16, frames=3, shortest=0.6, size=64, species="all", protocol="grandtest")


def part(change=lambda record: record):
    return Part(
        "phantom",
        rows_of({split: [change(record) for record in PHANTOM.records(split)] for split in ("train", "dev", "test")}),
    )


def ask(part, **options):
    return audit("phantom", [part], limits=LIMITS, processes=0, **options)


def coded(record):
    """The record as it would be if attacks were coded more strongly, in its pixels and its metadata."""
    clip = record.channels["rgb"].clip
    crf = (clip.capture.crf or 18) + 6 * (1 - record.label)
    clip = replace(clip, capture=replace(clip.capture, crf=crf))
    channels = {name: Rendered(clip, name) for name in record.channels}
    return replace(record, channels=channels, annotation=Detected(clip), metadata={**record.metadata, "crf": crf})


@pytest.mark.slow
def test_no_question_finds_a_shortcut_in_the_phantom_and_each_has_the_records_to_find_one():
    audited = ask(part(), records=170)
    (task,) = audited.tasks
    assert (task.bona_fide, task.attacks, audited.unreadable) == (170, 170, {})
    assert "failed" not in audited.verdicts()
    assert audited.duplicates == ()
    for finding in task.findings:
        assert finding.measured is not None, finding
        assert finding.measured.error <= FINE * LIMITS.distance, finding
        if finding.question not in ("identity", "statistics"):
            assert abs(finding.measured.auc - 0.5) <= 3 * finding.measured.error, finding
    assert {
        (finding.question, finding.verdict)
        for finding in task.findings
        if finding.question in ("identity", "statistics")
    } == {("identity", "passed"), ("statistics", "passed")}


def test_a_planted_correlation_of_crf_with_the_label_fails_the_audit_of_the_phantom():
    audited = ask(part(coded), records=60)
    assert audited.verdict() == "failed"
    failed = [finding for task in audited.tasks for finding in task.findings if finding.verdict == "failed"]
    assert {finding.question for finding in failed} >= {"metadata"}
    assert failed[0].telling[0][0] == "crf"
    assert not {finding.question for finding in failed} & {"attributes", "geometry", "identity"}
