import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "plugins/fas-phantom/specs/demo.json"


@pytest.fixture
def demo():
    return DEMO


@pytest.fixture
def fascore(tmp_path):
    """Call the program as a user does: `fascore("check", "spec.json")`, in an empty folder."""

    def call(*arguments, code=0, traceback=False, **environment):
        command = [sys.executable, "-c", "from fascore.cli import main; main()", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )
        assert code is None or done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert ("Traceback" in done.stderr) is traceback
        return done

    return call


@pytest.fixture
def distributions(tmp_path):
    """A folder for PYTHONPATH with `count` fake packages, each of which offers one encoder and one module that must not be imported."""

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
