"""The specs and studies that come with the package: valid, with the paper's numbers, and one that trains."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import forked
import pytest

SPECS = Path(__file__).parents[1] / "specs"
BASES = ("appearance", "rppg", "joint", "phantom-normconcat", "base")
CHECK = """
import sys
from fascore.cli import main
wrong = []
for command, path in zip(sys.argv[1::2], sys.argv[2::2]):
    sys.argv = ["fascore", *command.split(), path]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            wrong.append(path)
assert "torch" not in sys.modules
assert not wrong, wrong
"""


def read(name: str) -> Any:
    return json.loads((SPECS / f"{name}.json").read_text())


def call(*arguments: object, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(spec: dict[str, Any], folder: Path) -> None:
    spec["compute"] = {"device": "cpu", "workers": 0, "prepare": 1}
    (folder / "spec.json").write_text(json.dumps(spec))
    done = forked.call("run", "spec.json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_spec_and_every_row_of_every_study_is_valid_without_torch(tmp_path: Path) -> None:
    files = sorted(path for path in SPECS.rglob("*.json") if path.name != "trends.json")
    assert {path.stem for path in files} > {*BASES, "table2", "table3", "table4", "table8", "fig5_shared", "fig5_theta"}
    commands = [part for path in files for part in ("check" if path.stem in BASES else "study check", path)]
    assert call("-c", CHECK, *commands, cwd=tmp_path).count("all valid") == len(
        [path for path in files if path.stem not in BASES]
    )


@pytest.mark.parametrize("base", ["appearance", "rppg", "joint"])
def test_bases_at_the_papers_size_have_its_hyperparameters(base: str) -> None:
    spec = read(base)
    optimizer, schedule = spec["recipe"]["optimizer"], spec["recipe"]["schedule"]
    assert (optimizer["name"], optimizer["lr"], optimizer["momentum"], optimizer["weight_decay"]) == (
        "sgd",
        1e-3,
        0.9,
        5e-5,
    )
    assert (
        schedule["decay_epochs"],
        schedule["decay_rate"],
        spec["recipe"]["epochs"],
        spec["sampler"]["batch_size"],
    ) == (20, 0.1, 30, 64)
    assert spec["data"]["train"][0]["dataset"]["frames"] == 300


def test_losses_are_weighted_by_beta_for_a_modality_and_alpha_times_beta_for_a_branch() -> None:
    alpha = beta = 0.5
    weights = {name: head.get("weight", 1) for name, head in read("joint")["model"]["heads"].items()}
    assert weights == {"main": 1, "aux_app": beta, "aux_rppg": beta, "aux_time": beta * alpha, "aux_freq": beta * alpha}
    assert {name: head.get("weight", 1) for name, head in read("rppg")["model"]["heads"].items()} == {
        "main": 1,
        "aux_time": alpha,
        "aux_freq": alpha,
    }


def test_studies_sweep_sharing_and_theta_as_figure_5_does() -> None:
    shared = [row.partition(".") for row in read("fig5_shared")["rows"]]
    assert [int(n) for net, _, n in shared if net == "vit"] == list(range(13))
    assert [int(n) for net, _, n in shared if net == "resnet50"] == list(range(5))
    assert [row.removeprefix("vit.") for row in read("fig5_theta")["rows"] if row.startswith("vit")] == [
        "0",
        "0.2",
        "0.4",
        "0.6",
        "0.8",
        "1",
    ]


def test_two_heads_on_a_shared_trunk_train_and_are_scored_by_task(tmp_path: Path) -> None:
    data = {"type": "phantom", "subjects": 8, "frames": 2, "size": 32, "species": ["print.flat", "forgery.faceswap"]}
    entry = {split: [{"dataset": data, "split": split}] for split in ("train", "dev", "test")}
    spec = {
        "name": "small",
        "seed": 1,
        "data": {"train": entry["train"], "dev": entry["dev"], "test": {"intra": entry["test"]}},
        "modalities": {"faces": {"type": "faces"}, "face": {"type": "face_frames", "inputs": ["faces"], "size": 32}},
        "model": {
            "encoders": {
                "app": {
                    "type": "joint.task_split",
                    "network": {"type": "timm", "name": "test_vit", "img_size": 32},
                    "shared": 4,
                    "inputs": ["face"],
                }
            },
            "heads": {
                task: {"type": "binary", "inputs": ["app"], "where": {"task": task}} for task in ("spoof", "forgery")
            },
            "score": {"by_task": {"spoof": "spoof", "forgery": "forgery"}},
        },
        "sampler": {"type": "joint.simultaneous", "batch_size": 4},
        "recipe": {"type": "supervised", "epochs": 1},
        "metrics": ["auc"],
    }
    run(spec, tmp_path)
    header, *rows = (tmp_path / "runs/small/scores/intra.csv").read_text().splitlines()
    columns = header.split(",")
    assert rows
    for row in (dict(zip(columns, line.split(","), strict=True)) for line in rows):
        assert float(row["score"]) == pytest.approx(float(row[f"{row['task']}.score"]))


def test_another_task_of_other_people_in_the_same_head_trains_and_its_accuracy_is_measured(tmp_path: Path) -> None:
    """Table VIII in small, on the multi-attentional network: the tone of site C's people is learnt, that of site A's is hidden."""
    own, people = (
        {"type": "phantom", "site": site, "subjects": 8, "frames": 1, "size": 64, "species": ["print.flat"]}
        for site in ("A", "C")
    )
    tones = [1, 2, 3, 4, 5, 6]
    spec = {
        "name": "tones",
        "seed": 1,
        "data": {
            "train": [{"dataset": own, "split": "train", "hide": ["skin_tone"]}, {"dataset": people, "split": "train"}],
            "dev": [{"dataset": own, "split": "dev", "hide": ["skin_tone"]}],
            "test": {"people": [{"dataset": people, "split": "test"}]},
        },
        "modalities": {"faces": {"type": "faces"}, "face": {"type": "face_frames", "inputs": ["faces"], "size": 64}},
        "model": {
            "encoders": {
                "app": {
                    "type": "joint.multi_attention",
                    "network": {"type": "timm", "name": "test_efficientnet"},
                    "width": 16,
                    "ports": True,
                    "inputs": ["face"],
                }
            },
            "heads": {
                "main": {
                    "type": "joint.one_head_multi",
                    "inputs": ["app.feature"],
                    "target": "record.skin_tone",
                    "classes": tones,
                }
            },
            "objectives": {"regions": {"type": "joint.regional_independence", "inputs": ["app.regions"]}},
        },
        "sampler": {"type": "joint.random", "batch_size": 8},
        "recipe": {"type": "supervised", "epochs": 1},
        "metrics": ["auc", {"type": "class_accuracy", "head": "main", "target": "skin_tone"}],
    }
    run(spec, tmp_path)
    with (tmp_path / "runs/tones/scores/people.csv").open() as file:
        rows = list(csv.DictReader(file))
    right = [max(tones, key=lambda tone: float(row[f"main.p.{tone}"])) == int(row["skin_tone"]) for row in rows]
    measured = json.loads((tmp_path / "runs/tones/metrics.json").read_text())["tests"]["people"]["tasks"]["spoof"][
        "metrics"
    ]
    (found,) = [parts for name, parts in measured.items() if name.startswith("class_accuracy")]
    assert (found["n"], found["errors"]) == (len(rows), right.count(False))
    log = [json.loads(line) for line in (tmp_path / "runs/tones/log.jsonl").read_text().splitlines()]
    assert any("objective.regions" in json.dumps(line) for line in log)
