"""The files of a comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fascore.evaluation.comparison import Comparison, System
from fascore.files import write_whole
from fascore.report.comparison import page, text
from fascore.report.comparison.sheets import Section


def write(out: Path, found: Comparison, sections: Sequence[Section], systems: Sequence[System]) -> Path:
    """Write compare.json, .csv, .md, .tex and .html into a folder, each whole; the path of the page."""
    title = f"{' against '.join(found['systems'])}" if len(found["systems"]) == 2 else f"{len(found['systems'])} systems compared"
    if len(found["systems"]) == 1:
        title = next(iter(found["systems"]))
    write_whole(out / "compare.json", json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    write_whole(out / "compare.csv", text.csv_text(text.COLUMNS, text.table_rows(found)))
    write_whole(out / "compare.md", text.markdown(title, found, sections))
    write_whole(out / "compare.tex", text.latex(title, sections))
    write_whole(out / "compare.html", page.render(title, found, sections, systems))
    return out / "compare.html"
