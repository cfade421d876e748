"""What an outsider gets: wheels in an environment of one's own, far from this working tree; test_first_plugin.py works there."""

import ast
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_example_is_about_fifty_statements_of_python():
    files = list((ROOT / "examples/fas-example/src").rglob("*.py"))
    statements = [
        node for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.stmt)
    ]
    assert len(statements) < 60
    test = (ROOT / "examples/fas-example/tests/test_conformance.py").read_text()
    assert len([line for line in test.splitlines() if line]) <= 3


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
