"""The metric of the authors' released code. Importing this module imports no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from fascore import PERCENT, Metric, MetricModule


class TprAtFpr(Metric):
    """True positive rate at a false positive rate as the released code takes it, on the very table that it measures: an oracle.

    t = sorted(bona fide)[max(1, int(fpr n)) - 1], and attacks below t are true positives; mirrored for `bona_fide`. Not
    measurable where fpr * n < 3; the number that the code gives there all the same is `as_published`. It is also
    `{"type": "tpr_at_fpr", "rule": "release_index"}`.
    """

    type: Literal["joint.tpr_at_fpr"] = "joint.tpr_at_fpr"
    title: ClassVar[str] = "TPR at FPR, released index"
    oracle: ClassVar[bool] = True
    fpr: float = Field(0.01, gt=0, lt=1, description="the false positive rate; the paper prints 0.1 and 0.01")
    positive: Literal["attack", "bona_fide"] = Field(
        "attack", description="the positive class: what a true positive is; in the paper, attack"
    )

    @classmethod
    def examples(cls) -> list[TprAtFpr]:
        return [cls(fpr=0.1), cls(fpr=0.1, positive="bona_fide")]

    def build(self) -> MetricModule:
        from fas_joint.metrics.tpr_at_fpr import TprAtFprModule

        return TprAtFprModule(column=self.column, fpr=self.fpr, positive=self.positive)

    def detail(self, parts: Mapping[str, Any]) -> str:
        asked = f"at FPR {PERCENT.text(parts['fpr'])} ({parts['rule']}), positive: {parts['positive']}"
        reached = f"reached {PERCENT.text(parts['reached'])} of n = {parts['n']} negatives"
        return f"{asked}; {reached}, {parts['n_positive']} positives"


__all__ = ["TprAtFpr"]
