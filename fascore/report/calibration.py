"""Calibration: how often a presentation with a given score is bona fide, where scores are probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from fascore.evaluation.table import ScoreTable
from fascore.report import charts

BINS = 10


def calibration(table: ScoreTable, name: str) -> dict[str, Any] | None:
    """Chart, Brier score and expected calibration error; None where scores are no probabilities or a class is missing.

    Ten bins of equal numbers. The expected calibration error is the mean distance of the bins from the diagonal (Naeini et
    al. 2015, with bins of equal mass). Both depend on the share of bona fide in the test set.
    """
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    if not len(bona_fide) or not len(attack) or min(bona_fide[0], attack[0]) < 0 or max(bona_fide[-1], attack[-1]) > 1:
        return None
    scores = np.concatenate([bona_fide, attack])
    labels = np.repeat([1, 0], [len(bona_fide), len(attack)])
    share, mean = calibration_curve(labels, scores, n_bins=BINS, strategy="quantile")
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1))
    sizes = np.bincount(np.searchsorted(edges[1:-1], scores), minlength=BINS)
    error = float(np.abs(share - mean) @ sizes[sizes > 0] / len(scores))
    return {
        "chart": Markup(charts.calibration_chart(mean, share, f"calibration, {name}")),
        "error": error,
        "brier": float(brier_score_loss(labels, scores)),
        "share": len(bona_fide) / len(scores),
    }
