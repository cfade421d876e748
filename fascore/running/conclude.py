"""The end of a run: metrics.json, report.html, and the summary on the terminal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from fascore.contract.hooks import Section
from fascore.report.html import write_report
from fascore.report.terminal import summary_table
from fascore.running.folder import RunFolder
from fascore.running.report_facts import report_facts


def conclude(folder: RunFolder, metrics: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Write metrics.json and facts.json, then report.html, and print the summary.

    The report is written last: if it exists, the run is complete.
    """
    folder.write(folder.metrics, metrics)
    folder.write(folder.facts, facts)
    report(folder)
    Console().print(summary_table(metrics))
    print(f"report: {folder.report}")


def report(folder: RunFolder, out: Path | None = None, *, share: bool = False) -> Path:
    """Write the report of an evaluated run from its files; return its path. Raises FascoreError if one is missing."""
    facts = report_facts(folder, system_under_test(folder), _lines(folder.log), _lines(folder.quarantine))
    path = out or folder.report
    write_report(path, facts, share=share)
    return path


def add_sections(folder: RunFolder, sections: Sequence[Section]) -> None:
    """Add sections to a finished run's facts.json, replacing those with the same titles. `report` then shows them."""
    facts = folder.read(folder.facts)
    new_sections = {section.title: section._asdict() for section in sections}
    facts["sections"] = list(({section["title"]: section for section in facts["sections"]} | new_sections).values())
    folder.write(folder.facts, facts)


def system_under_test(folder: RunFolder) -> dict[str, str]:
    """What was tested, in print order."""
    resolved = folder.read(folder.resolved)
    origin = resolved["provenance"]
    weights = hashlib.sha256((folder.checkpoints / "best.safetensors").read_bytes()).hexdigest()
    plugins = sorted(set(origin["components"].values()))
    facts = {
        "run": folder.root.name,
        "spec": f"sha256 {hashlib.sha256(json.dumps(resolved['spec'], sort_keys=True).encode()).hexdigest()[:16]}",
        "weights": f"sha256 {weights[:16]}",
        "data": f"sha256 {resolved['data']['manifest'][:16]}, dev {resolved['data']['dev']}",
        "seed": str(resolved["spec"]["seed"]),
        "device": f"{resolved['device']}, {resolved['precision']}, {resolved['processes']} process(es)",
        "components from": ", ".join(plugins),
        "libraries": ", ".join(f"{name} {version}" for name, version in origin["libraries"].items()),
        "python": f"{origin['python']} on {origin['platform']}",
    }
    if origin["not_reproducible"]:
        facts["not reproducible"] = (
            f"it uses components that are not installed: {', '.join(origin['not_reproducible'])}"
        )
    return facts


def _lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines: a reason may contain characters that Unicode counts as line ends, such as U+2028.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line] if path.exists() else []
