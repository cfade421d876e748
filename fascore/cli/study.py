"""`fascore study`: tables of runs from a base spec and rows of overrides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore.cli.help import SPEC, option
from fascore.cli.options import Runs, Strict, Trainers, With, overrides, problems_of

RUNS = Path("runs")
Study = Annotated[Path, typer.Argument(metavar="STUDY", help="JSON file of the study", show_default=False)]
Base = Annotated[
    Path | None, option("--base", "SPEC", "base spec to use instead of the one that the study names", SPEC)
]


def study_check(study: Study, base: Base = None, extra: With = []) -> None:  # noqa: B006
    """Check every run of a study and list the runs."""
    from fascore.running.study import check_study, read_study

    overrides([], extra)
    with problems_of(study):
        names = check_study(read_study(study, base))
    print("\n".join([*names, f"{len(names)} runs, all valid"]))


def study_run(
    study: Study,
    base: Base = None,
    processes: Trainers = 1,
    strict: Strict = False,
    runs: Runs = RUNS,
    extra: With = [],  # noqa: B006
) -> None:
    """Execute the unfinished runs of a study, then print its table."""
    from fascore.running.run import execute_document
    from fascore.running.study import read_study, run_study

    overrides([], extra)
    with problems_of(study):
        read = read_study(study, base)
        run_study(
            read,
            runs,
            lambda document, folder: execute_document(document, processes=processes, strict=strict, runs=folder),
            print,
        )
    study_table(study, base, runs)


def study_table(study: Study, base: Base = None, runs: Runs = RUNS, extra: With = []) -> None:  # noqa: B006
    """Print means and standard deviations over seeds and folds.

    The table has one line per row of the study.
    """
    from fascore.report.plain_text import columns
    from fascore.running.study import read_study, table

    overrides([], extra)
    with problems_of(study):
        rows = table(read_study(study, base), runs)
    figures = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    print(
        columns(
            [("", *figures), *((row, *(str(cells.get(name, "-")) for name in figures)) for row, cells in rows.items())]
        )
    )
