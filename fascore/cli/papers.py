"""`fascore papers`: the printed numbers of papers that plugins bring."""

from __future__ import annotations

from typing import Annotated

import typer

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="TABLE", help="a table to print, such as joint/II, or a paper whose tables to list", show_default=False
    ),
]


def papers(table: Name = None) -> None:
    """List the printed tables of papers, by the package that brings them, or print one table.

    A cell that other numbers of its paper contradict, or that is no target for another reason, has a mark; the reason stands below.
    """
    from fascore.report.papers.tables import document, installed_paper, listing, paper_table

    if table is None:
        print(listing())
        return
    if "/" not in table:
        print(listing([installed_paper(table)]))
        return
    from rich.console import Console

    from fascore.report.comparison.beside import printed_section
    from fascore.report.comparison.terminal import summary

    Console().print(summary({"warnings": []}, [printed_section(document(paper_table(table)))]))
