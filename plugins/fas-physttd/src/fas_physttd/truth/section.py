"""`physttd.truth`: estimated traces against true traces, as a section of the report."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt

from fascore import Config, Record, Section, hookimpl, validate

if TYPE_CHECKING:
    from fas_physttd.truth.table import Line
    from fascore import Trained


class TruthOptions(Config):
    """Options of `trackers."physttd.truth"` in a spec."""

    records: PositiveInt = Field(12, description="maximum number of records per species; bona fide counts as one")


class TruthSection:
    """One table per test set of rendered clips: bands, region, and live counterpart of the trained model and of trivial estimates."""

    Options = TruthOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(TruthOptions, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """One section. Raises FascoreError for a run without a trace generator."""
        from fas_physttd.truth.table import NOTE

        body = "".join(self._table(trained, name, records) for name, records in trained.tests.items())
        return [
            Section(
                "Spoof traces against truth", f'<p class="small soft">{html.escape(NOTE)}</p>{body}', shareable=True
            )
        ]

    def _table(self, trained: Trained, test: str, records: Sequence[Record]) -> str:
        from fas_physttd.truth.table import COLUMNS, compare, measured_of

        lines = compare(trained, records, self.options.records)
        if not lines:
            return f'<p class="small soft">{html.escape(test)}: the truth is not known; only clips of the dataset phantom have it.</p>'
        columns = measured_of(lines)
        head = "<th>Species</th><th>Estimate</th>" + "".join(
            f'<th class="n">{COLUMNS[figure]}</th>' for figure in columns
        )
        rows = "".join(_row(line, columns) for line in lines)
        return f'<h3>{html.escape(test)}</h3><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(line: Line, columns: Sequence[str]) -> str:
    from fas_physttd.truth.table import cells

    numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells(line, columns))
    species = f"{html.escape(line.species)} ({line.crops})" if line.estimator == "trained" else ""
    return f"<tr><td>{species}</td><td>{line.estimator}</td>{numbers}</tr>"


__all__ = ["TruthSection"]
