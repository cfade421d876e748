"""The core's metrics. Importing this module imports no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from fascore.kinds.metric import Metric, Value

if TYPE_CHECKING:
    from fascore.evaluation.table import ScoreTable
    from fascore.evaluation.threshold import Threshold


class Auc(Metric):
    """Area under the ROC curve, bona fide positive, ties half; all attacks of the table pooled. Needs no threshold."""

    type: Literal["auc"] = "auc"

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.components.metrics.auc import compute

        return compute(table.reading(self.column))


class Eer(Metric):
    """Equal error rate at the threshold of the very table it measures: an oracle. `interpolated` and `nearest` are both printed."""

    type: Literal["eer"] = "eer"
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    convention: Literal["interpolated", "nearest"] = Field("interpolated", description="which of the two is `value`; papers differ")

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.components.metrics.eer import compute

        return compute(table.reading(self.column), convention=self.convention)


class Hter(Metric):
    """Half total error rate at the dev threshold: the mean of false accepts (all attacks pooled) and false rejects."""

    type: Literal["hter"] = "hter"
    higher_is_better: ClassVar[bool] = False

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.components.metrics.hter import compute

        return compute(table.reading(self.column), threshold)


class Accuracy(Metric):
    """Share of answered presentations classified right at the dev threshold."""

    type: Literal["accuracy"] = "accuracy"

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.components.metrics.accuracy import compute

        return compute(table.reading(self.column), threshold)


class TprAtFpr(Metric):
    """True positive rate at a false positive rate, at a threshold of the very table it measures: an oracle.

    Not measurable where fpr * n < 1. `release_index` is the code of Yu et al. 2024: t = sorted(bona fide)[max(1, int(fpr n)) - 1].
    """

    type: Literal["tpr_at_fpr"] = "tpr_at_fpr"
    oracle: ClassVar[bool] = True
    fpr: float = Field(0.01, gt=0, lt=1, description="the false positive rate")
    positive: Literal["attack", "bona_fide"] = Field("bona_fide", description="the positive class: what a true positive is")
    rule: Literal["at_most", "release_index"] = Field("at_most", description="at_most never exceeds fpr; release_index is one paper's index")

    @classmethod
    def examples(cls) -> list[TprAtFpr]:
        return [cls(fpr=0.1), cls(fpr=0.1, positive="attack"), cls(fpr=0.1, positive="attack", rule="release_index")]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.components.metrics.tpr_at_fpr import compute

        return compute(table.reading(self.column), fpr=self.fpr, positive=self.positive, rule=self.rule)


class Iso30107(Metric):
    """ISO/IEC 30107-3:2023 at the dev threshold: APCER by species, the worst with its n, BPCER, non-response rates; ACER in both conventions.

    Attacks of the task `forgery` are apart, under `forgery`, with a miss rate in place of APCER.
    """

    type: Literal["iso30107"] = "iso30107"
    higher_is_better: ClassVar[bool] = False
    primary: ClassVar[str] = "acer_worst"

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.components.metrics.iso30107 import compute

        return compute(table.reading(self.column), threshold)
