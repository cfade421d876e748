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
"""What a metric measures: how well scores separate attacks from bona fide, another task of a head, or a numeric column."""


class MetricModule(ABC):
    """The implementation that a metric builds: it measures score tables. Its values do not depend on the order of rows."""

    @abstractmethod
    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """The value and its parts, rates in [0, 1].

        Raises SpecError if the value cannot be computed, for example with only one class or without a threshold. A part
        `note` explains why the value is None.
        """

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """Bootstrap intervals over subjects: `{"bootstrap": {"low", "high", "subjects"}}` next to each value of `compute`.

        They are merged into the parts of `compute`. Empty if the metric has none. Raises SpecError as `compute` does.
        """
        return {}


class Metric(Component):
    """A measure of one score table. `examples()` returns metrics; the suite generates tables for them.

    A metric describes how to read it: its title, unit, and direction, what it measures, and what qualifies its value. The
    terminal, the report, and comparisons know no metric by name. If a metric reads further columns, such as metadata, an
    example is `(metric, {column: value})`: every row of the suite's tables then has that value.
    """

    kind: ClassVar[str] = "metric"
    title: ClassVar[str] = ""
    """Its display name, such as `Partial AUC`."""
    unit: ClassVar[Unit] = PERCENT
    """The unit of its values and their intervals."""
    measures: ClassVar[Measures] = "attack_detection"
    """Attack detection needs both classes, and better scores separate them better. Another task or a column may need only one class."""
    oracle: ClassVar[bool] = False
    """True if it sets its own threshold on the table it measures: marked `[test-oracle]` and never a headline. It may select on dev."""
    higher_is_better: ClassVar[bool] = True
    primary: ClassVar[str] = "value"
    """Key of the number that selection and summary tables use."""
    figures: ClassVar[Mapping[str, str]] = {}
    """Parts shown as rows of the terminal summary, with their titles; empty: only the primary one, under `title`."""
    meaning: ClassVar[str] = ""
    """One or two sentences for report readers who do not know the metric, such as `HTER: mean of both error rates …`."""

    column: str = Field("score", description="column of the score table that it reads")

    def build(self) -> MetricModule:
        """Build the implementation."""
        raise NotImplementedError

    def detail(self, parts: Mapping[str, Any]) -> str:
        """A few words that qualify the value, shown next to it; `parts` are those of `compute` and `resample`.

        If `parts` has a `note`, the note is shown instead. Default: the number of presentations behind the value.
        """
        return counted(parts)

    def lacks(self, columns: Sequence[str]) -> str | None:
        """Why it cannot measure score tables with these numeric columns; None if it can. Called before a run begins."""
        exists = self.column in columns
        return (
            None
            if exists
            else f"the score tables of this run have no column '{self.column}'; they have {', '.join(columns)}"
        )


class ThresholdMetric(Metric):
    """A metric at a threshold set on dev: that of the run, or one that the metric's own rule sets on the same dev scores."""

    threshold: ThresholdRule | None = Field(
        None, description="rule that sets a threshold for this metric on dev; default: the run's threshold"
    )


def counted(parts: Mapping[str, Any]) -> str:
    """The number of presentations behind a value: `n`, or `n_bona_fide` and `n_attack`; empty if `parts` has neither."""
    if "n_bona_fide" in parts and "n_attack" in parts:
        return f"n = {parts['n_bona_fide']} bona fide, {parts['n_attack']} attacks"
    return f"n = {parts['n']}" if "n" in parts else ""
