"""TPR at FPR as the released code takes it, under its own name and as a rule of the core's metric."""

import numpy as np
import pytest
from fas_joint.metrics import TprAtFpr
from fas_joint.metrics.tpr_at_fpr import released_rate

from fascore import FascoreError, SpecError, load, validate
from fascore.contract.registry import Index, index, using
from fascore.evaluation.comparison import metrics
from fascore.evaluation.evaluate import evaluate, label
from fascore.evaluation.table import ScoreTable

RULE = {"type": "tpr_at_fpr", "rule": "release_index"}


def table(bona_fide, attack):
    label = np.repeat([1, 0], [len(bona_fide), len(attack)])
    return ScoreTable.from_columns(
        {
            "id": [f"r{row}" for row in range(len(label))],
            "task": ["spoof"] * len(label),
            "label": label,
            "score": np.concatenate([bona_fide, attack]),
            "species": np.where(label == 1, "", "print"),
        }
    )


def test_the_release_index_is_the_line_of_the_authors_code():
    random = np.random.default_rng(5)
    bona_fide, attack = np.sort(random.normal(1, 1, 140)), np.sort(random.normal(0, 1, 560))
    for fpr in (0.1, 0.01):
        threshold = sorted(bona_fide)[max(1, int(fpr * len(bona_fide))) - 1]
        rate = released_rate(bona_fide, attack, fpr, "attack")
        assert rate.hits / rate.n_positive == (attack < threshold).mean()
        mirrored = released_rate(-attack[::-1], -bona_fide[::-1], fpr, "bona_fide")
        assert mirrored.hits == rate.hits
    assert rate.reached == 0, "with 140 bona fide, '1 %' is a rate of 0"


@pytest.mark.parametrize("positive", ["attack", "bona_fide"])
def test_the_printed_threshold_gives_the_printed_rates(positive):
    random = np.random.default_rng(6)
    bona_fide, attack = random.integers(3, 20, 90) / 20, random.integers(0, 16, 70) / 20
    rates = TprAtFpr(fpr=0.1, positive=positive).build().compute(table(bona_fide, attack), None)
    accepted, let_in = (bona_fide >= rates["threshold"]).mean(), (attack >= rates["threshold"]).mean()
    expected = (1 - let_in, 1 - accepted) if positive == "attack" else (accepted, let_in)
    assert (rates["value"], rates["reached"]) == pytest.approx(expected)


def test_the_paper_prints_a_rate_of_too_few_and_it_is_repeated_beside_the_null():
    random = np.random.default_rng(5)
    scores = table(random.normal(1, 1, 140), random.normal(0, 1, 560))
    rates = TprAtFpr(fpr=0.01, positive="attack").build().compute(scores, None)
    assert (rates["value"], rates["as_published"]) == (None, (scores.sorted_attack < scores.sorted_bona_fide[0]).mean())
    assert rates["note"] == "not measurable, n is too small: fpr 0.01 needs at least 300; fewer in: negatives (140)"


@pytest.mark.parametrize(("bona_fide", "attack", "missing"), [([], [0.5], "bona fide"), ([0.5], [], "attack")])
def test_one_class_alone_is_refused(bona_fide, attack, missing):
    with pytest.raises(SpecError, match=f"there is no {missing} presentation"):
        TprAtFpr().build().compute(table(bona_fide, attack), None)


def test_the_rule_of_the_core_gives_the_same_parts_under_the_label_that_it_always_had():
    random = np.random.default_rng(7)
    scores = table(random.normal(1, 1, 400), random.normal(0, 1, 400))
    documents = [
        {**fields, "fpr": fpr, "positive": positive}
        for fpr in (0.1, 0.001)
        for positive in ("attack", "bona_fide")
        for fields in (RULE, {"type": "joint.tpr_at_fpr"})
    ]
    measured = evaluate({"test": scores}, None, metrics(documents))["tests"]["test"]["tasks"]["spoof"]["metrics"]
    assert next(iter(measured)) == "tpr_at_fpr(fpr=0.1, positive=attack, rule=release_index)"
    parts = [{name: part for name, part in parts.items() if name != "about"} for parts in measured.values()]
    assert parts[::2] == parts[1::2]
    assert [list(entry) for entry in parts[::2]] == [list(entry) for entry in parts[1::2]]
    assert label(metrics([RULE])) == ["tpr_at_fpr(rule=release_index)"]


def test_the_rule_reads_the_column_that_it_names():
    scores = ScoreTable.from_columns(
        {"id": range(4), "label": [1, 1, 0, 0], "score": [0.1, 0.2, 0.9, 0.8], "depth.score": [0.9, 0.8, 0.1, 0.2]}
    )
    by_column = {
        column: metrics([{**RULE, "column": column, "fpr": 0.5}])[0].build().compute(scores, None)["as_published"]
        for column in ("score", "depth.score")
    }
    assert by_column == {"score": 0, "depth.score": 1}


def test_without_the_package_the_rule_is_refused_with_what_to_install():
    without = Index(provider for provider in index().providers() if provider.distribution != "fas-joint")
    with using(without):
        for document in (RULE, {"type": "joint.tpr_at_fpr"}):
            with pytest.raises(FascoreError, match=r"The package fas-joint provides it: pip install fas-joint$"):
                validate(load("metric", document["type"]), document)
        assert validate(load("metric", "tpr_at_fpr"), {"fpr": 0.1}).rule == "at_most"
