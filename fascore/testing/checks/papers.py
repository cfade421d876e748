"""Checks of papers: their printed numbers, and the fascore metrics that they name."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fascore.contract.errors import FascoreError
from fascore.contract.paper import Paper
from fascore.evaluation.comparison import metrics
from fascore.evaluation.evaluate import evaluate
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.papers.reading import Counterpart, PaperCell, read_cells, read_mapping
from fascore.testing.case import Case, Check, Failure

ROWS = 1400
"""Enough rows to measure a rate of 0.5 % of one class."""


def is_paper(case: Case) -> None:
    """The entry point names a Paper of the same name."""
    _paper(case)


def printed_numbers(case: Case) -> None:
    """Each cell occurs once, has a number unless it is marked `not printed`, and has a reason if it is marked."""
    cells = _cells(_paper(case))
    places = Counter((cell.table, cell.row, cell.column, cell.task, cell.metric) for cell in cells)
    if twice := [place for place, count in places.items() if count > 1]:
        raise Failure(f"the cell {', '.join(twice[0])} occurs twice")
    for cell in cells:
        if complaint := _complaint(cell):
            raise Failure(f"the cell {cell.table}, {cell.row}, {cell.column}, {cell.task}, {cell.metric}: {complaint}")


def mapping(case: Case) -> None:
    """The metrics that the paper maps are printed, and each fascore counterpart is a metric that can be measured."""
    paper = _paper(case)
    printed = {cell.metric for cell in _cells(paper)}
    try:
        mapped = read_mapping(paper)
    except FascoreError as error:
        raise Failure(str(error)) from error
    for name, metric in mapped.items():
        if name not in printed:
            raise Failure(f"no cell has the metric '{name}'; available: {', '.join(sorted(printed))}")
        if len(metric.said.split()) < 3:
            raise Failure(
                f"'{name}': `said` is '{metric.said}', which does not explain how fascore's metric corresponds"
            )
        for counterpart in metric.ours:
            _measured(name, counterpart)


def _paper(case: Case) -> Paper:
    paper = case.load()
    if not isinstance(paper, Paper):
        raise Failure(f"{case.point.value} is not a fascore.Paper")
    if paper.name != case.name:
        raise Failure(f"its name is '{paper.name}', but its entry point is called '{case.name}'")
    return paper


def _cells(paper: Paper) -> tuple[PaperCell, ...]:
    try:
        return read_cells(paper)
    except FascoreError as error:
        raise Failure(str(error)) from error


def _complaint(cell: PaperCell) -> str | None:
    if bool(cell.flag) != bool(cell.reason):
        return "a flag needs a reason, and a reason needs a flag"
    if (cell.value == "") != (cell.flag == "not printed"):
        return "exactly the cells without a number must have the flag 'not printed'"
    if not cell.task or not cell.row or not cell.column:
        return "its task, row, or column has no name"
    if cell.unit == "percent" and cell.value and not 0 <= float(cell.value) <= 100:
        return f"{cell.value} percent is not between 0 and 100"
    if cell.deviation and float(cell.deviation) < 0:
        return f"its deviation {cell.deviation} is negative"
    return None


def _measured(name: str, counterpart: Counterpart) -> None:
    test, dev = _table(1), _table(2)
    try:
        (metric,) = metrics([counterpart.metric])
        document = evaluate({"test": test}, choose("eer", dev), [metric], dev)
    except FascoreError as error:
        raise Failure(f"'{name}': {counterpart.metric}: {error}") from error
    (parts,) = document["tests"]["test"]["tasks"]["spoof"]["metrics"].values()
    if not isinstance(parts.get(counterpart.part), float):
        raise Failure(
            f"'{name}': {counterpart.metric} returns no number '{counterpart.part}'; available: {', '.join(parts)}"
        )


def _table(seed: int) -> ScoreTable:
    label = np.arange(ROWS) % 2
    return ScoreTable.from_columns(
        {
            "id": [f"r{row}" for row in range(ROWS)],
            "dataset": ["toy"] * ROWS,
            "task": ["spoof"] * ROWS,
            "label": label,
            "score": np.random.default_rng(seed).normal(0, 1, ROWS) + label,
            "species": np.where(label == 1, "", "print.flat"),
        }
    )


_PAPER = ("paper",)
CHECKS = (
    Check("is_paper", _PAPER, is_paper, "Point the entry point to a fascore.Paper with the same name."),
    Check(
        "printed_numbers",
        _PAPER,
        printed_numbers,
        "Correct the CSV: one row per printed number, as printed; see the docstring of fascore.Paper.",
        needs=("resolves", "is_paper"),
    ),
    Check(
        "mapping",
        _PAPER,
        mapping,
        "Correct the mapping: metrics as named in the CSV, and for each the fascore metrics as written in a spec.",
        needs=("resolves", "is_paper"),
    ),
)
