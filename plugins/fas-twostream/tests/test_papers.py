"""The printed numbers of the two-stream paper: as transcribed, all of them, with their contradictions marked."""

from importlib.resources import files

import pytest


def test_the_paper_is_in_the_package_with_all_its_cells(is_complete):
    is_complete("twostream", 12 + 66 + 24 + 16 + 22 + 16)
    shipped = {file.name for file in files("fas_twostream.papers").iterdir() if file.name.endswith(".csv")}
    assert shipped == {"twostream.csv"}


def test_a_half_sum_that_does_not_add_up_is_marked_and_no_other(half_sums_are_marked):
    half_sums_are_marked("twostream")


@pytest.mark.parametrize(
    ("table", "name", "columns"),
    [
        ("1", "twostream/table1_siw.csv", ["mean_pct"]),
        ("2", "twostream/table2_oulu.csv", ["mean_pct"]),
        ("3", "twostream/table3_cross.csv", ["hter_pct"]),
        ("4", "twostream/table4_fpm_ppm.csv", ["acer_pct_oulu_p1", "hter_pct_cross"]),
        ("5", "twostream/table5_branches.csv", ["acer_pct_oulu_p1", "hter_pct_cross"]),
        ("6", "twostream/table6_exploration.csv", ["acer_pct_oulu_p1", "hter_pct_cross"]),
    ],
)
def test_numbers_are_those_transcribed_in_their_places(numbers_are_those_transcribed, table, name, columns):
    numbers_are_those_transcribed("twostream", table, name, columns)
