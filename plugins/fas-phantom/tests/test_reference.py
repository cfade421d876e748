"""The reference model's spec: one fixed model, five seeds, every spoof species."""

import json
from pathlib import Path

import forked

SPECS = Path(__file__).parents[1] / "specs"


def fascore(*arguments, cwd):
    done = forked.call(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_reference_is_one_model_of_five_seeds(tmp_path):
    spec = json.loads((SPECS / "reference.json").read_text())
    (encoder,) = spec["model"]["encoders"].values()
    assert encoder == {"type": "timm", "name": "resnet18", "inputs": ["face"]}
    assert (spec["modalities"]["face"]["size"], spec["recipe"]["epochs"]) == (96, 10)
    sets = [
        *spec["data"]["train"],
        *spec["data"]["dev"],
        *(entry for test in spec["data"]["test"].values() for entry in test),
    ]
    used = [(entry["dataset"]["site"], entry["split"]) for entry in sets]
    assert used == [("A", "train"), ("A", "dev"), ("A", "test"), ("B", "test"), ("C", "test")]
    assert {(entry["dataset"]["species"], entry["dataset"]["protocol"]) for entry in sets} == {("all", "grandtest")}
    assert "5 runs, all valid" in fascore("study", "check", SPECS / "reference-seeds.json", cwd=tmp_path)


def test_a_small_variant_of_the_reference_trains_an_epoch_and_is_scored_by_species(tmp_path):
    spec = json.loads((SPECS / "reference.json").read_text())
    for entries in (spec["data"]["train"], spec["data"]["dev"], *spec["data"]["test"].values()):
        for entry in entries:
            entry["dataset"] |= {"subjects": 3, "size": 32, "frames": 1, "species": ["print.flat", "mask.silicone"]}
    spec["recipe"]["epochs"], spec["modalities"]["face"]["size"] = 1, 32
    spec["compute"] = {"prepare": 1, "workers": 0}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    fascore("run", "spec.json", cwd=tmp_path)
    figures = json.loads((tmp_path / "runs" / "reference" / "metrics.json").read_text())
    assert set(figures["tests"]) == {"intra", "cross_b", "cross_c"}
    scores = (tmp_path / "runs" / "reference" / "scores" / "intra.csv").read_text()
    assert all(name in scores for name in ("print.flat", "mask.silicone"))
