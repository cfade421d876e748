"""Accuracy of a multiclass head on the column that it learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import SpecError
from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import Rate


class Classified(NamedTuple):
    """The class names, the true and the most probable class of each row (N,), and a mask of the rows that have both
    (N,).
    """

    classes: tuple[str, ...]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    answered: NDArray[np.bool_]
    silent: int


@dataclass(frozen=True)
class ClassAccuracyModule(MetricModule):
    """The accuracy of `head` on the column `target`."""

    head: str
    target: str

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value` with errors, n, and interval; `balanced`, the mean over the classes that occur; `classes`, the
        accuracy of each class.

        Raises SpecError if the columns are missing, for a value that is not a class, and if no row has both classes.
        """
        rows = classified(table, self.head, self.target)
        right = rows.true == rows.predicted
        whole = _rate(right, rows.answered)
        if not whole.n:
            raise SpecError(f"no row has both a value in '{self.target}' and a prediction of head '{self.head}'")
        by_class = {name: _rate(right, rows.answered & (rows.true == code)) for code, name in enumerate(rows.classes)}
        recalls = {name: 1 - rate.value for name, rate in by_class.items() if rate.value is not None}
        low, high = whole.interval
        return {
            "value": 1 - whole.errors / whole.n,
            "errors": whole.errors,
            "n": whole.n,
            "low": 1 - high,
            "high": 1 - low,
            "non_responses": rows.silent,
            "balanced": sum(recalls.values()) / len(recalls),
            "classes": {name or "none": share for name, share in recalls.items()},
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of `value`. Raises SpecError as `compute` does."""
        rows = classified(table, self.head, self.target)
        # A row counts as accepted if the resampled accuracy must count it as correct.
        accepted = np.where(rows.true == rows.predicted, table.bona_fide, table.attack)
        return draws.beside(table, lambda resampled: resampled.rates_of(accepted, rows.answered).accuracy)


def classified(table: ScoreTable, head: str, target: str) -> Classified:
    """The true and the predicted class of each row. Raises SpecError."""
    prefix = f"{head}.p."
    columns = {name.removeprefix(prefix): values for name, values in table.heads.items() if name.startswith(prefix)}
    if len(columns) < 2:
        raise SpecError(
            f"the score table has no columns {prefix}CLASS; set \"probabilities\": true in the multiclass head {head}, or name another 'head'"
        )
    if target not in table.words:
        raise SpecError(f"the score table has no column '{target}' of true classes; it has {', '.join(table.words)}")
    classes, truth = tuple(columns), table.words[target]
    probabilities = np.stack(list(columns.values()), axis=1)
    place = {name: code for code, name in enumerate(classes)}
    if strange := [name for name in truth.present() if name and name not in place]:
        raise SpecError(
            f"column '{target}' has the value '{strange[0]}', which is not a class of the head '{head}': {', '.join(classes)}"
        )
    true = np.array([place.get(name, -1) for name in truth.names], np.intp)[truth.codes]
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(probabilities).all(axis=1))
    predicted = np.where(finite[:, None], probabilities, -np.inf).argmax(axis=1)
    return Classified(classes, true, predicted, finite & (true >= 0), int(np.count_nonzero(~finite & (true >= 0))))


def _rate(right: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Rate:
    return Rate(int(np.count_nonzero(rows & ~right)), int(np.count_nonzero(rows)))
