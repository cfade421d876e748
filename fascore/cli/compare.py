"""`fascore compare`: compare several systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fascore.cli.evaluate import Bootstrap, Fold, Format, LabelFile, LabelsAre, LevelName, Polarity, Seed, level_of
from fascore.cli.help import OUTPUT, PAPER, STATISTICS, THRESHOLD, Command, option

NAMELESS = "--paper: name a table, for example joint/II; 'fascore papers' lists the installed tables"
Systems = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN",
        help="folders of runs, folders written by fascore evaluate --out, or score files with --dev",
        show_default=False,
    ),
]
Dev = Annotated[
    list[Path],
    option("--dev", "FILE", "dev score file of a score file; repeat in the order of the score files", THRESHOLD),
]
Rule = Annotated[
    str | None,
    option(
        "--threshold",
        "RULE",
        "rule that sets the threshold of each system on its dev scores [default: the threshold of each run]",
        THRESHOLD,
    ),
]
Baseline = Annotated[
    str | None, option("--baseline", "NAME", "system to compare the others with [default: the first]", STATISTICS)
]
Paper = Annotated[
    str | None,
    option("--paper", "TABLE", "add the numbers of this table, for example joint/II; see fascore papers", PAPER),
]
Rows = Annotated[
    list[str],
    option(
        "--as",
        "RUN=ROW",
        "row of the paper that corresponds to a run; repeatable [default: the row with the name of the run]",
        PAPER,
    ),
]
Columns = Annotated[
    list[str],
    option(
        "--on",
        "TEST=COLUMN",
        "column of the paper that corresponds to a test set; repeatable [default: the column with the name of the test "
        "set or its datasets]",
        PAPER,
    ),
]
Folder = Annotated[
    Path | None, option("--out", "DIR", "write compare.html, .md, .tex, .csv, and .json to this folder", OUTPUT)
]


class CompareCommand(Command):
    """`--paper` without a table ends with a sentence that explains how to list tables."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as any command does. Raises FascoreError."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # click's, which versions of Typer keep in different places
            if getattr(error, "option_name", None) != "--paper":
                raise
            from fascore.contract.errors import FascoreError

            raise FascoreError(NAMELESS) from error


def compare(
    systems: Systems = None,
    format: Format = None,
    polarity: Polarity = None,
    labels_are: LabelsAre = None,
    labels: LabelFile = None,
    dev: Dev = [],  # noqa: B006  Typer copies it
    threshold: Rule = None,
    level: LevelName = "frame",
    fold: Fold = None,
    baseline: Baseline = None,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    paper: Paper = None,
    as_: Rows = [],  # noqa: B006
    on: Columns = [],  # noqa: B006
    out: Folder = None,
) -> None:
    """Compare systems on the presentations that all of them scored.

    Paired tests compare each system with the baseline, each at its own dev threshold. --paper adds the numbers printed
    in a paper; cells that the paper itself contradicts are marked.
    """
    from rich.console import Console

    from fascore.evaluation.comparison import compare_systems
    from fascore.evaluation.evaluate import Depth
    from fascore.evaluation.importers.importer import importer
    from fascore.report.comparison.beside import paper_section
    from fascore.report.comparison.sheets import sections
    from fascore.report.comparison.terminal import summary
    from fascore.report.papers.matching import beside
    from fascore.running.systems import read_systems

    table = _table(paper, [*as_, *on])
    if table is not None and not systems and out is None:
        Console().print(summary({"warnings": []}, [paper_section(beside(table, [], as_, on))]))
        return
    read = read_systems(
        systems or [], dev, threshold, importer(format, polarity, labels_are, labels), level_of(level, fold)
    )
    comparison = compare_systems(read, baseline, Depth(bootstrap, seed))
    if table is not None:
        comparison["paper"] = beside(table, read, as_, on)
        comparison["warnings"] += comparison["paper"].pop("warnings")
    shown = list(sections(comparison))
    print("".join(f"{system.description}\n" for system in read if system.description), end="")
    Console().print(summary(comparison, shown))
    if out is not None:
        from fascore.report.comparison.files import write

        print(f"comparison: {write(out, comparison, shown, read)}")


def _table(paper: str | None, more: list[str]) -> Any:
    """The paper's table; None if none was requested. Raises FascoreError."""
    from fascore.contract.errors import FascoreError
    from fascore.report.papers.tables import paper_table

    if paper is None:
        if more:
            raise FascoreError(f"'{more[0]}' selects a row or column of a paper: add its table with --paper")
        return None
    if paper.startswith("-"):  # the next option instead of a table
        raise FascoreError(NAMELESS)
    return paper_table(paper)
