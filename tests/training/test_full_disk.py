"""safetensors has an error of its own for a full disk: checkpoints and the store say the same sentence as any other file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from safetensors import SafetensorError
from test_engine import engine_of
from torch import nn

from fascore import FascoreError
from fascore.data.store import Store
from fascore.training import checkpoint


def full(*_: Any, **__: Any) -> None:
    raise SafetensorError("No space left on device")


def write_checkpoint(folder: Path) -> None:
    checkpoint.save_last(folder / "last.safetensors", engine_of(nn.Linear(1, 1)), checkpoint.Counters())


def write_best(folder: Path) -> None:
    checkpoint.save_best(folder / "best.safetensors", engine_of(nn.Linear(1, 1)), {})


def write_arrays(folder: Path) -> None:
    Store(folder).write("ab" * 20, {"value": np.zeros(3)})


@pytest.mark.parametrize("write", [write_checkpoint, write_best, write_arrays])
def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "save_file", full)
    monkeypatch.setattr(safetensors.numpy, "save_file", full)
    with pytest.raises(FascoreError, match=r"safetensors cannot be written: No space left on device; free up space"):
        write(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
