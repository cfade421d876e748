"""What an outsider gets: wheels in an environment of one's own, far from this working tree."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = {
    "name": "tiny",
    "seed": 1,
    "data": {
        "train": [{"dataset": {"type": "phantom", "subjects": 4, "frames": 2, "size": 64}, "split": "train"}],
        "dev": [{"dataset": {"type": "phantom", "subjects": 4, "frames": 2, "size": 64}, "split": "dev"}],
        "test": {"intra": [{"dataset": {"type": "phantom", "subjects": 4, "frames": 2, "size": 64}, "split": "test"}]},
    },
    "modalities": {
        "faces": {"type": "faces", "detector": "boxes"},
        "face": {"type": "face_frames", "inputs": ["faces"], "size": 32},
    },
    "model": {
        "encoders": {"look": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
        "heads": {"main": {"type": "binary", "inputs": ["look"]}},
    },
    "recipe": {"type": "supervised", "epochs": 1},
    "compute": {"device": "cpu", "workers": 0, "prepare": 1},
}


def test_the_example_plugin_passes_its_own_tests_from_its_wheel(environment, tmp_path):
    there = environment("fas-example")
    where, plugins = there.origins()
    assert where.is_relative_to(there.site)
    assert plugins == ["fas-example", "fascore"]
    shutil.copytree(ROOT / "examples/fas-example/tests", tmp_path / "tests")
    out = there.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=tmp_path).stdout
    assert " passed" in out
    assert "skipped" not in out
    assert "xfailed" not in out


def test_wheels_of_fascore_and_one_plugin_run_a_spec_in_an_empty_environment(environment, tmp_path):
    there = environment("fas-phantom")
    where, plugins = there.origins()
    assert where.is_relative_to(there.site)
    assert plugins == ["fas-phantom", "fascore"]
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    there.run("fascore", "run", "spec.json", cwd=tmp_path)
    run = tmp_path / "runs" / "tiny"
    assert {path.name for path in (run / "scores").iterdir()} >= {"dev.csv", "intra.csv"}
    assert "intra" in json.dumps(json.loads((run / "metrics.json").read_text()))
    assert json.loads((run / "resolved.json").read_text())
    again = there.run(
        "fascore", "check", "spec.json", "--set", "model.encoders.look.type=rppg.mstmap", cwd=tmp_path, check=False
    )
    assert again.returncode == 1
    assert "pip install fas-rppg" in again.stdout
    assert "Traceback" not in again.stdout


def test_the_example_is_under_sixty_lines_of_python():
    files = list((ROOT / "examples/fas-example/src").rglob("*.py"))
    assert sum(bool(line.strip()) for file in files for line in file.read_text().splitlines()) < 60
    assert (
        len(
            [
                line
                for line in (ROOT / "examples/fas-example/tests/test_conformance.py").read_text().splitlines()
                if line
            ]
        )
        <= 3
    )


@pytest.mark.parametrize(
    "needed",
    [
        "fascore/contract/known_plugins.json",
        "fascore/py.typed",
        "fascore/cli/templates/plugin/common/pyproject.toml.txt",
        "fascore/cli/templates/plugin/metric/facts.json",
        "fascore/testing/suite.py",
        "fascore/components/encoders/timm_models.json",
    ],
)
def test_the_wheel_holds_what_the_program_reads(wheels, needed):
    assert needed in zipfile.ZipFile(wheels["fascore"]).namelist()


def test_the_wheel_holds_no_tests_and_no_plugin(wheels):
    top = {name.partition("/")[0] for name in zipfile.ZipFile(wheels["fascore"]).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"fascore"}
