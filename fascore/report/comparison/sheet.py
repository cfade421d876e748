"""The building blocks of tables, for all output formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Cell(NamedTuple):
    """The content of a cell: the figure, and details in smaller type. `mark` refers to a footnote."""

    text: str
    detail: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table: the first column names the rows, the next `words` columns hold text, and the others hold figures.

    `notes` appear below it. Rows at the indices in `accent` are highlighted.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    words: int = 0
    accent: Sequence[int] = ()


@dataclass(frozen=True)
class Section:
    """The content under one heading. `key` is its test set and task, for charts."""

    heading: str
    sheets: Sequence[Sheet]
    lead: str = ""
    key: tuple[str, str] | None = None
