"""The phantom is neither trivial nor hopeless: bands of what the best single statistic tells, and pulses that are found where they should be."""

import numpy as np
import pytest
from fas_phantom.bands import BANDS, Row, findings, listed, row
from fas_phantom.components import Phantom
from fas_phantom.pos import measured, region_colors
from fas_phantom.statistics import auc
from sklearn.metrics import roc_auc_score

MARGIN = 0.06
"""Deviation of an AUC of some 60 attacks and 120 bona fide clips is 0.04 at 0.5 and 0.015 at 0.95."""


def measured_at(site, modality, species, subjects=120, difficulty=0.5, size=48):
    records = listed(site, subjects, species, frames=1, size=size, bona_fide=2, difficulty=difficulty)
    return {each.species: each for each in findings([row(record, [modality])[0] for record in records], replicates=1)}


@pytest.mark.parametrize(
    ("site", "modality", "species"),
    [
        ("A", "depth", ("print.flat", "mask.rigid", "makeup.cosmetic")),
        ("B", "depth", ("print.flat", "mask.silicone")),
        ("C", "infrared", ("replay.screen", "replay.phone")),
    ],
)
def test_the_best_single_statistic_lies_in_its_band(site, modality, species):
    found = measured_at(site, modality, species)
    for name in species:
        low, high = BANDS[modality, name]
        assert low - MARGIN < found[name].auc < min(high + MARGIN, 0.995), (name, found[name])


def test_depth_detects_flat_prints_without_error_at_difficulty_zero_and_less_at_one():
    easy, hard = (
        measured_at("A", "depth", ("print.flat",), 40, difficulty)["print.flat"].auc for difficulty in (0.0, 1.0)
    )
    assert easy > 0.999
    assert hard < 0.93


def test_the_statistic_and_its_sign_are_chosen_on_subjects_of_train_alone():
    random = np.random.default_rng(1)
    rows = [
        Row(
            f"s{number}",
            species,
            train,
            {"good": random.normal() + (2 if species else 0) * (1 if train else -1), "bad": random.normal()},
        )
        for number in range(60)
        for species in ("x", None)
        for train in (number < 30,)
    ]
    (found,) = findings(rows, replicates=200)
    assert found.statistic == "good"
    assert found.auc < 0.2
    assert found.low <= found.auc <= found.high


def test_auc_is_that_of_scikit_learn_with_ties():
    random = np.random.default_rng(0)
    attacks, live = random.integers(0, 6, 40).astype(float), random.integers(2, 8, 50).astype(float)
    expected = roc_auc_score(np.r_[np.zeros(40), np.ones(50)], np.r_[attacks, live])
    assert auc(attacks, live) == pytest.approx(expected, abs=1e-12)


def test_the_heart_rate_is_found_on_strong_bona_fide_pulses_and_not_on_a_print():
    records = Phantom(subjects=80, frames=300, size=64, species=("print.flat",)).records("all")
    coded = [max(r.metadata["crf"] or 0, r.metadata["recoded"] or 0) for r in records]
    live = [r for r, crf in zip(records, coded) if r.label and crf <= 23 and r.metadata["pulse_amplitude"] >= 0.005][:4]
    errors = [abs(measured(*region_colors(r)).rate - r.metadata["heart_rate"]) for r in live]
    assert sum(error <= 3 for error in errors) >= 3
    prints = [r for r in records if not r.label][:3]
    assert sum(abs(measured(*region_colors(r)).rate - r.metadata["heart_rate"]) <= 3 for r in prints) <= 1
