"""Two systems on the same presentations."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binom, binomtest

from fascore.contract.errors import FascoreError
from fascore.evaluation.paired_tests import compare, mcnemar
from fascore.evaluation.rates import bona_fide_rate
from fascore.evaluation.roc import auc
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose

HALF = choose("fixed=0.5", None)


@settings(deadline=None)
@given(first=st.integers(0, 40), second=st.integers(0, 40))
def test_mcnemar_is_the_binomial_test_and_its_mid_p_takes_half_of_the_observed_points(first: int, second: int) -> None:
    found = mcnemar(first, second)
    n = first + second
    assert found.p_exact == pytest.approx(binomtest(first, n, 0.5).pvalue if n else 1)
    pmf = binom.pmf(np.arange(n + 1), n, 0.5)
    beyond = abs(np.arange(n + 1) - n / 2)
    observed = abs(first - n / 2)
    assert found.p_mid == pytest.approx(
        pmf[beyond > observed].sum() + pmf[beyond == observed].sum() / 2 if first != second else 1
    )


def test_the_published_example_of_mcnemars_mid_p() -> None:
    """Fagerland, Lydersen and Laake 2013, table 1: airway hyper-responsiveness, 1 and 7 discordant pairs."""
    found = mcnemar(1, 7)
    assert (round(found.p_exact, 4), round(found.p_mid, 4)) == (0.0703, 0.0391)


def system(shift: float, noise: int, subjects: int = 25, **other: list) -> ScoreTable:
    """Scores of which the same people are hard for every system; `shift` moves the bona fide."""
    shared, own = np.random.default_rng(0), np.random.default_rng(noise)
    count = subjects * 8
    label = np.arange(count) % 2
    hard = np.repeat(shared.normal(0, 0.5, subjects), 8)
    score = 0.5 + (label - 0.5) * (0.8 + shift) + 0.3 * hard + own.normal(0, 0.3, count)
    columns = {
        "id": [f"r{row}" for row in range(count)],
        "dataset": ["d"] * count,
        "label": label,
        "score": score,
        "species": np.where(label == 1, "", "print"),
        "subject": [f"s{row // 8}" for row in range(count)],
    }
    return ScoreTable.from_columns({**columns, **other})


def test_a_better_system_is_distinguished_from_a_worse_one_and_one_from_itself_is_not() -> None:
    good, poor = system(0.5, 1), system(0.0, 2)
    found = compare(good, poor, (HALF, HALF), resamples=300)
    difference = found["differences"]["auc"]
    assert difference["difference"] == pytest.approx(
        auc(good.sorted_bona_fide, good.sorted_attack) - auc(poor.sorted_bona_fide, poor.sorted_attack), abs=1e-12
    )
    assert 0 < difference["bootstrap"]["low"] < difference["difference"] < difference["bootstrap"]["high"]
    assert difference["bootstrap"]["p"] < 0.02
    assert found["differences"]["bpcer"]["first"] == bona_fide_rate(good, 0.5).value
    assert found["mcnemar"]["all"]["p_exact"] < 0.01
    same = compare(good, good, (HALF, HALF), resamples=50)
    assert {part["p_mid"] for part in same["mcnemar"].values()} == {1.0}
    assert all(
        (part["difference"], part["bootstrap"]["low"], part["bootstrap"]["p"]) == (0, 0, 1)
        for part in same["differences"].values()
    )


def test_pairing_makes_the_interval_of_a_difference_shorter_than_that_of_two_unpaired_samples() -> None:
    first, second = system(0.1, 1), system(0.0, 1)
    paired = compare(first, second, (HALF, HALF), resamples=300)["differences"]["eer"]["bootstrap"]
    from fascore.evaluation.bootstrap import Resampling

    apart = Resampling.of(first, 300, 1).curves.interpolated - Resampling.of(second, 300, 2).curves.interpolated
    low, high = np.percentile(apart, [2.5, 97.5])
    assert paired["high"] - paired["low"] < 0.7 * (high - low)


def test_discordant_pairs_are_counted_by_class_at_each_ones_own_threshold() -> None:
    columns = {"id": list("abcdef"), "label": [1, 1, 1, 0, 0, 0], "species": ["", "", "", "p", "p", "p"]}
    first = ScoreTable.from_columns({**columns, "score": [0.9, 0.9, 0.1, 0.1, 0.9, 0.1]})
    second = ScoreTable.from_columns({**columns, "score": [5, 1, 1, 1, 9, 9]})
    found = compare(first, second, (HALF, choose("fixed=4", None)))
    counts = {name: (part["only_first_wrong"], part["only_second_wrong"]) for name, part in found["mcnemar"].items()}
    assert counts == {"bona_fide": (0, 1), "attack": (0, 1), "all": (0, 2)}
    assert "bootstrap" not in found["differences"]["auc"], "the tables name no subject"


def test_row_order_and_rows_of_one_system_only_do_not_matter() -> None:
    first, second = system(0.5, 1), system(0.0, 2)
    expected = compare(first, second, (HALF, HALF), resamples=20)
    shuffled = second.select(np.random.default_rng(1).permutation(len(second)))
    assert compare(first, shuffled, (HALF, HALF), resamples=20) == expected
    fewer = compare(first, second.select(np.arange(40)), (HALF, HALF), resamples=0)
    assert (fewer["common"], fewer["only_in_first"], fewer["only_in_second"]) == (40, 160, 0)


def test_systems_that_were_not_tested_on_the_same_data_are_refused() -> None:
    first = system(0.5, 1)
    count = len(first)
    for other, message in (
        (system(0, 2, id=[f"x{row}" for row in range(count)]), "no presentation in common"),
        (system(0, 2, dataset=["e"] * count), "no presentation in common"),
        (system(0, 2, label=(np.arange(count) + 1) % 2, species=["print"] * count), "disagree on the label of 'r0'"),
        (system(0, 2, subject=["s"] * count), "disagree on the subject"),
        (system(0, 2, response=["no_face"] * count), "no presentation has a response from both systems"),
    ):
        with pytest.raises(FascoreError, match=message):
            compare(first, other, (HALF, HALF))
