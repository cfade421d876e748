"""`fascore evaluate` on the files of a run and of other systems: what is printed, what is refused, never a traceback."""

import csv
import json
import random
from typing import get_args

import pytest
from sklearn.metrics import roc_auc_score

ROWS = [(f"c{n}", n % 2, round(random.Random(n).gauss(0.4 + 0.3 * (n % 2), 0.2), 3)) for n in range(80)]


def lists(folder, name, rows, turn=1):
    (folder / name).write_text("".join(f"{one} {label} {turn * score}\n" for one, label, score in rows))


def figures(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_how_a_file_was_read_is_printed_and_stored(fascore, tmp_path):
    lists(tmp_path, "test.txt", ROWS)
    said = ("--format", "id-label-score", "--polarity", "bona_fide_high", "--labels-are", "bona_fide_1")
    told = fascore("evaluate", "test.txt", *said, "--threshold", "fixed=0.5", "--out", "out").stdout
    line = "test.txt: 80 rows, format 'id-label-score' (as requested); higher = bona fide (as requested); labels: 1 = bona fide (as requested)"
    assert told.splitlines()[0] == line
    assert figures(tmp_path / "out")["sources"] == [line]
    assert (tmp_path / "out/report.html").stat().st_size > 1000


def test_scores_that_are_higher_for_attacks_give_the_same_figures_at_the_threshold_of_their_file(fascore, tmp_path):
    said = ("--format", "id-label-score", "--labels-are", "bona_fide_1")
    for name, turn, polarity in (("up", 1, "bona_fide_high"), ("down", -1, "attack_high")):
        (tmp_path / name).mkdir()
        lists(tmp_path / name, "test.txt", ROWS, turn)
        arguments = (
            f"{name}/test.txt",
            *said,
            "--polarity",
            polarity,
            "--threshold",
            f"fixed={turn * 0.5}",
            "--out",
            f"{name}/out",
        )
        told = fascore("evaluate", *arguments).stdout
    assert "accept where the file's score is at most -0.5" in told
    assert figures(tmp_path / "up/out")["tests"] == figures(tmp_path / "down/out")["tests"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["test.txt"], "test.txt has no header that names its columns, and 3 words per line fit several formats"),
        (
            ["test.txt", "--format", "id-label-score", "--labels-are", "bona_fide_1"],
            "add --polarity bona_fide_high or attack_high",
        ),
        (
            ["test.txt", "--format", "id-label-score", "--polarity", "attack_high"],
            "nothing defines whether '0' is bona fide",
        ),
        (["test.txt", "--format", "txt"], "--format txt: choose one of fascore, csv, bob-csv"),
        (
            ["own.csv", "--polarity", "attack_high"],
            "is 'fascore', where higher = bona fide, but --polarity is attack_high",
        ),
        (["own.csv", "test.txt", "--polarity", "attack_high"], "higher = bona fide, but --polarity is attack_high"),
        (["own.csv", "--threshold", "fixed=high"], "'high' is not a number"),
        (["own.csv", "--sum"], "the rule 'sum' combines two or more systems"),
        (["own.csv", "own2.csv", "--sum", "--mean"], "'sum' and 'mean' are two rules to combine systems"),
        (["own.csv", "own2.csv", "--combine", "sum", "--mean"], "choose one with --combine"),
        (
            ["own.csv", "own2.csv", "--combine", "median"],
            "--combine median: choose one of sum, mean, weighted, logistic",
        ),
        (["own.csv", "own2.csv", "--weighted"], "the rule 'weighted' fits its weights on dev"),
        (["own.csv", "--labels", "own.csv"], "leave --labels out"),
    ],
)
def test_what_nothing_says_is_refused_in_a_sentence(fascore, tmp_path, arguments, said):
    lists(tmp_path, "test.txt", ROWS)
    for name in ("own.csv", "own2.csv"):
        (tmp_path / name).write_text(
            "id,label,score\n" + "".join(f"{one},{label},{score}\n" for one, label, score in ROWS)
        )
    assert said in fascore("evaluate", *arguments, code=1).stderr


def test_combined_systems_print_and_store_their_weights(fascore, tmp_path):
    for system in ("a", "b"):
        for split in ("dev", "test"):
            rows = [(one, label, random.Random(f"{system}{split}{one}").gauss(label, 1)) for one, label, _ in ROWS]
            (tmp_path / f"{system}_{split}.csv").write_text(
                "id,label,score\n" + "".join(f"{i},{label},{score}\n" for i, label, score in rows)
            )
    told = fascore(
        "evaluate",
        "--combine",
        "weighted",
        "a_test.csv",
        "b_test.csv",
        "--dev",
        "a_dev.csv",
        "--dev",
        "b_dev.csv",
        "--out",
        "out",
    ).stdout
    stored = json.loads((tmp_path / "out/combination.json").read_text())
    assert stored == figures(tmp_path / "out")["combination"]
    first = stored["shares"]["a_test"]
    assert f"weighted: {first['weight']:.4g} x (a_test {-first['mean']:+.4g}) / {first['deviation']:.4g}, " in told
    assert "fitted on dev (40 bona fide, 40 attacks)" in told
    assert (tmp_path / "out/scores/a_test+b_test.csv").exists()


def frames(folder):
    stream = random.Random(3)
    rows = [
        (
            f"f{n}",
            f"c{n // 4}",
            n // 4 % 2,
            f"s{n // 16}",
            stream.gauss(0.4 + 0.3 * (n // 4 % 2), 0.3),
            "ab"[n // 8 % 2],
        )
        for n in range(320)
    ]
    (folder / "test.csv").write_text(
        "id,clip,label,subject,score,site\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows)
    )
    return rows


def test_a_level_folds_rows_before_anything_is_measured(fascore, tmp_path):
    rows = frames(tmp_path)
    fascore("evaluate", "test.csv", "--threshold", "fixed=0.5", "--level", "clip", "--fold", "min", "--out", "out")
    found = figures(tmp_path / "out")
    attacks = {}
    for _, clip, label, _, score, _ in rows:
        if not label:
            attacks[clip] = min(score, attacks.get(clip, 9))
    assert found["level"] == {"name": "clip", "rule": "min"}
    assert found["tests"]["test"]["counts"]["presentations"] == 80
    expected = sum(score >= 0.5 for score in attacks.values()) / len(attacks)
    assert found["tests"]["test"]["tasks"]["spoof"]["metrics"]["iso30107"]["apcer_worst"] == pytest.approx(expected)


def test_breakdowns_and_the_bootstrap_are_measured_on_request(fascore, tmp_path):
    frames(tmp_path)
    fascore(
        "evaluate",
        "test.csv",
        "--threshold",
        "fixed=0.5",
        "--by",
        "site",
        "--bootstrap",
        "50",
        "--seed",
        "3",
        "--out",
        "out",
    )
    found = figures(tmp_path / "out")
    assert (found["bootstrap"]["resamples"], found["bootstrap"]["seed"]) == (50, 3)
    assert set(found["tests"]["test"]["tasks"]["spoof"]["breakdowns"]["site"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--level", "video"], "--level video: choose one of frame, clip, attempt"),
        (["--level", "clip", "--fold", "best"], "--fold best: choose one of mean"),
        (["--fold", "min"], "at level 'frame' each row is one"),
        (["--level", "attempt"], "attempt"),
        (["--by", "skin"], "no column 'skin'"),
    ],
)
def test_levels_and_breakdowns_that_do_not_fit_are_sentences(fascore, tmp_path, arguments, said):
    frames(tmp_path)
    assert said in fascore("evaluate", "test.csv", "--threshold", "fixed=0.5", *arguments, code=1).stderr


def score_file(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "label", "species", "score"])
        writer.writerows(rows)


def test_evaluate_repeats_the_figures_of_the_run(home, program):
    program("evaluate", "runs/small/scores/intra.csv", "--dev", "runs/small/scores/dev.csv", "--out", "again")
    old, new = (json.loads((home / path / "metrics.json").read_text()) for path in ("runs/small", "again"))
    assert new["threshold"]["value"] == old["threshold"]["value"]
    assert (
        new["tests"]["intra"]["tasks"]["spoof"]["metrics"]["auc"]
        == old["tests"]["intra"]["tasks"]["spoof"]["metrics"]["auc"]
    )
    assert (home / "again/report.html").stat().st_size > 1000


def test_evaluate_agrees_with_another_library_on_scores_of_any_system(fascore, tmp_path):
    random.seed(5)
    rows = [(f"r{n}", n % 2, "" if n % 2 else "print.flat", random.gauss(0.4 + 0.2 * (n % 2), 0.2)) for n in range(60)]
    score_file(tmp_path / "test.csv", rows)
    fascore("evaluate", "test.csv", "--threshold", "fixed=0.5", "--out", "out")
    found = json.loads((tmp_path / "out/metrics.json").read_text())
    metrics = found["tests"]["test"]["tasks"]["spoof"]["metrics"]
    assert metrics["auc"]["value"] == pytest.approx(roc_auc_score([row[1] for row in rows], [row[3] for row in rows]))
    accepted = sum(row[3] >= 0.5 for row in rows if not row[1])
    assert metrics["iso30107"]["apcer_worst"] == pytest.approx(accepted / 30)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "there is no score file nowhere.csv"),
        (["test.csv", "--threshold", "eer"], "needs the scores of a dev split"),
        (["test.csv", "--dev", "test.csv"], "measures nothing"),
    ],
)
def test_evaluate_refuses_in_a_sentence(fascore, tmp_path, arguments, said):
    score_file(tmp_path / "test.csv", [("a", 1, "", 0.9), ("b", 0, "print.flat", 0.1)])
    assert said in fascore("evaluate", *arguments, code=1).stderr


def test_the_command_knows_every_rule_that_combines_systems():
    from fascore.cli.evaluate import RULES
    from fascore.evaluation.combining import Rule

    assert get_args(Rule) == RULES
