"""Two gloo processes against one another and against one process."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from training_toys import SHAPES, job_of, records, spec_of
from two_processes import PAIRS, SAM, UNEVEN, scores, watch

from fascore import FascoreError
from fascore.training import checkpoint, distributed
from fascore.training.trainer import pick_precision, train


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """What two processes saw, and their folder."""
    folder = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        assert distributed.spawn(2, [str(Path(__file__).parent / "two_processes.py"), str(folder)]) == 0
    first, second = (json.loads((folder / f"process{rank}.json").read_text()) for rank in (0, 1))
    return folder, first, second


@pytest.mark.parametrize("shape", [*SHAPES, "uneven", "sam", "pairs", "stopped"])
def test_two_processes_keep_bit_equal_weights_after_every_step(shape: str, both: Any) -> None:
    _, first, second = both
    assert len(set(first[shape]["digests"])) > 1
    assert first[shape]["digests"] == second[shape]["digests"]
    assert first[shape]["state"] == second[shape]["state"]
    assert first[shape]["figure"] == second[shape]["figure"]


@pytest.mark.parametrize("shape", SHAPES)
def test_two_processes_together_see_the_ids_of_one_with_twice_the_batch(shape: str, both: Any, tmp_path: Path) -> None:
    _, first, second = both
    alone = watch(job_of(spec_of(shape), tmp_path))
    assert len(alone["ids"]) == 8
    assert [ids[0::2] for ids in alone["ids"]] == first[shape]["ids"]
    assert [ids[1::2] for ids in alone["ids"]] == second[shape]["ids"]


@pytest.mark.parametrize("shape", SHAPES)
def test_evaluation_sees_every_record_once_and_scores_it_as_one_process_does(
    shape: str, both: Any, tmp_path: Path
) -> None:
    folder, first, second = both
    everyone = [record.id for record in records(15, "dev")]
    for mine, other in zip(first[shape]["dev"], second[shape]["dev"], strict=True):
        assert sorted(mine + other) == everyone
    assert first[shape]["scores"] == second[shape]["scores"]
    job = job_of(spec_of(shape), tmp_path)
    tensors, _ = checkpoint.read(folder / shape / "checkpoints" / checkpoint.LAST)
    job.graph.load_state_dict(
        {key.removeprefix("graph."): value for key, value in tensors.items() if key.startswith("graph.")}
    )
    alone = scores(job.graph, job)
    assert list(alone["ids"]) == first[shape]["scores"]["ids"] == everyone
    for head, values in alone["heads"].items():
        assert list(values) == pytest.approx(first[shape]["scores"]["heads"][head], abs=1e-6, nan_ok=True)


def test_two_processes_step_as_one_also_where_their_shares_are_uneven(both: Any, tmp_path: Path) -> None:
    folder, first, second = both
    assert {(len(mine), len(other)) for mine, other in zip(first["uneven"]["ids"], second["uneven"]["ids"])} == {
        (3, 2),
        (1, 1),
    }
    train(job_of(spec_of("classification", **UNEVEN, recipe={"ema": None}), tmp_path, count=21))
    same_weights(folder / "uneven", tmp_path)


def test_two_processes_step_as_one_also_where_a_parameter_has_a_gradient_on_one_or_none(
    both: Any, tmp_path: Path
) -> None:
    folder, first, second = both
    task = {record.id: record.task for record in records(24)}
    pairs = {
        frozenset((task[mine], task[other])) for (mine,), (other,) in zip(first["pairs"]["ids"], second["pairs"]["ids"])
    }
    assert pairs == {frozenset({"spoof"}), frozenset({"forgery"}), frozenset({"spoof", "forgery"})}
    train(job_of(spec_of("task_split", **PAIRS), tmp_path))
    same_weights(folder / "pairs", tmp_path)


def test_two_processes_take_the_two_steps_of_sam_as_one(both: Any, tmp_path: Path) -> None:
    folder, _, _ = both
    train(job_of(spec_of("sharpness", **SAM), tmp_path, count=21))
    same_weights(folder / "sam", tmp_path)


def same_weights(one: Path, other: Path) -> None:
    """Weights and optimizer states agree but for the order of sums."""
    together, alone = (checkpoint.read(folder / "checkpoints" / checkpoint.LAST)[0] for folder in (one, other))
    assert set(together) == set(alone)
    for key, value in alone.items():
        torch.testing.assert_close(together[key], value, rtol=1e-4, atol=1e-5)


def test_a_stop_asked_of_one_process_stops_both_and_the_run_goes_on(both: Any) -> None:
    _, first, second = both
    assert "stopped after step 4" in first["stopped"]["said"] == second["stopped"]["said"]
    assert len(first["stopped"]["ids"]) == 8 - 4


def test_a_nan_on_one_process_ends_both_with_one_sentence(both: Any) -> None:
    _, first, second = both
    assert first["nan"] == second["nan"]
    assert "a loss is not finite at step 0" in first["nan"]


def test_json_is_gathered_in_the_order_of_processes(both: Any) -> None:
    _, first, second = both
    assert first["gathered"] == second["gathered"] == [{"rank": 0, "words": ""}, {"rank": 1, "words": "äß" * 300}]


def test_processes_get_torchruns_environment_and_the_first_failure_is_the_status(tmp_path: Path) -> None:
    code = "import os, sys; open(sys.argv[1] + os.environ['RANK'], 'w').write(os.environ['WORLD_SIZE']); sys.exit(3 * int(os.environ['RANK']))"
    assert distributed.spawn(2, ["-c", code, f"{tmp_path}/rank"]) == 3
    assert [(tmp_path / f"rank{rank}").read_text() for rank in (0, 1)] == ["2", "2"]


def test_ctrl_c_reaches_every_process_once_and_shows_no_traceback(tmp_path: Path) -> None:
    child = (
        "import os, signal, sys, time; heard = []; signal.signal(signal.SIGINT, lambda *_: heard.append(1)); "
        "path = sys.argv[1] + os.environ['RANK']; open(path, 'w').write('ready')\n"
        "while not heard: time.sleep(0.01)\n"
        "time.sleep(0.3); open(path, 'w').write(str(len(heard)))"
    )
    parent = "import sys; from fascore.training import distributed; sys.exit(distributed.spawn(2, sys.argv[1:]))"
    running = subprocess.Popen(
        [sys.executable, "-c", parent, "-c", child, f"{tmp_path}/rank"], stderr=subprocess.PIPE, text=True
    )
    files, deadline = [tmp_path / f"rank{rank}" for rank in (0, 1)], time.monotonic() + 60
    while not all(file.exists() and file.read_text() == "ready" for file in files) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert [file.read_text() for file in files] == ["1", "1"]
    assert "Traceback" not in said


def test_one_process_needs_no_group() -> None:
    value, model = torch.ones(3), nn.Linear(2, 1)
    assert (distributed.rank(), distributed.world()) == (0, 1)
    assert torch.equal(distributed.total(value), value)
    assert distributed.total(value) is not value
    distributed.average_([value])
    distributed.average_gradients(list(model.parameters()))
    assert model.weight.grad is None
    assert distributed.gather_json({"a": float("inf")}) == [{"a": float("inf")}]


def test_a_device_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert distributed.pick_device("auto") == distributed.pick_device("cpu") == torch.device("cpu")
    with pytest.raises(FascoreError, match="torch sees no GPU here; write auto or cpu"):
        distributed.pick_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert distributed.pick_device("auto") == torch.device("cuda", 1)
    with pytest.raises(FascoreError, match="one GPU for 2 processes"):
        distributed.pick_device("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(FascoreError, match="no GPU 2"):
        distributed.pick_device("cuda")


def test_precision_is_bf16_only_where_a_gpu_has_it_or_the_spec_says_so() -> None:
    assert pick_precision("auto", torch.device("cpu")) == "fp32"
    assert pick_precision("bf16", torch.device("cpu")) == "bf16"
