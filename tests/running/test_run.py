"""A run from spec to report: what stands in its folder, how it continues, what it refuses."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fas_phantom.components import Phantom

from fascore import FascoreError
from fascore.components.heads.binary import BinaryHead
from fascore.running.begin import differences, locked
from fascore.running.folder import RunFolder, open_run
from fascore.running.run import execute_document

WriteVideo = Callable[[Path, list[np.ndarray]], None]

COMPARED = ("checkpoints/best.safetensors", "checkpoints/threshold.json", "metrics.json", "scores/dev.csv", "scores/intra.csv", "scores/cross.csv")


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in COMPARED}


def test_a_run_leaves_the_folder_that_the_design_names_and_scores_every_record_once(tiny: dict[str, Any], tmp_path: Path) -> None:
    root = execute_document(tiny, runs=tmp_path)
    assert {p.name for p in root.iterdir()} >= {"spec.json", "resolved.json", "log.jsonl", "checkpoints", "scores", "metrics.json", "report.html"}
    rows = list(csv.DictReader((root / "scores" / "cross.csv").open()))
    assert len(rows) == len({row["id"] for row in rows}) > 0
    assert all(0 <= float(row["score"]) <= 1 and row["response"] == "ok" and row["main.score"] == row["score"] for row in rows)
    metrics = json.loads((root / "metrics.json").read_text())
    assert metrics["threshold"]["split"] == "dev"
    assert set(metrics["tests"]) == {"intra", "cross"}
    resolved = json.loads((root / "resolved.json").read_text())
    assert resolved["provenance"]["components"]["dataset phantom"].startswith("fas-phantom")
    assert resolved["spec"]["recipe"]["epochs"] == 2


def test_a_finished_run_is_left_alone_and_fresh_moves_it_aside(tiny: dict[str, Any], tmp_path: Path) -> None:
    root = execute_document(tiny, runs=tmp_path)
    before, changed = contents(root), (root / "metrics.json").stat().st_mtime_ns
    execute_document(tiny, runs=tmp_path)
    assert (root / "metrics.json").stat().st_mtime_ns == changed
    execute_document(tiny, runs=tmp_path, fresh=True)
    assert contents(root) == before == contents(tmp_path / "tiny.old1")


def test_another_spec_in_the_same_folder_is_refused_by_the_fields_that_differ(tiny: dict[str, Any], tmp_path: Path) -> None:
    root = execute_document(tiny, runs=tmp_path)
    other = {**tiny, "recipe": {**tiny["recipe"], "epochs": 3}, "compute": {**tiny["compute"], "workers": 1}}
    with pytest.raises(FascoreError, match=r"another spec: recipe\.epochs was 2, is 3; give this one another name"):
        execute_document(other, runs=tmp_path)
    assert contents(root)


def test_only_precision_of_compute_counts_as_a_difference() -> None:
    before, now = ({"compute": {"workers": n, "precision": p}, "seed": 1} for n, p in ((1, "fp32"), (2, "bf16")))
    assert list(differences(before, now)) == ["compute.precision"]


def test_two_processes_never_work_in_one_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    with locked(folder), pytest.raises(FascoreError, match="another process is running this run"), locked(folder):
        pass


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FascoreError, match=r"is no run's folder: it holds no spec\.json"):
        open_run(tmp_path)
    with pytest.raises(FascoreError, match="there is no such folder"):
        open_run(tmp_path / "nowhere")


def test_a_record_that_cannot_be_used_is_a_row_without_a_score_and_a_line_in_quarantine(
    tiny: dict[str, Any], tmp_path: Path, write_video: WriteVideo
) -> None:
    del tiny["modalities"]["depth"], tiny["model"]["encoders"]["shape"], tiny["augment"]
    tiny["model"]["fusions"]["all"]["inputs"] = ["app"]
    tiny["modalities"]["faces"]["detector"] = "whole"
    rows = ["id,label,rgb,subject,species"]
    for number, record in enumerate(Phantom(subjects=3, frames=3, size=48, species=("print.flat",)).records("test")):
        write_video(tmp_path / f"{number}.mp4", [frame.image for frame in record.channels["rgb"].read()])
        rows.append(f"{number},{record.label},{number}.mp4,{record.subject},{record.species or ''}")
    (tmp_path / "broken.mp4").write_text("not a video")
    rows.append("broken,1,broken.mp4,s9,")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    tiny["data"]["test"] = {"files": [{"dataset": {"type": "folder", "manifest": str(tmp_path / "manifest.csv")}, "split": "all"}]}
    root = execute_document(tiny, runs=tmp_path / "runs")
    scored = {row["id"]: row for row in csv.DictReader((root / "scores" / "files.csv").open())}
    assert (scored["broken"]["response"], scored["broken"]["score"]) == ("unreadable", "")
    assert [json.loads(line)["id"] for line in (root / "quarantine.jsonl").read_text().splitlines()] == ["broken"]
    with pytest.raises(FascoreError, match="--strict"):
        execute_document({**tiny, "name": "strict"}, runs=tmp_path / "runs", strict=True)


def start(spec: Path, runs: Path, *flags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fascore", "run", str(spec), "--runs", str(runs), *flags]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_run_killed_again_and_again_ends_in_the_same_bytes_as_an_unbroken_one(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["recipe"]["epochs"] = 4
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(tiny))
    whole = start(spec, tmp_path / "whole")
    assert whole.wait(300) == 0, whole.stderr.read().decode() if whole.stderr else ""
    root = tmp_path / "broken" / "tiny"
    for moment in ("resolved.json", "checkpoints/last.safetensors", "scores/dev.csv"):
        process = start(spec, tmp_path / "broken")
        deadline = time.monotonic() + 200
        while process.poll() is None and not (root / moment).exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = start(spec, tmp_path / "broken")
    assert last.wait(300) == 0
    assert contents(root) == contents(tmp_path / "whole" / "tiny")


def test_ctrl_c_writes_a_checkpoint_and_says_how_to_continue(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["recipe"]["epochs"] = 500
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(tiny))
    process = start(spec, tmp_path)
    last = tmp_path / "tiny" / "checkpoints" / "last.safetensors"
    while process.poll() is None and not last.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode not in (0, -signal.SIGINT)
    assert b"Traceback" not in said
    assert b"same command" in said


def test_weights_of_a_score_rule_are_fitted_on_dev_and_kept_beside_the_threshold(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["model"]["heads"]["look"] = {"type": "binary", "inputs": ["app"]}
    tiny["model"]["score"] = {"weighted": {"main": 1, "look": "dev"}}
    root = execute_document(tiny, runs=tmp_path)
    _, weights = RunFolder(root).decision()
    assert 0 <= weights["look"] <= 1
    for split in ("dev", "intra", "cross"):
        for row in csv.DictReader((root / "scores" / f"{split}.csv").open()):
            assert float(row["score"]) == pytest.approx(float(row["main.score"]) + weights["look"] * float(row["look.score"]), abs=1e-12)


def test_without_a_dev_split_one_is_carved_from_train_by_subject_and_said(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["data"]["dev"] = []
    tiny["data"]["train"][0]["dataset"]["subjects"] = 8
    root = execute_document(tiny, runs=tmp_path)
    resolved = json.loads((root / "resolved.json").read_text())
    assert resolved["data"]["dev"] == "carved from train by subject, with the run's seed"
    dev = {row["subject"] for row in csv.DictReader((root / "scores" / "dev.csv").open())}
    assert len(dev) == 1
    assert resolved["data"]["records"]["train"] == 3 * resolved["data"]["records"]["dev"]


def test_heads_by_task_score_the_records_of_their_task(tiny: dict[str, Any], tmp_path: Path) -> None:
    for entries in (tiny["data"]["train"], tiny["data"]["dev"], *tiny["data"]["test"].values()):
        entries[0]["dataset"]["species"] = ["print.flat", "forgery.faceswap"]
    heads = {"s": {"where": {"task": "spoof"}}, "f": {"where": {"task": "forgery"}}}
    tiny["model"]["heads"] = {name: {"type": "binary", "inputs": ["all"], **where} for name, where in heads.items()}
    tiny["model"]["score"] = {"by_task": {"spoof": "s", "forgery": "f"}}
    root = execute_document(tiny, runs=tmp_path)
    rows = list(csv.DictReader((root / "scores" / "intra.csv").open()))
    assert {row["task"] for row in rows} == {"spoof", "forgery"}
    assert all(row["score"] == row["s.score" if row["task"] == "spoof" else "f.score"] for row in rows)
    assert set(json.loads((root / "metrics.json").read_text())["tests"]["intra"]["tasks"]) == {"spoof", "forgery"}


def test_further_numbers_of_a_head_are_columns_that_metrics_read(tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BinaryHead, "numbers", lambda head, output: {"logit": output}, raising=False)
    tiny["modalities"]["face"]["views"] = 1
    tiny["metrics"] = ["auc", {"type": "auc", "column": "main.logit"}]
    root = execute_document(tiny, runs=tmp_path)
    rows = list(csv.DictReader((root / "scores" / "intra.csv").open()))
    assert all(float(row["main.score"]) == pytest.approx(1 / (1 + math.exp(-float(row["main.logit"]))), rel=1e-5) for row in rows)
    found = json.loads((root / "metrics.json").read_text())["tests"]["intra"]["tasks"]["spoof"]["metrics"]
    assert found["auc"]["value"] == found["auc(column=main.logit)"]["value"]
