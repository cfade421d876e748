"""ScoreTable: one row per presentation, with its score and everything that evaluation needs to know about it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import FascoreError
from fascore.contract.files import writing
from fascore.evaluation.categorical import Categorical, texts
from fascore.evaluation.cells import COLUMNS, REQUIRED, Place, responses
from fascore.evaluation.sorted_scores import SortedScores
from fascore.evaluation.subjects import Clusters, Shown
from fascore.evaluation.table_reader import CHUNK, Building, read_csv

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class ScoreTable:
    """Scores with labels, N rows.

    `id` (N,) is text (numpy's StringDType), unique within a dataset. `label` (N,) is int8: 1 bona fide, 0 attack.
    `score` (N,) is float64, higher = more bona fide, NaN if there is none. `words` holds the other text columns
    (`species`, `subject`, `response`, …, and further metadata), `heads` further numbers as `<head>.<name>`, and `notes`
    sentences about decisions made while reading.
    """

    id: NDArray[Any]
    label: NDArray[np.int8]
    score: Floats
    words: Mapping[str, Categorical]
    heads: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_columns(
        cls, columns: Mapping[str, Sequence[Any] | NDArray[Any]], source: str = "the score table"
    ) -> ScoreTable:
        """Build a table from columns by name.

        `label` and `score` are required; others default to empty (`response`: ok, `task`: spoof).

        Without `id`, a row's number is its id. Raises FascoreError with the row (the header is row 1) and the column.
        """
        count = len(columns.get("label", ()))
        if uneven := [name for name, values in columns.items() if "label" in columns and len(values) != count]:
            raise FascoreError(
                f"{source}: column '{uneven[0]}' has {len(columns[uneven[0]])} rows and 'label' has {count}"
            )
        building = Building(tuple(columns), source)
        building.add({name: values if building.counts(name) else texts(values) for name, values in columns.items()})
        return cls(**building.finish())

    @classmethod
    def read(cls, path: Path) -> ScoreTable:
        """Read a CSV file with a header. Raises FascoreError with file, row, and column."""
        return cls(**read_csv(path))

    def write(self, path: Path) -> None:
        """Write as CSV; reading the file restores the same bits.

        Columns of the contract come first; NaN is written as an empty cell.
        """
        names = self.names
        columns = [self.column(name) for name in names]
        with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            for start in range(0, len(self), CHUNK):
                writer.writerows(zip(*(_cells(column[start : start + CHUNK]) for column in columns)))

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in the order of the file."""
        extra = [name for name in self.words if name not in COLUMNS]
        return (*COLUMNS, *extra, *self.heads)

    def __len__(self) -> int:
        return len(self.id)

    def column(self, name: str) -> NDArray[Any]:
        """A column as an array: numbers for `label`, `score`, and heads, otherwise words.

        Raises FascoreError for an unknown column.
        """
        if name in ("id", "label", "score"):
            return np.asarray(getattr(self, name))
        if name in self.heads:
            return self.heads[name]
        return self.categorical(name).decode()

    def categorical(self, name: str) -> Categorical:
        """A column of words, stored as codes.

        A contract column that the table lacks has empty words. Raises FascoreError.
        """
        if name in self.words:
            return self.words[name]
        if name in COLUMNS and name not in ("id", *REQUIRED):
            return Categorical.constant("", len(self))
        raise FascoreError(f"the score table has no column '{name}'; it has {', '.join(self.names)}")

    def select(self, rows: NDArray[Any]) -> ScoreTable:
        """Select rows by mask or index."""
        words = {name: column.select(rows) for name, column in self.words.items()}
        heads = {name: values[rows] for name, values in self.heads.items()}
        return ScoreTable(self.id[rows], self.label[rows], self.score[rows], words, heads, self.notes)

    def reading(self, column: str) -> ScoreTable:
        """The table with another column as its score.

        A row without a number in that column is a non-response. Raises FascoreError.
        """
        if column == "score":
            return self
        if column not in self.heads:
            raise FascoreError(
                f"the score table has no column of numbers '{column}'; it has {', '.join(['score', *self.heads])}"
            )
        score = self.heads[column]
        answers, _ = responses(self.categorical("response"), score, Place("the score table"))
        return ScoreTable(self.id, self.label, score, {**self.words, "response": answers}, self.heads, self.notes)

    def task(self, name: str) -> ScoreTable:
        """Attacks of one task with its bona fide, or with all bona fide of the table if the task has none of its own."""
        return self.with_bona_fide(self.categorical("task").equals(name))

    def with_bona_fide(self, rows: Mask) -> ScoreTable:
        """The given rows; if they contain no bona fide, all bona fide of the table are added."""
        own = self.bona_fide & rows
        kept = (self.attack & rows) | (own if own.any() else self.bona_fide)
        return self if kept.all() else self.select(kept)

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have attacks, `spoof` first; if there are no attacks, the tasks of the bona fide."""
        tasks = self.categorical("task").present(self.attack if self.attack.any() else slice(None))
        return tuple(sorted(tasks, key=lambda task: (task != "spoof", task)))

    @cached_property
    def responded(self) -> Mask:
        """Rows with a response: `response` is `ok` and the score is finite."""
        return np.asarray(self.categorical("response").equals("ok") & np.isfinite(self.score))

    @property
    def bona_fide(self) -> Mask:
        """Rows of bona fide presentations, including non-responses."""
        return np.asarray(self.label == 1)

    @property
    def attack(self) -> Mask:
        """Rows of attacks, including non-responses."""
        return np.asarray(self.label == 0)

    @cached_property
    def sorted_scores(self) -> SortedScores:
        """Scores of rows with a response, by class and species, sorted once for all metrics."""
        return SortedScores.of(self.score, self.categorical("species"), self.attack, self.responded)

    @property
    def sorted_bona_fide(self) -> Floats:
        """Scores of bona fide with a response, increasing."""
        return self.sorted_scores.bona_fide

    @property
    def sorted_attack(self) -> Floats:
        """Scores of attacks with a response, increasing."""
        return self.sorted_scores.attack

    @cached_property
    def clusters(self) -> Clusters | None:
        """Which rows show the same subject; None if the table names no subject."""
        return Clusters.of(self.categorical("dataset"), self.categorical("subject"))

    @cached_property
    def shown(self) -> Shown | None:
        """Number of subjects shown by the rows with a response, by class and species; None if the table names no
        subject.
        """
        return Shown.of(self.clusters, self.categorical("species"), self.bona_fide, self.responded)

    def by_group(self, column: str, rows: Mask) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Yield the name and row indices of each group of `column` in `rows`, in the order of the names.

        An empty name becomes `unknown`.
        """
        groups, picked = self.categorical(column).named(), np.flatnonzero(rows)
        order = picked[np.argsort(groups.codes[picked], kind="stable")]
        cuts = np.searchsorted(groups.codes[order], np.arange(len(groups.names) + 1))
        for code, name in enumerate(groups.names):
            if cuts[code] < cuts[code + 1]:
                yield name, order[cuts[code] : cuts[code + 1]]


def _cells(column: NDArray[Any]) -> list[Any]:
    values: list[Any] = column.tolist()
    return [("" if value != value else repr(value)) if isinstance(value, float) else value for value in values]
