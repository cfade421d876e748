"""True positive rate at a false positive rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fascore.evaluation.curves import tpr_at_fpr
from fascore.evaluation.table import ScoreTable
from fascore.kinds.metric import Value


def compute(
    table: ScoreTable, *, fpr: float, positive: Literal["attack", "bona_fide"], rule: Literal["at_most", "release_index"]
) -> Mapping[str, Value]:
    """`value` with what was reached and n; None and a note where it is not measurable. Raises SpecError with one class only."""
    named: dict[str, Value] = {"fpr": fpr, "positive": positive, "rule": rule}
    found = tpr_at_fpr(table.sorted_bona_fide, table.sorted_attack, fpr, positive, rule)
    if found is None:
        n = len(table.sorted_bona_fide if positive == "attack" else table.sorted_attack)
        return {"value": None, "note": f"not measurable: fpr {fpr:g} of n = {n} negatives is less than one presentation", "n": n, **named}
    return {"value": found.tpr, "reached": found.reached, "n": found.n, "n_positive": found.n_positive, "threshold": found.threshold, **named}
