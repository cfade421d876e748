"""The specs and studies that come with the package: valid, in the paper's rows, also where another base is smaller."""

import json
from pathlib import Path

import pytest

from fascore import RunSpec, validate
from fascore.graph import check
from fascore.running.study import check_study, read_study

SPECS = Path(__file__).parents[1] / "specs"
DOCUMENTS = {path.relative_to(SPECS).as_posix(): json.loads(path.read_text()) for path in sorted(SPECS.rglob("*.json"))}
BASES = [name for name, document in DOCUMENTS.items() if "recipe" in document]
STUDIES = [name for name, document in DOCUMENTS.items() if "rows" in document]


def test_every_file_is_a_spec_a_study_or_the_trends_set_up() -> None:
    assert {*BASES, *STUDIES, "trends.json"} == set(DOCUMENTS)
    assert {"mmfas.json", "phantom.json", "trends/base.json"} == set(BASES)
    assert {"table1.json", "table2.json", "table3.json", "fig6.json", "trends/study.json"} < set(STUDIES)


@pytest.mark.parametrize("name", BASES)
def test_a_spec_passes_the_check(name: str) -> None:
    assert check(validate(RunSpec, DOCUMENTS[name])).heads


@pytest.mark.parametrize("name", STUDIES)
def test_every_row_of_a_study_passes_the_check(name: str) -> None:
    study = read_study(SPECS / name)
    assert len(check_study(study)) == len(study.spec.rows) * len(study.spec.seeds)
