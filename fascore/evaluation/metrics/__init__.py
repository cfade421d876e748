"""The core's metrics. Importing this module imports no numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

from pydantic import Field, field_validator, model_validator

from fascore.contract.component import load, validate
from fascore.contract.errors import FascoreError
from fascore.contract.kinds.metric import Metric, ThresholdMetric
from fascore.contract.kinds.values import Value

if TYPE_CHECKING:
    from fascore.evaluation.bootstrap import Resampling
    from fascore.evaluation.table import ScoreTable
    from fascore.evaluation.threshold import Threshold

Attacks = Literal["worst", "pooled"]
METRIC_OF_RULE = {"release_index": "joint.tpr_at_fpr"}
"""Rules of `tpr_at_fpr` that are metrics of plugins; specs may name either."""


class Auc(Metric):
    """Area under the ROC curve, bona fide positive, ties half; all attacks of the table pooled. Needs no threshold."""

    type: Literal["auc"] = "auc"

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.auc import compute

        return compute(table.reading(self.column))

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.auc import resample

        return resample(table.reading(self.column), draws)


class PartialAuc(Metric):
    """Area under the ROC curve up to a false accept rate, bona fide positive, all attacks pooled; standardised (McClish 1989): 0.5 is guessing."""

    type: Literal["partial_auc"] = "partial_auc"
    max_fpr: float = Field(0.1, gt=0, lt=1, description="the greatest share of attacks accepted, where the area ends")

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.partial_auc import compute

        return compute(table.reading(self.column), max_fpr=self.max_fpr)


class Eer(Metric):
    """Equal error rate at the threshold of the very table it measures: an oracle. `interpolated` and `nearest` are both printed."""

    type: Literal["eer"] = "eer"
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    convention: Literal["interpolated", "nearest"] = Field(
        "interpolated", description="which of the two is `value`; papers differ"
    )

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.eer import compute

        return compute(table.reading(self.column), convention=self.convention)

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.eer import resample

        return resample(table.reading(self.column), draws, convention=self.convention)


class Hter(ThresholdMetric):
    """Half total error rate at the dev threshold: the mean of false accepts (all attacks pooled) and false rejects."""

    type: Literal["hter"] = "hter"
    higher_is_better: ClassVar[bool] = False

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.hter import compute

        return compute(table.reading(self.column), threshold)

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.hter import resample

        return resample(table.reading(self.column), threshold, draws)


class Accuracy(ThresholdMetric):
    """Share of answered presentations classified right at the dev threshold."""

    type: Literal["accuracy"] = "accuracy"

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.accuracy import compute

        return compute(table.reading(self.column), threshold)

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.accuracy import resample

        return resample(table.reading(self.column), threshold, draws)


class ClassAccuracy(Metric):
    """Share of rows whose most probable class of a head is that of a column: accuracy of another task beside attack detection.

    The head writes `probabilities`, averaged over views; a row without a value in the column is left out. All rows count,
    bona fide and attacks alike. `balanced` is the mean over the classes.
    """

    type: Literal["class_accuracy"] = "class_accuracy"
    head: str = Field(description="a head of several classes that writes its probabilities")
    target: str = Field(description="column of the true class, such as species, or any column of the records")

    @model_validator(mode="after")
    def _reads_no_score(self) -> Self:
        if self.column != "score":
            raise ValueError("class_accuracy reads the columns of its 'head'; delete 'column'")
        return self

    def lacks(self, columns: Sequence[str]) -> str | None:
        if any(name.startswith(f"{self.head}.p.") for name in columns):
            return None
        return f"head '{self.head}' writes no probabilities of classes; set \"probabilities\": true in a multiclass head of this name"

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(head="tone", target="skin_tone"), {"tone.p.light": 0.7, "tone.p.dark": 0.3, "skin_tone": "light"})]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.class_accuracy import compute

        return compute(table, self.head, self.target)

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.class_accuracy import resample

        return resample(table, self.head, self.target, draws)


class AccuracyAtBpcer(Metric):
    """Accuracy where BPCER is at most a rate, at a threshold of the very table it measures: an oracle.

    At a threshold from dev it is `accuracy` with `"threshold": "bpcer=0.01"`. Not measurable where bpcer * n < 3.
    """

    type: Literal["accuracy_at_bpcer"] = "accuracy_at_bpcer"
    oracle: ClassVar[bool] = True
    bpcer: float = Field(0.01, gt=0, lt=1, description="the greatest BPCER")

    @classmethod
    def examples(cls) -> list[AccuracyAtBpcer]:
        return [cls(bpcer=0.1)]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.accuracy_at_bpcer import compute

        return compute(table.reading(self.column), bpcer=self.bpcer)


class TprAtFpr(Metric):
    """True positive rate at a false positive rate, at a threshold of the very table it measures: an oracle.

    Not measurable where fpr * n < 3. The rule `at_most` never exceeds fpr; any other is the metric of a plugin by another name.
    """

    type: Literal["tpr_at_fpr"] = "tpr_at_fpr"
    oracle: ClassVar[bool] = True
    fpr: float = Field(0.01, gt=0, lt=1, description="the false positive rate")
    positive: Literal["attack", "bona_fide"] = Field(
        "bona_fide", description="the positive class: what a true positive is"
    )
    rule: Literal["at_most", "release_index"] = Field(
        "at_most", description="at_most never exceeds fpr; release_index is joint.tpr_at_fpr, a metric of fas-joint"
    )

    @field_validator("rule")
    @classmethod
    def _is_installed(cls, rule: str) -> str:
        if rule in METRIC_OF_RULE:
            try:
                load("metric", METRIC_OF_RULE[rule])
            except FascoreError as error:
                raise ValueError(f"'{rule}' is the metric {METRIC_OF_RULE[rule]}: {error}") from error
        return rule

    @classmethod
    def examples(cls) -> list[TprAtFpr]:
        return [cls(fpr=0.1), cls(fpr=0.1, positive="attack")]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.tpr_at_fpr import compute

        if self.rule in METRIC_OF_RULE:
            return self._of_plugin().compute(table, threshold)
        return compute(table.reading(self.column), fpr=self.fpr, positive=self.positive)

    def _of_plugin(self) -> Metric:
        """The metric of a plugin that this one's rule names."""
        fields = {"fpr": self.fpr, "positive": self.positive, "column": self.column}
        return cast("Metric", validate(load("metric", METRIC_OF_RULE[self.rule]), fields))


class BpcerAtApcer(Metric):
    """BPCER where APCER is at most a rate, at a threshold of the very table it measures: an oracle. BPCER10, 20, 100 at 10, 5, 1 %.

    At a threshold from dev it is `bpcer` of `iso30107` with `"threshold": "apcer=0.05"`. Not measurable where apcer * n < 3 for a species.
    """

    type: Literal["bpcer_at_apcer"] = "bpcer_at_apcer"
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    apcer: float = Field(0.05, gt=0, lt=1, description="the greatest APCER")
    attacks: Attacks = Field(
        "worst", description="whose APCER: that of the worst species, as the standard has it, or of all attacks pooled"
    )

    @classmethod
    def examples(cls) -> list[BpcerAtApcer]:
        return [cls(apcer=0.1), cls(apcer=0.1, attacks="pooled")]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.bpcer_at_apcer import compute

        return compute(table.reading(self.column), apcer=self.apcer, attacks=self.attacks)


class ApcerAtBpcer(Metric):
    """APCER where BPCER is at most a rate, at a threshold of the very table it measures: an oracle.

    At a threshold from dev it is `apcer_worst` of `iso30107` with `"threshold": "bpcer=0.01"`. Not measurable where bpcer * n < 3.
    """

    type: Literal["apcer_at_bpcer"] = "apcer_at_bpcer"
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    bpcer: float = Field(0.01, gt=0, lt=1, description="the greatest BPCER")
    attacks: Attacks = Field(
        "worst", description="whose APCER: that of the worst species, as the standard has it, or of all attacks pooled"
    )

    @classmethod
    def examples(cls) -> list[ApcerAtBpcer]:
        return [cls(bpcer=0.1), cls(bpcer=0.1, attacks="pooled")]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.apcer_at_bpcer import compute

        return compute(table.reading(self.column), bpcer=self.bpcer, attacks=self.attacks)


class Iso30107(ThresholdMetric):
    """ISO/IEC 30107-3:2023 at the dev threshold: APCER by species, the worst with its n, BPCER, non-response rates; ACER in its named conventions.

    Attacks of the task `forgery` are apart, under `forgery`, with a miss rate in place of APCER.
    """

    type: Literal["iso30107"] = "iso30107"
    higher_is_better: ClassVar[bool] = False
    primary: ClassVar[str] = "acer_worst"
    group: str | None = Field(
        None, description="column of the coarse groups of attacks; none: the part of the species before the dot"
    )

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.iso30107 import compute

        return compute(table.reading(self.column), threshold, self.group)

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.iso30107 import resample

        return resample(table.reading(self.column), threshold, draws)


class Riapar(ThresholdMetric):
    """RIAPAR = IAPAR + FRR of the full system (ISO/IEC 30107-3:2023), by species, where the table says what a face matcher did.

    A presentation is let in where the PAD subsystem accepts it at the dev threshold and the matcher accepts it: column
    `matcher.accept`, or `matcher.score` at `matcher_threshold`. Every presentation counts, also one without an answer.
    """

    type: Literal["riapar"] = "riapar"
    higher_is_better: ClassVar[bool] = False
    primary: ClassVar[str] = "riapar_worst"
    matcher_threshold: float | None = Field(
        None, description="the matcher accepts at this `matcher.score` and above; none: it says `matcher.accept`"
    )

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.riapar import compute

        return compute(table.reading(self.column), threshold, self.matcher_threshold)

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        from fascore.evaluation.metrics.riapar import resample

        return resample(table.reading(self.column), threshold, self.matcher_threshold, draws)
