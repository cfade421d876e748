"""The core's metrics: by hand, by brute force, and by their properties."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score

from fascore.contract.component import load
from fascore.contract.errors import SpecError
from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.categorical import Categorical
from fascore.evaluation.metrics import (
    Accuracy,
    AccuracyAtBpcer,
    ApcerAtBpcer,
    Auc,
    BpcerAtApcer,
    ClassAccuracy,
    Eer,
    Hter,
    Iso30107,
    PartialAuc,
    Riapar,
    TprAtFpr,
)
from fascore.evaluation.rates import attack_rates, errors
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose

from .tables import golden, table

HALF = choose("fixed=0.5", None)
ALL = [
    example
    for metric in (
        Accuracy,
        AccuracyAtBpcer,
        ApcerAtBpcer,
        Auc,
        BpcerAtApcer,
        Eer,
        Hter,
        Iso30107,
        PartialAuc,
        TprAtFpr,
    )
    for example in metric.examples()
]


@st.composite
def tables(draw: st.DrawFn) -> ScoreTable:
    """Both classes, up to three species, ties, non-responses."""
    species, response = st.sampled_from(["", "print", "replay", "mask"]), st.sampled_from(["ok", "ok", "ok", "no_face"])
    rows = draw(st.lists(st.tuples(species, st.integers(0, 8), response), max_size=30))
    rows = [("", 3, "ok"), ("print", 5, "ok"), *rows]
    return ScoreTable.from_columns(
        {
            "id": range(len(rows)),
            "label": [int(not row[0]) for row in rows],
            "species": [row[0] for row in rows],
            "score": [row[1] / 8 for row in rows],
            "response": [row[2] for row in rows],
        }
    )


def test_iso_figures_by_hand() -> None:
    found = (
        Iso30107()
        .build()
        .compute(table([0.9, 0.8, 0.4, 0.7], print=[0.1, 0.6], replay=[0.1, 0.2, 0.5, 0.9], mask=[0.2]), HALF)
    )
    assert (found["apcer_worst"], found["apcer_worst_species"], found["apcer_worst_n"]) == (0.5, "replay", 4), (
        "of equal rates, the larger n"
    )
    assert found["apcer_pooled"] == 3 / 7
    assert found["bpcer"] == 0.25
    assert (found["acer_worst"], found["acer_pooled"]) == (0.375, (3 / 7 + 0.25) / 2)
    assert found["species"]["print"]["errors"] == 1
    assert found["species"]["print"]["note"] == "n = 2 is below 30"


def test_a_score_at_the_threshold_is_accepted() -> None:
    assert Iso30107().build().compute(table([0.5], print=[0.5]), HALF)["acer_worst"] == 0.5


@settings(deadline=None)
@given(found=tables())
def test_rates_equal_a_count_row_by_row(found: ScoreTable) -> None:
    iso = Iso30107().build().compute(found, HALF)
    rows = list(zip(found.label, found.column("species"), found.column("response"), found.score))
    for name, part in iso["species"].items():
        answered = [score for _, species, response, score in rows if species == name and response == "ok"]
        every = [row for row in rows if row[1] == name]
        assert part["apcer"] == (sum(score >= 0.5 for score in answered) / len(answered) if answered else None)
        assert part["apnrr"] == (len(every) - len(answered)) / len(every)
    answered = [score for label, _, response, score in rows if label and response == "ok"]
    assert iso["bpcer"] == sum(score < 0.5 for score in answered) / len(answered)
    assert iso["apcer_worst"] == max(part["apcer"] for part in iso["species"].values() if part["n"])


@settings(deadline=None)
@given(found=tables(), seed=st.integers(0, 99))
@pytest.mark.parametrize("metric", ALL, ids=lambda metric: f"{metric.type}-{getattr(metric, 'positive', '')}")
def test_row_order_does_not_matter(metric: Auc, found: ScoreTable, seed: int) -> None:
    shuffled = found.select(np.random.default_rng(seed).permutation(len(found)))
    assert metric.build().compute(shuffled, HALF) == metric.build().compute(found, HALF)


@settings(deadline=None)
@given(found=tables())
def test_turning_scores_and_labels_over_swaps_the_error_rates(found: ScoreTable) -> None:
    mirrored = ScoreTable(found.id, (1 - found.label).astype(np.int8), -found.score, found.words)
    there, back = (
        Hter().build().compute(found, HALF),
        Hter().build().compute(mirrored, choose(f"fixed={np.nextafter(-0.5, 0)}", None)),
    )
    assert (there["false_accept_pooled"], there["false_reject"]) == (back["false_reject"], back["false_accept_pooled"])
    assert Auc().build().compute(mirrored, None)["value"] == pytest.approx(
        Auc().build().compute(found, None)["value"], abs=1e-12
    )


def with_rows(found: ScoreTable, label: int, species: str, scores: list[float], response: str = "ok") -> ScoreTable:
    count = len(scores)
    constant = {"label": [label] * count, "species": [species] * count, "response": [response] * count}
    more = {"id": [f"new{i}" for i in range(count)], "score": scores, **constant}
    return ScoreTable.from_columns({name: [*found.column(name).tolist(), *values] for name, values in more.items()})


@settings(deadline=None)
@given(found=tables(), name=st.sampled_from(["print", "copy"]))
def test_another_copy_of_a_species_changes_nothing(found: ScoreTable, name: str) -> None:
    scores = found.score[found.categorical("species").equals("print") & found.responded].tolist()
    before, after = (Iso30107().build().compute(one, HALF) for one in (found, with_rows(found, 0, name, scores)))
    for figure in ("apcer_worst", "bpcer", "acer_worst"):
        assert before[figure] == after[figure]


@settings(deadline=None)
@given(found=tables(), scores=st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_another_species_never_lowers_the_worst_apcer(found: ScoreTable, scores: list[float]) -> None:
    assert (
        Iso30107().build().compute(with_rows(found, 0, "new", scores), HALF)["apcer_worst"]
        >= Iso30107().build().compute(found, HALF)["apcer_worst"]
    )


@settings(deadline=None)
@given(found=tables(), count=st.integers(1, 5))
def test_adding_non_responses_never_lowers_bpcer_plus_bpnrr(found: ScoreTable, count: int) -> None:
    total = lambda one: (found := Iso30107().build().compute(one, HALF))["bpcer"] + found["bpnrr"]
    assert (
        total(with_rows(found, 1, "", [0.9] * count, "no_face")) > total(found)
        or total(found) == 1 + Iso30107().build().compute(found, HALF)["bpcer"]
    )


@settings(deadline=None)
@given(found=tables())
def test_non_responses_change_no_error_rate(found: ScoreTable) -> None:
    answered = found.select(found.responded)
    before, after = Iso30107().build().compute(found, HALF), Iso30107().build().compute(answered, HALF)
    for figure in ("apcer_worst", "apcer_pooled", "bpcer", "acer_worst", "acer_pooled"):
        assert before[figure] == after[figure]


def test_a_species_without_any_answer_is_not_measured_and_never_the_worst() -> None:
    found = Iso30107().build().compute(with_rows(table([0.9], print=[0.1]), 0, "mask", [0.9], "timeout"), HALF)
    assert (found["species"]["mask"]["apcer"], found["species"]["mask"]["apnrr"]) == (None, 1)
    assert found["apcer_worst_species"] == "print"


def forged() -> ScoreTable:
    return ScoreTable.from_columns(
        {
            "id": range(6),
            "label": [1, 1, 0, 0, 0, 0],
            "score": [0.9, 0.3, 0.8, 0.1, 0.7, 0.9],
            "task": ["spoof"] * 4 + ["forgery"] * 2,
            "species": ["", "", "print", "print", "forgery.faceswap", "forgery.faceswap"],
        }
    )


def test_forgery_is_apart_with_a_miss_rate_and_never_an_apcer() -> None:
    found = Iso30107().build().compute(forged(), HALF)
    assert set(found["species"]) == {"print"}
    assert (found["apcer_worst"], found["forgery"]["forgery_miss_rate_worst"]) == (0.5, 1.0)
    assert not [
        name for name in [*found["forgery"], *found["forgery"]["species"]["forgery.faceswap"]] if "apcer" in name
    ]
    alone = Iso30107().build().compute(forged().task("forgery"), HALF)
    assert alone["acer_worst"] is None
    assert alone["forgery"] == found["forgery"]


def test_the_worst_species_is_stated_by_attack_potential_where_records_have_it() -> None:
    found = ScoreTable.from_columns(
        {
            "id": range(5),
            "label": [1, 0, 0, 0, 0],
            "score": [0.9, 0.1, 0.6, 0.2, 0.9],
            "species": ["", "print", "print", "mask", "mask"],
            "attack_potential": ["", "low", "low", "high", "low"],
        }
    )
    by = Iso30107().build().compute(found, HALF)["attack_potential"]
    assert (by["low"]["apcer_worst_species"], by["low"]["apcer_worst"], by["high"]["apcer_worst"]) == ("mask", 1, 0)
    assert "attack_potential" not in Iso30107().build().compute(table([0.9], print=[0.1]), HALF)


def test_hter_of_the_golden_values() -> None:
    dev, evaluation = golden()
    assert Hter().build().compute(evaluation, choose("eer", dev))["value"] == pytest.approx(0.4, abs=1e-9)


@settings(deadline=None)
@given(found=tables())
def test_accuracy_is_that_of_scikit_learn(found: ScoreTable) -> None:
    answered = found.select(found.responded)
    expected = accuracy_score(answered.label, answered.score >= 0.5)
    assert Accuracy().build().compute(found, HALF)["value"] == pytest.approx(expected, abs=1e-12)


TONES = ("1", "2", "5")


@st.composite
def toned(draw: st.DrawFn) -> ScoreTable:
    """Probabilities of three tones, some without an answer, and the tone itself, some without a value; both classes of attack detection."""
    row = st.tuples(st.sampled_from(["", *TONES]), st.integers(0, 2**31), st.booleans(), st.integers(0, 1))
    rows = [("1", 5, False, 1), ("2", 6, False, 0), *draw(st.lists(row, max_size=40))]
    shares = np.array(
        [
            np.random.default_rng(seed).dirichlet((1, 1, 1)) if not silent else [np.nan] * 3
            for _, seed, silent, _ in rows
        ]
    )
    return ScoreTable.from_columns(
        {
            "id": range(len(rows)),
            "label": [r[3] for r in rows],
            "species": ["" if r[3] else "print" for r in rows],
            "score": [0.5] * len(rows),
            "subject": [f"s{i % 5}" for i in range(len(rows))],
            "skin_tone": [r[0] for r in rows],
            **{f"tone.p.{name}": shares[:, place] for place, name in enumerate(TONES)},
        }
    )


@settings(deadline=None)
@given(found=toned())
def test_class_accuracy_is_that_of_scikit_learn_over_rows_with_a_value_and_an_answer(found: ScoreTable) -> None:
    given_ = np.stack([found.column(f"tone.p.{name}") for name in TONES], axis=1)
    true = found.column("skin_tone")
    kept = (true != "") & np.isfinite(given_).all(1)
    said = np.array(TONES)[given_[kept].argmax(1)]
    parts = ClassAccuracy(head="tone", target="skin_tone").build().compute(found, None)
    assert parts["value"] == pytest.approx(accuracy_score(true[kept], said), abs=1e-12)
    assert (parts["n"], parts["non_responses"]) == (kept.sum(), ((true != "") & ~kept).sum())
    there = sorted(set(true[kept]))
    recalls = recall_score(true[kept], said, labels=there, average=None)
    assert parts["balanced"] == pytest.approx(recalls.mean(), abs=1e-12)
    assert parts["classes"] == pytest.approx(dict(zip(there, recalls)), abs=1e-12)
    if set(said) <= set(there):
        assert parts["balanced"] == pytest.approx(balanced_accuracy_score(true[kept], said), abs=1e-12)


def test_the_interval_of_class_accuracy_is_that_of_resampled_subjects() -> None:
    random = np.random.default_rng(1)
    shares, true, subject = random.dirichlet((1, 1, 1), 60), random.integers(0, 3, 60), np.repeat(np.arange(12), 5)
    found = ScoreTable.from_columns(
        {
            "label": np.arange(60) % 2,
            "score": [0.5] * 60,
            "subject": [f"s{i}" for i in subject],
            "skin_tone": [TONES[i] for i in true],
            **{f"tone.p.{name}": shares[:, place] for place, name in enumerate(TONES)},
        }
    )
    draws = Resampling.of(found, 200, 3)
    right = (shares.argmax(1) == true).astype(float)
    by_subject = np.array([right[subject == i].mean() for i in range(12)])
    codes = [draws.clusters.codes[5 * i] for i in range(12)]
    values = (draws.weights[:, codes] * by_subject).sum(1) / 12
    interval = ClassAccuracy(head="tone", target="skin_tone").build().resample(found, None, draws)["bootstrap"]
    assert (interval["low"], interval["high"]) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), abs=1e-9)


def test_class_accuracy_counts_records_of_one_class_of_attack_detection_and_names_what_it_lacks() -> None:
    cells = {
        "label": [1, 1, 1],
        "score": [0.5] * 3,
        "species": ["", "", ""],
        "kind.p.": [0.7, 0.2, 0.4],
        "kind.p.print": [0.3, 0.8, 0.6],
    }
    found = ScoreTable.from_columns({**cells, "kind": ["", "", "print"]})
    with pytest.raises(SpecError, match="no column 'knd' of true classes; it has"):
        ClassAccuracy(head="kind", target="knd").build().compute(found, None)
    with pytest.raises(SpecError, match='"probabilities": true'):
        ClassAccuracy(head="tone", target="kind").build().compute(found, None)
    parts = ClassAccuracy(head="kind", target="kind").build().compute(found, None)
    assert (parts["errors"], parts["n"], parts["classes"]) == (1, 3, {"none": 0.5, "print": 1})
    with pytest.raises(SpecError, match="'mask', which is not a class of the head 'kind'"):
        ClassAccuracy(head="kind", target="kind").build().compute(
            ScoreTable.from_columns({**cells, "kind": ["mask", "", ""]}), None
        )
    empty = {"label": [1], "score": [0.5], "tone.p.1": [None], "tone.p.2": [None], "skin_tone": ["1"]}
    with pytest.raises(SpecError, match="no row has both"):
        ClassAccuracy(head="tone", target="skin_tone").build().compute(ScoreTable.from_columns(empty), None)


@pytest.mark.parametrize("metric", [Auc(), Eer(), Hter(), Accuracy(), TprAtFpr()], ids=lambda metric: metric.type)
def test_one_class_only_is_an_error(metric: Auc) -> None:
    found = table([0.5], print=[0.4])
    for rows, name in ((found.bona_fide, "attack"), (found.attack, "bona fide")):
        with pytest.raises(SpecError, match=f"no {name} presentation"):
            metric.build().compute(found.select(rows), HALF)


@pytest.mark.parametrize("metric", [Hter(), Accuracy(), Iso30107()], ids=lambda metric: metric.type)
def test_a_metric_at_a_threshold_says_that_it_needs_one(metric: Hter) -> None:
    with pytest.raises(SpecError, match="needs a threshold from a dev split"):
        metric.build().compute(table([0.5], print=[0.4]), None)


def test_metrics_that_set_their_own_threshold_are_oracles_and_the_others_are_not() -> None:
    assert {metric.type: metric.oracle for metric in ALL} == {
        "auc": False,
        "eer": True,
        "hter": False,
        "accuracy": False,
        "tpr_at_fpr": True,
        "iso30107": False,
        "partial_auc": False,
        "bpcer_at_apcer": True,
        "apcer_at_bpcer": True,
        "accuracy_at_bpcer": True,
    }


def test_too_few_negatives_are_not_measurable_and_what_was_reached_is_printed() -> None:
    found = table([0.9, 0.8, 0.7, 0.6, 0.6, 0.6], print=[0.1, 0.2], mask=[0.1] * 7)
    few = TprAtFpr(fpr=0.1, positive="attack").build().compute(found, None)
    assert (few["value"], few["n"]) == (None, 6)
    assert few["note"] == "not measurable, n is too small: fpr 0.1 needs at least 30; fewer in: negatives (6)"
    enough = TprAtFpr(fpr=0.5, positive="attack").build().compute(found, None)
    assert (enough["value"], enough["reached"], enough["n"]) == (1, 3 / 6, 6)
    assert "mask" not in (note := BpcerAtApcer(apcer=0.5).build().compute(found, None)["note"]) and "print (2)" in note
    assert BpcerAtApcer(apcer=0.5, attacks="pooled").build().compute(found, None)["value"] == 0
    assert ApcerAtBpcer(bpcer=0.1).build().compute(found, None)["value"] is None


@settings(deadline=None)
@given(found=tables(), bpcer=st.sampled_from([0.3, 0.5, 0.9]))
def test_accuracy_at_a_bpcer_is_that_of_the_best_threshold_that_rejects_no_more(
    found: ScoreTable, bpcer: float
) -> None:
    """Among all thresholds that reject at most the share of bona fide, the greatest: scikit-learn's accuracy there."""
    answered = found.select(found.responded)
    genuine = answered.score[answered.label == 1]
    given_ = AccuracyAtBpcer(bpcer=bpcer).build().compute(found, None)
    if bpcer * len(genuine) < 3:
        assert given_["value"] is None and "not measurable" in given_["note"]
        return
    fits = [t for t in genuine if (genuine < t).sum() <= bpcer * len(genuine)]
    assert given_["value"] == pytest.approx(accuracy_score(answered.label, answered.score >= max(fits)))
    assert given_["reached"] == (genuine < max(fits)).mean() <= bpcer


def test_a_metric_reads_the_column_that_it_names() -> None:
    found = ScoreTable.from_columns(
        {"id": range(3), "label": [1, 0, 0], "score": [0.1, 0.9, 0.8], "depth.score": [0.9, 0.1, None]}
    )
    assert (
        Auc().build().compute(found, None)["value"],
        Auc(column="depth.score").build().compute(found, None)["value"],
    ) == (0, 1)
    assert Auc(column="depth.score").build().compute(found, None)["n_attack"] == 1


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: f"{metric.type}-{getattr(metric, 'positive', '')}")
def test_every_metric_is_installed_under_its_type_and_its_primary_figure_is_a_number(metric: Auc) -> None:
    assert load("metric", metric.type) is type(metric)
    random = np.random.default_rng(0)
    found = table(random.normal(1, 1, 40), print=random.normal(0, 1, 40))
    assert isinstance(metric.build().compute(found, HALF)[metric.primary], float)


def test_naming_metrics_imports_no_numpy() -> None:
    program = (
        "import sys, fascore.evaluation.metrics, fascore.contract.threshold_rule; "
        "sys.exit(bool({'numpy', 'scipy', 'torch', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_attacks_without_a_species_and_those_of_the_species_unknown_are_one_and_all_count() -> None:
    cells = {
        "id": list("abcd"),
        "label": [1, 0, 0, 0],
        "score": [0.9, 0.8, 0.1, 0.2],
        "species": ["", "", "unknown", "print"],
    }
    found = ScoreTable.from_columns(cells)
    rates = attack_rates(found, 0.5)
    assert {name: (rate.errors, rate.n) for name, rate in rates.items()} == {"unknown": (1, 2), "print": (0, 1)}
    assert errors(found, 0.5).attack.n == 3
    assert [(name, rows.tolist()) for name, rows in found.by_group("species", found.attack)] == [
        ("print", [3]),
        ("unknown", [1, 2]),
    ]


@settings(deadline=None)
@given(found=tables())
def test_acer_is_listed_under_the_name_of_its_convention_and_pooled_is_the_hter(found: ScoreTable) -> None:
    iso = Iso30107().build().compute(found, HALF)
    rates = [part["apcer"] for part in iso["species"].values() if part["n"]]
    assert iso["acer_worst"] == (max(rates) + iso["bpcer"]) / 2
    assert iso["acer_mean_species"] == pytest.approx((np.mean(rates) + iso["bpcer"]) / 2)
    assert iso["acer_pooled"] == Hter().build().compute(found, HALF)["value"]
    assert not {"acer", "apcer"} & set(iso), "no figure of several species without the name of its convention"


@settings(deadline=None)
@given(found=tables())
def test_the_second_line_counts_each_non_response_as_rejected(found: ScoreTable) -> None:
    words = {**found.words, "response": Categorical.constant("ok", len(found))}
    rejected = ScoreTable(found.id, found.label, np.where(found.responded, found.score, -1.0), words)
    line, expected = (
        Iso30107().build().compute(found, HALF)["non_response_rejects"],
        Iso30107().build().compute(rejected, HALF),
    )
    for figure in (
        "acer_worst",
        "acer_pooled",
        "acer_mean_species",
        "apcer_worst",
        "apcer_worst_species",
        "apcer_pooled",
        "bpcer",
    ):
        assert line[figure] == expected[figure]
    for name, part in line["species"].items():
        assert all(part[key] == expected["species"][name][key] for key in ("apcer", "errors", "n", "low", "high"))


def test_coarse_groups_are_the_part_before_the_dot_or_a_column() -> None:
    found = ScoreTable.from_columns(
        {
            "id": range(7),
            "label": [1, 0, 0, 0, 0, 0, 0],
            "score": [0.9, 0.9, 0.1, 0.1, 0.9, 0.9, 0.1],
            "kind": ["", "x", "x", "y", "y", "y", "y"],
            "species": ["", "print.flat", "print.bent", "print.bent", "mask.a", "mask.a", "mask"],
        }
    )
    groups = Iso30107().build().compute(found, HALF)["groups"]
    assert {name: (part["apcer_pooled"], part["n"], part["apcer_worst_species"]) for name, part in groups.items()} == {
        "print": (1 / 3, 3, "print.flat"),
        "mask": (2 / 3, 3, "mask.a"),
    }
    by_column = Iso30107(group="kind").build().compute(found, HALF)["groups"]
    assert {name: (part["apcer_pooled"], part["apcer_worst"]) for name, part in by_column.items()} == {
        "x": (0.5, 1),
        "y": (0.5, 1),
    }


def test_the_worst_bound_is_the_greatest_exact_bound_at_alpha_over_m_whichever_species_sets_it() -> None:
    bound = (
        Iso30107().build().compute(table([0.9], many=[0.9] * 30 + [0.1] * 70, few=[0.1] * 3), HALF)["apcer_worst_bound"]
    )
    few, many = (
        binomtest(k, n, alternative="less").proportion_ci(1 - 0.05 / 2, "exact").high for k, n in ((0, 3), (30, 100))
    )
    assert (bound["species"], bound["m"], bound["confidence"]) == ("few", 2, 0.95)
    assert bound["value"] == pytest.approx(max(few, many), abs=1e-9)


def matched(accept: list[float | None], name: str = "matcher.accept") -> ScoreTable:
    return ScoreTable.from_columns(
        {
            "id": range(8),
            "label": [1] * 4 + [0] * 4,
            "score": [0.9, 0.9, 0.1, None, 0.9, 0.9, 0.9, 0.1],
            name: accept,
            "species": [""] * 4 + ["print", "print", "mask", "mask"],
            "response": ["ok"] * 3 + ["no_face"] + ["ok"] * 4,
        }
    )


def test_riapar_is_the_sum_of_what_passes_both_and_what_either_turns_away_by_species() -> None:
    found = Riapar().build().compute(matched([1, 0, 1, 1, 1, 0, 0, 1]), HALF)
    assert (found["frr"], found["iapar_worst"], found["riapar_worst"], found["riapar_worst_species"]) == (
        3 / 4,
        1 / 2,
        5 / 4,
        "print",
    )
    assert (found["species"]["mask"]["iapar"], found["species"]["mask"]["riapar"], found["species"]["mask"]["n"]) == (
        0,
        3 / 4,
        2,
    )
    scores = (
        Riapar(matcher_threshold=30).build().compute(matched([31, 29, 30, 99, 30, 1, None, 30], "matcher.score"), HALF)
    )
    assert {name: scores[name] for name in ("frr", "riapar_worst")} == {
        name: found[name] for name in ("frr", "riapar_worst")
    }


def test_riapar_is_given_only_where_the_matcher_is_known() -> None:
    for metric, accept, name, message in (
        (Riapar(), [1] * 8, "other.accept", "needs matcher results"),
        (Riapar(), [1] * 8, "matcher.score", "needs matcher results"),
        (Riapar(matcher_threshold=1), [1] * 8, "matcher.accept", "needs matcher results"),
        (Riapar(), [0.5] * 8, "matcher.accept", "must hold 1"),
    ):
        with pytest.raises(SpecError, match=message):
            metric.build().compute(matched(accept, name), HALF)


@settings(deadline=None, max_examples=60)
@given(scores=st.lists(st.integers(0, 40), min_size=90, max_size=140), attacks=st.sampled_from(["worst", "pooled"]))
def test_rates_at_rates_are_the_best_that_any_threshold_reaches(scores: list[int], attacks: str) -> None:
    first, second = [score / 9 - 1 for score in scores[30:60]], [score / 9 - 2 for score in scores[60:]]
    found = table([score / 9 for score in scores[:30]], print=first, mask=second)
    points = []
    for threshold in [*np.unique(found.score), *np.nextafter(np.unique(found.score), 99)]:
        iso = Iso30107().build().compute(found, choose(f"fixed={threshold}", None))
        points.append((iso[f"apcer_{attacks}"], iso["bpcer"]))
    low_bpcer = BpcerAtApcer(apcer=0.1, attacks=attacks).build().compute(found, None)
    assert low_bpcer["value"] == min(bpcer for apcer, bpcer in points if apcer <= 0.1)
    low_apcer = ApcerAtBpcer(bpcer=0.1, attacks=attacks).build().compute(found, None)
    assert low_apcer["value"] == min(apcer for apcer, bpcer in points if bpcer <= 0.1)
    for part, reached, value in ((low_bpcer, f"apcer_{attacks}", "bpcer"), (low_apcer, "bpcer", f"apcer_{attacks}")):
        iso = Iso30107().build().compute(found, choose(f"fixed={part['threshold']!r}", None))
        assert (part["reached"], part["value"]) == (iso[reached], iso[value])
    pooled_tpr = TprAtFpr(fpr=0.1).build().compute(found, None)["value"]
    assert BpcerAtApcer(apcer=0.1, attacks="pooled").build().compute(found, None)["value"] == pytest.approx(
        1 - pooled_tpr
    )
