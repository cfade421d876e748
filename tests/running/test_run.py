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

import forked
import numpy as np
import pytest
from fas_phantom.components import Phantom
from forked import Forked

from fascore import FascoreError, RunSpec, validate
from fascore.components.heads import Binary
from fascore.components.heads.binary import BinaryHead
from fascore.running.folder import RunFolder, open_run
from fascore.running.run import execute_document
from fascore.running.start import begin, differences, locked, refuse_other_data

WriteVideo = Callable[[Path, list[np.ndarray]], None]

COMPARED = (
    "checkpoints/best.safetensors",
    "checkpoints/threshold.json",
    "metrics.json",
    "scores/dev.csv",
    "scores/intra.csv",
    "scores/cross.csv",
)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in COMPARED}


def test_a_run_leaves_the_folder_that_the_design_names_and_scores_every_record_once(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    root = execute_document(tiny, runs=tmp_path)
    assert {p.name for p in root.iterdir()} >= {
        "spec.json",
        "resolved.json",
        "log.jsonl",
        "checkpoints",
        "scores",
        "metrics.json",
        "report.html",
    }
    rows = list(csv.DictReader((root / "scores" / "cross.csv").open()))
    assert len(rows) == len({row["id"] for row in rows}) > 0
    assert all(
        0 <= float(row["score"]) <= 1 and row["response"] == "ok" and row["main.score"] == row["score"] for row in rows
    )
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


def test_a_run_from_before_a_field_was_added_is_of_the_same_spec(
    tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = execute_document(tiny, runs=tmp_path)
    resolved = json.loads((run / "resolved.json").read_text())
    del resolved["spec"]["recipe"]["clip"], resolved["spec"]["augment"]["gamma"]
    (run / "resolved.json").write_text(json.dumps(resolved))
    execute_document(tiny, runs=tmp_path)
    assert "is finished" in capsys.readouterr().err
    resolved["spec"]["augment"]["gamma"] = 0.5
    (run / "resolved.json").write_text(json.dumps(resolved))
    with pytest.raises(FascoreError, match=r"another spec: augment\.gamma was 0\.5, is 0"):
        execute_document(tiny, runs=tmp_path)


def test_another_spec_in_the_same_folder_is_refused_by_the_fields_that_differ(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    root = execute_document(tiny, runs=tmp_path)
    other = {**tiny, "recipe": {**tiny["recipe"], "epochs": 3}, "compute": {**tiny["compute"], "workers": 1}}
    with pytest.raises(
        FascoreError, match=r"another spec: recipe\.epochs was 2, is 3; choose another name for this run"
    ):
        execute_document(other, runs=tmp_path)
    assert contents(root)


def test_only_precision_of_compute_counts_as_a_difference() -> None:
    before, now = ({"compute": {"workers": n, "precision": p}, "seed": 1} for n, p in ((1, "fp32"), (2, "bf16")))
    assert list(differences(before, now)) == ["compute.precision"]


def test_two_processes_never_work_in_one_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "one")
    with locked(folder), pytest.raises(FascoreError, match="another process is running this run"), locked(folder):
        pass


@pytest.mark.parametrize("moves", range(5))
def test_a_fresh_run_killed_while_the_old_one_moves_aside_never_finds_its_checkpoints(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    folder, spec = RunFolder(tmp_path / "tiny"), validate(RunSpec, tiny)
    begin(folder, tiny, spec, fresh=False)
    for path in (folder.resolved, folder.checkpoints / "last.safetensors", folder.metrics, folder.report):
        folder.write(path, {})
    rename, done = Path.rename, []

    def killed(path: Path, target: Path) -> None:
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(rename(path, target))

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "rename", killed)
        begin(folder, tiny, spec, fresh=True)
    begin(folder, tiny, spec, fresh=True)
    assert [path.name for path in folder.root.iterdir()] == ["spec.json"]


def test_training_never_goes_on_with_other_records_than_it_began_with(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    before = {"data": {"manifest": "a", "records": {"train": 9}}}
    folder.write(folder.resolved, before)
    refuse_other_data(folder, {"data": {"manifest": "b", "records": {"train": 8}}})
    folder.write(folder.checkpoints / "last.safetensors", {})
    refuse_other_data(folder, before)
    with pytest.raises(
        FascoreError, match=r"records other than those that its spec now lists \(train had 9 records, has 8\)"
    ):
        refuse_other_data(folder, {"data": {"manifest": "b", "records": {"train": 8}}})


SLOW = """
import time
import fascore.running.start as begin
move = begin._move_aside
begin._move_aside = lambda folder: (time.sleep(4), move(folder))
from fascore.cli import main
main()
"""


def test_two_processes_begin_again_together_however_slowly_the_old_run_moves_aside(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    tiny["recipe"]["epochs"] = 1
    root = execute_document(tiny, runs=tmp_path)
    for name, text in (("slow.py", SLOW), ("spec.json", json.dumps(tiny))):
        (tmp_path / name).write_text(text)
    command = [str(tmp_path / "slow.py"), "run", str(tmp_path / "spec.json"), "--runs", str(tmp_path), "--fresh"]
    spawn = f"import sys; from fascore.training.distributed import spawn; sys.exit(spawn(2, {command!r}))"
    done = subprocess.run([sys.executable, "-c", spawn], timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((root / "resolved.json").read_text())["processes"] == 2
    assert RunFolder(root).finished() and RunFolder(tmp_path / "tiny.old1").finished()


def test_a_folder_that_is_not_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FascoreError, match=r"is not the folder of a run \(no spec\.json\)"):
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
    tiny["data"]["test"] = {
        "files": [{"dataset": {"type": "folder", "manifest": str(tmp_path / "manifest.csv")}, "split": "all"}]
    }
    root = execute_document(tiny, runs=tmp_path / "runs")
    scored = {row["id"]: row for row in csv.DictReader((root / "scores" / "files.csv").open())}
    assert (scored["broken"]["response"], scored["broken"]["score"]) == ("unreadable", "")
    assert [json.loads(line)["id"] for line in (root / "quarantine.jsonl").read_text().splitlines()] == ["broken"]
    with pytest.raises(FascoreError, match="--strict"):
        execute_document({**tiny, "name": "strict"}, runs=tmp_path / "runs", strict=True)


def test_a_class_of_which_nothing_can_be_read_stops_the_run_before_it_trains(
    tiny: dict[str, Any], tmp_path: Path, write_video: WriteVideo
) -> None:
    tiny["modalities"]["faces"]["detector"] = "whole"
    write_video(tmp_path / "attack.mp4", [np.full((48, 48, 3), 90, np.uint8)] * 3)
    (tmp_path / "live.mp4").write_text("not a video")
    (tmp_path / "manifest.csv").write_text("id,label,rgb,species\n1,0,attack.mp4,print\n2,1,live.mp4,\n")
    tiny["data"]["train"] = [
        {"dataset": {"type": "folder", "manifest": str(tmp_path / "manifest.csv")}, "split": "all"}
    ]
    with pytest.raises(
        FascoreError, match=r"data\.train: no bona fide record can be used; 1 of 2 records lack a required modality"
    ):
        execute_document(tiny, runs=tmp_path / "runs")


def test_a_run_killed_again_and_again_ends_in_the_same_bytes_as_an_unbroken_one(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    tiny["recipe"]["epochs"] = 4
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(tiny))
    # A new interpreter has another hash seed than the processes that are killed.
    whole = [sys.executable, "-m", "fascore", "run", str(spec), "--runs", str(tmp_path / "whole")]
    done = subprocess.run(whole, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    root = tmp_path / "broken" / "tiny"
    for moment in ("resolved.json", "checkpoints/last.safetensors", "scores/dev.csv"):
        process = Forked("run", spec, "--runs", tmp_path / "broken", cwd=tmp_path)
        deadline = time.monotonic() + 200
        while process.poll() is None and not (root / moment).exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, moment
    last = forked.call("run", spec, "--runs", tmp_path / "broken", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert contents(root) == contents(tmp_path / "whole" / "tiny")


def test_ctrl_c_writes_a_checkpoint_and_says_how_to_continue(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["recipe"]["epochs"] = 500
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(tiny))
    process = Forked("run", spec, "--runs", tmp_path, cwd=tmp_path)
    last = tmp_path / "tiny" / "checkpoints" / "last.safetensors"
    while process.poll() is None and not last.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode not in (0, -signal.SIGINT)
    assert "Traceback" not in said
    assert "same command" in said


def test_weights_of_a_score_rule_are_fitted_on_dev_and_kept_beside_the_threshold(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    tiny["model"]["heads"]["look"] = {"type": "binary", "inputs": ["app"]}
    tiny["model"]["score"] = {"weighted": {"main": 1, "look": "dev"}}
    root = execute_document(tiny, runs=tmp_path)
    _, weights = RunFolder(root).decision()
    assert 0 <= weights["look"] <= 1
    for split in ("dev", "intra", "cross"):
        for row in csv.DictReader((root / "scores" / f"{split}.csv").open()):
            assert float(row["score"]) == pytest.approx(
                float(row["main.score"]) + weights["look"] * float(row["look.score"]), abs=1e-12
            )


def test_without_a_dev_split_one_is_carved_from_train_by_subject_and_reported(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
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


def test_further_numbers_of_a_head_are_columns_that_metrics_read(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Binary, "numbers", ("logit",))
    monkeypatch.setattr(BinaryHead, "numbers", lambda head, output: {"logit": output}, raising=False)
    tiny["modalities"]["face"]["views"] = 1
    tiny["metrics"] = ["auc", {"type": "auc", "column": "main.logit"}]
    root = execute_document(tiny, runs=tmp_path)
    rows = list(csv.DictReader((root / "scores" / "intra.csv").open()))
    assert all(
        float(row["main.score"]) == pytest.approx(1 / (1 + math.exp(-float(row["main.logit"]))), rel=1e-5)
        for row in rows
    )
    found = json.loads((root / "metrics.json").read_text())["tests"]["intra"]["tasks"]["spoof"]["metrics"]
    assert found["auc"]["value"] == found["auc(column=main.logit)"]["value"]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("resolved.json", "{}", "'spec' is missing"),
        ("resolved.json", "[]", "'spec' is missing"),
        ("checkpoints/threshold.json", "{}", "'threshold' is missing"),
        ("checkpoints/threshold.json", '{"threshold": 3, "weights": []}', "is not as the run wrote it"),
    ],
)
def test_a_file_of_the_run_that_was_changed_by_hand_is_reported_with_its_path(
    tmp_path: Path, path: str, text: str, said: str
) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    (tmp_path / path).write_text(text)
    with pytest.raises(FascoreError, match=said) as caught:
        folder.run_spec() if path == "resolved.json" else folder.decision()
    assert str(tmp_path / path) in str(caught.value)
