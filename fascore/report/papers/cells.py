"""The printed tables of papers."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from fascore.contract.errors import FascoreError

FLAGS = {
    "contradicted": "other numbers of the paper contradict it",
    "copied": "it looks like a copy of another row",
    "inferred": "the row was inferred",
    "mislabelled": "the row's name contradicts the text",
    "not printed": "there is no number",
}
"""Why a cell is no target."""


@dataclass(frozen=True)
class PaperCell:
    """One printed number. `value` and `deviation` stand as they are printed, empty where they are not; `unit` is percent, count or million."""

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


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper; `metrics` says by the paper's name of a metric which of ours correspond (`ours`) and how (`said`)."""

    paper: str
    name: str
    title: str
    source: str
    cells: Sequence[PaperCell]
    metrics: dict[str, Any]

    @property
    def rows(self) -> list[str]:
        """Names of the rows, in their order."""
        return list(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(dict.fromkeys(cell.column for cell in self.cells))


@cache
def papers() -> dict[str, Any]:
    """Title, source and metrics of every paper, by its short name."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("papers.json").read_text(encoding="utf-8"))
    return found


@cache
def cells(paper: str) -> tuple[PaperCell, ...]:
    """All cells of a paper."""
    text = files(__package__).joinpath(f"{paper}.csv").read_text(encoding="utf-8")
    return tuple(PaperCell(**row) for row in csv.DictReader(text.splitlines()))


def listing() -> str:
    """Every table there is, in words: a line a table, with its metrics and the number of cells that are no target."""
    lines = []
    for paper, about in papers().items():
        lines.append(f"{paper}: {about['title']} ({about['source']})")
        for name in dict.fromkeys(cell.table for cell in cells(paper)):
            own = [cell for cell in cells(paper) if cell.table == name]
            doubtful = sum(bool(cell.flag) for cell in own)
            shown = f"{', '.join(dict.fromkeys(cell.metric for cell in own))}; {len(own)} cells" + (
                f", {doubtful} marked" if doubtful else ""
            )
            lines.append(f"  {f'{paper}/{name}':16}  {shown}")
    return "\n".join(lines)


def paper_table(name: str) -> PaperTable:
    """A table by `paper/table`, such as `joint/II`, or by its place, `joint/2`. Raises FascoreError with all there are and the nearest name."""
    tables = {paper: list(dict.fromkeys(cell.table for cell in cells(paper))) for paper in papers()}
    places = {
        f"{paper}/{place}": (paper, table) for paper, own in tables.items() for place, table in enumerate(own, start=1)
    }
    known = {**places, **{f"{paper}/{table}".lower(): (paper, table) for paper, own in tables.items() for table in own}}
    if name.lower() not in known:
        near = get_close_matches(name.lower(), known, 1, 0.3)
        hint = f"; did you mean {'/'.join(known[near[0]])}?" if near else ""
        raise FascoreError(f"{listing()}\nthere is no table '{name}'{hint}")
    paper, table = known[name.lower()]
    about = papers()[paper]
    return PaperTable(
        paper,
        table,
        about["title"],
        about["source"],
        [cell for cell in cells(paper) if cell.table == table],
        about["metrics"],
    )


def key(text: str) -> str:
    """What two names must share to be one: their letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())
