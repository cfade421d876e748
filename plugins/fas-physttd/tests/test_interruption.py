"""Adversarial trainings of both papers in real processes: killed and continued, and shared between two."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from fas_physttd.physttd.recipes import EXAMPLE
from fas_physttd.polysemantic.recipes import toy_graph
from forked import Forked
from physttd_shared import RECIPES, steps
from safetensors.torch import load_file

from fascore.training import distributed

CLIPS = {"type": "phantom", "subjects": 4, "frames": 1, "size": 64, "species": ["print.flat"]}
EPOCHS, STEPS = 3, 2
PATIENCE = 3600
"""Seconds until a process counts as hung; a busy machine is slow."""
SPECS: dict[str, dict[str, Any]] = {
    "three_steps": {
        **EXAMPLE,
        "recipe": {"type": "physttd.three_steps", "discriminator_width": 0.06, "epochs": EPOCHS, "ema": 0.9},
    },
    "polysemantic": {
        **toy_graph(("rgb", "depth")),
        "recipe": {"type": "physttd.polysemantic", "scales": [32, 16], "discriminator_width": 0.1, "epochs": EPOCHS},
    },
}


def begun(spec: Path, runs: Path) -> Forked:
    return Forked("run", spec, "--runs", runs, cwd=spec.parent)


def ended(process: Forked) -> None:
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said


def logged(folder: Path) -> list[dict[str, Any]]:
    """Whole lines of the log, without the clock."""
    path = folder / "log.jsonl"
    text = path.read_text() if path.exists() else ""
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def killed(process: Forked, folder: Path, step: int) -> None:
    """Send SIGKILL once the log has this step."""
    deadline = time.monotonic() + PATIENCE
    while not any(line["event"] == "step" and line["step"] >= step for line in logged(folder)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_a_training_killed_within_an_epoch_ends_in_the_bytes_of_an_unbroken_one(name: str, tmp_path: Path) -> None:
    data = {part: [{"dataset": CLIPS, "split": part}] for part in ("train", "dev")}
    spec = tmp_path / "spec.json"
    whole = {
        "name": name,
        "seed": 5,
        "data": {**data, "test": {"one": [{"dataset": CLIPS, "split": "test"}]}},
        **SPECS[name],
    }
    spec.write_text(json.dumps({**whole, "sampler": {"type": "physttd.paired", "batch_size": 2}, "metrics": ["auc"]}))
    ended(begun(spec, tmp_path / "whole"))
    killed(begun(spec, tmp_path / "parts"), tmp_path / "parts" / name, STEPS + 1)
    ended(begun(spec, tmp_path / "parts"))
    one, other = (tmp_path / kind / name for kind in ("whole", "parts"))
    assert logged(one) == logged(other)
    assert sum(line["event"] == "step" for line in logged(one)) == EPOCHS * STEPS
    files = sorted(path.relative_to(one) for folder in ("checkpoints", "scores") for path in (one / folder).iterdir())
    assert {file.name for file in files} == {
        "best.safetensors",
        "last.safetensors",
        "threshold.json",
        "dev.csv",
        "one.csv",
    }
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes were left with, by recipe and process."""
    folder = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        assert distributed.spawn(2, [str(Path(__file__).parent / "physttd_shared.py"), str(folder)]) == 0
    return folder


@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_keep_bit_equal_generators_discriminators_and_optimizers(name: str, both: Path) -> None:
    first, second = (load_file(both / f"{name}.{rank}.safetensors") for rank in (0, 1))
    assert set(first) == set(second)
    assert len(first) > 100
    for key, value in first.items():
        assert torch.equal(value, second[key]), key


@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_without_batch_statistics_step_as_one_with_all_records(name: str, both: Path) -> None:
    together, (alone, began) = load_file(both / f"{name}.0.safetensors"), steps(name)
    assert set(together) == set(alone)
    for key in began:
        if key.startswith(("model.", "own.")):
            # L1 norms turn their gradient at 0, where the order of sums decides.
            assert (
                float((together[key] - alone[key]).norm()) <= 0.01 * float((alone[key] - began[key]).norm()) + 1e-9
            ), key
    trained = [key for key, value in began.items() if not torch.equal(value, alone[key])]
    assert any(key.startswith("own.") for key in trained)
    assert any(key.startswith("model.") for key in trained)
