"""The interface of metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from fascore.contract.component import Component
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.unit import PERCENT, Unit
from fascore.contract.kinds.values import Value
from fascore.contract.threshold_rule import ThresholdRule

Measures: TypeAlias = Literal["attack_detection", "other_task", "column"]
"""What a metric measures: how well scores tell attacks from bona fide, another task of a head, or a column of numbers."""


class MetricModule(ABC):
    """What a metric builds: it measures score tables. Its figures do not depend on the order of rows."""

    @abstractmethod
    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """The figure and its parts, rates in [0, 1].

        Raises SpecError where the table or the threshold cannot give it: one class only, no threshold. A part `note` says
        why the figure is None.
        """

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """Intervals of the bootstrap over subjects, `{"bootstrap": {"low", "high", "subjects"}}` where they stand beside figures of `compute`.

        They are merged into its parts. Empty where a metric has none. Raises SpecError as `compute` does.
        """
        return {}


class Metric(Component):
    """A figure of one score table. `examples()` gives metrics; the suite draws tables for them.

    A metric says how it is read: title, unit, direction, what it measures, and what qualifies its figure. Terminal, report and
    comparison know no metric by name. An example of a metric that reads further columns, such as metadata, is
    `(metric, {column: value})`: the value stands in every row of the suite's tables.
    """

    kind: ClassVar[str] = "metric"
    title: ClassVar[str] = ""
    """Its name as people write it, such as `Partial AUC`."""
    unit: ClassVar[Unit] = PERCENT
    """In which its figures and their intervals are written."""
    measures: ClassVar[Measures] = "attack_detection"
    """Attack detection needs both classes, and scores that separate them are better. Another task or a column may need one class only."""
    oracle: ClassVar[bool] = False
    """True where it sets its own threshold on the table it measures: printed `[test-oracle]`, no headline. On dev it may select."""
    higher_is_better: ClassVar[bool] = True
    primary: ClassVar[str] = "value"
    """Key of the one number that selection and summary tables read."""
    figures: ClassVar[Mapping[str, str]] = {}
    """Parts that are rows of the summary on the terminal, with their titles; empty: the primary one, under `title`."""
    meaning: ClassVar[str] = ""
    """One or two sentences for readers of the report who do not know the figure, `HTER: mean of both error rates …`."""

    column: str = Field("score", description="column of the score table that it reads")

    def build(self) -> MetricModule:
        """The module that measures."""
        raise NotImplementedError

    def detail(self, parts: Mapping[str, Any]) -> str:
        """What qualifies the figure, in a few words beside it; `parts` are those of `compute` and `resample`.

        Not asked where parts have a `note`, which is said instead. Default: the number of presentations behind the figure.
        """
        return counted(parts)

    def lacks(self, columns: Sequence[str]) -> str | None:
        """Why it cannot be taken of score tables with these columns of numbers; None where it can. Asked before a run begins."""
        there = self.column in columns
        return (
            None
            if there
            else f"score tables of this run have no column '{self.column}'; they have {', '.join(columns)}"
        )


class ThresholdMetric(Metric):
    """A metric at a threshold that dev has set: the run's, or one by a rule of the metric's own, on the same dev scores."""

    threshold: ThresholdRule | None = Field(
        None, description="a rule of its own, by which dev sets its threshold; none: the run's threshold"
    )


def counted(parts: Mapping[str, Any]) -> str:
    """The number of presentations behind a figure, `n`, or `n_bona_fide` and `n_attack`; empty where parts have neither."""
    if "n_bona_fide" in parts and "n_attack" in parts:
        return f"n = {parts['n_bona_fide']} bona fide, {parts['n_attack']} attacks"
    return f"n = {parts['n']}" if "n" in parts else ""
