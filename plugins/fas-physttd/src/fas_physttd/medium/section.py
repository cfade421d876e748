"""`physttd.trace_medium`: confusion matrices as a section of the report."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fas_physttd.medium.components import MediumAccuracy
from fascore import Config, FascoreError, Section, hookimpl, validate

if TYPE_CHECKING:
    from fas_physttd.medium.confusion import Confusion
    from fascore import Trained


class MediumOptions(Config):
    """`trackers."physttd.trace_medium"` has no options; the metrics physttd.trace_medium of the spec determine the content."""


class MediumSection:
    """One confusion matrix per metric `physttd.trace_medium` of the spec and per test set. It shows no faces."""

    Options = MediumOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        validate(MediumOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """One section. Raises FascoreError if the spec has no such metric."""
        metrics = [metric for metric in trained.spec.metrics if isinstance(metric, MediumAccuracy)]
        if not metrics:
            raise FascoreError(
                "the section physttd.trace_medium needs a metric physttd.trace_medium, but the spec has none; "
                'add {"type": "physttd.trace_medium"} to metrics'
            )
        body = ""
        for name, records in trained.tests.items():
            table = trained.table(records, {})
            body += "".join(_matrix(name, metric.build().confusion(table)) for metric in metrics)
        lead = (
            "Rows are true classes, columns are predicted classes. "
            "Cells count records; the last column is the share of the row that is correct."
        )
        return [Section("Attack media from traces", f'<p class="small soft">{lead}</p>{body}', shareable=True)]


def _matrix(test: str, confusion: Confusion) -> str:
    names = [html.escape(name) for name in confusion.classes]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = ""
    for row, name in enumerate(names):
        cells = "".join(
            f"<td><b>{n}</b></td>" if column == row else f"<td>{n}</td>"
            for column, n in enumerate(confusion.counts[row])
        )
        whole = int(confusion.counts[row].sum())
        share = f"{confusion.counts[row, row] / whole:.1%}" if whole else "none"
        rows += f'<tr><th scope="row">{name}</th>{cells}<td>{share}</td></tr>'
    correct, whole = int(confusion.counts.trace()), int(confusion.counts.sum())
    summary = f"{correct} of {whole} correct, {correct / whole:.1%}" if whole else "no record has an answer"
    silent = f"; {confusion.silent} without an answer" if confusion.silent else ""
    return f"<h3>{html.escape(test)}: {len(names)} classes</h3><p>{summary}{silent}.</p><table><tr><td></td>{head}<th>correct</th></tr>{rows}</table>"


__all__ = ["MediumSection"]
