"""Environments of outsiders: fascore comes from its wheel, and only third-party libraries are shared with this one."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("fascore", "fas_", "_fas", "__editable__", "__pycache__")


class Environment:
    """A fresh virtual environment that knows this one's third-party libraries and nothing of this working tree."""

    def __init__(self, folder, pip=None):
        self.folder = folder
        arguments = ["-m", "venv"] if pip is None else ["-m", "venv", "--without-pip"]
        subprocess.run([sys.executable, *arguments, str(folder)], check=True)
        self.python = folder / "bin" / "python"
        self.pip = pip or self.python
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
        command = [
            self.pip,
            "-m",
            "pip",
            "--python",
            self.python,
            "install",
            "-q",
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
        ]
        self._run([*command, *what], cwd or self.folder, check=True)

    def run(self, *command, cwd, check=True):
        """A program of this environment, or `python`, in a folder; stdout and stderr together."""
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
        """Where this environment's fascore comes from, and which distributions offer it anything."""
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


@pytest.fixture(scope="session")
def with_pip(tmp_path_factory):
    """An environment whose pip installs into the others."""
    return Environment(tmp_path_factory.mktemp("pip") / "venv")


@pytest.fixture
def environment(tmp_path, wheels, with_pip):
    """`environment("fas-example", …)` is a fresh one with the wheels of fascore and these."""

    def make(*names):
        made = Environment(tmp_path / "venv", with_pip.python)
        made.install(*(wheels[name] for name in ("fascore", *names)))
        return made

    return make
