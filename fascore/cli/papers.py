"""`fascore papers`: the printed numbers of papers that plugins provide."""

from __future__ import annotations

from typing import Annotated

import typer

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="TABLE",
        help="table to print, for example joint/II, or a paper whose tables are listed",
        show_default=False,
    ),
]


def papers(table: Name = None) -> None:
    """List the tables of papers that installed packages provide, or print one table.

    A mark shows a cell that the paper itself contradicts, or that is unsuitable as a target; the reason is printed below.
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
