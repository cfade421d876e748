"""Labels of other systems: self-explanatory words, numbers whose meaning the user states, and labels in a separate
file.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from fascore.contract.errors import FascoreError
from fascore.evaluation.cells import COLUMNS, Place, shown
from fascore.evaluation.table_reader import Rows, csv_rows, word_rows

LabelsAre: TypeAlias = Literal["bona_fide_1", "attack_1"]

WORDS = {
    **dict.fromkeys(("bona_fide", "bonafide", "real", "live", "genuine"), 1),
    **dict.fromkeys(("attack", "spoof", "fake"), 0),
}
NUMBERS = {"1": 1, "+1": 1, "1.0": 1, "0": 0, "0.0": 0, "-1": 0}
NOT_CARRIED = ("rgb", "depth", "infrared", "box", "split", "score", "response")
"""Columns of a manifest that are irrelevant to a score table."""


class Labels:
    """Reads one file's labels, 1 = bona fide.

    Words are self-explanatory; numbers require `labels_are`, which defines them.
    """

    def __init__(self, labels_are: LabelsAre | None, place: Place, column: str = "label") -> None:
        self._are, self._place, self._column = labels_are, place, column
        self._known: dict[str, int] = {}
        self._kinds: dict[str, str] = {}

    @property
    def meaning(self) -> str:
        """A description of how the labels were read, for people."""
        if "number" not in self._kinds:
            return "in words"
        return "1 = bona fide (as requested)" if self._are == "bona_fide_1" else "1 = attack (as requested)"

    def read(self, cells: Sequence[str], start: int = 0) -> list[int]:
        """Labels of consecutive rows, beginning with the table's row `start`.

        Raises FascoreError with row and column.
        """
        for cell in dict.fromkeys(cells):
            if cell not in self._known:
                self._known[cell] = self._meant(cell, start + cells.index(cell))
        return list(map(self._known.__getitem__, cells))

    def _meant(self, cell: str, index: int) -> int:
        word = cell.strip().lower()
        kind = "word" if word in WORDS else "number" if word in NUMBERS else None
        if kind is None:
            advice = f"a label is {', '.join(WORDS)}, or 0 and 1 with --labels-are"
            raise self._place.error(index, self._column, f"'{shown(cell)}' is not a label; {advice}")
        other = next((kind_there for name, kind_there in self._kinds.items() if name != kind), None)
        if other is not None:
            raise self._place.error(
                index, self._column, f"'{cell}' and '{other}' both occur: labels must be words or numbers, not both"
            )
        self._kinds[kind] = cell
        if kind == "word":
            return WORDS[word]
        if self._are is None:
            raise self._place.error(
                index,
                self._column,
                f"nothing defines whether '{cell}' is bona fide; add --labels-are bona_fide_1 or --labels-are attack_1",
            )
        return NUMBERS[word] if self._are == "bona_fide_1" else 1 - NUMBERS[word]


class LabelFile:
    """Labels and metadata of presentations by id: a CSV of records (`id,label,…`), or lines `id label` without a
    header.

    Raises FascoreError with file, row, and column.
    """

    def __init__(self, path: Path, labels_are: LabelsAre | None) -> None:
        self.path = path
        self._place = Place(str(path))
        self._rows: dict[str, int] = {}
        self._columns: dict[str, list[str]] = {}
        self._label: list[int] = []
        self.labels = Labels(labels_are, self._place)
        if _has_header(path):
            with csv_rows(path) as (header, rows):
                if missing := [name for name in ("id", "label") if name not in header]:
                    raise FascoreError(
                        f"{path}: there is no column '{missing[0]}'; a label file has one line per presentation: id,label,species,…"
                    )
                self._read(header, rows)
        else:
            with word_rows(path, 2) as rows:
                self._read(["id", "label"], rows)
        if not self._rows:
            raise FascoreError(f"{path} has no rows: a label file has one line per presentation")

    def _read(self, header: Sequence[str], rows: Rows) -> None:
        self._columns = {
            name: []
            for name in header
            if name not in ("id", "label", *NOT_CARRIED) and (name in COLUMNS or "." not in name)
        }
        for numbers, cells in rows:
            self._place.numbers.append(numbers)
            columns = dict(zip(header, zip(*cells)))
            self._label += self.labels.read(columns["label"], len(self._rows))
            for name, values in self._columns.items():
                values += columns[name]
            for name in columns["id"]:
                if name in self._rows or not name:
                    complaint = f"is already used in row {self._place.row(self._rows[name])}" if name else "is empty"
                    raise self._place.error(
                        len(self._rows), "id", f"'{shown(name)}' {complaint}; a label file has one row per presentation"
                    )
                self._rows[name] = len(self._rows)

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns that `columns` returns."""
        return ("label", *self._columns)

    def columns(self, ids: Sequence[str], place: Place, start: int) -> dict[str, Sequence[int] | Sequence[str]]:
        """Labels and metadata of some presentations. Raises FascoreError if one has no label."""
        try:
            rows = [self._rows[name] for name in ids]
        except KeyError as error:
            name = error.args[0]
            raise place.error(
                start + list(ids).index(name), "id", f"'{shown(name)}' has no label in {self.path}"
            ) from None
        facts = {name: [values[row] for row in rows] for name, values in self._columns.items()}
        return {"label": [self._label[row] for row in rows], **facts}


def _has_header(path: Path) -> bool:
    """Whether a label file begins with column names separated by commas."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return False  # the reader of lines reports the error
    return len(header) > 1 or header in (["id"], ["label"])
