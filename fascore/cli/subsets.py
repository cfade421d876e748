"""`fascore subsets`: a run without some of its inputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fascore.cli.options import With, overrides


def subsets(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="a finished run's folder", show_default=False)],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="NAME", help="to print, such as auc; may be repeated; default: all", show_default=False
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda")] = "auto",
    extra: With = [],  # noqa: B006  Typer copies it
) -> None:
    """Measure a run with every subset of the inputs that a record may lack; a row a subset, at the run's own threshold."""
    from fascore.report.plain_text import columns
    from fascore.running.folder import open_run
    from fascore.running.study import figures
    from fascore.running.subsets import subsets as measure

    overrides([], extra)
    metrics_by_subset = measure(folder, device=device, say=lambda name: print(f"scores {name}", file=sys.stderr))
    wanted = tuple(metric or dict.fromkeys(entry.type for entry in open_run(folder).run_spec().metrics))
    rows = {name: figures(metrics, wanted) for name, metrics in metrics_by_subset.items()}
    names = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    # A figure a line and a subset a column: there are few subsets, and figures have long names.
    print(
        columns(
            [
                ("", *rows),
                *(
                    (name, *(f"{cells[name]:.4f}" if name in cells else "-" for cells in rows.values()))
                    for name in names
                ),
            ]
        )
    )
    print(f"written to {folder / 'subsets.json'}, the scores to {folder / 'subsets'}")
