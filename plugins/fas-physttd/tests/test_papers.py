"""The printed numbers of both papers: as transcribed, all of them, with their contradictions marked."""

from importlib.resources import files

import numpy as np
import pytest

from fascore.evaluation.comparison import System
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.papers.matching import beside
from fascore.report.papers.tables import paper_table


def test_both_papers_are_in_the_package_with_all_their_cells(is_complete):
    is_complete("physttd", 108 + 72 + 238 + 476 + 84 + 25 * 2 + 36)
    is_complete("polytrace", 9 + 96 + 45 + 24 + 4)
    shipped = {file.name for file in files("fas_physttd.papers").iterdir() if file.name.endswith(".csv")}
    assert shipped == {"physttd.csv", "polytrace.csv"}


@pytest.mark.parametrize("paper", ["physttd", "polytrace"])
def test_a_half_sum_that_does_not_add_up_is_marked_and_no_other(half_sums_are_marked, paper):
    half_sums_are_marked(paper)


@pytest.mark.parametrize(
    ("paper", "table", "name", "columns"),
    [
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
    ],
)
def test_numbers_are_those_transcribed_in_their_places(numbers_are_those_transcribed, paper, table, name, columns):
    numbers_are_those_transcribed(paper, table, name, columns)


def test_where_the_paper_does_not_name_its_acer_both_of_ours_are_shown():
    label = np.arange(200) % 2
    oulu = ScoreTable.from_columns(
        {
            "id": [f"oulu{row}" for row in range(200)],
            "dataset": ["oulu"] * 200,
            "task": ["spoof"] * 200,
            "label": label,
            "score": np.random.default_rng(1).normal(0, 1, 200) + label,
            "species": np.where(label == 1, "", "print.flat"),
        }
    )
    ours = System("Ours", {"protocol_1": oulu}, choose("fixed=0.5", None))
    document = beside(paper_table("physttd/1"), [ours])
    place = ("Ours", "protocol 1", "ACER")
    (cell,) = [cell for cell in document["cells"] if (cell["row"], cell["column"], cell["metric"]) == place]
    assert [figure["name"] for figure in cell["ours"]] == ["ACER, worst species", "ACER, pooled"]
    assert "not known" in document["metrics"]["ACER"]
