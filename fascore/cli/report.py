"""The command that writes a run's report again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fascore.cli.options import SHARE, Share
from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    from fascore.running.folder import RunFolder


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="a finished run's folder", show_default=False)],
    share: Share = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help=f"where to [default: RUN/report.html, or {SHARE} beside it]",
            show_default=False,
        ),
    ] = None,
    sections: Annotated[
        str | None,
        typer.Option(
            "--add",
            metavar="JSON",
            help='further sections, as under trackers: {"embedding": {"nodes": ["fused"]}}',
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", help="where further sections are computed: auto, cpu or cuda")
    ] = "auto",
) -> None:
    """Write a run's report again, from the files of its folder: nothing is scored. --share makes one to give away.

    --add looks into the trained model, and adds what it finds to this report and to every later one of the run.
    """
    from fascore.running.conclude import report as write
    from fascore.running.folder import open_run

    run = open_run(folder)
    if sections is not None:
        _add(run, sections, device)
    print(f"the report: {write(run, out or (run.root / SHARE if share else None), share=share)}")


def _add(run: RunFolder, sections: str, device: str) -> None:
    from fascore.running.add_sections import further_sections
    from fascore.spec.documents import json_or_word

    trackers = json_or_word(sections)
    trackers = {trackers: {}} if isinstance(trackers, str) else trackers
    if not isinstance(trackers, dict) or not all(isinstance(options, dict) for options in trackers.values()):
        raise FascoreError(
            f'--add: {sections} is not a JSON object of options by name, such as \'{{"embedding": {{"nodes": ["fused"]}}}}\''
        )
    print(f"added: {', '.join(further_sections(run, trackers, device))}")
