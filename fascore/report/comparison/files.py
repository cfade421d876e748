"""The files of a comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fascore.contract.files import write_whole
from fascore.evaluation.comparison import Comparison, System
from fascore.report.comparison import page, text
from fascore.report.comparison.sheet import Section


def write(out: Path, comparison: Comparison, sections: Sequence[Section], systems: Sequence[System]) -> Path:
    """Write compare.json, .csv, .md, .tex, and .html atomically into a folder, plus compare.paper.csv for a paper. Return the path of the page."""
    heading = title(comparison)
    write_whole(out / "compare.json", json.dumps(comparison, indent=2, ensure_ascii=False) + "\n")
    write_whole(out / "compare.csv", text.csv_text(text.COLUMNS, text.table_rows(comparison)))
    if "paper" in comparison:
        write_whole(out / "compare.paper.csv", text.csv_text(text.PAPER, text.paper_rows(comparison)))
    write_whole(out / "compare.md", text.markdown(heading, comparison, sections))
    write_whole(out / "compare.tex", text.latex(heading, sections))
    write_whole(out / "compare.html", page.render(heading, comparison, sections, systems))
    return out / "compare.html"


def title(comparison: Comparison) -> str:
    """What a comparison is called."""
    names = list(comparison["systems"])
    return " vs. ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} other systems"
