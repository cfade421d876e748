"""`fascore.evaluate` on arrays and tables measures what the same scores in a file measure, and reports mistakes in sentences."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch

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
        ({}, "needs one label per score; pass labels="),
        ({"labels": LABELS, "dev": DEV[0]}, r"needs one label per score; pass dev=\(scores, labels\)"),
        ({"labels": LABELS, "dev": (SCORES, LABELS)}, "identical to test set"),
        ({"labels": LABELS, "polarity": "attack_high"}, "polarity: it describes score files"),
        ({"labels": LABELS, "level": "video"}, "'video' is not one of frame, clip, attempt"),
        ({"labels": LABELS, "threshold": [1]}, "pass a rule such as 'bpcer=0.01', or a number"),
        ({"labels": LABELS.reshape(2, 40)}, r"the shape is \(2, 40\)"),
        ({"labels": LABELS, "bootstrap": -1}, "bootstrap: pass a whole number of at least 0; this is -1"),
        ({"labels": LABELS, "combine": "sum"}, "combine: it describes score files"),
    ],
)
def test_a_mistake_is_reported_in_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FascoreError, match=sentence):
        fascore.evaluate(SCORES, **arguments)


@pytest.mark.parametrize(
    "kind", [list, tuple, torch.tensor, pandas.Series, lambda values: np.array(values, np.float32)]
)
def test_lists_tensors_and_series_are_measured_as_arrays(kind: Callable[[Any], Any]) -> None:
    expected = fascore.evaluate(np.float32(SCORES), LABELS, threshold=0.5, metrics="auc", bootstrap=0).figures
    scores = kind([float(score) for score in np.float32(SCORES)])
    labels = kind([int(label) for label in LABELS])
    assert fascore.evaluate(scores, labels, threshold=0.5, metrics="auc", bootstrap=0).figures == expected


def test_a_column_to_break_down_by_may_be_one_word() -> None:
    light = ["day", "night"] * (len(SCORES) // 2)
    result = fascore.evaluate(SCORES, LABELS, columns={"light": light}, by="light", threshold=0.5, bootstrap=0)
    assert set(result.metrics["tests"]["test"]["tasks"]["spoof"]["breakdowns"]["light"]) == {"day", "night"}


def test_files_of_two_systems_are_combined_as_on_the_command_line(tmp_path: Path) -> None:
    for name, shift in (("a", 0.0), ("b", 0.25)):
        table = pandas.DataFrame({"id": range(len(SCORES)), "label": LABELS, "score": SCORES + shift})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    paths = [str(tmp_path / "a.csv"), tmp_path / "b.csv"]
    together = fascore.evaluate(paths, combine="sum", threshold=1.0, bootstrap=0)
    (scores,) = (table.score for table in together.tables.values())
    np.testing.assert_allclose(np.sort(scores), np.sort(2 * SCORES + 0.25))
    with pytest.raises(FascoreError, match="there is no rule 'median' to combine systems; available: sum, mean"):
        fascore.evaluate(paths, combine="median", threshold=1.0)
    with pytest.raises(FascoreError, match="the rule 'sum' combines two or more systems"):
        fascore.evaluate(paths[0], combine="sum", threshold=1.0)
