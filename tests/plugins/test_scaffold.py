"""`fascore plugin new`: what it writes is a plugin that passes its tests and its linters at once."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from fascore import FascoreError
from fascore.cli.plugin_new import create
from fascore.contract.registry import KINDS

ROOT = Path(__file__).parents[2]


def run(*command, cwd, **environment):
    """What a program of this environment prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command} ends with {done.returncode}:\n{done.stdout}"
    return done.stdout


def install(project, site):
    """Write the metadata that `pip install -e` would write, from the project's pyproject.toml."""
    facts = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    info = site / f"{facts['name'].replace('-', '_')}-{facts['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: {facts['version']}\n")
    groups = facts["entry-points"].items()
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in rows.items()) for group, rows in groups
    ]
    (info / "entry_points.txt").write_text("".join(lines))


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """A new plugin of each kind, and the search path on which they count as installed."""
    folder = tmp_path_factory.mktemp("new")
    site = tmp_path_factory.mktemp("site")
    projects = [create(f"my-{kind}", folder, kind) for kind in KINDS]
    for project in projects:
        install(project, site)
    return folder, projects, os.pathsep.join(map(str, [site, *(project / "src" for project in projects)]))


def test_a_new_plugin_of_every_kind_and_the_example_from_its_wheel_pass_their_tests_at_once(plugins, wheels, tmp_path):
    folder, projects, path = plugins
    zipfile.ZipFile(wheels["fas-example"]).extractall(tmp_path)
    path = os.pathsep.join([str(tmp_path), path])
    suites = [*(project / "tests" for project in projects), ROOT / "examples/fas-example/tests"]
    out = run(
        "pytest", "-q", "-rs", "--import-mode=importlib", "-p", "no:cacheprovider", *suites, cwd=folder, PYTHONPATH=path
    )
    assert int(re.search(r"(\d+) passed", out)[1]) > 11 * 15
    assert not re.search(r"\d+ (skipped|xfailed|failed)", out)


def test_a_new_plugin_of_every_kind_passes_mypy_strict(plugins):
    folder, projects, _ = plugins
    settings = {(project / "pyproject.toml").read_text().partition("[tool.mypy]")[2] for project in projects}
    assert len(settings) == 1
    sources = [project / "src" for project in projects]
    config = projects[0] / "pyproject.toml"
    out = run(
        "mypy", "--strict", "--config-file", config, "--cache-dir", ROOT / ".mypy_cache" / "new", *sources, cwd=folder
    )
    assert "Success: no issues found in 30 source files" in out


def test_a_new_plugin_of_every_kind_passes_ruff(plugins):
    folder, projects, _ = plugins
    run("ruff", "check", "--no-cache", *projects, cwd=folder)
    run("ruff", "format", "--check", "--no-cache", *projects, cwd=folder)


def test_every_placeholder_is_filled_in(plugins):
    _, projects, _ = plugins
    files = [path for project in projects for path in project.rglob("*.*") if path.is_file()]
    assert len(files) >= 10 * 8
    assert not [path for path in files if "$" in path.read_text()]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_entry_point(plugins, kind):
    _, projects, _ = plugins
    project = tomllib.loads((projects[KINDS.index(kind)] / "pyproject.toml").read_text())["project"]
    ((group, rows),) = project["entry-points"].items()
    ((name, target),) = rows.items()
    assert group == f"fascore.v1.{kind}"
    assert name.startswith(f"my_{kind}.")
    assert target.startswith(f"fas_my_{kind}.components:")


def test_the_wheel_of_a_new_plugin_installs_where_its_name_says(environment, tmp_path):
    there = environment()
    out = there.run("fascore", "plugin", "new", "my-fusion", "--into", str(tmp_path), cwd=tmp_path).stdout
    assert "fas-my-fusion, imported as fas_my_fusion; the names of its components begin with 'my_fusion.'" in out
    plugin = tmp_path / "fas-my-fusion"
    there.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), cwd=plugin)
    there.install(*(tmp_path / "dist").glob("*.whl"))
    assert there.origins()[1] == ["fas-my-fusion", "fascore"]
    assert "my_fusion.scaled_sum" in there.run("fascore", "components", cwd=tmp_path).stdout


def test_a_name_with_the_prefix_fas_is_the_same_plugin(tmp_path):
    assert create("fas-depth", tmp_path).name == "fas-depth"


@pytest.mark.parametrize("name", ["My", "a_b", "", "../up", "9x", "a--b", "fas-", "a b", "-a"])
def test_what_cannot_name_a_plugin_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(FascoreError, match="lower-case words with hyphens"):
        create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(FascoreError, match="there is no kind 'loss'; available: dataset, modality"):
        create("mine", tmp_path, "loss")
    assert list(tmp_path.iterdir()) == []


def test_a_prefix_of_a_known_plugin_is_refused(tmp_path):
    with pytest.raises(FascoreError, match="belongs to fas-mmfas"):
        create("mmfas", tmp_path)


def test_nothing_is_written_over(tmp_path):
    create("mine", tmp_path)
    with pytest.raises(FascoreError, match="already exists"):
        create("mine", tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_of_the_user(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FascoreError, match="cannot be written"):
        create("mine", tmp_path / "file")
