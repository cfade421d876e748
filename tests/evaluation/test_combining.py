"""Score-level fusion: joined on one truth, weights from dev alone, the same as other libraries give."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fascore.contract.errors import FascoreError
from fascore.evaluation.combining import align, fit, fuse
from fascore.evaluation.score_files import evaluate_files
from fascore.evaluation.table import ScoreTable

RULES = ("sum", "mean", "weighted", "logistic")


def drawn(seed, count=200, scale=1.0, skill=1.0):
    """Two systems' tables of the same presentations; the second has another scale."""
    stream = np.random.default_rng(seed)
    label = stream.integers(0, 2, count)
    species = np.where(label, "", "print").tolist()
    facts = {
        "id": [f"r{i}" for i in range(count)],
        "dataset": ["d"] * count,
        "label": label.tolist(),
        "species": species,
    }
    scores = [stream.normal(skill * label), scale * stream.normal(skill * label)]
    return {name: ScoreTable.from_columns({**facts, "score": values}) for name, values in zip("ab", scores)}


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**16), order=st.permutations(range(30)))
def test_order_of_rows_does_not_matter(seed, order):
    tables = drawn(seed, 30)
    shuffled = {"a": tables["a"], "b": tables["b"].select(np.array(order))}
    for rule in RULES:
        combination = fit(rule, tables, list(tables))
        assert fit(rule, shuffled, list(tables)) == combination
        np.testing.assert_array_equal(fuse(combination, shuffled).score, fuse(combination, tables).score)


def test_sum_and_mean_are_those_of_numpy():
    tables = drawn(1)
    stacked = np.stack([table.score for table in tables.values()])
    np.testing.assert_array_equal(fuse(fit("sum", None, ["a", "b"]), tables).score, stacked.sum(0))
    np.testing.assert_allclose(fuse(fit("mean", None, ["a", "b"]), tables).score, stacked.mean(0), rtol=1e-15)


def test_logistic_is_that_of_a_scikit_learn_pipeline():
    dev, test = drawn(2, scale=100), drawn(3, scale=100)
    columns = [np.stack([table.score for table in tables.values()], axis=1) for tables in (dev, test)]
    other = make_pipeline(StandardScaler(), LogisticRegression()).fit(columns[0], dev["a"].label)
    found = fuse(fit("logistic", dev, ["a", "b"]), test)
    np.testing.assert_allclose(found.score, other.decision_function(columns[1]), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_weights_do_not_depend_on_the_scale_of_a_system_and_are_the_best_of_the_grid(scale):
    dev = drawn(4, 400, scale=scale)
    combination = fit("weighted", dev, ["a", "b"])
    label, (first, second) = (
        dev["a"].label,
        [(table.score - table.score.mean()) / table.score.std() for table in dev.values()],
    )
    areas = {name: roc_auc_score(label, values) for name, values in (("a", first), ("b", second))}
    best, other = (first, second) if areas["a"] >= areas["b"] else (second, first)
    grid = [roc_auc_score(label, best + step / 100 * other) for step in range(101)]
    assert sorted(share.weight for share in combination.shares.values())[-1] == 1
    assert roc_auc_score(label, fuse(combination, dev).score) == pytest.approx(max(grid), abs=1e-12)


def test_two_good_systems_are_better_than_one_and_a_useless_one_gets_little():
    dev, test = drawn(5, 2000), drawn(6, 2000)
    alone = max(roc_auc_score(table.label, table.score) for table in test.values())
    for rule in RULES:
        assert roc_auc_score(test["a"].label, fuse(fit(rule, dev, ["a", "b"]), test).score) > alone + 0.03
    noise = ScoreTable.from_columns(
        {
            **{name: dev["a"].column(name) for name in ("id", "dataset", "label", "species")},
            "score": np.random.default_rng(0).normal(size=2000),
        }
    )
    for rule in ("weighted", "logistic"):
        shares = fit(rule, {"a": dev["a"], "noise": noise}, ["a", "noise"]).shares
        assert abs(shares["noise"].weight) < 0.15 * shares["a"].weight


def test_a_row_without_an_answer_is_a_non_response_but_for_the_mean():
    tables = drawn(7, 20)
    columns = {name: tables["b"].column(name).tolist() for name in ("id", "dataset", "label", "species", "score")}
    gap = ScoreTable.from_columns(
        {**columns, "score": [None, *columns["score"][1:]], "response": ["no_face"] + ["ok"] * 19}
    )
    for rule in RULES:
        found = fuse(fit(rule, {"a": tables["a"], "b": gap}, ["a", "b"]), {"a": tables["a"], "b": gap})
        assert found.responded[0] == (rule == "mean")
        assert found.column("response")[0] == ("ok" if rule == "mean" else "no_face")
        assert found.responded[1:].all()
    assert found.heads["a.score"].tolist() == tables["a"].score.tolist()


def changed(table, **columns):
    return ScoreTable.from_columns(
        {**{name: table.column(name).tolist() for name in ("id", "dataset", "label", "species", "score")}, **columns}
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": ["r0", "r1", "x"]}, "b lacks 1 of the 3 presentations of a, such as 'r2' of dataset 'd'"),
        ({"dataset": ["d", "d", "e"]}, "b lacks 1 of the 3 presentations of a"),
        ({"label": [1, 1, 1]}, "column 'label' of 'r1' is '0' in a and '1' in b (1 such rows)"),
        ({"species": ["", "mask", ""]}, "column 'species' of 'r1' is 'print' in a and 'mask' in b"),
        ({"subject": ["x", "x", "y"]}, None),
        ({"dataset": ["", "", ""]}, None),
    ],
)
def test_what_cannot_be_joined_is_refused_by_row(columns, said):
    first = ScoreTable.from_columns(
        {
            "id": ["r0", "r1", "r2"],
            "dataset": ["d"] * 3,
            "label": [1, 0, 1],
            "species": ["", "print", ""],
            "score": [1, 0, 1],
        }
    )
    if said is None:
        assert len(align({"a": first, "b": changed(first, **columns)})) == 2
        return
    with pytest.raises(FascoreError) as caught:
        align({"a": first, "b": changed(first, **columns)})
    assert said in str(caught.value)


def test_one_more_row_in_the_second_system_is_refused_too():
    tables = drawn(8, 20)
    with pytest.raises(FascoreError, match="a lacks 1 of the 20 presentations of b"):
        align({"a": tables["a"].select(np.arange(19)), "b": tables["b"]})


def test_a_system_with_one_score_for_all_has_no_weight():
    tables = drawn(9, 20)
    with pytest.raises(FascoreError, match="all scores of 'b' on dev are equal"):
        fit("weighted", {"a": tables["a"], "b": changed(tables["b"], score=[0.5] * 20)}, ["a", "b"])
    with pytest.raises(FascoreError, match="the rule 'logistic' fits its weights on dev"):
        fit("logistic", None, ["a", "b"])


def runs(folder):
    for name, (dev, test) in {"a": (10, 11), "b": (10, 11)}.items():
        for split, seed in (("dev", dev), ("intra", test), ("only_" + name, test)):
            drawn(seed)[name].write(folder / name / "scores" / f"{split}.csv")
    return [folder / "a", folder / "b"]


@pytest.mark.parametrize("rule", RULES)
def test_the_weights_and_the_threshold_do_not_change_with_the_test_set(tmp_path, rule):
    folders = runs(tmp_path)
    kept = []
    for seed in (12, 13):
        for name, table in drawn(seed).items():
            table.write(tmp_path / name / "scores" / "intra.csv")
        evaluate_files(folders, combine=rule, out=tmp_path / "out")
        kept.append([(tmp_path / "out" / name).read_bytes() for name in ("threshold.json", "combination.json")])
    assert kept[0] == kept[1]


def test_run_folders_give_dev_and_the_test_sets_that_all_have(tmp_path):
    found = evaluate_files(runs(tmp_path), combine="sum", out=tmp_path / "out")
    assert list(found.tests) == ["intra"]
    assert found.threshold.split == "dev"
    expected = drawn(11)
    np.testing.assert_array_equal(found.tests["intra"].score, expected["a"].score + expected["b"].score)
    again = ScoreTable.read(tmp_path / "out/scores/intra.csv")
    np.testing.assert_array_equal(again.score, found.tests["intra"].score)
    assert json.loads((tmp_path / "out/metrics.json").read_text())["combination"]["rule"] == "sum"


def test_the_folder_of_one_run_stands_for_its_dev_and_all_its_test_sets(tmp_path):
    folder = runs(tmp_path)[0]
    found = evaluate_files([folder], rule="bpcer=0.1")
    assert list(found.tests) == ["intra", "only_a"]
    by_file = evaluate_files([folder / "scores/intra.csv"], dev=folder / "scores/dev.csv", rule="bpcer=0.1")
    assert found.threshold == by_file.threshold
    assert found.metrics["tests"]["intra"] == by_file.metrics["tests"]["intra"]


def test_files_give_the_same_as_their_run_folders(tmp_path):
    folders = runs(tmp_path)
    by_file = evaluate_files(
        [f / "scores/intra.csv" for f in folders], dev=[f / "scores/dev.csv" for f in folders], combine="logistic"
    )
    by_folder = evaluate_files(folders, combine="logistic")
    assert by_file.metrics["tests"] == by_folder.metrics["tests"]
    assert by_file.threshold == by_folder.threshold
    assert list(by_file.metrics["combination"]["shares"]) == ["a", "b"]


def test_wrong_uses_of_combining_are_sentences(tmp_path):
    folders = runs(tmp_path)
    files = [folder / "scores/intra.csv" for folder in folders]
    for arguments, said in (
        ({"paths": folders}, "combine them by the rule sum"),
        ({"paths": files[:1], "combine": "sum"}, "the rule 'sum' combines two or more systems"),
        ({"paths": files, "combine": "sum", "dev": [folders[0] / "scores/dev.csv"]}, "2 systems and 1 dev files"),
        ({"paths": [folders[0], files[1]], "combine": "sum"}, "is a folder and"),
        ({"paths": folders, "combine": "sum", "dev": files[:1]}, "leave --dev out"),
        ({"paths": [tmp_path, folders[0]], "combine": "sum"}, "scores/dev.csv or a test set is missing"),
        ({"paths": [files[0], files[0]], "combine": "sum"}, "is listed twice"),
        ({"paths": [files[0]], "dev": [files[0], files[1]]}, "one dev file sets the threshold"),
    ):
        with pytest.raises(FascoreError) as caught:
            evaluate_files(**arguments)
        assert said in str(caught.value)


def test_a_test_set_with_all_labels_the_other_way_round_is_refused(tmp_path):
    table = drawn(14)["a"]
    table.write(tmp_path / "dev.csv")
    changed(table, label=(1 - table.label).tolist(), score=(table.score / 2).tolist()).write(tmp_path / "test.csv")
    with pytest.raises(FascoreError, match="all 200 ids that test set 'test' shares with dev have the opposite label"):
        evaluate_files([tmp_path / "test.csv"], dev=tmp_path / "dev.csv")
