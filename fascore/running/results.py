"""The end of a run: metrics.json, report.html and the summary on the terminal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from fascore.evaluation.table import ScoreTable
from fascore.hooks import Hooks, RunFacts
from fascore.report.facts import ReportFacts, record_counts
from fascore.report.html import write_report
from fascore.report.terminal import summary_table
from fascore.running.folder import RunFolder
from fascore.running.records import Splits


def conclude(
    folder: RunFolder, metrics: Mapping[str, Any], tests: Mapping[str, ScoreTable], dev: ScoreTable, splits: Splits, hooks: Hooks, facts: RunFacts
) -> None:
    """Write metrics.json, then report.html, and print the figures. The report is last: where it stands, the run is whole."""
    folder.write(folder.metrics, metrics)
    sections = [section for found in hooks.call("report_sections", run=facts) for section in found]
    write_report(
        folder.report,
        ReportFacts(
            title=facts.name, metrics=metrics, tests=tests, dev=dev, system=system_under_test(folder), log=_lines(folder.log),
            quarantine=_lines(folder.quarantine), splits={"train": record_counts(splits.train)}, sections=sections,
        ),
    )  # fmt: skip
    Console().print(summary_table(metrics))
    print(f"the report: {folder.report}")


def system_under_test(folder: RunFolder) -> dict[str, str]:
    """What was tested, in the order to print."""
    resolved = folder.read(folder.resolved)
    made = resolved["provenance"]
    weights = hashlib.sha256((folder.checkpoints / "best.safetensors").read_bytes()).hexdigest()
    plugins = sorted(set(made["components"].values()))
    facts = {
        "run": folder.root.name,
        "spec": f"sha256 {hashlib.sha256(json.dumps(resolved['spec'], sort_keys=True).encode()).hexdigest()[:16]}",
        "weights": f"sha256 {weights[:16]}",
        "data": f"sha256 {resolved['data']['manifest'][:16]}, dev {resolved['data']['dev']}",
        "seed": str(resolved["spec"]["seed"]),
        "device": f"{resolved['device']}, {resolved['precision']}, {resolved['processes']} process(es)",
        "components from": ", ".join(plugins),
        "libraries": ", ".join(f"{name} {version}" for name, version in made["libraries"].items()),
        "python": f"{made['python']} on {made['platform']}",
    }
    if made["not_reproducible"]:
        facts["not reproducible"] = f"used components that are not installed: {', '.join(made['not_reproducible'])}"
    return facts


def _lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines: a reason may hold characters that Unicode counts as line ends, such as U+2028.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line] if path.exists() else []
