"""Converts cells of score tables to arrays, one chunk of rows at a time. Every error names its row and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import FascoreError, Response
from fascore.evaluation.categorical import Categorical

Cells: TypeAlias = Sequence[Any]

COLUMNS = (
    "id",
    "dataset",
    "task",
    "subject",
    "presenter",
    "instrument",
    "species",
    "attack_potential",
    "session",
    "device",
    "attempt",
    "label",
    "score",
    "response",
)
"""Columns of a score file, in order; the `<head>.<name>` columns follow."""
REQUIRED = ("label", "score")
RESPONSES = get_args(Response)
MOST_SPECIES = 10_000
LABELS = {"0": 0, "1": 1, 0: 0, 1: 1}


@dataclass
class Place:
    """The origin of a table, for messages: its file and the row numbers in that file, in the chunks that were read."""

    source: str
    unit: str = "row"
    numbers: list[Sequence[int]] = field(default_factory=list)

    def row(self, index: int) -> int:
        """The row number in the file of a row of the table. If there are no numbers, row 1 is the header."""
        for chunk in self.numbers:
            if index < len(chunk):
                return chunk[index]
            index -= len(chunk)
        return index + 2

    def error(self, index: int, column: str, complaint: str) -> FascoreError:
        """The error for one cell."""
        return FascoreError(f"{self.source}, {self.unit} {self.row(index)}, column '{column}': {complaint}")


class Ids:
    """The id column as it is read: text of any length, with a hash of each id to detect duplicates."""

    def __init__(self) -> None:
        self._chunks, self._hashes = list[NDArray[Any]](), list[NDArray[np.int64]]()

    def add(self, cells: Sequence[str]) -> None:
        """The next rows."""
        self._chunks.append(np.array(cells, dtype=np.dtypes.StringDType()))
        self._hashes.append(np.fromiter(map(hash, cells), np.int64, len(cells)))

    def array(self, datasets: Categorical | None, place: Place) -> NDArray[Any]:
        """The ids, (N,).

        They are unique within a dataset: the same name in two datasets is two presentations. Raises FascoreError.
        """
        ids = np.concatenate(self._chunks)
        self._chunks.clear()  # text takes most of a table's memory
        if len(empty := np.flatnonzero(ids == "")):
            raise place.error(int(empty[0]), "id", "is empty; every presentation needs its own id")
        keys = np.concatenate(self._hashes).view(np.uint64)
        if datasets is not None:
            keys = keys ^ (datasets.codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        order = np.argsort(keys)
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        if len(same):  # equal hashes almost certainly mean a duplicate id, but compare the ids themselves
            seen: dict[tuple[str, int], int] = {}
            for index in sorted({*order[same].tolist(), *order[same + 1].tolist()}):
                first = seen.setdefault((ids[index], 0 if datasets is None else int(datasets.codes[index])), index)
                if first != index:
                    complaint = f"'{ids[index]}' is already used in {place.unit} {place.row(first)}; ids must be unique within a dataset"
                    raise place.error(index, "id", complaint)
        return ids


def labels(cells: Cells, place: Place, start: int = 0) -> NDArray[np.int8]:
    """Labels 0 and 1, (N,) int8. Raises FascoreError."""
    try:
        return np.fromiter(map(LABELS.__getitem__, cells), np.int8, len(cells))
    except (KeyError, TypeError):
        pass
    labels = np.empty(len(cells), np.int8)
    for index, cell in enumerate(cells):
        key = cell.strip() if isinstance(cell, str) else cell
        if isinstance(key, list | dict) or key not in LABELS:
            raise place.error(
                start + index, "label", f"'{shown(cell)}' is not a label; write 1 for bona fide and 0 for an attack"
            )
        labels[index] = LABELS[key]
    return labels


def numbers(cells: Cells, place: Place, column: str, start: int = 0) -> NDArray[np.float64]:
    """Numbers, (N,) float64; NaN for an empty cell. Raises FascoreError for words and infinities."""
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except (TypeError, ValueError, OverflowError):  # a cell is empty or not a number
        values = np.empty(len(cells))
        for index, cell in enumerate(cells):
            try:
                values[index] = np.nan if cell is None or cell == "" else float(cell)
            except (TypeError, ValueError, OverflowError):
                complaint = f"'{shown(cell)}' is not a number; leave the cell empty if there is no score"
                raise place.error(start + index, column, complaint) from None
    if len(infinite := np.flatnonzero(np.isinf(values))):
        raise place.error(
            start + int(infinite[0]), column, "is infinite; a score is a finite number, higher = more bona fide"
        )
    return values


def responses(
    given: Categorical | None, score: NDArray[np.float64], place: Place
) -> tuple[Categorical, tuple[str, ...]]:
    """Values of `Response`, and notes.

    Missing cells are `ok`. `ok` without a score becomes `refused`, and a note counts these rows.
    """
    answers = (
        Categorical.constant("ok", len(score))
        if given is None
        else given.renamed([word.strip() or "ok" for word in given.names])
    )
    for word in answers.names:
        if word not in RESPONSES:
            index = int(np.flatnonzero(answers.equals(word))[0])
            raise place.error(
                index, "response", f"'{shown(word)}' is not a response; write one of {', '.join(RESPONSES)}"
            )
    silent = np.flatnonzero(np.isnan(score) & answers.equals("ok"))
    if not len(silent):
        return answers, ()
    codes = np.array([RESPONSES.index(word) for word in answers.names], np.int32)[answers.codes]
    codes[silent] = RESPONSES.index("refused")
    first = f"first: {place.unit} {place.row(int(silent[0]))}"
    note = f"{place.source}: {len(silent)} rows have no score and no reason ({first}); they count as non-responses, 'refused'"
    return Categorical(RESPONSES, codes).renamed(RESPONSES).select(slice(None)), (note,)


def check_species(species: Categorical, label: NDArray[np.int8], place: Place) -> None:
    """Raise FascoreError if the species column holds names of files or people instead of species."""
    if len(species.names) > MOST_SPECIES:
        index = int(np.flatnonzero((species.codes >= MOST_SPECIES) & (label == 0))[:1].sum())
        advice = "name the kind of instrument (print.flat, mask.rigid), not the presentation"
        raise place.error(index, "species", f"more than {MOST_SPECIES} species; {advice}")


def shown(cell: Any, most: int = 60) -> str:
    """A cell formatted for a message: on one line, truncated if long."""
    text = str(cell) if str(cell).isprintable() else repr(str(cell))[1:-1]
    return text if len(text) <= most else f"{text[:most]}…"
