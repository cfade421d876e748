"""Whole runs of the branches, tiny: as two runs whose scores are summed, as one model, and from weights that are given."""

from __future__ import annotations

import csv
import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import timm
import torch
from fas_phantom.components import Phantom
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from fascore import FascoreError, RunSpec, validate
from fascore.cli.app import app
from fascore.model import ModelGraph
from fascore.spec.plan import check

SPECS = Path(__file__).parents[1] / "specs"
DATA = {"type": "phantom", "subjects": 8, "frames": 7, "size": 48, "species": ["print.flat"]}


def small(spec: str, /, **fields: Any) -> dict[str, Any]:
    """A spec of the package with a small clip of few people in place of its data, and two views of three frames of 32 px."""
    document: Any = json.loads((SPECS / f"{spec}.json").read_text())
    for split, entries in (
        ("train", document["data"]["train"]),
        ("dev", document["data"]["dev"]),
        ("test", document["data"]["test"]["intra"]),
    ):
        entries[:] = [{"dataset": DATA, "split": split}]
    del document["data"]["test"]["cross"]
    document["modalities"]["keys"] |= {"k": 2, "size": 32, "views": 2}
    for encoder in document["model"]["encoders"].values():
        encoder |= {"levels": [4, 5], "pretrained": False}
    if not document["recipe"].get("frozen"):
        document["recipe"] |= {"epochs": 2}
        document["sampler"]["batch_size"] = 4
    return document | {"compute": {"device": "cpu", "workers": 0, "prepare": 1}, "metrics": ["auc"], **fields}


def call(*arguments: object) -> None:
    """`fascore` with these words, in this process."""
    app([str(argument) for argument in arguments], standalone_mode=False)


def run(document: dict[str, Any]) -> None:
    path = Path(f"{document['name']}.json")
    path.write_text(json.dumps(document))
    call("run", path)


Frames = tuple[list[np.ndarray], np.ndarray, np.ndarray]
"""Pictures of a clip, its boxes (F, 4) and its points (F, N, 2)."""


def changed(frames: Frames, how: str) -> Frames:
    """A clip of which something is wrong."""
    images, boxes, points = list(frames[0]), frames[1].copy(), frames[2].copy()
    if how == "one frame":
        return images[:1], boxes[:1], points[:1]
    if how == "some without landmarks":
        boxes[[0, 3]], points[[0, 3]] = np.nan, np.nan
    elif how == "no landmarks":
        boxes[:], points[:] = np.nan, np.nan
    elif how == "leaves":
        shifts = np.arange(len(images)) * 9
        images = [
            cv2.warpAffine(image, np.array([[1.0, 0, shift], [0, 1, 0]]), image.shape[1::-1])
            for image, shift in zip(images, shifts)
        ]
        boxes += shifts[:, None] * (1, 0, 1, 0)
        points += shifts[:, None, None] * (1, 0)
    elif how == "resolution":
        images[3:] = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for image in images[3:]]
        boxes[3:] *= 2
        points[3:] *= 2
    return images, boxes, points


def written(frames: Frames, folder: Path) -> dict[str, str]:
    """A folder of pictures and a table of boxes and points; their paths."""
    (folder / "rgb").mkdir(parents=True)
    for number, image in enumerate(frames[0]):
        Image.fromarray(image).save(folder / f"rgb/{number:05d}.png")
    count = frames[2].shape[1]
    header = ["x1", "y1", "x2", "y2", *(f"{axis}_{number}" for number in range(count) for axis in "xy")]
    cells = np.concatenate([frames[1], frames[2].reshape(-1, 2 * count)], axis=1)
    lines = [header, *([("" if np.isnan(cell) else f"{cell:.4f}") for cell in row] for row in cells)]
    (folder / "faces.csv").write_text("".join(",".join(line) + "\n" for line in lines))
    return {"rgb": str(folder / "rgb"), "annotation": str(folder / "faces.csv")}


ODD = {
    "none": "ok",
    "one frame": "refused",
    "some without landmarks": "ok",
    "no landmarks": "no_face",
    "leaves": "ok",
    "resolution": "ok",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run of each branch, as `multi.json` and `difference.json` say, but small; and with `both.json` run on them, also
    on clips of which something is wrong."""
    folder = tmp_path_factory.mktemp("home")
    torch.set_num_threads(1)
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASCORE_STORE", raising=False)
        for name in ("multi", "difference"):
            run(small(name))
        both = small("both")
        both["data"]["test"]["odd"] = [
            {"dataset": {"type": "folder", "manifest": str(odd_clips()), "root": "."}, "split": "all"}
        ]
        run(both)
    return folder


def odd_clips() -> Path:
    """A manifest of two clips, an attack and a bona fide one, changed in every way."""
    rows = []
    for record in Phantom.model_validate({**DATA, "seed": 9}).records("test")[:2]:
        assert record.annotation is not None
        known = record.annotation.load()
        assert known.boxes is not None and known.points is not None
        clip = ([frame.image for frame in record.channels["rgb"].read()], known.boxes, known.points)
        for how in ODD:
            name = f"{how} {record.label}"
            rows.append(
                {
                    "id": name,
                    "label": record.label,
                    "species": record.species or "",
                    **written(changed(clip, how), Path("odd", name)),
                }
            )
    with open("odd.csv", "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return Path("odd.csv")


def scores(folder: Path, split: str) -> dict[str, float]:
    """Scores by id."""
    with (folder / "scores" / f"{split}.csv").open() as file:
        return {row["id"]: float(row["score"]) for row in csv.DictReader(file)}


def test_scores_of_two_runs_summed_are_those_of_one_model_with_the_weights_of_both(home: Path) -> None:
    with chdir(home):
        call(
            "evaluate",
            "--combine",
            "sum",
            "runs/twostream-multi",
            "runs/twostream-difference",
            "--out",
            "summed",
            "--bootstrap",
            0,
        )
    for split in ("dev", "intra"):
        multi, difference, both = (
            scores(home / "runs" / name, split) for name in ("twostream-multi", "twostream-difference", "twostream")
        )
        expected = {record: multi[record] + difference[record] for record in multi}
        assert max(expected.values()) - min(expected.values()) > 1e-5, "branches that tell clips apart"
        assert both == pytest.approx(expected, abs=2e-7)
        assert scores(home / "summed", split) == pytest.approx(expected, abs=2e-7)
    summed = json.loads((home / "summed/threshold.json").read_text())
    assert (summed["rule"], summed["split"], summed["n_bona_fide"], summed["n_attack"]) == ("eer", "dev", 2, 2)
    own = json.loads((home / "runs/twostream/checkpoints/threshold.json").read_text())["threshold"]
    assert own["value"] == pytest.approx(summed["value"], abs=2e-7)


def test_odd_clips_are_scored_or_counted_with_a_reason(home: Path) -> None:
    folder = home / "runs/twostream"
    with (folder / "scores/odd.csv").open() as file:
        found = {row["id"]: row for row in csv.DictReader(file)}
    assert {name: row["response"] for name, row in found.items()} == {
        f"{how} {label}": response for how, response in ODD.items() for label in (0, 1)
    }
    score = {name: float(row["score"]) for name, row in found.items() if row["response"] == "ok"}
    for label in (0, 1):
        change = abs(score[f"resolution {label}"] - score[f"none {label}"])
        assert change < abs(score["none 0"] - score["none 1"]) / 4, "less than one clip differs from another"
    told = (folder / "quarantine.jsonl").read_text()
    assert "1 of 1 frames show the face with its points" in told
    assert "no face in any of 7 frames" in told


def trunk(document: dict[str, Any], node: str) -> dict[str, Tensor]:
    """Weights of a node's trunk, by timm's names, as a run of this spec begins."""
    state = ModelGraph.build(check(validate(RunSpec, document)), seed=1).node(node).state_dict()
    return {name.removeprefix("trunk."): value for name, value in state.items() if name.startswith("trunk.")}


def same(found: dict[str, Tensor], given: dict[str, Tensor]) -> bool:
    """Whether a trunk, all but its first convolution, is that of these weights."""
    names = [name for name in found if name != "conv_stem.weight"]
    assert len(names) > 100
    return all(torch.equal(found[name], given[name]) for name in names)


def mean_over_rgb(rgb: Tensor) -> Tensor:
    """(16, 6, 3, 3): what each of six channels gets."""
    return ((rgb[:, 0] + rgb[:, 1] + rgb[:, 2]) / 3)[:, None].repeat(1, 6, 1, 1)


def test_both_branches_begin_with_the_weights_of_a_file_and_differences_with_the_mean_over_rgb(home: Path) -> None:
    torch.manual_seed(5)
    given = timm.create_model("mobilenetv3_small_100").state_dict()
    document = small("both", recipe={"type": "supervised"})
    for part in (*document["model"]["encoders"].values(), *document["model"]["heads"].values()):
        del part["weights"]
    for encoder in document["model"]["encoders"].values():
        encoder["pretrained"] = "imagenet.safetensors"
    with chdir(home):
        save_file(given, "imagenet.safetensors")
        multi, difference = (trunk(document, name) for name in ("multi", "diff"))
    assert same(multi, given) and torch.equal(multi["conv_stem.weight"], given["conv_stem.weight"])
    assert same(difference, given)
    assert torch.allclose(difference["conv_stem.weight"], mean_over_rgb(given["conv_stem.weight"]))


def test_the_difference_branch_begins_with_the_trunk_of_a_trained_multi_frame_branch(home: Path) -> None:
    start = "nodes.n_multi.trunk."
    best = load_file(home / "runs/twostream-multi/checkpoints/best.safetensors")
    trained = {name.removeprefix(start): value for name, value in best.items() if name.startswith(start)}
    document = small("difference")
    encoder = document["model"]["encoders"]["diff"]
    with chdir(home):
        encoder["trunk_from"] = "runs/twostream-multi#multi"
        found = trunk(document, "diff")
        assert same(found, trained)
        assert torch.allclose(found["conv_stem.weight"], mean_over_rgb(trained["conv_stem.weight"]))
        encoder["trunk_from"] = "runs/twostream-multi#nobody"
        with pytest.raises(FascoreError, match="has no weights for 'nobody'"):
            trunk(document, "diff")
        encoder["trunk_from"] = "runs/twostream-difference#diff"
        with pytest.raises(
            FascoreError, match=r"is not a twostream.multi_frame node with the trunk 'budget': .* reads 6 channels"
        ):
            trunk(document, "diff")
