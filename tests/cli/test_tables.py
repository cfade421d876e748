"""Tables on a terminal of 80 columns: long names continue on the next line, and nothing is cut off."""

import json

import pytest
from forked import call as call_program

NAME = "auxiliary_supervision_by_depth_and_remote_pulse_signals"
SPECIES = [
    "mask.flexible_silicone_with_painted_eyebrows_and_lashes",
    "replay.telephone_in_landscape_orientation_" + "x" * 30,
]


def write_scores(path):
    lines = ["id,label,species,subject,score"]
    for number in range(80):
        label = number % 2
        species = "" if label else SPECIES[number // 2 % 2]
        lines.append(f"{number},{label},{species},s{number // 4},{0.4 * label + number * 37 % 23 / 23}")
    path.write_text("\n".join(lines))


def text_of_columns(printed):
    """The cells of a table joined column by column, without blanks, so that a folded name reads as one word."""
    columns = {}
    for line in printed.splitlines():
        for place, cell in enumerate(line.replace("┃", "│").split("│")):
            columns[place] = columns.get(place, "") + "".join(cell.split())
    return " ".join(columns.values())


def assert_whole(printed, *names):
    assert "…" not in printed
    assert [name for name in names if name not in text_of_columns(printed)] == []


def test_evaluate_shows_names_of_test_sets_and_species_whole(fascore, tmp_path):
    write_scores(tmp_path / f"{NAME}.csv")
    arguments = (f"{NAME}.csv", "--threshold", "fixed=0.5", "--bootstrap", "0")
    assert_whole(fascore("evaluate", *arguments, COLUMNS="80").stdout, NAME, *SPECIES)


def test_compare_shows_names_of_systems_whole(fascore, tmp_path):
    files = [f"{NAME}_{number}.csv" for number in range(4)]
    for file in files:
        write_scores(tmp_path / file)
    printed = fascore("compare", *files, "--threshold", "fixed=0.5", "--bootstrap", 20, COLUMNS="80").stdout
    assert_whole(printed.partition("Presentation attacks")[2], *(file.removesuffix(".csv") for file in files))


@pytest.mark.parametrize(
    "arguments",
    [["components"], ["plugins"], ["papers"], ["papers", "joint/IV"], ["compare", "--paper", "joint/IV"]],
    ids=" ".join,
)
def test_lists_and_papers_show_names_whole(fascore, arguments):
    narrow, wide = (fascore(*arguments, COLUMNS=columns).stdout for columns in ("80", "300"))
    assert "…" not in narrow
    assert sorted(narrow.split()) == sorted(wide.split()) or "│" in narrow
    assert_whole(narrow, *(cell for cell in ("ResNetNormConcat,separate", "3DMask") if "joint/IV" in arguments))


@pytest.mark.parametrize(
    ("kind", "name", "whole"),
    [
        ("recipe", "supervised", '"none" | "cosine" | "step" | "multistep" | "poly" | "tanh" = "none"'),
        ("dataset", "phantom", '["print.flat", "replay.screen", "mask.rigid", "forgery.faceswap"]'),
        ("encoder", "timm", "weights"),
    ],
)
def test_explain_fits_80_columns_and_shows_types_and_defaults_whole(fascore, kind, name, whole):
    printed = fascore("explain", kind, name, COLUMNS="80").stdout
    fields = printed.partition("\nfields\n")[2].partition("\n\n")[0]
    assert "…" not in printed and max(map(len, fields.splitlines())) <= 80
    assert whole in " ".join(fields.split())


def test_the_table_of_a_study_shows_names_of_rows_whole(home, program):
    (home / "long.json").write_text(json.dumps({"base": "spec.json", "rows": {NAME: {}}, "report": ["auc"]}))
    program("study", "run", "long.json")
    printed = call_program("study", "table", "long.json", cwd=home, COLUMNS="80").stdout
    assert "…" not in printed and printed.splitlines()[1].startswith(f"{NAME}  ")
