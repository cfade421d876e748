"""`fascore.evaluate` on arrays and tables measures what the same scores in a file measure, and reports mistakes in sentences."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import fascore
from fascore import FascoreError

RANDOM = np.random.default_rng(5)
LABELS = np.repeat([1, 0], 40)
SCORES = RANDOM.normal(LABELS * 2.0)
SPECIES = np.where(LABELS == 1, "", np.where(np.arange(80) % 2, "print", "mask"))
DEV = RANDOM.normal(LABELS * 2.0), LABELS


def test_arrays_are_measured_as_a_file_of_the_same_scores(tmp_path: Path) -> None:
    columns = {"score": SCORES, "label": LABELS, "species": SPECIES}
    frame = pandas.DataFrame(columns)
    for name, table in (("test", frame), ("dev", pandas.DataFrame({"score": DEV[0], "label": DEV[1]}))):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    by_file = fascore.evaluate(str(tmp_path / "test.csv"), dev=str(tmp_path / "dev.csv"))
    by_array = fascore.evaluate(scores=SCORES, labels=LABELS, species=SPECIES, dev=DEV)
    by_frame = fascore.evaluate(frame, dev=str(tmp_path / "dev.csv"))
    by_dict = fascore.evaluate(columns, dev=DEV)
    for other in (by_array, by_frame, by_dict):
        assert other.to_dict()["tests"] == by_file.to_dict()["tests"]
        assert other.threshold == by_file.threshold


def test_words_are_labels_too() -> None:
    words = np.where(LABELS == 1, "bona_fide", "attack")
    assert fascore.evaluate(SCORES, words, dev=DEV).figures == fascore.evaluate(SCORES, LABELS, dev=DEV).figures


def test_a_number_is_a_threshold_and_without_any_a_warning_says_what_is_left_out() -> None:
    assert fascore.evaluate(SCORES, LABELS, threshold=0.5).threshold == 0.5
    without = fascore.evaluate(SCORES, LABELS)
    assert without.threshold is None and "there is no threshold" in without.warnings[0]


def test_figures_are_rows_and_a_report() -> None:
    result = fascore.evaluate(SCORES, LABELS, SPECIES, dev=DEV)
    table = result.to_pandas()
    auc = table[(table.metric == "auc") & (table.figure == "value")].value.item()
    pairs = SCORES[:40, None] > SCORES[None, 40:]
    assert auc == pytest.approx(pairs.mean())
    rates = table[table.figure == "apcer"].set_index("species")
    accepted = result.threshold <= SCORES
    assert rates.value["mask"] == pytest.approx(accepted[SPECIES == "mask"].mean())
    assert rates.n["print"] == 20
    page = result._repr_html_()
    assert page.startswith("<iframe sandbox") and "APCER" in page and "&lt;svg" in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"labels": LABELS[:-1]}, "'score' has 80 values and 'label' has 79"),
        ({"labels": LABELS, "species": ["print"]}, "'species' has 1 values and 'label' has 80"),
        ({"labels": ["live"] * 80}, "label 0 is 'live'; write 1 or 'bona_fide'"),
        ({"labels": LABELS + 1}, "label 0 is 2"),
        ({}, "needs a label for each; give labels="),
        ({"labels": LABELS, "dev": DEV[0]}, r"needs a label for each; give dev=\(scores, labels\)"),
        ({"labels": LABELS, "dev": (SCORES, LABELS)}, "identical to test set"),
        ({"labels": LABELS, "polarity": "attack_high"}, "polarity: it describes score files"),
        ({"labels": LABELS, "level": "video"}, "'video' is not one of frame, clip, attempt"),
        ({"labels": LABELS, "threshold": [1]}, "give a rule such as 'bpcer=0.01', or a number"),
        ({"labels": LABELS.reshape(2, 40)}, r"the shape is \(2, 40\)"),
    ],
)
def test_a_mistake_is_reported_in_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FascoreError, match=sentence):
        fascore.evaluate(SCORES, **arguments)
