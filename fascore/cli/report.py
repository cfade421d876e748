"""`fascore report`: rewrite the report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fascore.cli.help import OUTPUT, option
from fascore.cli.options import SHARE, Device, Run, Share
from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    from fascore.running.folder import RunFolder


def report(
    folder: Run,
    share: Share = False,
    out: Annotated[
        Path | None,
        option("--out", "FILE", f"file to write [default: RUN/report.html; with --share, RUN/{SHARE}]", OUTPUT),
    ] = None,
    sections: Annotated[
        str | None,
        option(
            "--add",
            "JSON",
            'sections to add, in the form of trackers, for example {"embedding": {"nodes": ["fused"]}}',
            OUTPUT,
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Rewrite the report of a run, or write a report to share.

    The report is built from the files of the run folder; nothing is scored again. --add computes sections from the
    trained model and keeps them for later reports.
    """
    from fascore.running.conclude import report as write
    from fascore.running.folder import open_run

    run = open_run(folder)
    if sections is not None:
        _add(run, sections, device)
    print(f"report: {write(run, out or (run.root / SHARE if share else None), share=share)}")


def _add(run: RunFolder, sections: str, device: str) -> None:
    from fascore.running.add_sections import further_sections
    from fascore.spec.documents import json_or_word

    trackers = json_or_word(sections)
    trackers = {trackers: {}} if isinstance(trackers, str) else trackers
    if not isinstance(trackers, dict) or not all(isinstance(options, dict) for options in trackers.values()):
        raise FascoreError(
            f"--add: {sections} is not a JSON object of options by name, for example "
            '{"embedding": {"nodes": ["fused"]}}'
        )
    print(f"added: {', '.join(further_sections(run, trackers, device))}")
