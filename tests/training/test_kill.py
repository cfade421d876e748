"""A run that is killed at random moments, again and again, ends as one that is not."""

import os
import subprocess
import sys
from pathlib import Path

from test_trainer import files, log_of


def test_a_run_killed_at_random_moments_ends_in_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    script = Path(__file__).parent / "killing.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "1"],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2
    assert files(tmp_path / "killed") == files(tmp_path / "warm")
    assert log_of(tmp_path / "killed") == log_of(tmp_path / "warm")
    assert sorted(path.name for path in (tmp_path / "killed/checkpoints").iterdir()) == [
        "best.safetensors",
        "last.safetensors",
    ]
