"""Printed numbers of papers: as transcribed, with their flags, beside runs."""

import csv
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from fascore.contract.errors import FascoreError
from fascore.evaluation.comparison import System, compare_systems, metrics
from fascore.evaluation.roc import auc, equal_error
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.comparison import files as written
from fascore.report.comparison.sheets import sections
from fascore.report.papers.cells import FLAGS, cells, listing, paper_table, papers
from fascore.report.papers.matching import beside

TRANSCRIBED = Path(__file__).parents[3] / "shared" / "papers" / "tables"
NAMES = ("joint", "mmfas", "physttd", "polytrace", "twostream")
SIZES = {
    "joint": 1653 - 1 + 42 + 1,
    "mmfas": 165 + 18 * 3 + 6,
    "polytrace": 9 + 96 + 45 + 24 + 4,
    "twostream": 12 + 66 + 24 + 16 + 22 + 16,
    "physttd": 108 + 72 + 238 + 476 + 84 + 25 * 2 + 36,
}
"""Cells by paper: its tables' sizes, of the first paper with the counts of its data sets and one number of its text."""


def test_every_paper_is_in_the_package_with_all_its_cells() -> None:
    assert tuple(sorted(papers())) == NAMES
    assert {paper: len(cells(paper)) for paper in NAMES} == SIZES
    assert {file.name for file in files("fascore.report.papers").iterdir() if file.name.endswith(".csv")} == {
        f"{paper}.csv" for paper in NAMES
    }


@pytest.mark.parametrize("paper", NAMES)
def test_a_paper_has_each_cell_once_and_numbers_in_all_of_them(paper: str) -> None:
    own = cells(paper)
    assert max(Counter((cell.table, cell.row, cell.column, cell.task, cell.metric) for cell in own).values()) == 1
    for cell in own:
        assert (
            cell.paper == paper and cell.task in ("spoof", "forgery") and cell.unit in ("percent", "count", "million")
        )
        assert cell.flag in ("", *FLAGS) and bool(cell.flag) == bool(cell.reason)
        assert (cell.value == "") == (cell.flag == "not printed")
        if cell.unit == "percent" and cell.value:
            assert 0 <= float(cell.value) <= 100 and (not cell.deviation or float(cell.deviation) >= 0)


@pytest.mark.parametrize("paper", NAMES)
def test_what_corresponds_to_a_papers_metric_is_a_metric_of_ours(paper: str) -> None:
    about = papers()[paper]["metrics"]
    assert {cell.metric for cell in cells(paper) if cell.unit == "percent"} - set(about) <= {
        "accuracy of the other task"
    }
    (table,) = run("any", {"test": "data"}, count=1400).tests.values()
    for metric in about.values():
        values = [
            metrics([one["metric"]])[0].build().compute(table, choose("eer", table)).get(one["part"])
            for one in metric["ours"]
        ]
        assert all(isinstance(value, float) for value in values) and metric["said"]


@pytest.mark.parametrize("paper", ["physttd", "polytrace", "twostream"])
def test_a_half_sum_that_does_not_add_up_is_marked_and_no_other(paper: str) -> None:
    """ACER is the mean of APCER and BPCER; printed to one digit, it may be off by rounding."""
    printed = {(cell.table, cell.row, cell.column, cell.metric): cell for cell in cells(paper) if cell.value}
    for (table, row, column, metric), cell in printed.items():
        parts = [printed.get((table, row, column, name)) for name in ("APCER", "BPCER")]
        if metric == "ACER" and all(parts) and column not in ("Average", "Overall"):
            off = abs(sum(float(part.value) for part in parts) / 2 - float(cell.value)) > 0.06 + 1e-9
            assert off == (cell.flag == "contradicted"), cell


def transcribed(name: str) -> list[dict[str, str]]:
    if not TRANSCRIBED.is_dir():
        pytest.skip("the transcribed tables are not here")
    with (TRANSCRIBED / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("paper", "table", "name", "columns"),
    [
        *(
            ("joint", table, "joint/all_results_tidy.csv", ["value"])
            for table in ("II", "III", "IV", "V", "VI", "VII", "VIII")
        ),
        ("mmfas", "1", "mmfas/table1_cross_dataset.csv", ["value_pct"]),
        ("mmfas", "2", "mmfas/table2_ablation.csv", ["params_M", "MmFA_acc_pct", "weighted_acc_pct"]),
        ("mmfas", "3", "mmfas/table3_switch_mode.csv", ["weighted_auc_pct"]),
        ("polytrace", "1", "polytrace/table1_wmca_grandtest.csv", ["acer_pct"]),
        ("polytrace", "2", "polytrace/table2_wmca_loo.csv", ["acer_pct"]),
        ("polytrace", "3", "polytrace/table3_cefa.csv", ["mean_pct"]),
        ("polytrace", "4", "polytrace/table4_ablation_modules.csv", ["value_pct"]),
        ("polytrace", "5", "polytrace/table5_ablation_losses.csv", ["mean_acer_pct"]),
        ("physttd", "1", "physttd/table1_oulu.csv", ["mean_pct"]),
        ("physttd", "2", "physttd/table2_siw.csv", ["mean_pct"]),
        ("physttd", "3", "physttd/table3_siwm_p1.csv", ["value_pct"]),
        ("physttd", "4", "physttd/table4_siwm_p2.csv", ["value_pct"]),
        ("physttd", "5", "physttd/table5_siwm_p3.csv", ["value_pct"]),
        ("physttd", "6", "physttd/table6_medium_confusion_oulu.csv", ["count", "delta_vs_FaceDeSpoofing"]),
        ("physttd", "7", "physttd/table7_trace_confusion_siwm.csv", ["count"]),
        ("twostream", "1", "twostream/table1_siw.csv", ["mean_pct"]),
        ("twostream", "2", "twostream/table2_oulu.csv", ["mean_pct"]),
        ("twostream", "3", "twostream/table3_cross.csv", ["hter_pct"]),
        ("twostream", "4", "twostream/table4_fpm_ppm.csv", ["acer_pct_oulu_p1", "hter_pct_cross"]),
        ("twostream", "5", "twostream/table5_branches.csv", ["acer_pct_oulu_p1", "hter_pct_cross"]),
        ("twostream", "6", "twostream/table6_exploration.csv", ["acer_pct_oulu_p1", "hter_pct_cross"]),
    ],
)
def test_numbers_are_those_transcribed_in_their_places(paper: str, table: str, name: str, columns: list[str]) -> None:
    """The same numbers as often, and under each word of a row or column those that stand beside the word in the transcription."""
    rows = [row for row in transcribed(name) if row.get("table", table) == table]
    own = paper_table(f"{paper}/{table}").cells
    assert Counter(cell.value for cell in own) == Counter(row[column] for row in rows for column in columns)
    for row in rows:
        method = row.get("method") or row.get("model") or ""
        place = row.get("dataset") or row.get("attack") or row.get("unseen_attack") or row.get("unknown_attack") or ""
        metric = row["metric"] if row.get("metric") in {cell.metric for cell in own} else None
        found = [
            cell for cell in own if method in cell.row and place in (cell.column, "") and metric in (cell.metric, None)
        ]
        assert {row[column] for column in columns} <= {cell.value for cell in found}, row


def test_every_flag_of_the_transcription_is_on_a_cell_with_that_number() -> None:
    for flag in transcribed("joint/flags.csv"):
        own = paper_table(f"joint/{flag['table']}").cells
        counts = flag["table"] == "I"
        row, column = (
            (flag["dataset"], flag["metric"].replace("_", " "))
            if counts
            else (f"{flag['method']}, {flag['training']}", flag["dataset"])
        )
        place = row, column, "count" if counts else flag["metric"]
        found = [cell for cell in own if (cell.row, cell.column, cell.metric) == place and cell.flag]
        assert [float(cell.value) for cell in found] == [float(flag["printed_value"])], flag
    assert sum(bool(cell.flag) for cell in cells("joint")) == len(transcribed("joint/flags.csv"))


def test_an_unknown_table_is_answered_with_the_nearest_and_all_there_are() -> None:
    with pytest.raises(FascoreError, match=r"there is no table 'joint/IIX'; did you mean joint/II\?") as told:
        paper_table("joint/IIX")
    assert all(f"{paper}: " in str(told.value) for paper in NAMES)
    assert "joint/IV          AUC, EER, TPR@FPR=10%, TPR@FPR=1%; 442 cells, 7 marked" in listing()
    assert paper_table("JOINT/2").name == "II"


def run(name: str, datasets: dict[str, str], task: str = "spoof", count: int = 200) -> System:
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


def ours(found: dict, **place: str) -> list[dict]:
    (cell,) = [cell for cell in found["cells"] if all(cell[key] == value for key, value in place.items())]
    return cell["ours"]


def test_a_run_stands_below_the_row_that_its_name_spells_and_its_test_sets_in_the_columns_of_their_data() -> None:
    system = run("runs/resnet50-separate.s3", {"intra": "SiW", "MSU": "unnamed"})
    found = beside(paper_table("joint/II"), [system])
    assert found["warnings"] == []
    place = {"row": "ResNet50, separate", "task": "spoof"}
    (one,) = ours(found, column="SiW", metric="AUC", **place)
    table = system.tests["intra"]
    assert (one["test"], one["value"]) == ("intra", auc(table.sorted_bona_fide, table.sorted_attack))
    (one,) = ours(found, column="MSU", metric="EER", **place)
    table = system.tests["MSU"]
    assert one["value"] == equal_error(table.sorted_bona_fide, table.sorted_attack).nearest and one["oracle"]
    assert ours(found, column="HKBU", metric="EER", **place) == []
    assert sum(bool(cell["ours"]) for cell in found["cells"]) == 4


def test_a_run_is_of_the_row_and_the_test_set_of_the_column_that_the_user_says() -> None:
    system = run("mine", {"a": "x"})
    assert "mine: of no row of joint/II" in beside(paper_table("joint/II"), [system])["warnings"][0]
    assert "no test set of a column" in beside(paper_table("joint/II"), [system], ["mine=vit, JOINT"])["warnings"][0]
    found = beside(paper_table("joint/II"), [system], ["mine=vit, JOINT"], ["a=3DMask"])
    assert len(ours(found, row="ViT, joint", column="3DMask", metric="AUC")) == 1
    for rows, columns, message in (
        (["mine=ViT"], [], "the table has no 'ViT'; the nearest is 'ViT, "),
        (["mine"], [], "write ours, an equals sign"),
        (["other=ViT, joint"], [], "there is no 'other'; there are mine"),
        ([], ["a=SIW-M"], "the nearest is 'SiW'"),
    ):
        with pytest.raises(FascoreError, match=message):
            beside(paper_table("joint/II"), [system], rows, columns)


def test_forgeries_stand_in_columns_of_forgery_alone() -> None:
    found = beside(paper_table("joint/II"), [run("vit-joint", {"ff": "FF++", "siw": "SiW"}, task="forgery")])
    assert {cell["column"] for cell in found["cells"] if cell["ours"]} == {"FF++"}


def test_where_a_paper_does_not_name_its_acer_both_of_ours_are_shown() -> None:
    found = beside(paper_table("physttd/1"), [run("Ours", {"protocol_1": "oulu"})])
    assert [one["name"] for one in ours(found, row="Ours", column="protocol 1", metric="ACER")] == [
        "ACER, worst species",
        "ACER, pooled",
    ]
    assert "not known" in found["metrics"]["ACER"]


def test_a_marked_cell_has_a_footnote_and_no_distance_in_every_form(tmp_path: Path) -> None:
    system = run("resnet-norm-concat-separate", {"siw": "SiW", "hkbu": "HKBU"})
    found = compare_systems([system])
    found["paper"] = beside(paper_table("joint/IV"), [system])
    shown = list(sections(found))
    page = written.write(tmp_path, found, shown, [system]).read_text()
    assert re.search(r'3\.6<sup class="bad">a</sup>', page)
    assert r"3.6\textsuperscript{a}" in (tmp_path / "compare.tex").read_text()
    assert r"3.6 \[a\]" in (tmp_path / "compare.md").read_text()
    assert "impossible with AUC 99.99" in page
    sheet = next(sheet for section in shown for sheet in section.sheets if sheet.title.startswith("EER · Presentation"))
    row = next(row for row in sheet.rows if row[0].text.startswith("fascore:"))
    siw, hkbu = (row[list(sheet.head).index(name)] for name in ("SiW", "HKBU"))
    assert siw.detail == () and float(hkbu.detail[0]) == pytest.approx(float(hkbu.text) - 8.93, abs=0.011)
    read = list(csv.DictReader((tmp_path / "compare.paper.csv").open(newline="")))
    assert len(read) == 442 and sum(bool(one["ours"]) for one in read) == sum(
        bool(cell["ours"]) for cell in found["paper"]["cells"]
    )
