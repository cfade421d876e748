"""`fascore components` as a user calls it."""

from typer.testing import CliRunner

from fascore.cli.app import app
from fascore.contract.registry import Index, using


def test_components_of_300_packages_are_listed_without_importing_one(fascore, distributions):
    lines = fascore("components", "encoder", PYTHONPATH=str(distributions(300))).stdout.splitlines()
    assert sum("fas-fake" in line for line in lines) == 300
    assert any(line.split() == ["encoder", "fake7.net", "fas-fake7", "1.0"] for line in lines)
    assert all(line.startswith("encoder") for line in lines)


def test_an_unknown_kind_is_reported_with_the_kinds(fascore):
    assert fascore("components", "encodr", code=1).stderr.startswith(
        "'encodr' is not a kind of component; available: dataset, modality"
    )


def test_a_closed_index_without_components_says_so():
    with using(Index.of({})):
        assert CliRunner().invoke(app, ["components"]).output == "no component is installed\n"
