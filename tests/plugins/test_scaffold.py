"""`fascore plugin new`: what it writes is a plugin that passes its tests at once."""

import tomllib

import pytest

from fascore import FascoreError
from fascore.cli.plugin_new import create


def test_a_new_plugin_installs_and_passes_its_tests_at_once(environment, tmp_path):
    there = environment()
    there.run("fascore", "plugin", "new", "my-fusion", "--into", str(tmp_path), cwd=tmp_path)
    plugin = tmp_path / "fas-my-fusion"
    there.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), cwd=plugin)
    there.install(*(tmp_path / "dist").glob("*.whl"))
    assert there.origins()[1] == ["fas-my-fusion", "fascore"]
    out = there.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=plugin).stdout
    assert " passed" in out
    assert "skipped" not in out
    assert "my_fusion.scaled_sum" in there.run("fascore", "components", cwd=tmp_path).stdout


def test_every_placeholder_is_filled_in(tmp_path):
    for path in create("two-words", tmp_path).rglob("*.*"):
        if path.is_file():
            assert "$" not in path.read_text()
    project = tomllib.loads((tmp_path / "fas-two-words" / "pyproject.toml").read_text())
    assert project["project"]["entry-points"] == {
        "fascore.v1.fusion": {"two_words.scaled_sum": "fas_two_words.components:ScaledSum"}
    }


def test_a_name_with_the_prefix_fas_is_the_same_plugin(tmp_path):
    assert create("fas-depth", tmp_path).name == "fas-depth"


@pytest.mark.parametrize("name", ["My", "a_b", "", "../up", "9x", "a--b", "fas-", "a b", "-a"])
def test_what_is_no_name_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(FascoreError, match="lower-case words with hyphens"):
        create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_prefix_of_a_known_plugin_is_refused(tmp_path):
    with pytest.raises(FascoreError, match="belongs to fas-mmfas"):
        create("mmfas", tmp_path)


def test_nothing_is_written_over(tmp_path):
    create("mine", tmp_path)
    with pytest.raises(FascoreError, match="is there already"):
        create("mine", tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_of_the_user(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FascoreError, match="cannot be written"):
        create("mine", tmp_path / "file")
