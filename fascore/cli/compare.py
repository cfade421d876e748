"""`fascore compare`: several systems side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from fascore.cli.evaluate import (
    Bootstrap,
    Fold,
    Format,
    LabelFile,
    LabelsAre,
    LevelName,
    Polarity,
    Seed,
    level_of,
    option,
)

NAMELESS = "--paper: name a table, such as joint/II; 'fascore papers' lists those that are installed"
Systems = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN",
        help="runs' folders, folders of fascore evaluate --out, or score files with --dev",
        show_default=False,
    ),
]
Dev = Annotated[list[Path], option("--dev", "FILE", "dev score file of each score file, in their order")]
Rule = Annotated[
    str | None,
    option("--threshold", "RULE", "choose each threshold by this rule on its own dev [default: each run's own]"),
]
Baseline = Annotated[str | None, option("--baseline", "NAME", "the system to compare with [default: the first]")]
Paper = Annotated[
    str | None,
    option("--paper", "TABLE", "a paper's printed numbers beside ours, such as joint/II; see fascore papers"),
]
Rows = Annotated[
    list[str],
    option("--as", "RUN=ROW", "the paper's row that a run is; default: the one its name spells; may be repeated"),
]
Columns = Annotated[
    list[str],
    option("--on", "TEST=COLUMN", "the paper's column that a test set is; default: that of its name or datasets"),
]
Folder = Annotated[Path | None, option("--out", "DIR", "write compare.html, .md, .tex, .csv and .json there")]


class Command(TyperCommand):
    """`--paper` without a table ends in a sentence that says where to find one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As any command does. Raises FascoreError."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # click's, which versions of Typer keep in different places
            if getattr(error, "option_name", None) != "--paper":
                raise
            from fascore.contract.errors import FascoreError

            raise FascoreError(NAMELESS) from error


def compare(
    systems: Systems = None,
    dev: Dev = [],  # noqa: B006  Typer copies it
    threshold: Rule = None,
    baseline: Baseline = None,
    paper: Paper = None,
    as_: Rows = [],  # noqa: B006
    on: Columns = [],  # noqa: B006
    out: Folder = None,
    format: Format = None,
    polarity: Polarity = None,
    labels_are: LabelsAre = None,
    labels: LabelFile = None,
    level: LevelName = "frame",
    fold: Fold = None,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
) -> None:
    """Set systems side by side on the presentations that all have, each at its own dev threshold, with paired tests against the first.

    With --paper, the numbers that a paper prints stand beside them; cells that the paper itself contradicts are marked.
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
    print("".join(f"{system.told}\n" for system in read if system.told), end="")
    Console().print(summary(comparison, shown))
    if out is not None:
        from fascore.report.comparison.files import write

        print(f"the comparison: {write(out, comparison, shown, read)}")


def _table(paper: str | None, more: list[str]) -> Any:
    """The paper's table; None where none is asked for. Raises FascoreError."""
    from fascore.contract.errors import FascoreError
    from fascore.report.papers.tables import paper_table

    if paper is None:
        if more:
            raise FascoreError(f"'{more[0]}' names a row or column of a paper: say of which with --paper")
        return None
    if paper.startswith("-"):  # the next option, taken for a table
        raise FascoreError(NAMELESS)
    return paper_table(paper)
