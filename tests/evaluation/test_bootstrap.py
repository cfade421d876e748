"""The bootstrap over subjects: against repeated rows, against what it is for, and against what it costs."""

import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.evaluate import Depth, evaluate
from fascore.evaluation.intervals import clopper_pearson
from fascore.evaluation.metrics import Accuracy, Auc, Eer, Hter, Iso30107, Riapar
from fascore.evaluation.rates import attack_rates, bona_fide_rate, errors, mean, pooled, worst_bound
from fascore.evaluation.roc import auc, equal_error
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose

HALF = choose("fixed=0.5", None)


@st.composite
def tables(draw: st.DrawFn) -> ScoreTable:
    """Few subjects of few rows, ties, non-responses, subjects without a name."""
    cell = st.tuples(
        st.sampled_from(["", "print.a", "mask"]),
        st.integers(0, 6),
        st.sampled_from(["ok"] * 4 + ["no_face"]),
        st.sampled_from("abcd "),
    )
    rows = [
        ("", 3, "ok", "a"),
        ("mask", 2, "ok", "a"),
        ("", 4, "ok", "b"),
        ("print.a", 5, "ok", "b"),
        *draw(st.lists(cell, max_size=20)),
    ]
    return ScoreTable.from_columns(
        {
            "id": range(len(rows)),
            "label": [int(not row[0]) for row in rows],
            "species": [row[0] for row in rows],
            "score": [row[1] / 6 for row in rows],
            "response": [row[2] for row in rows],
            "subject": [row[3].strip() for row in rows],
        }
    )


@settings(deadline=None, max_examples=40)
@given(found=tables(), seed=st.integers(0, 5))
def test_each_resample_is_the_table_with_each_subjects_rows_as_often_as_it_was_drawn(
    found: ScoreTable, seed: int
) -> None:
    draws = Resampling.of(found, 4, seed)
    assert (draws.weights.sum(axis=1) == draws.clusters.count).all()
    for number, weights in enumerate(draws.weights):
        repeated = found.select(np.repeat(np.arange(len(found)), weights[draws.clusters.codes]))
        rates, curve = draws.rates(0.5), draws.curves
        species = attack_rates(repeated, 0.5)
        for name, values in rates.species.items():
            value = species[name].value if name in species else None
            assert values[number] == pytest.approx(np.nan if value is None else value, nan_ok=True)
        assert rates.bona_fide[number] == pytest.approx(as_nan(bona_fide_rate(repeated, 0.5).value), nan_ok=True)
        assert rates.pooled[number] == pytest.approx(as_nan(pooled(species).value), nan_ok=True)
        assert rates.mean_species[number] == pytest.approx(as_nan(mean(species)), nan_ok=True)
        scores = repeated.sorted_bona_fide, repeated.sorted_attack
        if all(map(len, scores)):
            assert rates.accuracy[number] == pytest.approx(errors(repeated, 0.5).accuracy)
            assert curve.auc[number] == pytest.approx(auc(*scores), abs=1e-12)
            expected = equal_error(*scores)
            assert (curve.interpolated[number], curve.nearest[number]) == pytest.approx(
                (expected.interpolated, expected.nearest), abs=1e-12
            )
        else:
            assert np.isnan([curve.auc[number], curve.interpolated[number]]).all()


def as_nan(value: float | None) -> float:
    return np.nan if value is None else value


def clips(random: np.random.Generator, subjects: int, each: int, rate: float, alike: float) -> ScoreTable:
    """Bona fide clips of which `rate` is rejected; the smaller `alike`, the more the clips of one subject share their fate. One attack a subject."""
    hard = random.beta(rate * alike, (1 - rate) * alike, subjects)
    rejected = random.random((subjects, each)) < hard[:, None]
    names = [f"s{subject}" for subject in range(subjects)]
    return ScoreTable.from_columns(
        {
            "label": [1] * subjects * each + [0] * subjects,
            "score": [*np.where(rejected, 0.2, 0.8).ravel(), *[0.1] * subjects],
            "subject": [*np.repeat(names, each), *names],
            "species": [""] * subjects * each + ["print"] * subjects,
        }
    )


@pytest.mark.parametrize("alike", [1.0, 3.0])
def test_with_fifteen_subjects_of_ten_clips_clopper_pearson_covers_far_less_than_it_says_and_the_bootstrap_is_nearer(
    alike: float,
) -> None:
    random, rate, trials = np.random.default_rng(7), 0.3, 400
    covered = np.zeros(2)
    for trial in range(trials):
        found = clips(random, 15, 10, rate, alike)
        measured = bona_fide_rate(found, 0.5)
        draws = Resampling.of(found, 200, trial)
        interval = draws.interval(draws.rates(0.5).bona_fide)
        covered += [
            low <= rate <= high
            for low, high in (clopper_pearson(measured.errors, measured.n), (interval["low"], interval["high"]))
        ]
    exact, bootstrap = covered / trials
    assert 0.5 < exact < 0.9, "the issue of one person in many clips"
    assert bootstrap > exact
    assert abs(bootstrap - 0.95) < abs(exact - 0.95) / 2
    assert bootstrap > 0.83, "with fifteen subjects it is short as well, as the conventions say"


def test_with_independent_presentations_the_bootstrap_is_the_interval_of_the_normal_approximation() -> None:
    random = np.random.default_rng(1)
    found = clips(random, 2000, 1, 0.2, 1e6)
    draws = Resampling.of(found, 1000, 0)
    interval, rate = draws.interval(draws.rates(0.5).bona_fide), bona_fide_rate(found, 0.5).value
    half = 1.96 * np.sqrt(rate * (1 - rate) / 2000)
    assert (interval["low"], interval["high"]) == pytest.approx((rate - half, rate + half), abs=half / 8)
    assert interval["subjects"] == 2000


def scored(subjects: int = 20, seed: int = 0, dataset: str = "d") -> ScoreTable:
    random = np.random.default_rng(seed)
    count = subjects * 6
    label = np.arange(count) % 2
    species = np.where(label == 1, "", np.where(np.arange(count) % 4 == 0, "print.flat", "mask.rigid"))
    return ScoreTable.from_columns(
        {
            "id": range(count),
            "dataset": [dataset] * count,
            "label": label,
            "species": species,
            "score": random.normal(label, 0.7),
            "subject": [f"s{row // 6}" for row in range(count)],
            "device": np.where(np.arange(count) % 5 < 2, "phone", "laptop"),
            "matcher.accept": (random.random(count) < 0.8).astype(float),
        }
    )


def test_metrics_json_has_the_interval_beside_every_figure_and_the_same_seed_gives_the_same_bits() -> None:
    metrics, table = [Auc(), Eer(), Hter(), Accuracy(), Iso30107(), Riapar()], scored()
    found, again = (evaluate({"t": table}, HALF, metrics, None, Depth(200, 3)) for _ in range(2))
    assert found == again
    assert found != evaluate({"t": table}, HALF, metrics, None, Depth(200, 4))
    assert found["bootstrap"] == {"resamples": 200, "seed": 3, "confidence": 0.95}
    parts = found["tests"]["t"]["tasks"]["spoof"]["metrics"]
    for name in ("auc", "eer", "hter", "accuracy"):
        assert parts[name]["bootstrap"]["low"] < parts[name]["value"] < parts[name]["bootstrap"]["high"]
    iso = parts["iso30107"]
    by_species = [(one, one["apcer"]) for one in iso["species"].values()]
    for rate, value in [(iso["bona_fide"], iso["bpcer"]), (iso["pooled"], iso["apcer_pooled"]), *by_species]:
        assert rate["bootstrap"]["low"] <= value <= rate["bootstrap"]["high"]
        assert rate["bootstrap"]["subjects"] == 20
    for figure in ("acer_worst", "acer_pooled", "acer_mean_species", "apcer_pooled", "bpcer"):
        assert iso["bootstrap"][figure]["low"] < iso[figure] < iso["bootstrap"][figure]["high"]
    assert (
        parts["riapar"]["species"]["print.flat"]["bootstrap"]["low"]
        < parts["riapar"]["species"]["print.flat"]["riapar"]
    )


def test_without_named_subjects_there_is_no_bootstrap_and_an_unnamed_row_counts_as_one_of_its_own() -> None:
    whole = scored(3)
    unnamed = ScoreTable.from_columns(
        {name: whole.column(name).tolist() for name in ("id", "label", "score", "species")}
    )
    assert Resampling.of(unnamed, 10, 0) is None
    assert (
        "bootstrap"
        not in evaluate({"t": unnamed}, HALF, [Auc()], None, Depth(10))["tests"]["t"]["tasks"]["spoof"]["metrics"][
            "auc"
        ]
    )
    half_named = ScoreTable.from_columns(
        {
            "id": range(6),
            "label": [1, 1, 1, 0, 0, 0],
            "score": [0.9, 0.8, 0.7, 0.1, 0.2, 0.3],
            "subject": ["a", "", "", "a", "b", ""],
        }
    )
    assert (half_named.clusters.count, half_named.clusters.unnamed) == (5, 3)


def test_one_name_in_two_datasets_is_two_subjects() -> None:
    names = ("dataset", "label", "score", "subject", "species")
    both = {name: [*scored(4).column(name).tolist(), *scored(4, 1, "e").column(name).tolist()] for name in names}
    table = ScoreTable.from_columns({"id": range(len(both["label"])), **both})
    assert table.clusters.count == 8
    rates = attack_rates(table, 99.0)
    assert {name: rate.subjects for name, rate in rates.items()} == {"mask.rigid": 8, "print.flat": 8}


def test_no_error_is_bounded_by_three_over_the_subjects_and_not_over_the_clips() -> None:
    part = Iso30107().build().compute(scored(20), choose("fixed=99", None))["species"]["print.flat"]
    assert (part["errors"], part["rule_of_three"]) == (0, {"subjects": 20, "high": 3 / 20})
    assert (
        "rule_of_three"
        not in Iso30107().build().compute(scored(20), choose("fixed=-99", None))["species"]["print.flat"]
    )


def test_the_bound_of_the_worst_species_holds_as_often_as_it_says_and_the_bootstrap_of_the_maximum_is_biased() -> None:
    random, true, m, n, trials = np.random.default_rng(3), 0.1, 8, 60, 600
    held, upward = 0, 0.0
    for _ in range(trials):
        wrong = random.binomial(n, true, m)
        score = np.concatenate([np.r_[np.ones(k), np.zeros(n - k)] for k in wrong])
        columns = {
            "label": [1, *[0] * m * n],
            "species": ["", *np.repeat([f"k{k}" for k in range(m)], n)],
            "score": [1, *score],
        }
        held += worst_bound(attack_rates(ScoreTable.from_columns(columns), 0.5))["value"] >= true
        upward += random.binomial(n, wrong / n, (20, m)).max(axis=1).mean() / n - wrong.max() / n
    assert held / trials >= 0.94
    assert upward / trials > 0.01, "the maximum of resampled rates lies above the maximum itself"


def test_a_thousand_resamples_of_a_hundred_thousand_scores_take_less_than_five_seconds_of_processor_time() -> None:
    random, count = np.random.default_rng(0), 100_000
    label = random.integers(0, 2, count)
    table = ScoreTable.from_columns(
        {
            "id": range(count),
            "label": label,
            "score": random.normal(label),
            "species": np.where(label == 1, "", random.integers(0, 20, count).astype(str)),
            "subject": random.integers(0, 1000, count).astype(str),
        }
    )
    start = time.process_time()
    draws = Resampling.of(table, 1000, 0)
    assert draws.rates(0.5).hter.shape == draws.curves.auc.shape == (1000,)
    assert time.process_time() - start < 5
