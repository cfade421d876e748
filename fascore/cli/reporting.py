"""The command that writes a run's report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore.cli.options import SHARE, Share


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="a finished run's folder", show_default=False)],
    share: Share = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=f"where to [default: RUN/report.html, or {SHARE} beside it]", show_default=False)
    ] = None,
) -> None:
    """Write a run's report again, from the files of its folder: nothing is scored. --share makes one to give away."""
    from fascore.running.folder import open_run
    from fascore.running.results import report as write

    run = open_run(folder)
    print(f"the report: {write(run, out or (run.root / SHARE if share else None), share=share)}")
