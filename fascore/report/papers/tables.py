"""The printed tables of installed papers, by name."""

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
    """All or some installed papers by package, each with one line per table.

    A line shows the table's metrics and the number of its cells that are not targets. For a paper that cannot be read,
    a sentence replaces its tables.
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
    """The package that provides a paper; several if they provide the same name."""
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
    """The known plugins that provide papers."""
    return "; ".join(
        f"pip install {package} provides {', '.join(facts['bare']['paper'])}"
        for package, facts in known_plugins().items()
        if "paper" in facts["bare"]
    )


def paper_table(name: str) -> PaperTable:
    """A table by `paper/table`, such as `joint/II`, or by its position, `joint/2`.

    Only the files of its paper are read.

    Raises UnknownComponent with the package to install if the paper is not installed, and FascoreError with all tables
    of the paper and the nearest name if it has no such table.
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
    """The name of an installed paper, ignoring case. Raises UnknownComponent with the package to install."""
    spelled = next((paper for paper in index().names("paper") if paper.lower() == name.lower()), name)
    if spelled not in index().names("paper"):
        index().provider("paper", spelled)
    return spelled


def document(table: PaperTable) -> dict[str, Any]:
    """JSON: a description of a table and its `cells` as printed, without fascore's figures."""
    return {
        "paper": table.paper,
        "table": table.name,
        "title": table.title,
        "source": table.citation,
        "metrics": {name: printed.said for name, printed in table.metrics.items() if name in table.printed_metrics},
        "cells": [{**asdict(cell), "ours": []} for cell in table.cells],
    }


def key(text: str) -> str:
    """The letters and digits of a name, in lowercase. Names with equal keys are treated as the same."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())
