"""Several systems side by side: figures, pairing, correction, and every form of output."""

import csv
import io
import json
import re
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from rich.console import Console

from fascore.contract.errors import FascoreError
from fascore.evaluation.comparison import System, compare_systems, holm
from fascore.evaluation.evaluate import Depth
from fascore.evaluation.join import common
from fascore.evaluation.presentation_level import Level
from fascore.evaluation.score_files import evaluate_files
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.charts import Effect, forest_chart
from fascore.report.comparison import files, text
from fascore.report.comparison.sheet import Cell, Section, Sheet
from fascore.report.comparison.sheets import row_name, sections
from fascore.report.comparison.terminal import summary
from fascore.running.systems import read_systems

HOSTILE = "<b>a_&_b|$x^2$\\\\input{x}%#~`*"


def small(scores: list[float], **other: list) -> ScoreTable:
    """Three bona fide, two prints, two masks, of one data set."""
    columns = {
        "id": list("abcdefg"),
        "label": [1, 1, 1, 0, 0, 0, 0],
        "species": ["", "", "", "print", "print", "mask", "mask"],
        "dataset": ["d"] * 7,
        "subject": list("uvwuvwu"),
        "score": scores,
    }
    return ScoreTable.from_columns({**columns, **other})


def system(name: str, scores: list[float], threshold: float = 0.5, **other: list) -> System:
    return System(name, {"test": small(scores, **other)}, choose(f"fixed={threshold}", None))


GOOD = [0.9, 0.8, 0.7, 0.1, 0.2, 0.6, 0.3]
POOR = [9.0, 2.0, 3.0, 1.0, 6.0, 8.0, 7.0]


def test_figures_and_differences_are_those_computed_by_hand() -> None:
    found = compare_systems([system("good", GOOD), system("poor", POOR, 5)], depth=Depth(200, 0))
    part = found["tests"]["test"]["tasks"]["spoof"]
    good, poor = part["systems"]["good"], part["systems"]["poor"]
    rates = lambda figures: [
        figures[key]["value"] for key in ("apcer_worst", "apcer_pooled", "bpcer", "acer_worst", "acer_pooled")
    ]
    assert rates(good) == [1 / 2, 1 / 4, 0, 1 / 4, 1 / 8]
    assert rates(poor) == pytest.approx([1, 3 / 4, 2 / 3, 5 / 6, 17 / 24])
    assert (good["auc"]["value"], poor["auc"]["value"]) == (1, pytest.approx(6 / 12))
    assert (good["apcer_worst"]["species"], poor["apcer_worst"]["errors"], poor["apcer_worst"]["n"]) == ("mask", 2, 2)
    pair = part["pairs"]["poor"]
    assert pair["differences"]["bpcer"]["difference"] == pytest.approx(2 / 3)
    assert pair["differences"]["apcer_worst"]["difference"] == 1 / 2
    test = pair["mcnemar"]["all"]
    assert (test["only_first_wrong"], test["only_second_wrong"], test["p_exact"]) == (4, 0, 1 / 8)
    assert pair["differences"]["bpcer"]["bootstrap"]["p"] > 0
    assert found["correction"] is None and "good" not in part["pairs"]


def test_two_equal_systems_differ_by_nothing_and_one_alone_has_no_pairs() -> None:
    found = compare_systems([system("one", GOOD), system("two", GOOD)], depth=Depth(50, 0))
    pair = found["tests"]["test"]["tasks"]["spoof"]["pairs"]["two"]
    assert {part["difference"] for part in pair["differences"].values()} == {0}
    assert {part["bootstrap"]["p"] for part in pair["differences"].values()} == {1}
    assert {part["p_mid"] for part in pair["mcnemar"].values()} == {1}
    alone = compare_systems([system("one", GOOD)])
    assert alone["tests"]["test"]["tasks"]["spoof"]["pairs"] == {}
    assert [sheet.title for section in sections(alone) for sheet in section.sheets] == [
        "Figures, at each system's own threshold",
        "Thresholds and training data",
    ]


def test_only_common_presentations_count_and_the_others_are_reported() -> None:
    more = system("more", [*GOOD[:6], 0.99], id=[*"abcdef", "only here"])
    turned = System("turned", {"test": small(GOOD).select(np.arange(7)[::-1])}, choose("fixed=0.5", None))
    found = compare_systems([more, turned])["tests"]["test"]
    assert (found["common"], found["left_out"]) == (6, {"more": 1, "turned": 1})
    assert found["tasks"]["spoof"]["pairs"]["turned"]["differences"]["auc"]["difference"] == 0
    assert found["tasks"]["spoof"]["systems"]["more"]["apcer_worst"]["n"] == 1


def test_what_one_file_does_not_say_of_a_presentation_is_taken_from_another() -> None:
    bare = ScoreTable.from_columns({"id": list("gfedcba"), "label": [0, 0, 0, 0, 1, 1, 1], "score": GOOD[::-1]})
    found = common({"full": small(GOOD), "bare": bare})
    assert found["bare"].column("species").tolist() == small(GOOD).column("species").tolist()
    assert found["bare"].score.tolist() == GOOD


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"label": [1, 1, 0, 0, 0, 0, 0]}, "column 'label' of 'c' is '1' in first and '0' in second"),
        ({"species": ["", "", "", "print", "mask", "mask", "mask"]}, "column 'species' of 'e'"),
        ({"subject": list("uvwuvww")}, "column 'subject' of 'g'"),
        ({"id": list("tuvwxyz")}, "no test set with presentations in common"),
        ({"dataset": ["other"] * 7}, "no test set with presentations in common"),
    ],
)
def test_systems_that_were_not_tested_on_the_same_data_are_refused(other: dict, message: str) -> None:
    with pytest.raises(FascoreError, match=re.escape(message)):
        compare_systems([system("first", GOOD), system("second", GOOD, **other)])


def test_answers_that_are_missing_and_systems_that_cannot_be_paired_are_reported() -> None:
    silent = ["ok"] * 3 + ["no_face"] * 4
    found = compare_systems([system("a", GOOD), system("b", GOOD, response=silent)])
    part = found["tests"]["test"]["tasks"]["spoof"]
    assert part["non_responses"] == {"a": 0, "b": 4}
    notes = next(iter(sections(found))).sheets[0].notes
    assert any("Non-responses, excluded from these figures: 4 of b" in note for note in notes)
    assert any(note.startswith("b was not compared with the baseline: ") for note in notes)


def test_another_baseline_another_level_and_another_rule() -> None:
    systems = [system("a", GOOD), system("b", POOR, 5)]
    assert list(compare_systems(systems, "b")["tests"]["test"]["tasks"]["spoof"]["pairs"]) == ["a"]
    with pytest.raises(FascoreError, match="no system 'c' to compare with; available: a, b"):
        compare_systems(systems, "c")
    folded = System("c", systems[0].tests, systems[0].threshold, level=Level(name="clip"))
    with pytest.raises(FascoreError, match="different levels"):
        compare_systems([*systems, folded])
    assert any("different rules" in warning for warning in compare_systems(systems)["warnings"])


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holms_correction_is_the_closed_test_of_bonferroni(values: list[float]) -> None:
    """An adjusted p is the greatest Bonferroni p of all sets of hypotheses that hold its own (Marcus, Peritz and Gabriel 1976)."""
    places = range(len(values))
    sets = list(chain.from_iterable(combinations(places, size) for size in range(1, len(values) + 1)))
    closed = [max(min(1, len(one) * min(values[i] for i in one)) for one in sets if place in one) for place in places]
    assert holm(values) == pytest.approx(closed)
    assert holm([None, *values]) == [None, *holm(values)]


def test_several_systems_are_corrected_figure_by_figure() -> None:
    found = compare_systems([system("a", GOOD), system("b", POOR, 5), system("c", POOR, 2)], depth=Depth(100, 0))
    pairs = found["tests"]["test"]["tasks"]["spoof"]["pairs"]
    assert "Holm" in found["correction"]
    for parts, p in (
        ([pairs[name]["mcnemar"]["all"] for name in "bc"], "p_mid"),
        ([pairs[name]["differences"]["auc"]["bootstrap"] for name in "bc"], "p"),
    ):
        assert [part["p_holm"] for part in parts] == holm([part[p] for part in parts])


def test_forgery_has_a_miss_rate_and_no_apcer() -> None:
    found = compare_systems([system("a", GOOD, task=["forgery"] * 7), system("b", POOR, 5, task=["forgery"] * 7)])
    part = found["tests"]["test"]["tasks"]["forgery"]
    assert part["systems"]["b"]["forgery_miss_rate_pooled"]["value"] == 3 / 4
    assert part["pairs"]["b"]["differences"]["forgery_miss_rate_worst"]["difference"] == 1 / 2
    shown = text.markdown("t", found, list(sections(found)))
    assert "Miss rate" in shown and "APCER" not in shown


def run_folder(
    path: Path, seed: int, trained_on: str, scores: list[float], tested_on: str = "C", dataset: str = "d"
) -> Path:
    """A finished run's folder, as far as a comparison reads it; data are sites of one dataset."""
    for name in ("scores", "checkpoints"):
        (path / name).mkdir(parents=True)
    entry = lambda site: [{"dataset": {"type": "phantom", "site": site, "subjects": 12}, "split": "all"}]
    document = {
        "name": path.name,
        "seed": seed,
        "data": {"train": entry(trained_on), "test": {"cross": entry(tested_on)}},
    }
    (path / "spec.json").write_text(json.dumps(document))
    (path / "resolved.json").write_text(json.dumps({"spec": document}))
    (path / "checkpoints/threshold.json").write_text(
        json.dumps({"threshold": json.loads(choose("fixed=0.5", None).to_json()), "weights": {}})
    )
    small(scores, dataset=[dataset] * 7).write(path / "scores/cross.csv")
    small(GOOD, id=list("tuvwxyz")).write(path / "scores/dev.csv")
    return path


def test_folders_of_runs_give_threshold_training_data_and_seeds(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / f"row.s{seed}", seed, "A", scores) for seed, scores in enumerate((GOOD, POOR))]
    found = compare_systems(read_systems(folders))
    assert [one["trained_on"] for one in found["systems"].values()] == [["phantom site=A"], ["phantom site=A"]]
    seeds = next(section for section in sections(found) if section.heading == "Over seeds")
    assert [row[0].text for row in seeds.sheets[0].rows] == ["row"]
    place = list(seeds.sheets[0].head).index("APCER, pooled")
    mean, deviation = np.mean([1 / 4, 1]), np.std([1 / 4, 1], ddof=1)
    assert seeds.sheets[0].rows[0][place] == Cell(f"{100 * mean:.2f} %", (f"± {100 * deviation:.2f} %", "2 runs"))
    assert {str(one.threshold.rule) for one in read_systems(folders, rule="bpcer=0.4")} == {"bpcer=0.4"}
    assert row_name(["concat.s0", "concat.s12"]) == "concat"


def test_the_matrix_puts_what_was_trained_on_against_what_was_tested_on(tmp_path: Path) -> None:
    folders = [
        run_folder(tmp_path / "a", 0, "A", GOOD, "B", "one"),
        run_folder(tmp_path / "b", 0, "B", POOR, "B", "other"),
    ]
    found = compare_systems(read_systems(folders))
    assert not found["tests"] and "no presentation of it in common" in found["warnings"][0]
    matrix = next(section for section in sections(found) if section.heading == "Across data").sheets[0]
    assert list(matrix.head) == ["Trained on", "System", "phantom site=B"]
    assert [[cell.text for cell in row] for row in matrix.rows] == [
        ["phantom site=A", "a", "1.0000"],
        ["phantom site=B", "b", "0.5000"],
    ]
    assert ["training dataset" in row[2].detail for row in matrix.rows] == [False, True]


def test_what_evaluate_wrote_can_be_compared(tmp_path: Path) -> None:
    for name, scores in (("a", GOOD), ("b", POOR)):
        small(scores).write(tmp_path / f"{name}.csv")
        small(scores, id=list("tuvwxyz")).write(tmp_path / f"{name}_dev.csv")
        evaluate_files([tmp_path / f"{name}.csv"], dev=tmp_path / f"{name}_dev.csv", out=tmp_path / "out" / name)
    (tmp_path / "out/b/scores/b.csv").rename(tmp_path / "out/b/scores/a.csv")
    by_folder = compare_systems(read_systems([tmp_path / "out/a", tmp_path / "out/b"]))
    by_file = compare_systems(
        read_systems([tmp_path / "a.csv", tmp_path / "b.csv"], [tmp_path / "a_dev.csv", tmp_path / "b_dev.csv"])
    )
    assert by_folder["tests"]["a"] == by_file["tests"]["test"]
    for paths, options, message in (
        ([tmp_path / "a.csv"], {}, "score files have no threshold"),
        ([tmp_path / "a.csv", tmp_path / "b.csv"], {"dev": [tmp_path / "a_dev.csv"]}, "2 systems and 1 dev files"),
        ([tmp_path / "a.csv", tmp_path / "out/a"], {}, "is a folder and"),
        ([tmp_path / "out/a", tmp_path / "out/a"], {}, "is listed twice"),
        ([tmp_path / "out"], {}, r"contains no scores/\*.csv"),
        ([tmp_path / "out/a"], {"level": Level(name="clip")}, "was measured at level 'frame'"),
    ):
        with pytest.raises(FascoreError, match=message):
            read_systems(paths, **options)


def test_a_hostile_name_is_text_in_every_form(tmp_path: Path) -> None:
    systems = [system(HOSTILE, GOOD), system("_plain", POOR, 5)]
    found = compare_systems(systems, depth=Depth(20, 0))
    shown = list(sections(found))
    page = files.write(tmp_path, found, shown, systems).read_text()
    assert "<b>a" not in page and "&lt;b&gt;a" in page and "<script" not in page
    tex = (tmp_path / "compare.tex").read_text()
    body = re.sub(r"\\(begin|end|centering|caption|toprule|midrule|bottomrule|usepackage|text\w+)\b", "", tex)
    assert "\\input" not in body and r"\textbackslash{}\textbackslash{}input\{x\}\%\#\textasciitilde{}" in tex
    read = list(csv.DictReader(io.StringIO((tmp_path / "compare.csv").read_text())))
    assert len(read) == 14 and {row["system"] for row in read} == {HOSTILE, "_plain"}
    (found_again,) = (float(row["difference"]) for row in read if (row["system"], row["figure"]) == ("_plain", "bpcer"))
    assert found_again == pytest.approx(2 / 3)
    assert json.loads((tmp_path / "compare.json").read_text())["baseline"] == HOSTILE
    with (tmp_path / "out.txt").open("w") as file:
        Console(file=file, width=250).print(summary(found, shown))
    assert HOSTILE in (tmp_path / "out.txt").read_text()


def test_every_markdown_row_has_as_many_cells_as_its_head() -> None:
    sheet = Sheet("t|t", ["System", "a | b"], [[Cell("x|y\nz"), Cell("1", ("2|3",), "4")]], ["_note_"], 0)
    lines = text.markdown("title", {"warnings": ["*w*"]}, [Section("head", [sheet])]).splitlines()
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")] == [3, 3, 3]
    assert r"\_note\_" in lines and r"> \*w\*" in lines and r"| x\|y z | 1 \[4\] (2\|3) |" in lines


def test_the_page_is_the_same_every_time_and_the_forest_has_every_difference(tmp_path: Path) -> None:
    systems = [system("a", GOOD), system("b", POOR, 5), system("c", POOR, 2)]
    found = compare_systems(systems, depth=Depth(20, 0))
    pages = [files.write(tmp_path / name, found, list(sections(found)), systems).read_bytes() for name in "xy"]
    assert pages[0] == pages[1]
    drawing = forest_chart(
        [Effect("BPCER", "b", 1.0, 0.5, 2.0), Effect("BPCER", "$c_", -1.0)], ["a", "b", "$c_"], "forest"
    )
    assert (
        drawing.count("$c_") == 1
        and "BPCER" in drawing
        and drawing
        == forest_chart(
            [Effect("BPCER", "b", 1.0, 0.5, 2.0), Effect("BPCER", "$c_", -1.0)], ["a", "b", "$c_"], "forest"
        )
    )
