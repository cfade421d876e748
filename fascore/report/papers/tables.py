"""The printed tables of the papers that are installed, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from fascore.contract.errors import FascoreError
from fascore.contract.paper import load_paper
from fascore.contract.registry import index, known_plugins
from fascore.report.papers.reading import PaperTable, tables


def listing(papers: list[str] | None = None) -> str:
    """The installed papers by package, all of them or some, each with a line for each of its tables.

    A line has the table's metrics and the number of its cells that are no target. A paper that cannot be read has a sentence
    in the place of its tables.
    """
    names = index().names("paper") if papers is None else papers
    if not names:
        return f"no paper is installed; {_installable()}"
    packages: dict[str, list[str]] = {}
    for name in names:
        packages.setdefault(_source(name), []).append(name)
    return "\n".join(
        line
        for source in sorted(packages)
        for line in (source, *(row for name in packages[source] for row in _rows(name)))
    )


def _source(name: str) -> str:
    """The package that a paper comes from; several where they claim one name."""
    return " and ".join(
        provider.source for provider in index().providers() if (provider.kind, provider.name) == ("paper", name)
    )


def _rows(name: str) -> Iterator[str]:
    try:
        paper = load_paper(name)
        printed = tables(paper)
    except FascoreError as error:
        yield f"  {name}: {error}"
        return
    yield f"  {name}: {paper.title} ({paper.citation})"
    for table in printed.values():
        doubtful = sum(bool(cell.flag) for cell in table.cells)
        shown = f"{', '.join(table.printed_metrics)}; {len(table.cells)} cell{'s' * (len(table.cells) != 1)}" + (
            f", {doubtful} marked" if doubtful else ""
        )
        yield f"    {f'{name}/{table.name}':16}  {shown}"


def _installable() -> str:
    """Which known plugins bring papers."""
    return "; ".join(
        f"pip install {package} provides {', '.join(facts['bare']['paper'])}"
        for package, facts in known_plugins().items()
        if "paper" in facts["bare"]
    )


def paper_table(name: str) -> PaperTable:
    """A table by `paper/table`, such as `joint/II`, or by its place, `joint/2`; only the files of its paper are read.

    Raises UnknownComponent where the paper is not installed, saying what to install, and FascoreError with all tables of
    the paper and the nearest name where it has no such table.
    """
    wanted, _, place = name.partition("/")
    paper = installed_paper(wanted)
    printed = tables(load_paper(paper))
    known = {f"{paper}/{number}".lower(): table for number, table in enumerate(printed.values(), start=1)}
    known |= {f"{paper}/{table.name}".lower(): table for table in printed.values()}
    if name.lower() not in known:
        near = get_close_matches(name.lower(), known, 1, 0.3) if place else []
        hint = (
            f"; did you mean {paper}/{known[near[0]].name}?"
            if near
            else f"; name one, such as {paper}/{next(iter(printed))}"
        )
        raise FascoreError(f"{listing([paper])}\nthere is no table '{name}'{hint}")
    return known[name.lower()]


def installed_paper(name: str) -> str:
    """The name of an installed paper, written in whatever case. Raises UnknownComponent that says what to install."""
    spelled = next((paper for paper in index().names("paper") if paper.lower() == name.lower()), name)
    if spelled not in index().names("paper"):
        index().provider("paper", spelled)
    return spelled


def document(table: PaperTable) -> dict[str, Any]:
    """JSON: what a table is, and its `cells` as printed, with no figures of ours beside them."""
    return {
        "paper": table.paper,
        "table": table.name,
        "title": table.title,
        "source": table.citation,
        "metrics": {name: printed.said for name, printed in table.metrics.items() if name in table.printed_metrics},
        "cells": [{**asdict(cell), "ours": []} for cell in table.cells],
    }


def key(text: str) -> str:
    """What two names must share to be one: their letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())
