"""A comparison as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from fascore.evaluation.comparison import Comparison
from fascore.report.comparison.sheet import Cell, Section, Sheet

COLUMNS = (
    "test",
    "task",
    "system",
    "figure",
    "oracle",
    "value",
    "low",
    "high",
    "errors",
    "n",
    "species",
    "subjects_low",
    "subjects_high",
    "baseline",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "p_holm",
)
"""Columns of compare.csv, which has one row per system and figure."""
PAPER = (
    "paper",
    "table",
    "row",
    "column",
    "task",
    "metric",
    "unit",
    "value",
    "deviation",
    "flag",
    "reason",
    "system",
    "test",
    "name",
    "ours",
    "oracle",
)
"""Columns of compare.paper.csv, which has one row per printed cell and corresponding figure."""
LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "→": r"$\to$",
}


def markdown(title: str, comparison: Comparison, sections: Sequence[Section]) -> str:
    """All tables as GitHub-flavored Markdown."""
    lines = [f"# {_plain(title)}", *(f"> {_plain(warning)}" for warning in comparison["warnings"])]
    for section in sections:
        lines += ["", f"## {_plain(section.heading)}", *(["", _plain(section.lead)] if section.lead else [])]
        for sheet in section.sheets:
            lines += ["", f"### {_plain(sheet.title)}", "", *_markdown_rows(sheet)]
            lines += [part for note in sheet.notes for part in ("", _plain(note))]
    return "\n".join(lines) + "\n"


def _markdown_rows(sheet: Sheet) -> Iterator[str]:
    yield _bar(_plain(name) for name in sheet.head)
    yield _bar("---" if place <= sheet.words else "---:" for place in range(len(sheet.head)))
    for row in sheet.rows:
        yield _bar(_plain(_line(cell)) for cell in row)


def _bar(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Text with all markup escaped."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$!&])", r"\\\1", " ".join(text.split()))


def _line(cell: Cell) -> str:
    """A cell on one line."""
    mark = f" [{cell.mark}]" if cell.mark else ""
    return f"{cell.text}{mark}" + (f" ({'; '.join(cell.detail)})" if cell.detail else "")


def latex(title: str, sections: Sequence[Section]) -> str:
    """One `table` per sheet, for a document that uses the booktabs package. Omits cell details and puts notes in the caption."""
    parts = [f"% {escaped(title)}: requires \\usepackage{{booktabs}}"]
    for section in sections:
        parts += [
            "",
            f"% {escaped(section.heading)}",
            *(line for sheet in section.sheets for line in _latex_table(section, sheet)),
        ]
    return "\n".join(parts) + "\n"


def _latex_table(section: Section, sheet: Sheet) -> Iterator[str]:
    caption = " ".join([f"{section.heading}: {sheet.title}.", *sheet.notes])
    yield from (r"\begin{table}", r"\centering", rf"\caption{{{escaped(caption)}}}")
    yield rf"\begin{{tabular}}{{{''.join('l' if place <= sheet.words else 'r' for place in range(len(sheet.head)))}}}"
    yield r"\toprule"
    yield " & ".join(map(escaped, sheet.head)) + r" \\"
    yield r"\midrule"
    for row in sheet.rows:
        yield (
            " & ".join(
                escaped(cell.text) + (rf"\textsuperscript{{{escaped(cell.mark)}}}" if cell.mark else "") for cell in row
            )
            + r" \\"
        )
    yield from (r"\bottomrule", r"\end{tabular}", r"\end{table}")


def escaped(text: str) -> str:
    """Text with LaTeX commands escaped."""
    return "".join(LATEX.get(letter, letter) for letter in " ".join(text.split()))


def table_rows(comparison: Comparison) -> Iterator[dict[str, object]]:
    """Yield one row per system and figure with its difference from the baseline. Rates are in [0, 1]."""
    for test, part in comparison["tests"].items():
        for task, measured in part["tasks"].items():
            for system, figures in measured["systems"].items():
                differences = measured["pairs"].get(system, {}).get("differences", {})
                further = measured.get("further", {}).get(system, {})
                for key, figure in {**figures, **further}.items():
                    drawn, pair = figure.get("bootstrap") or {}, differences.get(key, {})
                    again = pair.get("bootstrap", {})
                    yield {
                        "test": test,
                        "task": task,
                        "system": system,
                        "figure": key,
                        **{name: figure[name] for name in figure if name in COLUMNS},
                        "subjects_low": drawn.get("low"),
                        "subjects_high": drawn.get("high"),
                        "baseline": comparison["baseline"],
                        "difference": pair.get("difference"),
                        "difference_low": again.get("low"),
                        "difference_high": again.get("high"),
                        "p": again.get("p"),
                        "p_holm": again.get("p_holm"),
                    }


def paper_rows(comparison: Comparison) -> Iterator[dict[str, object]]:
    """Yield printed cells in the paper's unit with fascore's figures in [0, 1]."""
    for cell in comparison["paper"]["cells"]:
        printed = {key: cell[key] for key in PAPER if key in cell and key != "ours"}
        for figure in cell["ours"] or [{}]:
            ours = {key: figure[key] for key in ("system", "test", "name", "oracle") if key in figure}
            yield {**printed, **ours, "ours": figure.get("value")}


def csv_text(columns: Sequence[str], rows: Iterator[dict[str, object]]) -> str:
    """CSV text with a header. None becomes an empty cell."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
