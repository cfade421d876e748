"""The metric of the authors' released code. Importing this module imports no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from fascore import PERCENT, Metric, MetricModule


class TprAtFpr(Metric):
    """True positive rate at a false positive rate, as the released code computes it.

    The threshold t comes from the measured table itself, so this metric is an oracle. If n is the number of bona fide
    scores, t = sorted(bona fide)[max(1, int(fpr n)) - 1]. Attacks below t are true positives. With `bona_fide` as the
    positive class the rule is mirrored. The rate is not measurable if fpr * n < 3; `as_published` is the number that
    the code returns anyway. It is also available as `{"type": "tpr_at_fpr", "rule": "release_index"}`.
    """

    type: Literal["joint.tpr_at_fpr"] = "joint.tpr_at_fpr"
    title: ClassVar[str] = "TPR at FPR, released index"
    oracle: ClassVar[bool] = True
    fpr: float = Field(0.01, gt=0, lt=1, description="false positive rate; the paper reports 0.1 and 0.01")
    positive: Literal["attack", "bona_fide"] = Field(
        "attack", description="positive class, which defines a true positive; attack in the paper"
    )

    @classmethod
    def examples(cls) -> list[TprAtFpr]:
        return [cls(fpr=0.1), cls(fpr=0.1, positive="bona_fide")]

    def build(self) -> MetricModule:
        from fas_joint.metrics.tpr_at_fpr import TprAtFprModule

        return TprAtFprModule(column=self.column, fpr=self.fpr, positive=self.positive)

    def detail(self, parts: Mapping[str, Any]) -> str:
        requested = f"at FPR {PERCENT.text(parts['fpr'])} ({parts['rule']}), positive: {parts['positive']}"
        reached = f"reached {PERCENT.text(parts['reached'])} of n = {parts['n']} negatives"
        return f"{requested}; {reached}, {parts['n_positive']} positives"


__all__ = ["TprAtFpr"]
