"""The specs and studies that come with the package: valid, in the paper's rows, also where another base is smaller."""

import json
from pathlib import Path

import pytest

from fascore import RunSpec, Tokens, validate
from fascore.running.study import check_study, read_study
from fascore.spec.plan import check

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


@pytest.mark.parametrize("name", ["table2.json", "table3.json", "fig6.json", "readings.json"])
def test_rows_of_three_modalities_pass_the_check_on_the_small_base_too(name: str) -> None:
    study = read_study(SPECS / name, SPECS / "phantom.json")
    documents = {row: document for row, _, _, document in study.runs() if row not in ("r", "d", "i", "rd", "ri", "di")}
    for document in documents.values():
        widths = {
            node.outputs[""].d
            for node in check(validate(RunSpec, document)).nodes.values()
            if isinstance(node.outputs[""], Tokens)
        }
        assert widths == {60}


def test_rows_by_modality_have_a_study_for_the_small_base() -> None:
    assert [*DOCUMENTS["small/table2.json"]["rows"]] == [*DOCUMENTS["table2.json"]["rows"]][:7]
    for row, _, _, document in read_study(SPECS / "small/table2.json").runs():
        plan = check(validate(RunSpec, document))
        assert {str(signal) for node in plan.nodes.values() for signal in node.outputs.values()} == {
            "Tokens(36, 60)",
            "Vector(60)",
        }
        assert len(document["model"]["encoders"]) == len(row)
