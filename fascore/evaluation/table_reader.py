"""Builds score tables from chunks of rows: millions of rows need little more memory than their arrays."""

from __future__ import annotations

import csv
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import FascoreError, no_column
from fascore.evaluation.categorical import Categorical, Words
from fascore.evaluation.cells import (
    COLUMNS,
    MOST_SPECIES,
    REQUIRED,
    Ids,
    Place,
    check_species,
    labels,
    numbers,
    responses,
    shown,
)

CHUNK = 1 << 16
"""Number of rows held in memory as text at the same time."""

Rows: TypeAlias = Iterable[tuple[Sequence[int], Sequence[Sequence[str]]]]
"""Chunks of rows: (row numbers in the file, rows of cells)."""


class Building:
    """The columns of a score table as they are read; `finish` returns the fields of a ScoreTable."""

    def __init__(self, header: Sequence[str], source: str, unit: str = "row") -> None:
        if missing := [name for name in REQUIRED if name not in header]:
            raise FascoreError(
                f"{source}: {no_column(missing[0], header)}; a score table needs at least {', '.join(REQUIRED)}"
            )
        self.place = Place(source, unit)
        self._label: list[NDArray[np.int8]] = []
        self._floats: dict[str, list[NDArray[np.float64]]] = {
            name: [] for name in header if self.counts(name) and name != "label"
        }
        self._words = {name: Words() for name in header if not self.counts(name) and name != "id"}
        self._ids = Ids() if "id" in header else None
        self._count = 0

    @staticmethod
    def counts(name: str) -> bool:
        """Whether a column holds numbers: the label, the score, and the columns of heads."""
        return name in REQUIRED or (name not in COLUMNS and "." in name)

    def chunks(self, rows: Rows) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
        """Yield the chunks to add, in order: the table index of the first row, and the cells by column."""
        for places, cells in rows:
            self.place.numbers.append(places)
            yield self._count, list(zip(*cells))

    def add(self, columns: Mapping[str, Any]) -> None:
        """Append the next rows, with cells by column. Raises FascoreError with row and column."""
        self._label.append(labels(columns["label"], self.place, self._count))
        for name, chunks in self._floats.items():
            chunks.append(numbers(columns[name], self.place, name, self._count))
        for name, words in self._words.items():
            words.add(columns[name])
        if self._ids is not None:
            self._ids.add(columns["id"])
        self._count += len(columns["label"])
        if "species" in self._words and self._words["species"].distinct > MOST_SPECIES:
            check_species(self._words["species"].array(), np.concatenate(self._label), self.place)

    def finish(self) -> dict[str, Any]:
        """The fields of a ScoreTable. Raises FascoreError with row and column."""
        if not self._count:
            raise FascoreError(f"{self.place.source} has no rows: write one row per presentation below the header")
        label = np.concatenate(self._label)
        floats = {name: np.concatenate(chunks) for name, chunks in self._floats.items()}
        score = floats.pop("score")
        words = {name: column.array() for name, column in self._words.items()}
        words["response"], notes = responses(words.get("response"), score, self.place)
        words["task"] = _default_task(words.get("task"), self._count)
        if self._ids is None:
            ids = np.concatenate(self.place.numbers or [range(2, self._count + 2)]).astype(np.dtypes.StringDType())
        else:
            ids = self._ids.array(words.get("dataset"), self.place)
        return {"id": ids, "label": label, "score": score, "words": words, "heads": floats, "notes": notes}


def _default_task(tasks: Categorical | None, count: int) -> Categorical:
    """`spoof` if the file has no task column. An empty cell of an existing column stays empty: unknown."""
    return tasks if tasks is not None and tasks.names != ("",) else Categorical.constant("spoof", count)


def read_csv(path: Path) -> dict[str, Any]:
    """The fields of a ScoreTable from a CSV file with a header. Raises FascoreError with file, row, and column."""
    with csv_rows(path) as (header, rows):
        building = Building(header, str(path))
        for _, cells in building.chunks(rows):
            building.add(dict(zip(header, cells)))
    return building.finish()


@contextmanager
def csv_rows(path: Path) -> Iterator[tuple[list[str], Rows]]:
    """Header and rows of a CSV file, inside the block. Text that is not UTF-8 CSV raises a FascoreError."""
    with _text(path, "CSV text") as lines:
        reader = csv.reader(lines)
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise FascoreError(f"{path} is empty: a score file starts with a header such as 'id,label,score'")
        if doubled := [name for name in header if header.count(name) > 1]:
            raise FascoreError(f"{path}: column '{shown(doubled[0])}' occurs twice in the header")
        yield header, _even(reader, 2, len(header), f"where the header has {len(header)} columns", path)


@contextmanager
def word_rows(path: Path, width: int | None = None) -> Iterator[Rows]:
    """Rows of a text file without a header.

    Cells are separated by blanks; every row is as wide as the first, or `width`.
    """
    with _text(path, "text") as lines:
        yield _even((line.split() for line in lines), 1, width, f"where this format has {width}" if width else "", path)


@contextmanager
def _text(path: Path, what: str) -> Iterator[Iterable[str]]:
    """The lines of a file.

    Python's cyclic garbage collector is paused: rows of text hold no cycles, and it would visit each one.
    """
    resting = gc.isenabled()
    gc.disable()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield file
    except FileNotFoundError:
        raise FascoreError(f"there is no score file {path}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FascoreError(f"{path} is not {what} in UTF-8: {getattr(error, 'strerror', None) or error}") from None
    finally:
        if resting:
            gc.enable()


def _even(rows: Iterator[list[str]], first: int, width: int | None, wanted: str, path: Path) -> Rows:
    """Yield chunks without empty rows, with row numbers from `first`.

    Raises FascoreError if a row is not `width` wide.
    """
    while chunk := list(islice(rows, CHUNK)):
        places: Sequence[int] = range(first, first + len(chunk))
        first += len(chunk)
        if not all(chunk):
            places, chunk = [place for place, row in zip(places, chunk) if row], [row for row in chunk if row]
        if chunk and width is None:
            width, wanted = len(chunk[0]), f"where row {places[0]} has {len(chunk[0])}"
        if set(map(len, chunk)) - {width}:
            place, row = next((place, row) for place, row in zip(places, chunk) if len(row) != width)
            raise FascoreError(f"{path}, row {place}: {len(row)} cells {wanted}")
        if chunk:
            yield places, chunk
