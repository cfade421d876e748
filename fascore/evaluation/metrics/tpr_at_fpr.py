"""True positive rate at a false positive rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fascore.contract.kinds.protocols import ScoreTable
from fascore.contract.kinds.values import Value
from fascore.evaluation.intervals import clopper_pearson, not_measurable, too_few
from fascore.evaluation.roc import tpr_at_fpr


def compute(
    table: ScoreTable,
    *,
    fpr: float,
    positive: Literal["attack", "bona_fide"],
    rule: Literal["at_most", "release_index"],
) -> Mapping[str, Value]:
    """`value` with what was reached and n. Raises SpecError with one class only.

    Where n is too small, `value` is None with a note; the number that `release_index` gives there all the same stands as
    `as_published`: papers print it.
    """
    found = tpr_at_fpr(table.sorted_bona_fide, table.sorted_attack, fpr, positive, rule)
    named: dict[str, Value] = {"fpr": fpr, "positive": positive, "rule": rule, "n": found.n}
    low, high = clopper_pearson(found.hits, found.n_positive)
    parts: dict[str, Value] = {
        "value": found.tpr,
        "low": low,
        "high": high,
        "reached": found.reached,
        "n_positive": found.n_positive,
        "threshold": found.threshold,
    }
    if not too_few(fpr, found.n):
        return {**parts, **named}
    published = (
        {"as_published": found.tpr, "reached": found.reached, "n_positive": found.n_positive}
        if rule == "release_index"
        else {}
    )
    return {"value": None, "note": not_measurable("fpr", fpr, {"negatives": found.n}), **published, **named}
