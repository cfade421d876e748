"""Export: files that the real decode path reads as the renderer gives them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import av
import forked
import numpy as np
import pytest
from fas_phantom.components import Phantom
from fas_phantom.export import export
from fas_phantom.sources import CHANNELS
from PIL import Image

from fascore import FascoreError
from fascore.components.datasets import Folder

FIELDS = {
    "landmarks": "mesh140",
    "subjects": 4,
    "frames": 10,
    "size": 48,
    "shortest": 0.7,
    "species": ["print.flat", "mask.rigid"],
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "clips"
    dataset = Phantom(**FIELDS)
    steps = list(export(dataset, folder, 2))
    assert [done for done, _ in steps] == list(range(1, len(dataset.records("all")) + 1))
    return dataset, folder


@pytest.fixture(autouse=True)
def own_store(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FASCORE_STORE", str(tmp_path_factory.getbasetemp() / "export-store"))


def command(*arguments):
    return forked.call(*arguments, cwd=Path.cwd(), CUDA_VISIBLE_DEVICES="")


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_folder_dataset_reads_the_same_records(exported, split):
    dataset, folder = exported
    files = Folder(manifest=folder / "manifest.csv").records(split)
    rendered = dataset.records(split)
    for name in ("id", "label", "species", "task", "subject", "presenter"):
        assert [getattr(record, name) for record in files] == [getattr(record, name) for record in rendered], name
    for file, record in zip(files, rendered, strict=True):
        assert set(file.channels) == set(CHANNELS)
        facts = {name: "" if value is None else str(value) for name, value in record.metadata.items()}
        assert {name: file.metadata[name] or "" for name in facts} == facts


def test_every_channel_decodes_to_the_very_frames_that_are_rendered_at_the_same_times(exported):
    dataset, folder = exported
    coded = set()
    for file, record in zip(
        Folder(manifest=folder / "manifest.csv").records("all"), dataset.records("all"), strict=True
    ):
        coded.add(record.metadata["crf"] is not None)
        for name, channel in record.channels.items():
            np.testing.assert_allclose(file.channels[name].times(), channel.times(), atol=6e-4)
            for read, shown in zip(file.channels[name].read(), channel.read(), strict=True):
                assert read.image.dtype == shown.image.dtype
                assert np.array_equal(read.image, shown.image), (record.id, name)
    assert coded == {True, False}


def test_boxes_landmarks_and_areas_come_back(exported):
    dataset, folder = exported
    for file, record in zip(
        Folder(manifest=folder / "manifest.csv").records("all"), dataset.records("all"), strict=True
    ):
        read, known = file.annotation.load(), record.annotation.load()
        for name in ("boxes", "points", "area"):
            np.testing.assert_allclose(getattr(read, name), getattr(known, name), atol=1e-3)
        assert read.layout == known.layout


def test_the_files_are_what_the_datasheet_says(exported):
    dataset, folder = exported
    rows = list(csv.DictReader((folder / "manifest.csv").open()))
    for row in rows:
        with av.open(str(folder / row["rgb"])) as video:
            assert video.streams.video[0].codec_context.name == ("h264" if row["crf"] else "ffv1")
        for channel in ("depth", "thermal"):
            with Image.open(min((folder / row[channel]).glob("*.png"))) as picture:
                assert picture.mode == "I;16"
    text = (folder / "DATASHEET.md").read_text()
    assert dataset.benchmark() in text and "do not replace real data" in text and "Apache-2.0" in text
    for split in ("train", "dev", "test"):
        found = [row for row in rows if row["split"] == split and row["species"] == "print.flat"]
        assert f"| {split} | spoof | print.flat | {len(found)} | {len({row['subject'] for row in found})} |" in text
    config = json.loads(text.split("```json\n")[1].split("```")[0])
    assert [record.id for record in Phantom(**config).records("all")] == [row["id"] for row in rows]


def test_a_model_gives_nearly_the_same_scores_on_files_and_on_rendered_clips(exported, tmp_path):
    dataset, folder = exported
    rendered = dataset.model_dump(mode="json")
    files = {"type": "folder", "manifest": str(folder / "manifest.csv"), "name": "phantom"}
    scores = {}
    for name, source in (("rendered", rendered), ("files", files)):
        spec = {
            "fascore": 1,
            "name": name,
            "seed": 3,
            "data": {
                "train": [{"dataset": source, "split": "train"}],
                "dev": [{"dataset": source, "split": "dev"}],
                "test": {"intra": [{"dataset": source, "split": "test"}]},
            },
            "modalities": {
                "faces": {"type": "faces", "detector": "boxes"},
                "face": {"type": "face_frames", "inputs": ["faces"], "size": 32, "views": 2},
                "depth": {"type": "depth_map", "inputs": ["face"]},
            },
            "model": {
                "encoders": {
                    "app": {"type": "timm", "name": "test_resnet", "inputs": ["face"]},
                    "shape": {"type": "timm", "name": "test_resnet", "inputs": ["depth"]},
                },
                "fusions": {"all": {"type": "concat", "inputs": ["app", "shape"]}},
                "heads": {"main": {"type": "binary", "inputs": ["all"]}},
                "score": "main",
            },
            "sampler": {"type": "shuffle", "batch_size": 8},
            "recipe": {"type": "supervised", "optimizer": {"name": "sgd", "lr": 0.01}, "epochs": 1},
            "metrics": ["auc"],
            "compute": {"device": "cpu", "precision": "fp32", "workers": 0, "prepare": 1},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(spec))
        done = command("run", tmp_path / f"{name}.json", "--runs", tmp_path / "runs")
        assert done.returncode == 0, done.stderr
        rows = csv.DictReader((tmp_path / "runs" / name / "scores" / "intra.csv").open())
        scores[name] = {row["id"]: (row["label"], float(row["score"])) for row in rows}
    assert {id: label for id, (label, _) in scores["files"].items()} == {
        id: label for id, (label, _) in scores["rendered"].items()
    }
    apart = [abs(scores["files"][id][1] - score) for id, (_, score) in scores["rendered"].items()]
    assert len({score for _, score in scores["rendered"].values()}) == len(apart)
    assert max(apart) < 1e-3


def test_the_command_writes_a_folder_and_refuses_one_that_holds_something(tmp_path):
    small = (
        "--set",
        "subjects=3",
        "--set",
        "frames=2",
        "--set",
        "size=32",
        "--set",
        "species=print.flat,glasses",
        "--processes",
        "1",
    )
    done = command("phantom", "export", tmp_path / "out", *small)
    assert done.returncode == 0, done.stderr
    assert "12 clips" in done.stdout
    before = sorted(tmp_path.rglob("*"))
    for place in (tmp_path / "out", tmp_path / "out" / "manifest.csv"):
        again = command("phantom", "export", place, *small)
        assert again.returncode == 1
        assert "an export never overwrites anything" in again.stderr and "Traceback" not in again.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("subjects=2", "subjects: "),
        ("site=Q", "site: "),
        ("species=zebra", "species: phantom has no species"),
        ("nonsense", "write FIELD=VALUE"),
        ("protocol=openset", "protocol: 'openset' has no attack"),
    ],
)
def test_the_command_reports_mistakes_in_a_sentence(tmp_path, setting, said):
    arguments = ("--set", setting) + (("--set", "species=print.flat") if setting.startswith("protocol") else ())
    done = command("phantom", "export", tmp_path / "out", *arguments)
    assert done.returncode == 1
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("processes", [1, 2])
def test_nothing_is_left_behind_when_an_export_stops_halfway(tmp_path, processes):
    steps = export(Phantom(subjects=3, frames=2, size=32, landmarks="mesh140"), tmp_path / "out", processes)
    next(steps)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    steps.close()
    assert not list(tmp_path.iterdir())


def test_frames_closer_than_a_millisecond_are_refused(tmp_path):
    with pytest.raises(FascoreError, match="less than a millisecond"):
        next(export(Phantom(subjects=3, frames=8, size=32, fps=1000), tmp_path / "out", processes=1))
    assert not list(tmp_path.iterdir())


def test_importing_the_command_imports_neither_torch_nor_numpy():
    code = "import sys, fas_phantom.command; sys.exit(bool({'torch', 'numpy', 'cv2', 'av'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path.home()).returncode == 0
