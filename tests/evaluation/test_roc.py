"""Curves and operating points against scikit-learn, brute force and scipy."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binom, binomtest
from sklearn.metrics import roc_auc_score, roc_curve

from fascore.contract.errors import SpecError
from fascore.evaluation.intervals import clopper_pearson, enough, lower_bound, rule_of_three, too_few, upper_bound
from fascore.evaluation.roc import allowed, auc, equal_error, partial_auc, roc, tpr_at_fpr

tied = st.lists(st.integers(-6, 6).map(lambda value: value / 3), min_size=1, max_size=25).map(
    lambda values: np.sort(np.array(values))
)


def labelled(bona_fide: np.ndarray, attack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.r_[np.ones(len(bona_fide)), np.zeros(len(attack))], np.r_[bona_fide, attack]


@settings(deadline=None)
@given(bona_fide=tied, attack=tied)
def test_auc_and_roc_agree_with_scikit_learn(bona_fide: np.ndarray, attack: np.ndarray) -> None:
    label, score = labelled(bona_fide, attack)
    assert auc(bona_fide, attack) == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    fpr, tpr, thresholds = roc_curve(label, score, drop_intermediate=False)
    curve = roc(bona_fide, attack)
    np.testing.assert_allclose(curve.false_accept[::-1], fpr, atol=1e-12)
    np.testing.assert_allclose(1 - curve.false_reject[::-1], tpr, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds[:-1][::-1], thresholds[1:])


def test_auc_agrees_with_scikit_learn_on_many_scores() -> None:
    random = np.random.default_rng(3)
    bona_fide, attack = np.sort(random.normal(1, 1, 40_000).round(3)), np.sort(random.normal(0, 1, 90_000).round(3))
    assert auc(bona_fide, attack) == pytest.approx(roc_auc_score(*labelled(bona_fide, attack)), abs=1e-12)


@settings(deadline=None)
@given(bona_fide=tied, attack=tied)
def test_auc_is_the_share_of_pairs_in_order(bona_fide: np.ndarray, attack: np.ndarray) -> None:
    assert auc(bona_fide, attack) == pytest.approx(
        np.mean([(b > a) + (b == a) / 2 for b, a in product(bona_fide, attack)]), abs=1e-12
    )


@settings(deadline=None)
@given(bona_fide=tied, attack=tied)
def test_negating_all_scores_and_swapping_the_classes_changes_neither_auc_nor_eer(
    bona_fide: np.ndarray, attack: np.ndarray
) -> None:
    mirrored = -attack[::-1], -bona_fide[::-1]
    assert auc(*mirrored) == pytest.approx(auc(bona_fide, attack), abs=1e-12)
    assert auc(-bona_fide[::-1], -attack[::-1]) == pytest.approx(1 - auc(bona_fide, attack), abs=1e-12)
    assert equal_error(*mirrored).interpolated == pytest.approx(equal_error(bona_fide, attack).interpolated, abs=1e-12)


@settings(deadline=None)
@given(bona_fide=tied, attack=tied)
def test_the_interpolated_eer_lies_on_the_curve_of_scikit_learn(bona_fide: np.ndarray, attack: np.ndarray) -> None:
    fpr, tpr, _ = roc_curve(*labelled(bona_fide, attack), drop_intermediate=False)
    crossings = []
    for x0, y0, x1, y1 in zip(fpr, 1 - tpr, fpr[1:], 1 - tpr[1:]):
        gap0, gap1 = x0 - y0, x1 - y1
        if gap0 <= 0 <= gap1 and gap1 > gap0:
            crossings.append(x0 + gap0 / (gap0 - gap1) * (x1 - x0))
    found = equal_error(bona_fide, attack).interpolated
    assert min(abs(found - crossing) for crossing in crossings) < 1e-12


def test_the_nearest_eer_is_the_false_accept_rate_of_the_point_with_the_least_gap() -> None:
    bona_fide, attack = (
        np.sort(np.random.default_rng(0).normal(1, 1, 37)),
        np.sort(np.random.default_rng(1).normal(0, 1, 53)),
    )
    fpr, tpr, _ = roc_curve(*labelled(bona_fide, attack), drop_intermediate=False)
    assert equal_error(bona_fide, attack).nearest == pytest.approx(fpr[np.argmin(np.abs(tpr + fpr - 1))], abs=1e-12)


def test_both_conventions_of_the_eer_differ_where_points_are_far_apart() -> None:
    found = equal_error(np.array([0.0, 2.0]), np.array([-1.0, 1.0, 1.5]))
    assert found.interpolated == pytest.approx(0.5)
    assert (found.nearest, found.nearest_false_reject) == (pytest.approx(1 / 3), 0.5), (
        "of two equal gaps the higher threshold"
    )


def test_perfect_and_useless_scores() -> None:
    apart = np.array([1.0, 2.0]), np.array([-1.0, 0.0])
    assert (auc(*apart), equal_error(*apart).interpolated, equal_error(*apart).threshold) == (1, 0, 0.5)
    same = np.full(4, 0.3), np.full(9, 0.3)
    assert (auc(*same), equal_error(*same).interpolated) == (0.5, 0.5)


def test_a_class_without_scores_is_named() -> None:
    for bona_fide, attack, name in (
        (np.array([]), np.array([1.0]), "bona fide"),
        (np.array([1.0]), np.array([]), "attack"),
    ):
        for measure in (auc, roc, equal_error):
            with pytest.raises(SpecError, match=f"no {name} presentation"):
                measure(bona_fide, attack)


@settings(deadline=None)
@given(
    bona_fide=tied,
    attack=tied,
    fpr=st.sampled_from([0.1, 0.2, 0.25, 0.5]),
    positive=st.sampled_from(["attack", "bona_fide"]),
)
def test_tpr_at_most_fpr_is_the_best_that_any_threshold_reaches(
    bona_fide: np.ndarray, attack: np.ndarray, fpr: float, positive: str
) -> None:
    found = tpr_at_fpr(bona_fide, attack, fpr, positive)
    curve = roc(bona_fide, attack)
    accept, reject = curve.false_accept, curve.false_reject
    false_positive, true_positive, n = (
        (reject, 1 - accept, len(bona_fide)) if positive == "attack" else (accept, 1 - reject, len(attack))
    )
    assert found.tpr == pytest.approx(true_positive[false_positive <= fpr].max(), abs=1e-12)
    assert found.reached <= fpr
    assert found.n == n


@pytest.mark.parametrize(
    ("rate", "n"),
    [(1e-4, 30_000), (1e-3, 3000), (0.01, 300), (0.005, 600), (0.05, 60), (0.1, 30), (0.07, 43), (0.3, 10)],
)
def test_a_rate_needs_three_over_it_presentations_to_be_measured(rate: float, n: int) -> None:
    assert (too_few(rate, n - 1), too_few(rate, n), enough(rate)) == (True, False, n)
    assert rule_of_three(n) <= rate * (1 + 1e-9), "no error in n bounds the rate, by the rule of three"


@settings(deadline=None)
@given(bona_fide=tied, attack=tied, max_fpr=st.sampled_from([0.01, 0.1, 0.29, 0.5, 0.9]))
def test_the_partial_area_is_that_of_scikit_learn_with_its_standard_form(
    bona_fide: np.ndarray, attack: np.ndarray, max_fpr: float
) -> None:
    label, score = labelled(bona_fide, attack)
    found = partial_auc(bona_fide, attack, max_fpr)
    assert found.standardized == pytest.approx(roc_auc_score(label, score, max_fpr=max_fpr), abs=1e-12)
    fpr, tpr, _ = roc_curve(label, score, drop_intermediate=False)
    inside = fpr <= max_fpr
    assert found.area == pytest.approx(
        np.trapezoid([*tpr[inside], np.interp(max_fpr, fpr, tpr)], [*fpr[inside], max_fpr]), abs=1e-12
    )


@settings(deadline=None)
@given(bona_fide=tied, attack=tied)
def test_the_bisected_eer_is_that_of_a_walk_along_the_whole_curve(bona_fide: np.ndarray, attack: np.ndarray) -> None:
    curve, found = roc(bona_fide, attack), equal_error(bona_fide, attack)
    gap = curve.accepted * len(bona_fide) - curve.rejected * len(attack)
    best = np.flatnonzero(abs(gap) == abs(gap).min())[-1]
    assert (found.nearest, found.nearest_false_reject) == (curve.false_accept[best], curve.false_reject[best])
    inner = 0 < best < len(gap) - 1
    assert found.threshold == (
        curve.thresholds[best - 1] / 2 + curve.thresholds[best] / 2 if inner else curve.thresholds[best]
    )


@given(n=st.integers(1, 5000), k=st.integers(0, 5000))
def test_at_most_never_rounds_up_and_takes_what_is_exact(n: int, k: int) -> None:
    k = min(k, n)
    assert allowed(k / n, n) == k
    assert allowed(max(0.0, np.nextafter(k / n, -1)), n) == max(0, k - 1)


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 400), share=st.floats(0, 1))
def test_the_interval_is_scipys_exact_one(n: int, share: float) -> None:
    errors = round(share * n)
    exact = binomtest(errors, n).proportion_ci(0.95, "exact")
    assert clopper_pearson(errors, n) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_the_interval_covers_at_least_what_it_says() -> None:
    n, p = 40, 0.13
    covered = sum(binom.pmf(k, n, p) for k in range(n + 1) if clopper_pearson(k, n)[0] <= p <= clopper_pearson(k, n)[1])
    assert covered >= 0.95


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 400), share=st.floats(0, 1), alpha=st.sampled_from([0.05, 0.01, 0.05 / 20]))
def test_the_one_sided_bounds_are_scipys_exact_ones(n: int, share: float, alpha: float) -> None:
    errors = round(share * n)
    for bound, side, end in ((upper_bound, "less", "high"), (lower_bound, "greater", "low")):
        exact = binomtest(errors, n, alternative=side).proportion_ci(1 - alpha, "exact")
        assert bound(errors, n, alpha) == pytest.approx(getattr(exact, end), abs=1e-9)


def test_nothing_measured_leaves_everything_possible() -> None:
    assert clopper_pearson(0, 0) == (0, 1)


@settings(deadline=None)
@given(scores=st.lists(st.integers(0, 20), min_size=12, max_size=60), fpr=st.sampled_from([0.1, 0.2, 0.5]))
def test_the_threshold_that_tpr_at_fpr_prints_gives_the_rates_that_it_prints(scores: list[int], fpr: float) -> None:
    bona_fide, attack = (np.sort(np.array(scores[start::2], dtype=float)) for start in (0, 1))
    for positive in ("attack", "bona_fide"):
        found = tpr_at_fpr(bona_fide, attack, fpr, positive)
        accepted = {"bona_fide": (bona_fide >= found.threshold).mean(), "attack": (attack >= found.threshold).mean()}
        tpr, reached = (
            (accepted["bona_fide"], accepted["attack"])
            if positive == "bona_fide"
            else (1 - accepted["attack"], 1 - accepted["bona_fide"])
        )
        assert (found.tpr, found.reached) == (pytest.approx(tpr), pytest.approx(reached))
