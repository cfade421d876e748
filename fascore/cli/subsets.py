"""`fascore subsets`: evaluate a run without some of its inputs."""

from __future__ import annotations

import sys
from typing import Annotated

from fascore.cli.help import OUTPUT, option
from fascore.cli.options import Device, Run, With, overrides


def subsets(
    folder: Run,
    metric: Annotated[
        list[str] | None,
        option("--metric", "NAME", "metric to print, for example auc; repeatable [default: all]", OUTPUT),
    ] = None,
    device: Device = "auto",
    extra: With = [],  # noqa: B006  Typer copies it
) -> None:
    """Evaluate a run with every subset of its optional inputs.

    All subsets use the threshold of the run.
    """
    from fascore.report.plain_text import columns
    from fascore.running.folder import open_run
    from fascore.running.study import figures
    from fascore.running.subsets import subsets as measure

    overrides([], extra)
    metrics_by_subset = measure(folder, device=device, say=lambda name: print(f"scores {name}", file=sys.stderr))
    wanted = tuple(metric or dict.fromkeys(entry.type for entry in open_run(folder).run_spec().metrics))
    rows = {name: figures(metrics, wanted) for name, metrics in metrics_by_subset.items()}
    names = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    # One line per figure and one column per subset: subsets are few, and figures have long names.
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
    print(f"figures: {folder / 'subsets.json'}; scores: {folder / 'subsets'}")
