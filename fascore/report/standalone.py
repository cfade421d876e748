"""Score files in, figures and a report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fascore
from fascore.evaluation.standalone import Evaluation, evaluate_files
from fascore.kinds.metric import Metric
from fascore.report.facts import ReportFacts
from fascore.report.html import write_report


def report_files(
    paths: Sequence[Path], *, dev: Path | None = None, rule: str | None = None, out: Path | None = None, metrics: Sequence[Metric] | None = None
) -> Evaluation:
    """`evaluate_files`, and with `out` a report.html beside its metrics.json. For the terminal: `summary_table(found.metrics)`."""
    found = evaluate_files(paths, dev=dev, rule=rule, out=out, metrics=metrics)
    if out is not None:
        system = {
            "system": "unknown: these are scores alone", "test scores": ", ".join(str(path) for path in paths),
            "dev scores": str(dev) if dev else "none", "evaluated by": f"fascore {fascore.__version__}",
        }  # fmt: skip
        title = f"Evaluation of {', '.join(found.tests)}"
        write_report(out / "report.html", ReportFacts(title, found.metrics, found.tests, found.dev, system))
    return found
