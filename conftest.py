"""Fixtures shared by the tests of fascore and of its plugins."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

ROOT = Path(__file__).parent


@pytest.fixture
def demo() -> Path:
    """The spec of the demo."""
    return ROOT / "plugins/fas-phantom/specs/demo.json"


@pytest.fixture
def fascore(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call the program as a user does: `fascore("check", "spec.json")`, in an empty folder and a separate process.

    A call with its own PYTHONPATH runs in a new interpreter.
    """

    def call(
        *arguments: object, code: int | None = 0, traceback: bool = False, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        import forked

        run = new_interpreter if "PYTHONPATH" in environment else forked.call
        done = run(*arguments, cwd=tmp_path, timeout=120, **environment)
        assert code is None or done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert ("Traceback" in done.stderr) is traceback
        return done

    return call


def new_interpreter(
    *arguments: object, cwd: Path, timeout: float, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from fascore.cli import main; main()", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call the program as `fascore` does, but in this process, which is faster because nothing is imported again."""

    def call(*arguments: object, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        from fascore.cli import main

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["fascore", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        ended = int(stopped.value.code or 0)
        assert code is None or ended == code, f"exit code {ended}\n{printed.out}\n{printed.err}"
        assert "Traceback" not in printed.err
        return subprocess.CompletedProcess(sys.argv, ended, printed.out, printed.err)

    return call


def phantom(split: str, **changes: Any) -> list[dict[str, Any]]:
    fields = {
        "type": "phantom",
        "subjects": 4,
        "frames": 4,
        "size": 48,
        "species": ["print.flat", "mask.rigid"],
        **changes,
    }
    return [{"dataset": fields, "split": split}]


@pytest.fixture
def tiny() -> dict[str, Any]:
    return {
        "name": "tiny",
        "seed": 3,
        "data": {
            "train": phantom("train"),
            "dev": phantom("dev"),
            "test": {"intra": phantom("test"), "cross": phantom("dev", site="B")},
        },
        "modalities": {
            "faces": {"type": "faces", "detector": "boxes"},
            "face": {"type": "face_frames", "inputs": ["faces"], "size": 32, "views": 2},
            "depth": {"type": "depth_map", "inputs": ["face"], "optional": True},
        },
        "augment": {"flip": 0.5, "brightness": 0.1, "modality_dropout": 0.2},
        "model": {
            "encoders": {
                "app": {"type": "timm", "name": "test_resnet", "inputs": ["face"]},
                "shape": {"type": "timm", "name": "test_resnet", "inputs": ["depth"]},
            },
            "fusions": {"all": {"type": "gated", "inputs": ["app", "shape"]}},
            "heads": {"main": {"type": "binary", "inputs": ["all"]}},
        },
        "sampler": {"type": "shuffle", "batch_size": 4},
        "recipe": {"type": "supervised", "optimizer": {"name": "adamw", "lr": 0.001}, "epochs": 2},
        "compute": {"device": "cpu", "workers": 0, "prepare": 1},
    }


@pytest.fixture
def shared_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One store for many tests; preparation is tested elsewhere."""
    store = tmp_path_factory.getbasetemp() / "running-store"
    monkeypatch.setenv("FASCORE_STORE", str(store))
    return store


@pytest.fixture(scope="session")
def write_video() -> Callable[[Path, list[np.ndarray]], None]:
    def write(path: Path, frames: list[np.ndarray]) -> None:
        with av.open(str(path), "w") as file:
            stream = file.add_stream("mpeg4", rate=25)
            stream.height, stream.width = frames[0].shape[:2]
            for frame in frames:
                file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            file.mux(stream.encode())

    return write
