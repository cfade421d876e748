"""Thresholds against the golden values of bob.measure's conventions, brute force, and the rule that test has no say."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import TypeAdapter, ValidationError

from fascore.contract.errors import FascoreError
from fascore.contract.threshold_rule import ThresholdRule
from fascore.evaluation.rates import attack_rates, bona_fide_rate, errors, half, pooled, worst
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose

from .tables import golden, table

GOLDEN = {
    "eer": 9.8217422640,
    "min_hter": 9.7242301658,
    "apcer=0.05": 11.2697546240,
    "apcer=0.10": 10.5327792144,
    "bpcer=0.05": 9.1459042607,
    "bpcer=0.10": 9.7948417362,
    "far=0.1": 10.2302906807,
}

scores = st.lists(st.integers(0, 12).map(lambda value: value / 4), min_size=1, max_size=12)


@pytest.mark.parametrize("rule", GOLDEN)
def test_golden_thresholds(rule: str) -> None:
    dev, _ = golden()
    assert choose(rule, dev).value == pytest.approx(GOLDEN[rule], abs=1e-9, rel=0)


def test_golden_rates_at_the_eer_threshold_on_dev_and_on_eval() -> None:
    dev, evaluation = golden()
    value = choose("eer", dev).value
    for found, species, bpcer, acer, hter in (
        (dev, [0.3, 0], 0.15, 0.225, 0.15),
        (evaluation, [0.4, 0], 0.6, 0.5, 0.4),
    ):
        rates = attack_rates(found, value)
        assert [rates[name].value for name in ("type_0", "type_1")] == pytest.approx(species, abs=1e-9)
        assert bona_fide_rate(found, value).value == pytest.approx(bpcer, abs=1e-9)
        assert half(rates[worst(rates)].value, bona_fide_rate(found, value).value) == pytest.approx(acer, abs=1e-9)
        assert errors(found, value).hter == pytest.approx(hter, abs=1e-9)


def test_at_most_five_per_cent_for_each_species_costs_three_quarters_of_the_golden_bona_fide() -> None:
    dev, _ = golden()
    assert bona_fide_rate(dev, choose("apcer=0.05", dev).value).value == 0.75


def candidates(found: ScoreTable) -> list[float]:
    """Every threshold worth trying: each score, each gap, and beyond both ends."""
    distinct = sorted(set(found.score.tolist()))
    return [
        distinct[0] - 1,
        *itertools.chain(*zip(distinct, [(a + b) / 2 for a, b in itertools.pairwise([*distinct, distinct[-1] + 1])])),
    ]


RATES = st.sampled_from([0.0, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.9])


def least_score_that_accepts_at_most(rate: float, attacks: list[float]) -> float:
    beyond = float(np.nextafter(max(attacks), 99))
    return min(t for t in [*attacks, beyond] if sum(score >= t for score in attacks) / len(attacks) <= rate)


@settings(deadline=None)
@given(bona_fide=scores, first=scores, second=scores, rate=RATES)
def test_attack_limits_hold_at_the_least_score_that_keeps_them(
    bona_fide: list[float], first: list[float], second: list[float], rate: float
) -> None:
    found = table(bona_fide, first=first, second=second)
    value = choose(f"apcer={rate}", found).value
    assert value == max(least_score_that_accepts_at_most(rate, attacks) for attacks in (first, second))
    assert all(one.value <= rate for one in attack_rates(found, value).values())
    assert choose(f"far={rate}", found).value == least_score_that_accepts_at_most(rate, first + second)


@settings(deadline=None)
@given(bona_fide=scores, attack=scores, rate=RATES)
def test_no_other_threshold_rejects_more_attacks_within_the_bona_fide_limit(
    bona_fide: list[float], attack: list[float], rate: float
) -> None:
    found = table(bona_fide, print=attack)
    rejected, accepted = (lambda t: bona_fide_rate(found, t).value), (lambda t: pooled(attack_rates(found, t)).value)
    value = choose(f"bpcer={rate}", found).value
    assert rejected(value) <= rate
    assert accepted(value) == min(accepted(t) for t in candidates(found) if rejected(t) <= rate)


@settings(deadline=None)
@given(bona_fide=scores, attack=scores)
def test_the_eer_threshold_has_the_least_gap_of_all(bona_fide: list[float], attack: list[float]) -> None:
    found = table(bona_fide, print=attack)
    gap = lambda t: abs(errors(found, t).attack.value - errors(found, t).bona_fide.value)
    assert gap(choose("eer", found).value) == pytest.approx(min(gap(t) for t in candidates(found)), abs=1e-12)


@settings(deadline=None)
@given(bona_fide=scores, attack=scores)
def test_min_hter_has_the_least_half_total_error_of_all(bona_fide: list[float], attack: list[float]) -> None:
    found = table(bona_fide, print=attack)
    value = choose("min_hter", found).value
    assert errors(found, value).hter == pytest.approx(min(errors(found, t).hter for t in candidates(found)), abs=1e-12)


def test_at_most_29_of_100_allows_29_errors_though_the_product_rounds_below() -> None:
    assert 0.29 * 100 < 29
    found = table(np.arange(100) / 100, print=[0.0])
    assert bona_fide_rate(found, choose("bpcer=0.29", found).value).errors == 29


def test_a_threshold_is_never_chosen_on_test() -> None:
    with pytest.raises(FascoreError, match="must not be chosen on the test split"):
        choose("eer", golden()[0], "test")


def test_a_threshold_goes_through_json_to_the_same_bits() -> None:
    chosen = choose("eer", golden()[0])
    assert Threshold.from_json(chosen.to_json()) == chosen
    assert Threshold.from_json(chosen.to_json()).value.hex() == chosen.value.hex()


def test_row_order_and_non_responses_do_not_move_a_threshold() -> None:
    dev, _ = golden()
    shuffled = dev.select(np.random.default_rng(1).permutation(len(dev)))
    silent = ScoreTable.from_columns(
        {
            "id": [*dev.id, "x", "y"],
            "label": [*dev.label, 1, 0],
            "score": [*dev.score, 0.0, 99.0],
            "species": [*dev.column("species"), "", "type_0"],
            "response": ["ok"] * len(dev) + ["no_face", "timeout"],
        }
    )
    for rule in GOLDEN:
        assert choose(rule, shuffled) == choose(rule, dev) == choose(rule, silent)


def test_one_class_is_an_error_that_names_the_rule_the_split_and_the_class() -> None:
    found = table([0.5, 0.7], print=[0.1])
    with pytest.raises(FascoreError, match="'eer' on the dev split: no attack presentation has a score"):
        choose("eer", found.select(found.bona_fide))


def test_a_fixed_threshold_needs_no_scores() -> None:
    assert choose("fixed=0.5", None).value == 0.5
    with pytest.raises(FascoreError, match="needs the scores of a dev split"):
        choose("eer", None)


@pytest.mark.parametrize(
    "text", ["eerie", "bpcer", "bpcer=", "bpcer=1", "apcer=-0.1", "bpcer=nan", "fixed=inf", "eer=0.1", "apcer=five"]
)
def test_a_wrong_rule_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(
        ValidationError, match=f"'{text}'.*(the rules are eer, min_hter, bpcer=0.01|write, for example)"
    ):
        TypeAdapter(ThresholdRule).validate_python(text)


@pytest.mark.parametrize("text", ["eer", "min_hter", "bpcer=0.01", "apcer=5e-2", "far=0", "fixed=-3.5"])
def test_a_rule_keeps_its_text_and_matches_its_schema(text: str) -> None:
    import re

    adapter = TypeAdapter(ThresholdRule)
    assert adapter.dump_python(adapter.validate_python(text)) == text
    assert re.fullmatch(adapter.json_schema()["pattern"], text)


def test_scores_next_to_each_other_still_separate() -> None:
    low = 1.0
    found = table([np.nextafter(low, 2)], print=[low])
    assert errors(found, choose("eer", found).value).hter == 0


def test_scores_that_are_all_equal_give_a_threshold_that_rejects() -> None:
    found = table([0.5, 0.5], print=[0.5])
    assume_rejects = bona_fide_rate(found, choose("eer", found).value)
    assert assume_rejects.value == 1
