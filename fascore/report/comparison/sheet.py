"""What tables are made of, for all forms of output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Cell(NamedTuple):
    """What stands in a cell: the figure, and smaller what qualifies it. `mark` refers to a footnote."""

    text: str
    detail: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table: the first column names the rows, `words` more after it are text, the others figures.

    `notes` stand below it; rows at the places of `accent` stand out.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    words: int = 0
    accent: Sequence[int] = ()


@dataclass(frozen=True)
class Section:
    """What is shown under one heading; `key` is the test set and task that it is of, for charts."""

    heading: str
    sheets: Sequence[Sheet]
    lead: str = ""
    key: tuple[str, str] | None = None
