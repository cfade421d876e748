"""Formatting of the figures in every comparison. Further metrics define their own format."""

from __future__ import annotations

from dataclasses import dataclass

from fascore.contract.kinds.unit import PERCENT, Unit
from fascore.evaluation.metric_entry import metric_named
from fascore.report.wording import ORACLE

RATES = {
    "apcer_worst": "APCER, worst species",
    "apcer_pooled": "APCER, pooled",
    "bpcer": "BPCER",
    "acer_worst": "ACER, worst species",
    "acer_pooled": "ACER, pooled (HTER)",
    "forgery_miss_rate_worst": "Miss rate, worst manipulation",
    "forgery_miss_rate_pooled": "Miss rate, pooled",
    "false_reject": "False rejects",
}
"""Rates of ISO/IEC 30107-3 and of forgery, which are compared pairwise. Other figure names are metrics."""


@dataclass(frozen=True)
class Shown:
    """Title, unit and direction of a figure."""

    title: str
    unit: Unit
    higher_is_better: bool


def shown(key: str) -> Shown:
    """The format of a figure in `comparison.FIGURES`: that of a rate, or that declared by the metric of this name."""
    if key in RATES:
        return Shown(RATES[key], PERCENT, False)
    metric = metric_named(key)
    if metric is None:
        return Shown(key, PERCENT, False)
    title = metric.title or metric.type
    return Shown(f"{title} {ORACLE}" if metric.oracle else title, metric.unit, metric.higher_is_better)
