"""Plans against closed forms, against binomial sums of whole numbers, and against simulated laboratories."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binomtest

from fascore.contract.errors import FascoreError
from fascore.evaluation.sample_size import Claim, needed, passes, plans


def at_most(errors, n, rate):
    """P(X <= errors) for X ~ Binomial(n, rate), summed in fractions."""
    return sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(errors + 1))


def test_two_per_cent_at_95_without_an_error_takes_149():
    assert needed(0.02, 0.05, 0) == 149


@pytest.mark.parametrize("limit", [0.5, 0.15, 0.05, 0.01, 0.001, 1e-5])
@pytest.mark.parametrize("alpha", [0.1, 0.05, 0.01, 0.05 / 17])
def test_without_errors_it_is_the_logarithm_and_near_the_rule_of_three(limit, alpha):
    assert needed(limit, alpha, 0) == math.ceil(math.log(alpha) / math.log1p(-limit))
    if alpha == 0.05 and limit <= 0.05:
        assert needed(limit, alpha, 0) <= 3 / limit + 1


@settings(deadline=None, max_examples=60)
@given(limit=st.integers(2, 60), percent=st.integers(1, 20), errors=st.integers(0, 8))
def test_it_is_the_least_number_by_exact_sums(limit, percent, errors):
    rate, alpha = Fraction(limit, 100), Fraction(percent, 100)
    n = needed(float(rate), float(alpha), errors)
    assert at_most(errors, n, rate) <= alpha * (1 + Fraction(1, 10**9))
    assert n == errors + 1 or at_most(errors, n - 1, rate) > alpha * (1 - Fraction(1, 10**9))


@settings(deadline=None, max_examples=40)
@given(limit=st.floats(0.005, 0.5), errors=st.integers(0, 10), confidence=st.floats(0.5, 0.999))
def test_the_exact_bound_of_scipy_is_below_the_limit_with_that_many_and_above_with_one_less(limit, errors, confidence):
    n = needed(limit, 1 - confidence, errors)
    # without any presentation nothing is known: the bound is 1
    high = [
        binomtest(errors, m, alternative="less").proportion_ci(confidence, "exact").high if m else 1.0
        for m in (n, max(n - 1, errors))
    ]
    assert high[0] <= limit * (1 + 1e-9)
    assert n == errors + 1 or high[1] > limit * (1 - 1e-9)


def test_the_chance_to_pass_is_that_of_simulated_laboratories():
    stream = np.random.default_rng(0)
    tests = stream.binomial(236, 0.005, (20_000, 3)).max(axis=1)  # three species
    assert passes(236, 1, 0.005, 3) == pytest.approx((tests <= 1).mean(), abs=0.015)
    assert passes(149, 0, 0.0) == 1
    assert passes(149, 0, 0.02) == pytest.approx(0.98**149)


def test_a_system_at_the_limit_passes_no_more_often_than_the_confidence_allows():
    for plan in plans(Claim(rate="apcer", limit=0.02, species=6), range(5), [0.02]):
        alone = passes(plan.independent, plan.errors, 0.02)
        assert alone <= (0.05 / 6 if plan.at_once else 0.05)


def test_all_species_at_once_is_bonferroni_and_sums_over_species():
    claim = Claim(rate="apcer", limit=0.02, species=6)
    alone, at_once = (
        [plan for plan in plans(claim, [0], []) if not plan.at_once],
        [plan for plan in plans(claim, [0], []) if plan.at_once],
    )
    assert (alone[0].independent, at_once[0].independent) == (149, math.ceil(math.log(0.05 / 6) / math.log(0.98)))
    assert at_once[0].total == 6 * at_once[0].presentations


@settings(deadline=None, max_examples=60)
@given(each=st.integers(1, 50), rho=st.floats(0, 1), errors=st.integers(0, 4))
def test_more_presentations_of_one_instrument_never_need_fewer_presentations_nor_more_instruments(each, rho, errors):
    (one,), (many,) = (
        list(plans(Claim(rate="apcer", limit=0.05, each=k, correlation=rho), [errors], [])) for k in (1, each)
    )
    assert many.presentations >= one.presentations
    assert many.groups <= one.groups
    assert many.presentations == many.groups * each
    effective = many.presentations / (1 + (each - 1) * rho)
    assert effective >= one.presentations * (1 - 1e-9)
    assert many.tolerated / many.presentations <= errors / one.presentations


def test_wholly_correlated_presentations_count_as_their_subjects():
    (plan,) = plans(Claim(rate="bpcer", limit=0.02, each=10, correlation=1), [0], [])
    assert (plan.groups, plan.presentations) == (149, 1490)


def test_what_nobody_could_test_is_refused():
    with pytest.raises(FascoreError, match="more than 1e\\+09 presentations; claim less"):
        needed(1e-12, 0.05, 0)
