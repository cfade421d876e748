"""Calibration: how often a presentation with a given score is bona fide, if scores are probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from fascore.evaluation.table import ScoreTable
from fascore.report import charts

BINS = 10


def calibration(table: ScoreTable, name: str) -> dict[str, Any] | None:
    """Chart, Brier score, and expected calibration error. None if scores are not probabilities or a class is missing.

    Uses ten bins of equal size. The expected calibration error is the mean distance of the bins from the diagonal (Naeini
    et al. 2015, with bins of equal mass). Both figures depend on the share of bona fide presentations in the test set.
    """
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    if not len(bona_fide) or not len(attack) or min(bona_fide[0], attack[0]) < 0 or max(bona_fide[-1], attack[-1]) > 1:
        return None
    scores = np.concatenate([bona_fide, attack])
    labels = np.repeat([1, 0], [len(bona_fide), len(attack)])
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1))
    bins = np.searchsorted(edges[1:-1], scores)
    sizes = np.bincount(bins, minlength=BINS)
    filled = sizes > 0
    share, mean = (
        np.bincount(bins, weights=values, minlength=BINS)[filled] / sizes[filled] for values in (labels, scores)
    )
    error = float(np.abs(share - mean) @ sizes[filled] / len(scores))
    return {
        "chart": Markup(charts.calibration_chart(mean, share, f"calibration, {name}")),
        "error": error,
        "brier": float(np.square(labels - scores).mean()),
        "share": len(bona_fide) / len(scores),
    }
