"""`fascore papers`: the published numbers that plugins provide."""

from __future__ import annotations

from typing import Annotated

import typer

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="TABLE",
        help="table to print, for example joint/II, or paper whose tables to list, for example joint",
        show_default=False,
    ),
]


def papers(table: Name = None) -> None:
    """List the tables of papers that installed packages provide, or print one.

    A marked cell is contradicted by the paper itself or unsuitable as a target; the reason is printed below the table.
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
