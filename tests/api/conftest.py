"""One finished run for all tests of the verbs: a small model, with the whole frame as the face."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fascore

PHANTOM = {"type": "phantom", "subjects": 4, "frames": 2, "size": 48, "species": ["print.flat"]}


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return {
        "name": "small",
        "seed": 3,
        "data": {
            "train": [{"dataset": PHANTOM, "split": "train"}],
            "dev": [{"dataset": PHANTOM, "split": "dev"}],
            "test": {"intra": [{"dataset": PHANTOM, "split": "test"}]},
        },
        "modalities": {
            "faces": {"type": "faces", "detector": "whole"},
            "face": {"type": "face_frames", "inputs": ["faces"], "size": 32, "views": 2},
        },
        "model": {
            "encoders": {"look": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
            "heads": {"main": {"type": "binary", "inputs": ["look"]}},
        },
        "recipe": {"type": "supervised", "epochs": 1},
        "compute": {"device": "cpu", "workers": 0, "prepare": 1},
    }


@pytest.fixture(scope="session")
def run(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[fascore.Run]:
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASCORE_STORE", str(folder / "store"))
        yield fascore.run(document, runs=str(folder / "runs"))


@pytest.fixture(scope="session")
def scorer(run: fascore.Run) -> fascore.Scorer:
    return fascore.open_scorer(run)


@pytest.fixture
def begun(run: fascore.Run, tmp_path: Path) -> Path:
    """A run that has started but not finished."""
    folder = tmp_path / "begun"
    folder.mkdir()
    for name in ("spec.json", "resolved.json"):
        (folder / name).write_bytes((run.folder / name).read_bytes())
    return folder
