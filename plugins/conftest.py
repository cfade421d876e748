"""Fixtures for the printed numbers of papers, which several plugins provide."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fascore.contract.paper import load_paper
from fascore.report.papers.reading import read_cells, read_mapping
from fascore.report.papers.tables import paper_table


@pytest.fixture(scope="session")
def transcribed() -> Callable[[str], list[dict[str, str]]]:
    """Rows of a transcribed table, such as `joint/flags.csv`; skips the test if the developers' papers are not beside
    the project.
    """

    def read(name: str) -> list[dict[str, str]]:
        beside = (folder / "shared" / "papers" / "tables" for folder in Path(__file__).parents)
        tables = next((folder for folder in beside if folder.is_dir()), None)
        if tables is None:
            pytest.skip("the transcribed tables are not available")
        with (tables / name).open(newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def numbers_are_those_transcribed(transcribed: Callable[[str], list[dict[str, str]]]) -> Callable[..., None]:
    """Check that the numbers and their counts match the transcription, overall and for each word of a row or column."""

    def check(paper: str, table: str, name: str, columns: Sequence[str]) -> None:
        rows = [row for row in transcribed(name) if row.get("table", table) == table]
        own = paper_table(f"{paper}/{table}").cells
        assert Counter(cell.value for cell in own) == Counter(row[column] for row in rows for column in columns)
        for row in rows:
            method = row.get("method") or row.get("model") or ""
            place = (
                row.get("dataset") or row.get("attack") or row.get("unseen_attack") or row.get("unknown_attack") or ""
            )
            metric = row["metric"] if row.get("metric") in {cell.metric for cell in own} else None
            cells = [
                cell
                for cell in own
                if method in cell.row and place in (cell.column, "") and metric in (cell.metric, None)
            ]
            assert {row[column] for column in columns} <= {cell.value for cell in cells}, row

    return check


@pytest.fixture(scope="session")
def half_sums_are_marked() -> Callable[[str], None]:
    """Check that exactly the cells in which ACER differs from the mean of APCER and BPCER by more than rounding are
    marked.
    """

    def check(paper: str) -> None:
        cells = read_cells(load_paper(paper))
        printed = {(cell.table, cell.row, cell.column, cell.metric): cell for cell in cells if cell.value}
        for (table, row, column, metric), cell in printed.items():
            rates = [printed.get((table, row, column, name)) for name in ("APCER", "BPCER")]
            if metric == "ACER" and all(rates) and column not in ("Average", "Overall"):
                off = abs(sum(float(rate.value) for rate in rates) / 2 - float(cell.value)) > 0.06 + 1e-9
                assert off == (cell.flag == "contradicted"), cell

    return check


@pytest.fixture(scope="session")
def is_complete() -> Callable[..., None]:
    """Check that a paper has `size` cells, and that all its percent metrics except `unmapped` have fascore
    counterparts.
    """

    def check(paper: str, size: int, unmapped: frozenset[str] = frozenset()) -> None:
        cells = read_cells(load_paper(paper))
        assert len(cells) == size
        assert {cell.paper for cell in cells} == {paper} and {cell.task for cell in cells} <= {"spoof", "forgery"}
        mapped = read_mapping(load_paper(paper))
        assert {cell.metric for cell in cells if cell.unit == "percent"} - set(mapped) == unmapped

    return check
