"""`fascore init`: what it writes, asks and refuses."""

import json
import os
import pty
import subprocess
import sys

import pytest

PHANTOM = (
    {},
    {"modalities": "rgb,depth,infrared"},
    {"modalities": "depth"},
    {"modalities": "rgb,infrared", "fusion": "mean", "epochs": "3"},
)


@pytest.mark.parametrize("choices", PHANTOM, ids=str)
def test_what_init_writes_for_rendered_clips_passes_the_check(fascore, choices, tmp_path):
    flags = [word for name, value in choices.items() for word in (f"--{name}", value)]
    fascore("init", "mine.json", *flags)
    shown = fascore("check", "mine.json").stdout
    assert shown.startswith("mine is a valid spec")
    document = json.loads((tmp_path / "mine.json").read_text())
    assert document["recipe"]["epochs"] == int(choices.get("epochs", 10))
    assert len(document["model"]["encoders"]) == len(choices.get("modalities", "rgb").split(","))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("videos.csv", "id,label,split,rgb\na,1,train,a.mp4\nc,1,test,c.mp4\n"),
        (
            "videos.jsonl",
            '{"id": "a", "label": 1, "split": "train", "rgb": "a.mp4"}\n{"id": "c", "label": 1, "split": "test", "rgb": "c.mp4"}\n',
        ),
    ],
)
def test_init_for_own_videos_reads_the_splits_of_the_manifest(fascore, tmp_path, file, text):
    (tmp_path / file).write_text(text)
    for name in ("a.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"not read")
    fascore("init", "mine.json", "--manifest", file, "--detector", "whole")
    data = json.loads((tmp_path / "mine.json").read_text())["data"]
    assert "dev" not in data
    assert list(data["test"]) == ["test"]
    assert "carved from train" in fascore("check", "mine.json").stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--modalities", "rgb,thermal"], "'thermal' is not one of rgb, depth, infrared"),
        (["--data", "folder"], "needs a manifest"),
        (["--data", "nothing"], "must be phantom or folder"),
        (["--manifest", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["--fusion", "concta", "--modalities", "rgb,depth"], "no fusion 'concta'. Did you mean 'concat'"),
    ],
)
def test_init_reports_what_is_wrong_and_writes_nothing(fascore, tmp_path, flags, said):
    assert said in fascore("init", "mine.json", *flags, code=1).stderr
    assert not (tmp_path / "mine.json").exists()


def test_init_never_writes_over_a_file_unasked(fascore, tmp_path):
    (tmp_path / "mine.json").write_text("precious")
    assert "--force" in fascore("init", "mine.json", code=1).stderr
    assert (tmp_path / "mine.json").read_text() == "precious"
    fascore("init", "mine.json", "--force")
    assert json.loads((tmp_path / "mine.json").read_text())["name"] == "mine"


def test_on_a_terminal_init_asks(tmp_path):
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "fascore", "init", "mine.json"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as running:
        os.write(mine, b"phantom\nrgb,depth\nmean\n\n3\n")
        assert running.wait(60) == 0, running.stderr.read()
    asked = os.read(mine, 10_000).decode()
    assert "modalities, of rgb, depth, infrared [rgb]:" in asked
    document = json.loads((tmp_path / "mine.json").read_text())
    assert document["model"]["fusions"]["all"]["type"] == "mean"
    assert document["model"]["encoders"]["face_features"]["name"] == "resnet18"
    assert document["recipe"]["epochs"] == 3


def test_an_answer_that_does_not_fit_is_reported_and_asked_for_again(tmp_path):
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "fascore", "init", "mine.json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True
    ) as running:
        os.write(mine, b"gone.csv\nphantom\nrgb,dept\nrgb,depth\ngatde\nmean\n\n0\nmany\n3\n")
        told = running.communicate(timeout=60)[1]
    assert running.returncode == 0, told
    said = told + os.read(mine, 10_000).decode()
    for sentence in (
        "there is no file gone.csv",
        "'dept' is not one of rgb",
        "'gatde' is not one of gated",
        "'0' is not a whole",
        "'many' is not a whole",
    ):
        assert sentence in said
    document = json.loads((tmp_path / "mine.json").read_text())
    assert (document["model"]["fusions"]["all"]["type"], document["recipe"]["epochs"]) == ("mean", 3)
