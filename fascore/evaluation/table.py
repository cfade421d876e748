"""ScoreTable: one row a presentation, its score, and all that evaluation may ask about it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.errors import FascoreError, no_column
from fascore.evaluation.parse import COLUMNS, REQUIRED, Place, check_unique, labels, responses, scores
from fascore.files import writing

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Factor:
    """A column of words: `names` (K,) sorted and distinct, `codes` (N,) int32 into them. Groups cost no sorting of text."""

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, values: Sequence[Any] | NDArray[Any]) -> Factor:
        """Encode; None becomes the empty word."""
        words = ["" if value is None else str(value) for value in (values.tolist() if isinstance(values, np.ndarray) else values)]
        names = sorted(set(words))
        place = {name: code for code, name in enumerate(names)}
        return cls(tuple(names), np.fromiter((place[word] for word in words), np.int32, len(words)))

    @classmethod
    def constant(cls, word: str, count: int) -> Factor:
        """The same word in every row."""
        return cls((word,), np.zeros(count, np.int32))

    def decode(self) -> NDArray[np.str_]:
        """The words, (N,)."""
        return np.asarray(self.names, dtype=np.str_)[self.codes]

    def equals(self, word: str) -> Mask:
        """Rows that have this word."""
        return np.asarray(self.codes == (self.names.index(word) if word in self.names else -1))

    def select(self, rows: NDArray[Any]) -> Factor:
        """Some rows; names that no longer occur stay out."""
        codes = self.codes[rows]
        used = np.bincount(codes, minlength=len(self.names)) > 0
        return Factor(self.present(rows), (np.cumsum(used) - 1).astype(np.int32)[codes])

    def named(self) -> Factor:
        """The empty word as `unknown`, together with rows that say so themselves."""
        if "" not in self.names:
            return self
        words = [name or "unknown" for name in self.names]
        names = sorted(set(words))
        place = {name: code for code, name in enumerate(names)}
        return Factor(tuple(names), np.array([place[word] for word in words], np.int32)[self.codes])

    def present(self, rows: NDArray[Any] | slice = slice(None)) -> tuple[str, ...]:
        """The words that occur among some rows."""
        return tuple(self.names[code] for code in np.flatnonzero(np.bincount(self.codes[rows], minlength=len(self.names))))


@dataclass(frozen=True)
class ScoreTable:
    """Scores with labels, N rows.

    `id` (N,) words, unique within a dataset; `label` (N,) int8, 1 bona fide, 0 attack; `score` (N,) float64, higher = more
    bona fide, NaN where there is none; `words` the other columns of text (`species`, `subject`, `response`, …, and any
    further metadata); `heads` further numbers, `<head>.<name>`; `notes` sentences on what reading had to decide.
    """

    id: NDArray[np.str_]
    label: NDArray[np.int8]
    score: Floats
    words: Mapping[str, Factor]
    heads: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any] | NDArray[Any]], source: str = "the score table") -> ScoreTable:
        """Build from columns by name; `label` and `score` are required, others are empty (`response`: ok, `task`: spoof).

        Without `id`, a row's number is its id. Raises FascoreError with row (the header is row 1) and column.
        """
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise FascoreError(f"{source}: there is no column '{missing[0]}'; a score table needs at least {', '.join(REQUIRED)}")
        count = len(columns["label"])
        columns = columns if "id" in columns else {"id": range(2, count + 2), **columns}
        if uneven := [name for name, values in columns.items() if len(values) != count]:
            raise FascoreError(f"{source}: column '{uneven[0]}' has {len(columns[uneven[0]])} rows and 'label' has {count}")
        if not count:
            raise FascoreError(f"{source} has no rows: write one row a presentation below the header")
        place = Place(source)
        label = labels(columns["label"], place)
        score = scores(columns["score"], place, "score")
        answers, notes = responses(columns.get("response"), score, place)
        text = {name: columns[name] for name in COLUMNS if name in columns and name not in ("id", *REQUIRED, "response")}
        text |= {name: values for name, values in columns.items() if name not in COLUMNS and "." not in name}
        words = {name: Factor.of(values) for name, values in text.items()} | {"response": Factor.of(answers)}
        words["task"] = _default_task(words.get("task"), count)
        heads = {name: scores(values, place, name) for name, values in columns.items() if name not in COLUMNS and "." in name}
        ids = np.asarray([str(value) for value in columns["id"]], dtype=np.str_)
        check_unique(ids, words["dataset"].decode() if "dataset" in words else None, place)
        place.check_species(words.get("species"), label)
        return cls(ids, label, score, words, heads, notes)

    @classmethod
    def read(cls, path: Path) -> ScoreTable:
        """Read a CSV file with a header. Raises FascoreError with file, row and column."""
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                header, rows = _rows(csv.reader(file), path)
        except FileNotFoundError:
            raise FascoreError(f"there is no score file {path}") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise FascoreError(f"{path} is no CSV text in UTF-8: {getattr(error, 'strerror', None) or error}") from None
        return cls.from_columns(dict(zip(header, zip(*rows))) if rows else dict.fromkeys(header, ()), str(path))

    def write(self, path: Path) -> None:
        """Write as CSV; reading it gives the same bits. Columns of the contract first, a NaN as an empty cell."""
        names = self.names
        columns = [self._cells(name) for name in names]
        with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(zip(*columns))

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in the order of the file."""
        extra = [name for name in self.words if name not in COLUMNS]
        return (*COLUMNS, *extra, *self.heads)

    def __len__(self) -> int:
        return len(self.id)

    def column(self, name: str) -> NDArray[Any]:
        """A column as an array: numbers of `label`, `score` and heads, else words. Raises FascoreError for an unknown one."""
        if name in ("id", "label", "score"):
            return np.asarray(getattr(self, name))
        if name in self.heads:
            return self.heads[name]
        return self.factor(name).decode()

    def factor(self, name: str) -> Factor:
        """A column of words by codes; empty words where the table lacks a column of the contract. Raises FascoreError."""
        if name in self.words:
            return self.words[name]
        if name in COLUMNS and name not in ("id", *REQUIRED):
            return Factor.constant("", len(self))
        raise FascoreError(f"the score table has no column '{name}'; it has {', '.join(self.names)}")

    def select(self, rows: NDArray[Any]) -> ScoreTable:
        """Some rows, by mask or index."""
        words = {name: factor.select(rows) for name, factor in self.words.items()}
        heads = {name: values[rows] for name, values in self.heads.items()}
        return ScoreTable(self.id[rows], self.label[rows], self.score[rows], words, heads, self.notes)

    def reading(self, column: str) -> ScoreTable:
        """The table with another column as its score; a row without a number there is a non-response. Raises FascoreError."""
        if column == "score":
            return self
        if column not in self.heads:
            raise FascoreError(f"the score table has no column of numbers '{column}'; it has {', '.join(['score', *self.heads])}")
        score = self.heads[column]
        answers, _ = responses(self.column("response").tolist(), score, Place("the score table"))
        return ScoreTable(self.id, self.label, score, {**self.words, "response": Factor.of(answers)}, self.heads, self.notes)

    def task(self, name: str) -> ScoreTable:
        """Attacks of one task with its bona fide; all bona fide of the table where the task has none of its own."""
        return self.with_bona_fide(self.factor("task").equals(name))

    def with_bona_fide(self, rows: Mask) -> ScoreTable:
        """Attacks among some rows with the bona fide among them; all bona fide of the table where there are none."""
        own = self.bona_fide & rows
        kept = (self.attack & rows) | (own if own.any() else self.bona_fide)
        return self if kept.all() else self.select(kept)

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have attacks, `spoof` first; those of the bona fide where there are no attacks."""
        found = self.factor("task").present(self.attack if self.attack.any() else slice(None))
        return tuple(sorted(found, key=lambda task: (task != "spoof", task)))

    @cached_property
    def responded(self) -> Mask:
        """Rows with an answer: response `ok` and a finite score."""
        return np.asarray(self.factor("response").equals("ok") & np.isfinite(self.score))

    @property
    def bona_fide(self) -> Mask:
        """Rows of bona fide presentations, answered or not."""
        return np.asarray(self.label == 1)

    @property
    def attack(self) -> Mask:
        """Rows of attacks, answered or not."""
        return np.asarray(self.label == 0)

    @cached_property
    def sorted_bona_fide(self) -> Floats:
        """Scores of answered bona fide, increasing: sorted once for all metrics."""
        return np.sort(self.score[self.bona_fide & self.responded])

    @cached_property
    def sorted_attack(self) -> Floats:
        """Scores of answered attacks, increasing."""
        return np.sort(self.score[self.attack & self.responded])

    def by_group(self, column: str, rows: Mask) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Name and row indices of each group of `column` among `rows`, names in order; an empty name is given as `unknown`."""
        factor, picked = self.factor(column).named(), np.flatnonzero(rows)
        order = picked[np.argsort(factor.codes[picked], kind="stable")]
        cuts = np.searchsorted(factor.codes[order], np.arange(len(factor.names) + 1))
        for code, name in enumerate(factor.names):
            if cuts[code] < cuts[code + 1]:
                yield name, order[cuts[code] : cuts[code + 1]]

    def _cells(self, name: str) -> list[Any]:
        values: list[Any] = self.column(name).tolist()
        return [("" if value != value else repr(value)) if isinstance(value, float) else value for value in values]


def _default_task(factor: Factor | None, count: int) -> Factor:
    """`spoof` where the file names no task at all; an empty cell of a given column stays: unknown."""
    return factor if factor is not None and factor.names != ("",) else Factor.constant("spoof", count)


def _rows(reader: Iterator[list[str]], path: Path) -> tuple[list[str], list[list[str]]]:
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise FascoreError(f"{path} is empty: a score file starts with a header such as 'id,label,score'")
    if doubled := [name for name in header if header.count(name) > 1]:
        raise FascoreError(f"{path}: column '{doubled[0]}' stands twice in the header")
    if missing := [name for name in REQUIRED if name not in header]:
        raise FascoreError(f"{path}: {no_column(missing[0], header)}; a score table needs at least {', '.join(REQUIRED)}")
    rows = []
    for number, row in enumerate(reader, start=2):
        if len(row) == len(header):
            rows.append(row)
        elif row:
            raise FascoreError(f"{path}, row {number}: {len(row)} cells where the header has {len(header)} columns")
    return header, rows
