"""Confusion matrix of media and the figures of it."""

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
    """`counts` (K, K): records of the class of a row that were said to be of the class of a column; `silent` had no answer."""

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    silent: int


class Decided(NamedTuple):
    """Place of the true and of the most probable class (N,), -1 for a record of no class; which rows have an answer (N,)."""

    classes: tuple[str, ...]
    true: NDArray[np.intp]
    said: NDArray[np.intp]
    answered: NDArray[np.bool_]


@dataclass(frozen=True)
class MediumAccuracyModule(MetricModule):
    """What `head` says of the column `target`: `classes` are the species of each class, `merge` the classes that count as one."""

    head: str
    target: str
    classes: Mapping[str, tuple[str | None, ...]]
    merge: Mapping[str, tuple[str, ...]]

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """`value`, errors and n; `balanced`, the mean over classes that occur; `classes`, the share right of each; `confusion`, true then named.

        Raises SpecError for a table without the columns, or without a record of any class.
        """
        matrix = self.confusion(table)
        right, sums = np.diag(matrix.counts), matrix.counts.sum(axis=1)
        shares = {name: int(right[row]) / int(sums[row]) for row, name in enumerate(matrix.classes) if sums[row]}
        n = int(sums.sum())
        return {
            "value": int(right.sum()) / n if n else None,
            "errors": n - int(right.sum()),
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
        """`bootstrap` of `value` over subjects. Raises SpecError as `compute` does."""
        rows = self.decided(table)
        # A row counts as accepted where it must be for the resampled accuracy to call it right.
        accepted = np.where(rows.true == rows.said, table.bona_fide, table.attack)
        return draws.beside(table, lambda resampled: resampled.rates_of(accepted, rows.answered).accuracy)

    def decided(self, table: ScoreTable) -> Decided:
        """What the head says of each record, and what its species is; classes of `merge` as one. Raises SpecError."""
        if self.target not in table.words:
            raise SpecError(
                f"the score table has no column '{self.target}' of species; it has {', '.join(table.words)}"
            )
        columns = [f"{self.head}.p.{name}" for name in self.classes]
        if lacking := [name for name in columns if name not in table.heads]:
            raise SpecError(
                f"the score table has no column '{lacking[0]}'; name a head physttd.trace_medium with these classes in 'head'"
            )
        whole = self._wholes()
        names = tuple(dict.fromkeys(whole.values()))
        place = {name: names.index(whole[name]) for name in self.classes}
        of_species = {species or "": place[name] for name, group in self.classes.items() for species in group}
        truth = table.words[self.target]
        true = np.array([of_species.get(name, -1) for name in truth.names], np.intp)[truth.codes]
        probabilities = np.stack([table.heads[name] for name in columns], axis=1)
        finite: NDArray[np.bool_] = np.asarray(np.isfinite(probabilities).all(axis=1))
        best = np.where(finite[:, None], probabilities, -np.inf).argmax(axis=1)
        return Decided(names, true, np.array(list(place.values()), np.intp)[best], finite & (true >= 0))

    def confusion(self, table: ScoreTable) -> Confusion:
        """Counts of true and of named media. Raises SpecError for a table without the columns, or without a record of any class."""
        rows = self.decided(table)
        if not (rows.true >= 0).any():
            raise SpecError(
                f"no record has a species of the classes {', '.join(self.classes)} in the column '{self.target}'"
            )
        counts = np.zeros((len(rows.classes),) * 2, np.int64)
        np.add.at(counts, (rows.true[rows.answered], rows.said[rows.answered]), 1)
        return Confusion(rows.classes, counts, int(((rows.true >= 0) & ~rows.answered).sum()))

    def _wholes(self) -> dict[str, str]:
        """Name under which each class counts."""
        whole_of = {member: whole for whole, members in self.merge.items() for member in members}
        if unknown := [name for name in whole_of if name not in self.classes]:
            raise SpecError(f"'merge' names '{unknown[0]}', which is not a class; there are {', '.join(self.classes)}")
        return {name: whole_of.get(name, name) for name in self.classes}
