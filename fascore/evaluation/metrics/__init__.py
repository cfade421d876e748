"""The core's metrics. Importing this module imports no numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import Field, field_validator, model_validator

from fascore.contract.component import load, validate
from fascore.contract.errors import FascoreError
from fascore.contract.kinds.metric import Measures, Metric, MetricModule, ThresholdMetric
from fascore.contract.kinds.unit import NUMBER, PERCENT, Unit

Attacks = Literal["worst", "pooled"]
METRIC_OF_RULE = {"release_index": "joint.tpr_at_fpr"}
"""Rules of `tpr_at_fpr` that plugins implement as metrics. A spec may name either."""


class Auc(Metric):
    """Area under the ROC curve with bona fide as the positive class. Ties count half, and all attacks are pooled. Needs no threshold."""

    type: Literal["auc"] = "auc"
    title: ClassVar[str] = "AUC"
    unit: ClassVar[Unit] = NUMBER
    meaning: ClassVar[str] = (
        "AUC (area under the ROC curve): probability that a bona fide presentation scores above an attack; 0.5 is chance."
    )

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.auc import AucModule

        return AucModule(column=self.column)


class PartialAuc(Metric):
    """Area under the ROC curve up to a false accept rate, bona fide positive, all attacks pooled. Standardized (McClish 1989): 0.5 is chance."""

    type: Literal["partial_auc"] = "partial_auc"
    title: ClassVar[str] = "Partial AUC"
    unit: ClassVar[Unit] = NUMBER
    max_fpr: float = Field(0.1, gt=0, lt=1, description="largest share of accepted attacks that the area covers")

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.partial_auc import PartialAucModule

        return PartialAucModule(column=self.column, max_fpr=self.max_fpr)

    def detail(self, parts: Mapping[str, Any]) -> str:
        return f"up to FPR {PERCENT.text(parts['max_fpr'])}, standardized; area {parts['area']:.4g}"


class Eer(Metric):
    """Equal error rate, an oracle: its threshold comes from the table that it measures. Reports both `interpolated` and `nearest`."""

    type: Literal["eer"] = "eer"
    title: ClassVar[str] = "EER"
    meaning: ClassVar[str] = (
        "EER (equal error rate): the error rate at the threshold where both error rates are equal. Nobody could have known this "
        "threshold before the test."
    )
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    convention: Literal["interpolated", "nearest"] = Field(
        "interpolated", description="which of the two is `value`; papers differ"
    )

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.eer import EerModule

        return EerModule(column=self.column, convention=self.convention)

    def detail(self, parts: Mapping[str, Any]) -> str:
        other = "nearest" if parts["convention"] == "interpolated" else "interpolated"
        return f"{parts['convention']}; {other}: {PERCENT.text(parts[other])}"


class Hter(ThresholdMetric):
    """Half total error rate at the dev threshold: the mean of the false accept rate (all attacks pooled) and the false reject rate."""

    type: Literal["hter"] = "hter"
    title: ClassVar[str] = "HTER"
    meaning: ClassVar[str] = (
        "HTER (half total error rate): mean of both error rates at the dev threshold, all attacks pooled."
    )
    higher_is_better: ClassVar[bool] = False

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.hter import HterModule

        return HterModule(column=self.column)

    def detail(self, parts: Mapping[str, Any]) -> str:
        accepts, rejects = PERCENT.text(parts["false_accept_pooled"]), PERCENT.text(parts["false_reject"])
        return f"false accepts {accepts} (pooled), false rejects {rejects}"


class Accuracy(ThresholdMetric):
    """Share of scored presentations classified correctly at the dev threshold."""

    type: Literal["accuracy"] = "accuracy"
    title: ClassVar[str] = "Accuracy"

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.accuracy import AccuracyModule

        return AccuracyModule(column=self.column)


class ClassAccuracy(Metric):
    """Share of rows for which a head's most probable class matches a column: the accuracy of a task other than attack detection.

    The head writes `probabilities`, averaged over views. Rows without a value in the column are excluded. Bona fide
    presentations and attacks both count. `balanced` is the mean over the classes.
    """

    type: Literal["class_accuracy"] = "class_accuracy"
    title: ClassVar[str] = "Class accuracy"
    measures: ClassVar[Measures] = "other_task"
    head: str = Field(description="multiclass head that writes its probabilities")
    target: str = Field(description="column that holds the true class: species or any other column of the records")

    @model_validator(mode="after")
    def _reads_no_score(self) -> Self:
        if self.column != "score":
            raise ValueError("class_accuracy reads the columns of its 'head'; delete 'column'")
        return self

    def lacks(self, columns: Sequence[str]) -> str | None:
        if any(name.startswith(f"{self.head}.p.") for name in columns):
            return None
        return f"head '{self.head}' writes no class probabilities; set \"probabilities\": true in a multiclass head of this name"

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(head="tone", target="skin_tone"), {"tone.p.light": 0.7, "tone.p.dark": 0.3, "skin_tone": "light"})]

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.class_accuracy import ClassAccuracyModule

        return ClassAccuracyModule(head=self.head, target=self.target)


class AccuracyAtBpcer(Metric):
    """Accuracy at a BPCER of at most `bpcer`, an oracle: its threshold comes from the table that it measures.

    For a threshold from dev, use `accuracy` with `"threshold": "bpcer=0.01"`. Not measurable if bpcer * n < 3.
    """

    type: Literal["accuracy_at_bpcer"] = "accuracy_at_bpcer"
    title: ClassVar[str] = "Accuracy at BPCER"
    oracle: ClassVar[bool] = True
    bpcer: float = Field(0.01, gt=0, lt=1, description="largest allowed BPCER")

    @classmethod
    def examples(cls) -> list[AccuracyAtBpcer]:
        return [cls(bpcer=0.1)]

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.accuracy_at_bpcer import AccuracyAtBpcerModule

        return AccuracyAtBpcerModule(column=self.column, bpcer=self.bpcer)

    def detail(self, parts: Mapping[str, Any]) -> str:
        limit, reached = PERCENT.text(parts["bpcer"]), PERCENT.text(parts["reached"])
        return f"at BPCER at most {limit}; reached {reached}; {parts['errors']} wrong of n = {parts['n']}"


class TprAtFpr(Metric):
    """True positive rate at a false positive rate, an oracle: its threshold comes from the table that it measures.

    Not measurable if fpr * n < 3. The rule `at_most` never exceeds fpr. Any other rule is an alias of a plugin's metric.
    """

    type: Literal["tpr_at_fpr"] = "tpr_at_fpr"
    title: ClassVar[str] = "TPR at FPR"
    oracle: ClassVar[bool] = True
    fpr: float = Field(0.01, gt=0, lt=1, description="the false positive rate")
    positive: Literal["attack", "bona_fide"] = Field("bona_fide", description="the positive class")
    rule: Literal["at_most", "release_index"] = Field(
        "at_most", description="at_most never exceeds fpr; release_index is the metric joint.tpr_at_fpr of fas-joint"
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

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.tpr_at_fpr import TprAtFprModule

        if self.rule in METRIC_OF_RULE:
            return self._of_plugin().build()
        return TprAtFprModule(column=self.column, fpr=self.fpr, positive=self.positive)

    def detail(self, parts: Mapping[str, Any]) -> str:
        asked = f"at FPR {PERCENT.text(parts['fpr'])} ({parts['rule']}), positive: {parts['positive']}"
        reached = f"reached {PERCENT.text(parts['reached'])} of n = {parts['n']} negatives"
        return f"{asked}; {reached}, {parts['n_positive']} positives"

    def _of_plugin(self) -> Metric:
        """The metric of a plugin that this one's rule names."""
        fields = {"fpr": self.fpr, "positive": self.positive, "column": self.column}
        return cast("Metric", validate(load("metric", METRIC_OF_RULE[self.rule]), fields))


class BpcerAtApcer(Metric):
    """BPCER at an APCER of at most `apcer`, an oracle: its threshold comes from the table that it measures. BPCER10, 20, 100 at 10, 5, 1 %.

    For a threshold from dev, use `bpcer` of `iso30107` with `"threshold": "apcer=0.05"`. Not measurable if apcer * n < 3 for any species.
    """

    type: Literal["bpcer_at_apcer"] = "bpcer_at_apcer"
    title: ClassVar[str] = "BPCER at APCER"
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    apcer: float = Field(0.05, gt=0, lt=1, description="largest allowed APCER")
    attacks: Attacks = Field(
        "worst", description="APCER of the worst species, as in the standard, or of all attacks pooled"
    )

    @classmethod
    def examples(cls) -> list[BpcerAtApcer]:
        return [cls(apcer=0.1), cls(apcer=0.1, attacks="pooled")]

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.bpcer_at_apcer import BpcerAtApcerModule

        return BpcerAtApcerModule(column=self.column, apcer=self.apcer, attacks=self.attacks)

    def detail(self, parts: Mapping[str, Any]) -> str:
        return _at_limit("apcer", parts)


class ApcerAtBpcer(Metric):
    """APCER at a BPCER of at most `bpcer`, an oracle: its threshold comes from the table that it measures.

    For a threshold from dev, use `apcer_worst` of `iso30107` with `"threshold": "bpcer=0.01"`. Not measurable if bpcer * n < 3.
    """

    type: Literal["apcer_at_bpcer"] = "apcer_at_bpcer"
    title: ClassVar[str] = "APCER at BPCER"
    oracle: ClassVar[bool] = True
    higher_is_better: ClassVar[bool] = False
    bpcer: float = Field(0.01, gt=0, lt=1, description="largest allowed BPCER")
    attacks: Attacks = Field(
        "worst", description="APCER of the worst species, as in the standard, or of all attacks pooled"
    )

    @classmethod
    def examples(cls) -> list[ApcerAtBpcer]:
        return [cls(bpcer=0.1), cls(bpcer=0.1, attacks="pooled")]

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.apcer_at_bpcer import ApcerAtBpcerModule

        return ApcerAtBpcerModule(column=self.column, bpcer=self.bpcer, attacks=self.attacks)

    def detail(self, parts: Mapping[str, Any]) -> str:
        return _at_limit("bpcer", parts)


class Iso30107(ThresholdMetric):
    """ISO/IEC 30107-3:2023 at the dev threshold: APCER by species, worst species with n, BPCER, non-response rates, ACER conventions.

    Attacks of the task `forgery` are reported separately under `forgery`, with a miss rate instead of APCER.
    """

    type: Literal["iso30107"] = "iso30107"
    title: ClassVar[str] = "ACER, worst species"
    figures: ClassVar[Mapping[str, str]] = {
        "acer_worst": "ACER, worst species",
        "acer_pooled": "ACER, pooled",
        "apcer_worst": "APCER, worst species",
        "apcer_pooled": "APCER, pooled",
    }
    higher_is_better: ClassVar[bool] = False
    primary: ClassVar[str] = "acer_worst"
    group: str | None = Field(
        None, description="column with coarse groups of attacks; default: the part of the species name before the dot"
    )

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.iso30107 import Iso30107Module

        return Iso30107Module(column=self.column, group=self.group)

    def detail(self, parts: Mapping[str, Any]) -> str:
        worst = f"APCER {PERCENT.text(parts['apcer_worst'])} ({parts['apcer_worst_species'] or 'no species measured'})"
        pooled, bona_fide = PERCENT.text(parts["apcer_pooled"]), PERCENT.text(parts["bpcer"])
        return f"{worst}, pooled {pooled}, BPCER {bona_fide}"


class Riapar(ThresholdMetric):
    """RIAPAR = IAPAR + FRR of the full system (ISO/IEC 30107-3:2023), by species, if the table holds the results of a face matcher.

    The full system accepts a presentation if the PAD subsystem accepts it at the dev threshold and the matcher accepts it
    (column `matcher.accept`, or `matcher.score` at `matcher_threshold`). Every presentation counts, including non-responses.
    """

    type: Literal["riapar"] = "riapar"
    title: ClassVar[str] = "RIAPAR"
    higher_is_better: ClassVar[bool] = False
    primary: ClassVar[str] = "riapar_worst"
    matcher_threshold: float | None = Field(
        None, description="the matcher accepts a `matcher.score` of at least this; default: read `matcher.accept`"
    )

    def build(self) -> MetricModule:
        from fascore.evaluation.metrics.riapar import RiaparModule

        return RiaparModule(column=self.column, matcher_threshold=self.matcher_threshold)

    def detail(self, parts: Mapping[str, Any]) -> str:
        iapar, frr = PERCENT.text(parts["iapar_worst"]), PERCENT.text(parts["frr"])
        return f"worst species {parts['riapar_worst_species']}: IAPAR {iapar}, FRR {frr}"


def _at_limit(limit: str, parts: Mapping[str, Any]) -> str:
    """The qualifiers of a rate that is limited by another rate: whose limit, the value reached, and n."""
    whose = "pooled" if parts["attacks"] == "pooled" else f"{parts['attacks']} species"
    asked = f"at {limit.upper()} at most {PERCENT.text(parts[limit])} ({whose})"
    return f"{asked}; reached {PERCENT.text(parts['reached'])}; {parts['errors']} of n = {parts['n']}"
