"""The printed numbers of the paper: as transcribed, with their flags, beside runs."""

import csv
import re
from importlib.resources import files

import numpy as np
import pytest

from fascore.contract.paper import load_paper
from fascore.evaluation.comparison import System, compare_systems
from fascore.evaluation.roc import auc, equal_error
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.comparison import files as written
from fascore.report.comparison.sheets import sections
from fascore.report.papers.matching import beside
from fascore.report.papers.reading import read_cells
from fascore.report.papers.tables import listing, paper_table


def test_the_paper_is_in_the_package_with_all_its_cells(is_complete):
    """Its tables, with the counts of its data sets and one number of its text."""
    is_complete("joint", 1653 - 1 + 42 + 1, frozenset({"accuracy of the other task"}))
    assert {file.name for file in files("fas_joint.papers").iterdir() if file.name.endswith(".csv")} == {"joint.csv"}


@pytest.mark.parametrize("table", ["II", "III", "IV", "V", "VI", "VII", "VIII"])
def test_numbers_are_those_transcribed_in_their_places(numbers_are_those_transcribed, table):
    numbers_are_those_transcribed("joint", table, "joint/all_results_tidy.csv", ["value"])


def test_every_flag_of_the_transcription_is_on_a_cell_with_that_number(transcribed):
    for flag in transcribed("joint/flags.csv"):
        own = paper_table(f"joint/{flag['table']}").cells
        counts = flag["table"] == "I"
        row, column = (
            (flag["dataset"], flag["metric"].replace("_", " "))
            if counts
            else (f"{flag['method']}, {flag['training']}", flag["dataset"])
        )
        place = row, column, "count" if counts else flag["metric"]
        flagged = [cell for cell in own if (cell.row, cell.column, cell.metric) == place and cell.flag]
        assert [float(cell.value) for cell in flagged] == [float(flag["printed_value"])], flag
    cells = read_cells(load_paper("joint"))
    assert sum(bool(cell.flag) for cell in cells) == len(transcribed("joint/flags.csv"))


def test_a_table_is_listed_with_its_metrics_and_marks_and_found_by_its_place():
    assert "joint/IV          AUC, EER, TPR@FPR=10%, TPR@FPR=1%; 442 cells, 7 marked" in listing()
    assert paper_table("JOINT/2").name == "II"


def run(name, datasets, task="spoof", count=200):
    random = np.random.default_rng(1)
    tests = {}
    for test, dataset in datasets.items():
        label = np.arange(count) % 2
        tests[test] = ScoreTable.from_columns(
            {
                "id": [f"{dataset}{row}" for row in range(count)],
                "dataset": [dataset] * count,
                "task": [task] * count,
                "label": label,
                "score": random.normal(0, 1, count) + label,
                "species": np.where(label == 1, "", "print.flat"),
            }
        )
    return System(name, tests, choose("fixed=0.5", None))


def ours(document, **place):
    (cell,) = [cell for cell in document["cells"] if all(cell[key] == value for key, value in place.items())]
    return cell["ours"]


def test_a_run_is_below_the_row_that_its_name_spells_and_its_test_sets_in_the_columns_of_their_data():
    system = run("runs/resnet50-separate.s3", {"intra": "SiW", "MSU": "unnamed"})
    document = beside(paper_table("joint/II"), [system])
    assert document["warnings"] == []
    place = {"row": "ResNet50, separate", "task": "spoof"}
    (figure,) = ours(document, column="SiW", metric="AUC", **place)
    table = system.tests["intra"]
    assert (figure["test"], figure["value"]) == ("intra", auc(table.sorted_bona_fide, table.sorted_attack))
    (figure,) = ours(document, column="MSU", metric="EER", **place)
    table = system.tests["MSU"]
    assert figure["value"] == equal_error(table.sorted_bona_fide, table.sorted_attack).nearest and figure["oracle"]
    assert ours(document, column="HKBU", metric="EER", **place) == []
    assert sum(bool(cell["ours"]) for cell in document["cells"]) == 4


def test_forgeries_are_in_columns_of_forgery_alone():
    document = beside(paper_table("joint/II"), [run("vit-joint", {"ff": "FF++", "siw": "SiW"}, task="forgery")])
    assert {cell["column"] for cell in document["cells"] if cell["ours"]} == {"FF++"}


def test_the_papers_rate_is_measured_by_the_index_of_the_released_code():
    system = run("vit-joint", {"seen": "SiW"}, count=1400)
    document = beside(paper_table("joint/II"), [system], columns=["seen=SiW+3DMAD+HKBU"])
    (figure,) = ours(document, row="ViT, joint", column="SiW+3DMAD+HKBU", metric="TPR@FPR=1%")
    table = system.tests["seen"]
    threshold = sorted(table.sorted_bona_fide)[int(0.01 * 700) - 1]
    assert figure["value"] == (table.sorted_attack < threshold).mean() and figure["oracle"]


def test_a_marked_cell_has_a_footnote_and_no_distance_in_every_form(tmp_path):
    system = run("resnet-norm-concat-separate", {"siw": "SiW", "hkbu": "HKBU"})
    comparison = compare_systems([system])
    comparison["paper"] = beside(paper_table("joint/IV"), [system])
    shown = list(sections(comparison))
    page = written.write(tmp_path, comparison, shown, [system]).read_text()
    assert re.search(r'3\.6<sup class="bad">a</sup>', page)
    assert r"3.6\textsuperscript{a}" in (tmp_path / "compare.tex").read_text()
    assert r"3.6 \[a\]" in (tmp_path / "compare.md").read_text()
    assert "impossible with AUC 99.99" in page
    sheet = next(sheet for section in shown for sheet in section.sheets if sheet.title.startswith("EER · Presentation"))
    row = next(row for row in sheet.rows if row[0].text.startswith("fascore:"))
    siw, hkbu = (row[list(sheet.head).index(name)] for name in ("SiW", "HKBU"))
    assert siw.detail == () and float(hkbu.detail[0]) == pytest.approx(float(hkbu.text) - 8.93, abs=0.011)
    rows = list(csv.DictReader((tmp_path / "compare.paper.csv").open(newline="")))
    assert len(rows) == 442 and sum(bool(row["ours"]) for row in rows) == sum(
        bool(cell["ours"]) for cell in comparison["paper"]["cells"]
    )
