"""The printed numbers of mmFAS: as transcribed, all of them."""

from importlib.resources import files

import pytest


def test_the_paper_is_in_the_package_with_all_its_cells(is_complete):
    is_complete("mmfas", 165 + 18 * 3 + 6)
    assert {file.name for file in files("fas_mmfas.papers").iterdir() if file.name.endswith(".csv")} == {"mmfas.csv"}


@pytest.mark.parametrize(
    ("table", "name", "columns"),
    [
        ("1", "mmfas/table1_cross_dataset.csv", ["value_pct"]),
        ("2", "mmfas/table2_ablation.csv", ["params_M", "MmFA_acc_pct", "weighted_acc_pct"]),
        ("3", "mmfas/table3_switch_mode.csv", ["weighted_auc_pct"]),
    ],
)
def test_numbers_are_those_transcribed_in_their_places(numbers_are_those_transcribed, table, name, columns):
    numbers_are_those_transcribed("mmfas", table, name, columns)
