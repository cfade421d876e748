"""Fixtures of the command-line tests: one shared finished run, and fake packages."""

import json

import forked
import pytest

PHANTOM = {"type": "phantom", "subjects": 4, "frames": 2, "size": 48, "species": ["print.flat"]}
SPEC = {
    "name": "small",
    "seed": 3,
    "data": {
        "train": [{"dataset": PHANTOM, "split": "train"}],
        "dev": [{"dataset": PHANTOM, "split": "dev"}],
        "test": {"intra": [{"dataset": PHANTOM, "split": "test"}]},
    },
    "modalities": {"faces": "faces", "face": {"type": "face_frames", "inputs": ["faces"], "size": 32}},
    "model": {
        "encoders": {"look": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
        "heads": {"main": {"type": "binary", "inputs": ["look"]}},
    },
    "recipe": {"type": "supervised", "epochs": 1},
    "compute": {"device": "cpu", "workers": 0, "prepare": 1},
}


def call(folder, *arguments, code=0):
    done = forked.call(*arguments, cwd=folder, COLUMNS="200")
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A folder with spec.json and its finished run."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "spec.json").write_text(json.dumps(SPEC))
    done = call(folder, "run", "spec.json")
    assert "runs/small/report.html" in done.stdout + done.stderr
    return folder


@pytest.fixture
def program(home):
    """Call the program in `home`: `program("check", "spec.json")`."""
    return lambda *arguments, code=0: call(home, *arguments, code=code)


@pytest.fixture
def distributions(tmp_path):
    """A folder for PYTHONPATH with `count` fake packages, each with one encoder and one module that must not be
    imported.
    """

    def make(count):
        site = tmp_path / "site"
        for number in range(count):
            name = f"fas-fake{number}"
            info = site / f"fas_fake{number}-1.0.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[fascore.v1.encoder]\nfake{number}.net = fas_fake{number}:Net\n")
            (site / f"fas_fake{number}.py").write_text("raise ImportError('the index imported a plugin')\n")
        return site

    return make
