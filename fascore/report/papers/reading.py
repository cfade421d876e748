"""Reads the two files of a paper as typed tables."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import RootModel

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError
from fascore.contract.paper import Paper

FLAGS = {
    "contradicted": "other numbers of the paper contradict it",
    "copied": "it looks like a copy of another row",
    "inferred": "the row was inferred",
    "mislabelled": "the row's name contradicts the text",
    "not printed": "there is no number",
}
"""Reasons why a cell is not a target."""
UNITS = {"percent": "percent", "count": "numbers", "million": "millions"}
"""Units of printed numbers, and how headings show them."""


@dataclass(frozen=True)
class PaperCell:
    """One printed number.

    `value` and `deviation` are exactly as printed, or empty if not printed. `unit` is percent, count, or million.
    """

    paper: str
    table: str
    row: str
    column: str
    task: str
    metric: str
    unit: str
    value: str
    deviation: str
    flag: str
    reason: str


class Counterpart(Config):
    """A fascore figure that corresponds to a printed one: its name, its metric as in a spec, and the part of the
    metric's result.
    """

    name: str
    metric: dict[str, Any]
    part: str = "value"


class PrintedMetric(Config):
    """fascore's counterparts of a paper's metric, and how they correspond, as a sentence without its period."""

    ours: tuple[Counterpart, ...]
    said: str


class Mapped(RootModel[dict[str, PrintedMetric]]):
    """A paper's mapping, by the paper's metric names."""


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper.

    `metrics` maps the paper's metric names to the corresponding fascore metrics (`ours`) and an explanation (`said`).
    """

    paper: str
    name: str
    title: str
    citation: str
    cells: tuple[PaperCell, ...]
    metrics: Mapping[str, PrintedMetric]

    @property
    def rows(self) -> list[str]:
        """Names of the rows, in order."""
        return list(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def printed_metrics(self) -> list[str]:
        """Names of the metrics, in order."""
        return list(dict.fromkeys(cell.metric for cell in self.cells))


def tables(paper: Paper) -> dict[str, PaperTable]:
    """All tables of a paper by name, in order. Raises FascoreError if one of its files cannot be read."""
    cells, metrics = read_cells(paper), read_mapping(paper)
    names = dict.fromkeys(cell.table for cell in cells)
    return {
        name: PaperTable(
            paper.name, name, paper.title, paper.citation, tuple(cell for cell in cells if cell.table == name), metrics
        )
        for name in names
    }


def read_cells(paper: Paper) -> tuple[PaperCell, ...]:
    """All cells of a paper. Raises FascoreError with the line of an invalid cell."""
    rows = csv.DictReader(_text(paper, paper.numbers).splitlines())
    header = [field.name for field in fields(PaperCell)]
    if list(rows.fieldnames or []) != header:
        raise FascoreError(
            f"paper '{paper.name}': {paper.numbers} has the columns {', '.join(rows.fieldnames or ['none'])}; write {', '.join(header)}"
        )
    cells = []
    for row in rows:
        if complaint := _complaint(paper, row):
            raise FascoreError(f"paper '{paper.name}': {paper.numbers}, line {rows.line_num}: {complaint}")
        cells.append(PaperCell(**row))
    if not cells:
        raise FascoreError(f"paper '{paper.name}': {paper.numbers} has no cells; write one row for each printed number")
    return tuple(cells)


def read_mapping(paper: Paper) -> dict[str, PrintedMetric]:
    """The corresponding fascore metrics, by the paper's metric names. Raises FascoreError."""
    text = _text(paper, paper.mapping)
    try:
        return validate(Mapped, json.loads(text)).root
    except (FascoreError, json.JSONDecodeError) as error:
        raise FascoreError(f"paper '{paper.name}': {paper.mapping}: {error}") from error


def _text(paper: Paper, file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FascoreError(f"paper '{paper.name}': {file} cannot be read ({error}); reinstall its plugin") from error


def _complaint(paper: Paper, row: Mapping[str | None, str | None]) -> str | None:
    """The error in a row of the CSV, as a sentence; None if there is none."""
    if None in row or None in row.values():
        return "it has more or fewer cells than the header; write a comma for each empty cell"
    if row["paper"] != paper.name:
        return f"paper is '{row['paper']}'; write '{paper.name}'"
    if row["unit"] not in UNITS:
        return f"unit is '{row['unit']}'; choose one of {', '.join(UNITS)}"
    if row["flag"] and row["flag"] not in FLAGS:
        return f"flag is '{row['flag']}'; leave it empty, or choose one of {', '.join(FLAGS)}"
    for name in ("value", "deviation"):
        if row[name] and not _is_number(str(row[name])):
            return f"{name} is '{row[name]}', which is not a number; leave it empty where none is printed"
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
