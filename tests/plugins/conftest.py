"""Environments of outsiders: fascore is installed from its wheel, and only third-party libraries are shared with this
environment.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("fascore", "fas_", "_fas", "__editable__", "__pycache__")


def _installer(python):
    """uv if it is available, because it is ten times faster than pip; otherwise this environment's pip."""
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is not None:
        return [uv, "pip", "install", "--python", python, *options]
    return [sys.executable, "-m", "pip", "--python", python, "install", *options]


class Environment:
    """A fresh virtual environment that shares this one's third-party libraries and nothing of this working tree."""

    def __init__(self, folder):
        self.folder = folder
        venv.create(folder, symlinks=True, with_pip=False)
        self.python = folder / "bin" / "python"
        self.site = next((folder / "lib").glob("python*")) / "site-packages"
        shared = folder / "third-party"
        shared.mkdir()
        for outer in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for entry in Path(outer).iterdir():
                if (
                    not entry.name.startswith((*OURS, "pip", "setuptools"))
                    and entry.suffix != ".pth"
                    and not (shared / entry.name).exists()
                ):
                    (shared / entry.name).symlink_to(entry)
        (self.site / "third-party.pth").write_text(f"{shared}\n")

    def install(self, *what, cwd=None):
        self._run([*_installer(self.python), *what], cwd or self.folder, check=True)

    def run(self, *command, cwd, check=True):
        """Run a program of this environment, or `python`, in a folder; return stdout and stderr together."""
        return self._run([self.folder / "bin" / command[0], *command[1:]], cwd, check=check)

    def _run(self, command, cwd, check):
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "FASCORE", "PYTEST", "COV"))
        }
        environment |= {
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "200",
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{environment['PATH']}",
        }
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=540,
        )
        assert done.returncode == 0 or not check, f"{command} ends with {done.returncode}:\n{done.stdout}"
        return done

    def origins(self):
        """The location of this environment's fascore, and the distributions with entry points for it."""
        code = (
            "import fascore, json, importlib.metadata as m; "
            "print(json.dumps([fascore.__file__, "
            "sorted({d.name for d in m.distributions() for p in d.entry_points if p.group.startswith('fascore.')})]))"
        )
        where, plugins = json.loads(self.run("python", "-c", code, cwd=self.folder).stdout)
        return Path(where), plugins


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A wheel of each distribution that the tests install, by name."""
    folder = tmp_path_factory.mktemp("wheels")
    for project in (ROOT, ROOT / "examples/fas-example", ROOT / "plugins/fas-phantom"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
            cwd=project,
            check=True,
            capture_output=True,
        )
    return {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in folder.glob("*.whl")}


@pytest.fixture
def environment(tmp_path, wheels):
    """`environment("fas-example", …)` creates a fresh environment with the wheels of fascore and these distributions."""

    def make(*names):
        fresh = Environment(tmp_path / "venv")
        fresh.install(*(wheels[name] for name in ("fascore", *names)))
        return fresh

    return make
