"""The command `fascore audit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fascore import FascoreError, add_targets

if TYPE_CHECKING:
    from fas_audit.findings import Audit

Target = Annotated[
    str,
    typer.Argument(
        metavar="DATASET",
        help="a component, inline JSON, the .json file of a dataset or spec, or a manifest",
        show_default=False,
    ),
]


class Refused(FascoreError):
    """The audit could not be carried out; this differs from a failed audit."""

    exit_code = 2


RECORDS, LIMITS, OUTPUT = "Records", "Limits", "Output"
Split = Annotated[
    str, typer.Option("--split", metavar="NAME", help="audit only the records of this split", rich_help_panel=RECORDS)
]
Records = Annotated[
    int,
    typer.Option(
        "--records", metavar="N", min=1, help="largest number of records per task and label", rich_help_panel=RECORDS
    ),
]
Ignore = Annotated[
    list[str],
    typer.Option("--ignore", metavar="COLUMN", help="leave this column out; repeatable", rich_help_panel=RECORDS),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", metavar="N", min=0, help="seed for drawing records and for the folds", rich_help_panel=RECORDS
    ),
]
Distance = Annotated[
    float,
    typer.Option(
        "--distance",
        metavar="D",
        min=0,
        max=0.5,
        help="largest allowed distance of an AUC from 0.50",
        rich_help_panel=LIMITS,
    ),
]
Statistic = Annotated[
    float,
    typer.Option(
        "--statistic",
        metavar="AUC",
        min=0.5,
        max=1,
        help="largest allowed AUC of a single statistic",
        rich_help_panel=LIMITS,
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="also fail if a question is not measurable", rich_help_panel=LIMITS)
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="write the report as JSON", show_default=False, rich_help_panel=OUTPUT
    ),
]
Processes = Annotated[
    int | None,
    typer.Option("--processes", metavar="N", min=1, help="number of worker processes [default: one per core]"),
]
Extra = Annotated[
    list[str], typer.Option("--with", metavar="MODULE:CLASS", help="use a component that is not installed; repeatable")
]


def audit(
    dataset: Target,
    split: Split = "all",
    records: Records = 1000,
    ignore: Ignore = [],  # noqa: B006  Typer copies it
    seed: Seed = 0,
    distance: Distance = 0.03,
    statistic: Statistic = 0.75,
    strict: Strict = False,
    out: Out = None,
    processes: Processes = None,
    extra: Extra = [],  # noqa: B006  Typer copies it
) -> None:
    """Test whether labels leak through anything but the face.

    The exit code is 0 if the dataset passed, 1 if it failed, and 2 if the audit could not run.

    Examples:
      fascore audit videos.csv
      fascore audit spec.json --split train --out audit.json
      fascore audit phantom --strict
    """
    with _refusing():
        if extra:
            add_targets(extra)
        from fas_audit.audit import audit as audited
        from fas_audit.findings import Limits
        from fas_audit.target import read_target
        from fascore import progress_bar

        parts = read_target(dataset, split)
        with progress_bar("audit", "read") as progress:
            result = audited(
                dataset,
                parts,
                records=records,
                seed=seed,
                limits=Limits(distance, statistic),
                ignored=ignore,
                processes=processes,
                progress=progress,
            )
        _print(result, out)
    failed = result.verdict() == "failed" or (strict and "not measurable" in result.verdicts())
    raise typer.Exit(1 if failed else 0)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except FascoreError as error:
        raise Refused(str(error)) from error


def _print(audit: Audit, out: Path | None) -> None:
    from fas_audit.report import aligned, document, rows, sentences, species_rows
    from fascore import write_whole

    tables = (aligned(rows(audit)), aligned(species_rows(audit)), "\n".join(sentences(audit)))
    print("\n\n".join(filter(None, tables)))
    print(f"left out because they follow from the label: {', '.join(audit.excluded)}")
    if out is not None:
        write_whole(out, json.dumps(document(audit), indent=1, ensure_ascii=False) + "\n")
        print(f"report: {out}")
    print(f"audit of {audit.target}: {audit.verdict()}")
