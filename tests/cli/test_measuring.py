"""One small run through the commands, as a user would make it."""

import csv
import json
import os
import random
import subprocess
import sys

import pytest
from sklearn.metrics import roc_auc_score

PHANTOM = {"type": "phantom", "subjects": 4, "frames": 2, "size": 48, "species": ["print.flat"]}
SPEC = {
    "name": "small",
    "seed": 3,
    "data": {
        "train": [{"dataset": PHANTOM, "split": "train"}],
        "dev": [{"dataset": PHANTOM, "split": "dev"}],
        "test": {"intra": [{"dataset": PHANTOM, "split": "test"}]},
    },
    "modalities": {"faces": "faces", "face": {"type": "face_frames", "inputs": ["faces"], "size": 32}},
    "model": {
        "encoders": {"look": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
        "heads": {"main": {"type": "binary", "inputs": ["look"]}},
    },
    "recipe": {"type": "supervised", "epochs": 1},
    "compute": {"device": "cpu", "workers": 0, "prepare": 1},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with spec.json and its finished run."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "spec.json").write_text(json.dumps(SPEC))
    told = program(folder, "run", "spec.json")
    assert "runs/small/report.html" in told.stdout + told.stderr
    return folder


def program(folder, *arguments, code=0):
    command = [sys.executable, "-m", "fascore", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def score_file(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "label", "species", "score"])
        writer.writerows(rows)


def test_a_run_leaves_a_whole_folder(home):
    names = {path.name for path in (home / "runs/small").iterdir()}
    assert {"spec.json", "resolved.json", "log.jsonl", "checkpoints", "scores", "metrics.json", "report.html"} <= names


def test_the_same_command_again_says_that_the_run_is_finished(home):
    done = program(home, "run", "spec.json")
    assert "finished" in done.stdout + done.stderr


def test_the_resolved_spec_of_a_run_is_a_spec(home):
    assert program(home, "check", "runs/small/resolved.json").stdout == program(home, "check", "spec.json").stdout


def test_a_changed_spec_in_the_same_folder_is_refused_by_name(home):
    assert "seed was 3, is 4" in program(home, "run", "spec.json", "--set", "seed=4", code=1).stderr


def test_a_typo_is_told_before_anything_runs(home):
    told = program(home, "run", "spec.json", "--set", "model.encoders.look.nmae=x", code=1).stderr
    assert told.splitlines() == [
        "spec.json: model.encoders.look.nmae: there is no field 'nmae'. Did you mean 'name'?",
        "1 problem in spec.json",
    ]


def test_prepare_fills_the_store_that_the_run_then_finds(home):
    told = program(home, "prepare", "spec.json", "--processes", "2")
    assert "prepared" in told.stdout + told.stderr


def test_predict_answers_for_pictures_and_says_why_not_for_others(home):
    from PIL import Image

    (home / "photos").mkdir()
    Image.radial_gradient("L").convert("RGB").save(home / "photos" / "disc.png")
    (home / "text.mp4").write_text("not a video")
    lines = program(
        home, "predict", "runs/small", "photos", "text.mp4", "--detector", "whole", "--json"
    ).stdout.splitlines()
    picture, text = map(json.loads, lines)
    assert 0 <= picture["score"] <= 1
    assert picture["decision"] == ("bona fide" if picture["score"] >= picture["threshold"] else "attack")
    assert (text["score"], text["decision"], text["response"]) == (None, "no decision", "unreadable")
    table = program(home, "predict", "runs/small", "photos", "text.mp4", "--detector", "whole").stdout.splitlines()
    assert table[0].split() == ["decision", "score", "faces", "file"]
    assert f"{picture['score']:.4f}" in table[1]
    assert table[2].startswith("no decision       -")
    assert "text.mp4: cannot be read" in table[2]


def test_a_threshold_for_a_new_camera_comes_from_pictures_of_it_and_predict_decides_by_it(home):
    from PIL import Image

    (home / "camera").mkdir()
    for number in range(8):
        Image.radial_gradient("L").convert("RGB").rotate(10 * number).save(home / "camera" / f"{number}.png")
    common = ("runs/small", "camera", "--detector", "whole")
    told = program(home, "recalibrate", *common, "--camera", "phone", "--bpcer", "0.4").stdout
    written = json.loads((home / "runs/small/thresholds/phone.json").read_text())
    assert "APCER unknown here" in told
    assert written["bpcer"]["n"] == 8 and written["bpcer"]["errors"] <= 3
    lines = program(
        home, "predict", *common, "--json", "--threshold", "runs/small/thresholds/phone.json"
    ).stdout.splitlines()
    answers = list(map(json.loads, lines))
    assert {answer["threshold"] for answer in answers} == {written["threshold"]["value"]}
    assert sum(answer["decision"] == "attack" for answer in answers) == written["bpcer"]["errors"]
    table = program(home, "predict", *common, "--threshold", "runs/small/thresholds/phone.json").stdout
    assert table.splitlines()[-1].endswith("of runs/small/thresholds/phone.json: APCER unknown here")


def test_predict_refuses_a_folder_that_is_no_run(home):
    assert "photos" not in program(home, "predict", "nowhere", "spec.json", code=1).stdout


def test_evaluate_repeats_the_figures_of_the_run(home):
    program(home, "evaluate", "runs/small/scores/intra.csv", "--dev", "runs/small/scores/dev.csv", "--out", "again")
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


def test_a_study_is_checked_run_and_tabled(home):
    study = {"base": "spec.json", "rows": {"short": {}, "wide": {"model.heads.main.hidden": 4}}, "report": ["auc"]}
    (home / "study.json").write_text(json.dumps(study))
    assert program(home, "study", "check", "study.json").stdout.splitlines() == [
        "short.s0",
        "wide.s0",
        "2 runs, all valid",
    ]
    assert "run it first" in program(home, "study", "table", "study.json", code=1).stderr
    printed = program(home, "study", "run", "study.json").stdout
    table = program(home, "study", "table", "study.json").stdout
    assert printed.endswith(table)
    assert table.split()[0] == "intra/spoof/auc"
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["short", "wide"]


def test_a_mistake_in_a_row_of_a_study_is_told_with_its_row(home):
    (home / "wrong.json").write_text(
        json.dumps({"base": "spec.json", "rows": {"short": {}, "typo": {"model.heads.main.hiden": 4}}})
    )
    told = program(home, "study", "check", "wrong.json", code=1).stderr
    assert "wrong.json: rows.typo: model.heads.main.hiden: there is no field 'hiden'" in told


def test_a_run_is_compared_with_what_evaluate_made_of_its_scores(home):
    program(home, "evaluate", "runs/small/scores/intra.csv", "--dev", "runs/small/scores/dev.csv", "--out", "alone")
    program(home, "compare", "runs/small", "alone", "--out", "compared")
    found = json.loads((home / "compared/compare.json").read_text())
    assert [one["trained_on"] for one in found["systems"].values()] == [["phantom"], []]
    (part,) = found["tests"]["intra"]["tasks"].values()
    run, alone = part["systems"].values()
    assert {key: figure["value"] for key, figure in run.items()} == {
        key: figure["value"] for key, figure in alone.items()
    }
    assert {one["difference"] for one in part["pairs"]["alone"]["differences"].values()} == {0}
