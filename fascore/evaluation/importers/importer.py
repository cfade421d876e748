"""Importer: converts any score file to fascore's convention and reports how it was interpreted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast, get_args

from fascore.contract.errors import FascoreError
from fascore.evaluation.importers.formats import FORMATS, Format, Given, Polarity
from fascore.evaluation.importers.labels import LabelFile, LabelsAre
from fascore.evaluation.table import ScoreTable

HEAD = 1 << 16
"""Number of characters of a file that are read to recognize its format."""
WORDS_OF = {"bona_fide_high": "higher = bona fide", "attack_high": "higher = attack"}


@dataclass(frozen=True)
class Imported:
    """A table in fascore's convention, and a sentence about how it was read.

    `negated`: the file's scores are higher for attacks.
    """

    table: ScoreTable
    description: str
    negated: bool


@dataclass(frozen=True)
class Importer:
    """Reads the score files of one evaluation.

    With `format`, `polarity`, and `labels_are` the user states what a file does not state itself. `labels` is a label
    file for formats without labels. Nothing is guessed: what neither the file nor the user states is an error.
    """

    format: str | None = None
    polarity: Polarity | None = None
    labels_are: LabelsAre | None = None
    labels: Path | None = None

    def read(self, path: Path) -> Imported:
        """Read one file. Raises FascoreError with file, row, and column."""
        name = self.format or recognize(path)
        format = FORMATS[name]
        polarity = self._settled(path, name, format)
        table, labels = format.read(path, Given(self.labels_are, self._label_file if format.labels == "file" else None))
        negated = polarity == "attack_high"
        turned = "; scores are negated here" if negated else ""
        how = f"format '{name}' ({'as requested' if self.format else 'by its beginning'})"
        who = "by the format" if format.polarity else "as requested"
        description = f"{path}: {len(table)} rows, {how}; {WORDS_OF[polarity]} ({who}){turned}; labels: {labels}"
        return Imported(_negated(table) if negated else table, description, negated)

    def _settled(self, path: Path, name: str, format: Format) -> Polarity:
        """The polarity of a file. A statement that is unused or contradicts the format is an error."""
        if format.polarity is not None and self.polarity not in (None, format.polarity):
            other = "; for a CSV with a different polarity, add --format csv" if name == "fascore" else ""
            raise FascoreError(
                f"{path} is '{name}', where {WORDS_OF[format.polarity]}, but --polarity is {self.polarity}{other}"
            )
        if format.labels == "own" and self.labels_are is not None:
            raise FascoreError(
                f"{path} is '{name}', which defines the meaning of its labels; leave --labels-are out, or choose another --format"
            )
        if format.labels != "file" and self.labels is not None:
            raise FascoreError(
                f"{path} is '{name}', which has its own labels; leave --labels out, or choose another --format"
            )
        polarity = format.polarity or self.polarity
        if polarity is None:
            raise FascoreError(
                f"{path} is '{name}', which does not define whether higher scores are bona fide: add --polarity bona_fide_high or attack_high"
            )
        return polarity

    @cached_property
    def _label_file(self) -> LabelFile | None:
        return None if self.labels is None else LabelFile(self.labels, self.labels_are)


def importer(format: str | None, polarity: str | None, labels_are: str | None, labels: Path | None) -> Importer:
    """An importer with the user's options. Raises FascoreError for an invalid choice."""
    asked = {
        "format": (format, tuple(FORMATS)),
        "polarity": (polarity, get_args(Polarity)),
        "labels-are": (labels_are, get_args(LabelsAre)),
    }
    for name, (value, allowed) in asked.items():
        if value is not None and value not in allowed:
            raise FascoreError(f"--{name} {value}: choose one of {', '.join(allowed)}")
    return Importer(format, cast("Polarity | None", polarity), cast("LabelsAre | None", labels_are), labels)


def _negated(table: ScoreTable) -> ScoreTable:
    """The table with its scores and those of heads negated; 0 stays 0 and does not become -0."""
    heads = {name: 0.0 - values if name.endswith(".score") else values for name, values in table.heads.items()}
    return replace(table, score=0.0 - table.score, heads=heads)


def recognize(path: Path) -> str:
    """The format, recognized from the beginning of a file: a header or a JSON object.

    Raises FascoreError if it is not recognized.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            head = file.read(HEAD)
    except FileNotFoundError:
        raise FascoreError(f"there is no score file {path}") from None
    except OSError as error:
        raise FascoreError(f"{path} cannot be read: {error.strerror}") from None
    if head.lstrip().startswith("{"):
        return "json"
    first = next((line for line in head.splitlines() if line.strip()), "")
    header = {name.strip() for name in _cells(first)}
    if {"is_bonafide", "score"} <= header:
        return "bob-csv"
    if not first or "," in first or path.suffix.lower() == ".csv" or {"label", "score"} & header:
        return "fascore"  # its reader reports what is missing
    width = len(first.split())
    fits = ", ".join(_of_width(width)) or "none that fascore can read"
    raise FascoreError(
        f"{path} has no header that names its columns, and {width} words per line fit several formats or none: choose one with --format ({fits}); "
        f"with commas and the first line 'id,label,score', it has fascore's own format"
    )


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _of_width(width: int) -> Iterator[str]:
    known = {"bob-4": (4,), "bob-5": (5,), "id-label-score": (3,), "score-label": (2,), "id-score": (2, 4)}
    return (name for name, widths in known.items() if width in widths)
