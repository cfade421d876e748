"""Fixtures of this folder: one store, and one small run that is trained once and copied for each test."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _one_store(shared_store: object) -> None:
    pass


@pytest.fixture
def spec(tiny: dict[str, Any]) -> dict[str, Any]:
    """The small spec with an encoder whose tokens have positions."""
    tiny["recipe"]["epochs"] = 1
    tiny["data"]["test"]["cross"][0]["split"] = "all"
    model = tiny["model"]
    model["encoders"]["places"] = {
        "type": "timm",
        "name": "test_vit",
        "inputs": ["face"],
        "output": "tokens",
        "img_size": [32, 32],
    }
    model["fusions"]["seen"] = {"type": "attention_pool", "inputs": ["places"]}
    model["fusions"]["all"] = {"type": "gated", "width": 32, "inputs": ["app", "shape", "seen"]}
    return tiny


@pytest.fixture
def trained_with(
    spec: dict[str, Any], in_process: Callable[..., Any], tmp_path: Path
) -> Callable[[dict[str, Any]], Path]:
    """Train the spec with some trackers; return the folder of the run."""

    def train(trackers: dict[str, Any]) -> Path:
        (tmp_path / "spec.json").write_text(json.dumps({**spec, "trackers": trackers}))
        in_process("run", "spec.json")
        return tmp_path / "runs/tiny"

    return train


@pytest.fixture
def run(
    trained_with: Callable[[dict[str, Any]], Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a finished run without trackers, which the test may change."""
    kept = tmp_path_factory.getbasetemp() / "explained-run"
    if not kept.exists():
        shutil.copytree(trained_with({}), kept)
    return Path(shutil.copytree(kept, tmp_path / "runs/tiny", dirs_exist_ok=True))
