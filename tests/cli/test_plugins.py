"""`fascore plugins`: who is there, what is wrong with them, and what lacks."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

from fascore.cli import main
from fascore.contract.registry import Index, index, known_plugins, using

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture
def without(monkeypatch, tmp_path):
    """Nothing is installed but fascore and the plugins that are not named."""
    monkeypatch.chdir(tmp_path)

    def of(*packages):
        return using(Index([provider for provider in index().providers() if provider.distribution not in packages]))

    return of


def test_plugins_are_counted_and_the_check_finds_a_broken_one(fascore, distributions):
    site = str(distributions(1))
    assert "fas-fake0 1.0" in fascore("plugins", PYTHONPATH=site).stdout
    found = fascore("plugins", "--check", code=1, PYTHONPATH=site).stdout
    assert "encoder 'fake0.net' from fas-fake0 1.0 cannot be imported" in found
    assert "the index imported a plugin" in found


def test_two_packages_with_one_name_are_both_named(fascore, distributions):
    site = distributions(2)
    (site / "fas_fake1-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.encoder]\nfake0.net = fas_fake1:Net\n")
    line = next(
        line for line in fascore("plugins", PYTHONPATH=str(site)).stdout.splitlines() if "provided by both" in line
    )
    assert "fas-fake0 1.0" in line
    assert "fas-fake1 1.0" in line


def test_the_installed_packages_pass_their_check(fascore):
    assert "every component can be imported" in fascore("plugins", "--check").stdout


def test_a_command_that_hides_behind_one_of_fascore_is_reported(fascore, distributions):
    site = distributions(1)
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.command]\nstudy = fas_fake0:study\n")
    assert "command 'study' of fas-fake0 1.0 cannot be called" in fascore("plugins", PYTHONPATH=str(site)).stdout
    assert fascore("--help", PYTHONPATH=str(site)).stdout.count("\n  study ") == 1


def test_the_known_plugins_are_those_that_this_repository_builds_with_their_bare_names():
    built = {}
    for path in PLUGINS.glob("*/pyproject.toml"):
        project = tomllib.loads(path.read_text())["project"]
        points = {group.removeprefix("fascore.v1."): names for group, names in project["entry-points"].items()}
        built[project["name"]] = {
            kind: sorted(name for name in names if "." not in name)
            for kind, names in points.items()
            if any("." not in name for name in names)
        }
    assert {package: known["bare"] for package, known in known_plugins().items()} == built


@pytest.mark.parametrize("arguments", [("audit", "x"), ("audit", "--help")])
def test_a_command_of_a_plugin_that_lacks_names_the_package_to_install(without, monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["fascore", *arguments])
    with without("fas-audit"), pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.rstrip().endswith("fascore audit comes with fas-audit: pip install fas-audit")


@pytest.mark.parametrize("name", ["embedding", "gallery", "saliency"])
def test_a_tracker_of_a_plugin_that_lacks_names_the_package_to_install(without, monkeypatch, capsys, demo, name):
    document = {**json.loads(demo.read_text()), "trackers": {name: {}}}
    Path("spec.json").write_text(json.dumps(document))
    monkeypatch.setattr(sys, "argv", ["fascore", "check", "spec.json"])
    with without("fas-explain"), pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        f"spec.json: trackers.{name}: there is no tracker '{name}'. The package fas-explain provides it: pip install fas-explain"
    )
