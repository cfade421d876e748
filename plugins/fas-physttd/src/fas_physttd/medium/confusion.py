"""Confusion matrix of media and figures computed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore import MetricModule, SpecError, Value

if TYPE_CHECKING:
    from fascore import Resampling, ScoreTable, Threshold


class Confusion(NamedTuple):
    """`counts` (K, K): records of the row's class that were assigned to the column's class; `silent`: records without an answer."""

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    silent: int


class Decided(NamedTuple):
    """Indices of the true class, -1 for none, and of the most probable class (N,); which rows have an answer (N,)."""

    classes: tuple[str, ...]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    answered: NDArray[np.bool_]


@dataclass(frozen=True)
class MediumAccuracyModule(MetricModule):
    """Accuracy of `head` on the column `target`; `classes` are the species of each class, `merge` the classes to combine."""

    head: str
    target: str
    classes: Mapping[str, tuple[str | None, ...]]
    merge: Mapping[str, tuple[str, ...]]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`, `errors`, and `n`; `balanced`: mean over occurring classes; `classes`: accuracy of each; `confusion`: by true and predicted class.

        Raises SpecError for a table without the columns or without a record of any class.
        """
        matrix = self.confusion(table)
        correct, sums = np.diag(matrix.counts), matrix.counts.sum(axis=1)
        shares = {name: int(correct[row]) / int(sums[row]) for row, name in enumerate(matrix.classes) if sums[row]}
        n = int(sums.sum())
        return {
            "value": int(correct.sum()) / n if n else None,
            "errors": n - int(correct.sum()),
            "n": n,
            "non_responses": matrix.silent,
            "balanced": sum(shares.values()) / len(shares) if shares else None,
            "classes": shares,
            "confusion": {
                name: dict(zip(matrix.classes, map(int, matrix.counts[row]), strict=True))
                for row, name in enumerate(matrix.classes)
            },
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """Bootstrap of `value` over subjects. Raises SpecError like `compute`."""
        rows = self.decided(table)
        # A correct row must have the decision, accepted or rejected, that the resampled accuracy counts as correct.
        accepted = np.where(rows.true == rows.predicted, table.bona_fide, table.attack)
        return draws.beside(table, lambda resampled: resampled.rates_of(accepted, rows.answered).accuracy)

    def decided(self, table: ScoreTable) -> Decided:
        """Predicted and true class of each record, with the classes of `merge` combined. Raises SpecError."""
        if self.target not in table.words:
            raise SpecError(
                f"the score table has no column '{self.target}' of species; it has {', '.join(table.words)}"
            )
        columns = [f"{self.head}.p.{name}" for name in self.classes]
        if missing := [name for name in columns if name not in table.heads]:
            raise SpecError(
                f"the score table has no column '{missing[0]}'; name a head physttd.trace_medium with these classes in 'head'"
            )
        whole = self._wholes()
        names = tuple(dict.fromkeys(whole.values()))
        index_of = {name: names.index(whole[name]) for name in self.classes}
        of_species = {species or "": index_of[name] for name, group in self.classes.items() for species in group}
        truth = table.words[self.target]
        true = np.array([of_species.get(name, -1) for name in truth.names], np.intp)[truth.codes]
        probabilities = np.stack([table.heads[name] for name in columns], axis=1)
        finite: NDArray[np.bool_] = np.asarray(np.isfinite(probabilities).all(axis=1))
        best = np.where(finite[:, None], probabilities, -np.inf).argmax(axis=1)
        return Decided(names, true, np.array(list(index_of.values()), np.intp)[best], finite & (true >= 0))

    def confusion(self, table: ScoreTable) -> Confusion:
        """Counts of true and predicted media. Raises SpecError for a table without the columns or without a record of any class."""
        rows = self.decided(table)
        if not (rows.true >= 0).any():
            raise SpecError(
                f"no record has a species of the classes {', '.join(self.classes)} in the column '{self.target}'"
            )
        counts = np.zeros((len(rows.classes),) * 2, np.int64)
        np.add.at(counts, (rows.true[rows.answered], rows.predicted[rows.answered]), 1)
        return Confusion(rows.classes, counts, int(((rows.true >= 0) & ~rows.answered).sum()))

    def _wholes(self) -> dict[str, str]:
        """Name of the combined class of each class."""
        whole_of = {member: whole for whole, members in self.merge.items() for member in members}
        if unknown := [name for name in whole_of if name not in self.classes]:
            raise SpecError(f"'merge' names '{unknown[0]}', which is not a class; available: {', '.join(self.classes)}")
        return {name: whole_of.get(name, name) for name in self.classes}
