"""Test sets, tasks, warnings, and files alone."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fascore.contract.errors import FascoreError
from fascore.evaluation.categorical import Categorical
from fascore.evaluation.evaluate import Depth, evaluate, label, primary
from fascore.evaluation.metrics import Accuracy, Auc, Eer, Hter, Iso30107, TprAtFpr
from fascore.evaluation.score_files import evaluate_files
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose

from .tables import golden, table

METRICS = [Auc(), Eer(), Hter(), Accuracy(), TprAtFpr(fpr=0.1, positive="attack"), Iso30107()]


def mixed(seed: int, subjects: str = "test", dataset: str = "d", count: int = 40) -> ScoreTable:
    random = np.random.default_rng(seed)
    species = [""] * count + ["print"] * count + ["forgery.swap"] * count
    return ScoreTable.from_columns(
        {
            "id": range(3 * count),
            "dataset": [dataset] * 3 * count,
            "label": [1] * count + [0] * 2 * count,
            "species": species,
            "task": ["spoof"] * 2 * count + ["forgery"] * count,
            "subject": [f"{subjects}{i % 5}" for i in range(3 * count)],
            "score": np.r_[random.normal(1, 1, count), random.normal(-1, 1, 2 * count)],
            "aux.score": random.normal(0, 1, 3 * count),
        }
    )


def test_spoof_and_forgery_are_measured_apart_and_metrics_are_json() -> None:
    dev = mixed(0, "dev")
    found = evaluate({"intra": mixed(1), "cross": mixed(2)}, choose("eer", dev), METRICS, dev)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found["tests"]) == ["intra", "cross"]
    tasks = found["tests"]["intra"]["tasks"]
    assert list(tasks) == ["spoof", "forgery"]
    assert tasks["spoof"]["counts"]["species"] == {"print": 40}
    assert "forgery" not in tasks["spoof"]["metrics"]["iso30107"]
    assert tasks["forgery"]["metrics"]["iso30107"]["acer_worst"] is None
    assert tasks["spoof"]["metrics"]["auc"]["value"] == Auc().build().compute(mixed(1).task("spoof"), None)["value"]
    assert found["tests"]["intra"]["merged"]["metrics"]["auc"]["n_attack"] == 80
    assert found["threshold"]["origin"].startswith("eer, chosen on the dev split of d (40 bona fide, 80 attacks)")
    assert primary(tasks["spoof"]["metrics"]["hter"]) == tasks["spoof"]["metrics"]["hter"]["value"]
    assert found["warnings"] == []


def test_the_threshold_and_its_bytes_do_not_change_with_the_test_set(tmp_path: Path) -> None:
    dev = mixed(0, "dev")
    dev.write(tmp_path / "dev.csv")
    written = []
    for seed in (1, 2):
        mixed(seed).write(tmp_path / f"test{seed}.csv")
        evaluate_files(
            [tmp_path / f"test{seed}.csv"], dev=tmp_path / "dev.csv", rule="apcer=0.05", out=tmp_path / str(seed)
        )
        written.append((tmp_path / str(seed) / "threshold.json").read_bytes())
    assert written[0] == written[1] == choose("apcer=0.05", dev).to_json().encode()


def test_a_metric_of_another_column_takes_its_own_threshold_from_dev() -> None:
    dev, test = mixed(0, "dev"), mixed(1)
    found = evaluate({"t": test}, choose("eer", dev), [Hter(), Hter(column="aux.score")], dev)
    parts = found["tests"]["t"]["merged"]["metrics"]
    assert (
        parts["hter(column=aux.score)"]["value"]
        == Hter().build().compute(test.reading("aux.score"), choose("eer", dev.reading("aux.score")))["value"]
    )
    without = evaluate({"t": test}, choose("eer", dev), [Hter(column="aux.score")])
    assert "needs a threshold" in without["tests"]["t"]["merged"]["metrics"]["hter(column=aux.score)"]["note"]


def test_metrics_of_one_type_are_distinguished_by_their_fields_and_one_twice_is_an_error() -> None:
    names = label([TprAtFpr(fpr=0.1), TprAtFpr(fpr=0.1, positive="attack"), Auc()])
    assert names == ["tpr_at_fpr(fpr=0.1)", "tpr_at_fpr(fpr=0.1, positive=attack)", "auc"]
    with pytest.raises(FascoreError, match="auc is listed twice"):
        label([Auc(), Auc()])


def test_what_one_class_cannot_give_is_a_null_with_a_sentence_and_the_rest_is_measured() -> None:
    laboratory = mixed(1)
    found = evaluate({"lab": laboratory.select(laboratory.attack)}, choose("fixed=0", None), METRICS)
    metrics = found["tests"]["lab"]["tasks"]["spoof"]["metrics"]
    assert (metrics["auc"]["value"], metrics["iso30107"]["bpcer"]) == (None, None)
    assert "no bona fide presentation" in metrics["auc"]["note"]
    assert metrics["iso30107"]["apcer_worst"] is not None


def test_a_reversed_polarity_on_dev_warns_loudly_and_flips_nothing() -> None:
    dev = mixed(0, "dev")
    turned = ScoreTable(dev.id, dev.label, -dev.score, dev.words)
    found = evaluate({"t": mixed(1)}, choose("eer", turned), [Auc()], turned)
    assert "below 0.5" in found["warnings"][0]
    assert (
        found["tests"]["t"]["merged"]["metrics"]["auc"]
        == evaluate({"t": mixed(1)}, None, [Auc()])["tests"]["t"]["merged"]["metrics"]["auc"]
    )


def test_small_groups_shared_subjects_and_silent_scores_are_reported() -> None:
    dev, test = mixed(0, "same"), mixed(1, "same", count=12)
    warnings = "\n".join(evaluate({"t": test}, choose("eer", dev), [Auc()], dev)["warnings"])
    assert "'t': n is below 30 for bona fide (12), forgery.swap (12), print (12)" in warnings
    assert "5 subjects of test set 't' also appear in dev (for example 'same0')" in warnings
    elsewhere = evaluate({"t": mixed(1, "same", dataset="other")}, None, [Auc()], dev)["warnings"]
    assert elsewhere == [], "subject 0 of another dataset is another person"
    silent = ScoreTable.from_columns({"id": "abc", "label": [1, 0, 1], "score": [1, 0, None]})
    assert any("1 rows have no score" in warning for warning in evaluate({"t": silent}, None, [Auc()])["warnings"])


def test_a_threshold_that_rejects_everything_is_reported() -> None:
    warnings = evaluate({"t": table([0.5, 0.6], print=[0.1])}, choose("fixed=2", None), [Auc()])["warnings"]
    assert any("every presentation is rejected at the threshold 2" in warning for warning in warnings)


def test_golden_files_give_golden_rates(tmp_path: Path) -> None:
    for name, found in zip(("dev", "eval"), golden()):
        found.write(tmp_path / f"{name}.csv")
    found = evaluate_files([tmp_path / "eval.csv"], dev=tmp_path / "dev.csv", out=tmp_path / "out")
    iso = found.metrics["tests"]["eval"]["tasks"]["spoof"]["metrics"]["iso30107"]
    assert (iso["apcer_worst"], iso["bpcer"], iso["acer_worst"]) == pytest.approx((0.4, 0.6, 0.5), abs=1e-9)
    assert json.loads((tmp_path / "out/metrics.json").read_text()) == found.metrics


def test_files_without_dev_are_measured_where_no_threshold_is_needed(tmp_path: Path) -> None:
    mixed(1).write(tmp_path / "a.csv")
    found = evaluate_files([tmp_path / "a.csv"])
    assert "there is no threshold" in found.metrics["warnings"][0]
    assert found.metrics["tests"]["a"]["merged"]["metrics"]["auc"]["value"] > 0.5
    fixed = evaluate_files([tmp_path / "a.csv"], rule="fixed=0.25")
    assert fixed.threshold.value == 0.25


def test_files_of_one_name_are_distinguished_by_their_folders(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        mixed(1).write(tmp_path / folder / "test.csv")
    assert list(evaluate_files([tmp_path / "one/test.csv", tmp_path / "two/test.csv"]).tests) == [
        "one/test",
        "two/test",
    ]


def test_wrong_uses_are_sentences(tmp_path: Path) -> None:
    mixed(1).write(tmp_path / "a.csv")
    for arguments, message in (
        ({"paths": []}, "at least one score file"),
        ({"paths": [tmp_path / "a.csv"], "rule": "bpcer=0.01"}, "needs the scores of a dev split"),
        ({"paths": [tmp_path / "a.csv"], "dev": tmp_path / "a.csv"}, "both the dev file and a test file"),
        ({"paths": [tmp_path / "a.csv", tmp_path / "a.csv"]}, "listed twice"),
        ({"paths": [tmp_path / "a.csv"], "rule": "fixed=x"}, "is not a number"),
    ):
        with pytest.raises(FascoreError, match=message):
            evaluate_files(**arguments)


def test_evaluating_files_imports_no_torch(tmp_path: Path) -> None:
    mixed(1).write(tmp_path / "a.csv")
    program = (
        "import sys, pathlib; from fascore.evaluation.score_files import evaluate_files;"
        f"evaluate_files([pathlib.Path({str(tmp_path / 'a.csv')!r})], rule='fixed=0'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


RULES = ["eer", "min_hter", "apcer=0.05", "bpcer=0.1", "far=0.1"]


@settings(deadline=None, max_examples=25)
@given(rule=st.sampled_from(RULES), seed=st.integers(1, 9), shift=st.floats(-5, 5), rows=st.integers(1, 60))
def test_no_threshold_changes_by_a_bit_whatever_the_test_set_holds(
    rule: str, seed: int, shift: float, rows: int
) -> None:
    dev, test = mixed(0, "dev", count=20), mixed(seed, count=20)
    other = replace(test.select(np.arange(rows)), score=test.score[:rows] + shift)
    metrics = [Accuracy(threshold="bpcer=0.1"), Hter(threshold="min_hter"), Hter(column="aux.score")]
    before, after = (evaluate({"t": one}, choose(rule, dev), metrics, dev) for one in (test, other))
    assert json.dumps(before["threshold"]) == json.dumps(after["threshold"])
    for name in label(metrics):
        thresholds = [
            part["tests"]["t"]["tasks"]["spoof"]["metrics"][name].get("threshold") for part in (before, after)
        ]
        assert None in thresholds or thresholds[0] == thresholds[1]
    assert (
        before["tests"]["t"]["tasks"]["spoof"]["metrics"]["accuracy(threshold=bpcer=0.1)"]["threshold"]
        == choose("bpcer=0.1", dev).value
    )


def test_accuracy_at_a_bpcer_of_dev_is_not_that_of_the_run() -> None:
    dev, test = mixed(0, "dev"), mixed(1)
    parts = evaluate({"t": test}, choose("eer", dev), [Accuracy(), Accuracy(threshold="bpcer=0.05")], dev)["tests"][
        "t"
    ]["merged"]["metrics"]
    at = choose("bpcer=0.05", dev).value
    own = parts["accuracy(threshold=bpcer=0.05)"]
    assert (own["threshold"], own["rule"]) == (at, "bpcer=0.05")
    assert own["value"] == ((test.score >= at) == (test.label == 1)).mean() != parts["accuracy"]["value"]
    alone = evaluate({"t": test}, None, [Accuracy(threshold="bpcer=0.05"), Accuracy(threshold="fixed=0")])["tests"][
        "t"
    ]["merged"]["metrics"]
    assert "needs a threshold from a dev split" in alone["accuracy(threshold=bpcer=0.05)"]["note"]
    assert alone["accuracy(threshold=fixed=0)"]["value"] == ((test.score >= 0) == (test.label == 1)).mean()


def test_the_scores_of_a_test_set_are_refused_as_dev_in_any_order() -> None:
    test = mixed(1)
    turned = test.select(np.random.default_rng(0).permutation(len(test)))
    for dev in (test, turned):
        with pytest.raises(FascoreError, match="dev scores are identical to test set 't'"):
            evaluate({"t": test}, choose("eer", dev), [Auc()], dev)
    assert evaluate({"t": test}, None, [Auc()], mixed(2))["warnings"]


def test_a_breakdown_has_each_value_of_a_column_with_n_and_intervals_and_no_oracle() -> None:
    test = mixed(1)
    words = {**test.words, "device": Categorical.of(np.where(np.arange(len(test)) % 3 == 0, "phone", ""))}
    found = evaluate(
        {"t": replace(test, words=words)}, choose("fixed=0", None), METRICS, None, Depth(50, by=("device", "subject"))
    )
    parts = found["tests"]["t"]["tasks"]["spoof"]["breakdowns"]["device"]
    assert list(parts) == ["phone", "unknown"]
    task = test.task("spoof")
    phone = replace(test, words=words).task("spoof").select(np.flatnonzero(np.arange(len(task)) % 3 == 0))
    iso = parts["phone"]["metrics"]["iso30107"]
    assert iso["bpcer"] == (phone.score[phone.label == 1] < 0).mean()
    assert iso["bona_fide"]["n"] == (phone.label == 1).sum()
    assert iso["bona_fide"]["low"] < iso["bpcer"] < iso["bona_fide"]["high"] and "bootstrap" in iso["bona_fide"]
    assert not [name for name in parts["phone"]["metrics"] if "eer" in name or "tpr" in name]
    with pytest.raises(FascoreError, match="no column 'skin_tone'"):
        evaluate({"t": test}, None, [Auc()], depth=Depth(by=("skin_tone",)))


def test_a_breakdown_by_what_names_presentations_is_refused() -> None:
    count = 1001
    table = ScoreTable.from_columns(
        {"label": [1] * count, "score": [1] * count, "file": [str(row) for row in range(count)]}
    )
    with pytest.raises(FascoreError, match="column 'file' has 1001 values"):
        evaluate({"t": table}, None, [Auc()], depth=Depth(by=("file",)))
