"""The interface of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from fascore.contract.component import Component
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.contract.threshold_rule import ThresholdRule


class Metric(Component):
    """A figure of one score table. `examples()` gives metrics; the suite draws tables for them.

    An example of a metric that reads further columns, such as metadata, is `(metric, {column: value})`: the value stands in
    every row of the suite's tables. A metric does not depend on the order of rows.
    """

    kind: ClassVar[str] = "metric"
    oracle: ClassVar[bool] = False
    """True where it sets its own threshold on the table it measures: printed `[test-oracle]`, no headline. On dev it may select."""
    higher_is_better: ClassVar[bool] = True
    primary: ClassVar[str] = "value"
    """Key of the one number that selection and summary tables read."""

    column: str = Field("score", description="column of the score table that it reads")

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """The figure and its parts, rates in [0, 1]. Raises SpecError where the table cannot give it (one class only)."""
        raise NotImplementedError

    def lacks(self, columns: Sequence[str]) -> str | None:
        """Why it cannot be taken of score tables with these columns of numbers; None where it can. Asked before a run begins."""
        there = self.column in columns
        return (
            None
            if there
            else f"score tables of this run have no column '{self.column}'; they have {', '.join(columns)}"
        )

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """Intervals of the bootstrap over subjects, `{"bootstrap": {"low", "high", "subjects"}}` where they stand beside figures of `compute`.

        They are merged into its parts. Nothing where a metric has none. Raises SpecError as `compute` does.
        """
        return {}


class ThresholdMetric(Metric):
    """A metric at a threshold that dev has set: the run's, or one by a rule of the metric's own, on the same dev scores."""

    threshold: ThresholdRule | None = Field(
        None, description="a rule of its own, by which dev sets its threshold; none: the run's threshold"
    )
