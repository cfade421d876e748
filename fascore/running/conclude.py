"""The end of a run: metrics.json, report.html and the summary on the terminal."""

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
    """Write metrics.json and facts.json, then report.html, and print the figures. The report comes last: if it exists, the run is complete."""
    folder.write(folder.metrics, metrics)
    folder.write(folder.facts, facts)
    report(folder)
    Console().print(summary_table(metrics))
    print(f"report: {folder.report}")


def report(folder: RunFolder, out: Path | None = None, *, share: bool = False) -> Path:
    """Write the report of a run with figures, from its files alone. Returns the path. Raises FascoreError if a file is missing."""
    facts = report_facts(folder, system_under_test(folder), _lines(folder.log), _lines(folder.quarantine))
    path = out or folder.report
    write_report(path, facts, share=share)
    return path


def add_sections(folder: RunFolder, sections: Sequence[Section]) -> None:
    """Put sections into facts.json of a finished run; a section replaces one with the same title. `report` then shows them."""
    known = folder.read(folder.facts)
    given = {section.title: section._asdict() for section in sections}
    known["sections"] = list(({section["title"]: section for section in known["sections"]} | given).values())
    folder.write(folder.facts, known)


def system_under_test(folder: RunFolder) -> dict[str, str]:
    """The system under test, in the order to print."""
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
        facts["not reproducible"] = f"it uses components that are not installed: {', '.join(made['not_reproducible'])}"
    return facts


def _lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines: a reason may contain characters that Unicode counts as line ends, such as U+2028.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line] if path.exists() else []
