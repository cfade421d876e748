"""`fascore study check | run | table` as a user calls them."""

import json


def test_a_study_is_checked_run_and_tabled(home, program):
    study = {"base": "spec.json", "rows": {"short": {}, "wide": {"model.heads.main.hidden": 4}}, "report": ["auc"]}
    (home / "study.json").write_text(json.dumps(study))
    assert program("study", "check", "study.json").stdout.splitlines() == ["short.s0", "wide.s0", "2 runs, all valid"]
    assert "run it first" in program("study", "table", "study.json", code=1).stderr
    printed = program("study", "run", "study.json").stdout
    table = program("study", "table", "study.json").stdout
    assert printed.endswith(table)
    assert table.split()[0] == "intra/spoof/auc"
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["short", "wide"]


def test_a_mistake_in_a_row_of_a_study_is_reported_with_its_row(home, program):
    (home / "wrong.json").write_text(
        json.dumps({"base": "spec.json", "rows": {"short": {}, "typo": {"model.heads.main.hiden": 4}}})
    )
    told = program("study", "check", "wrong.json", code=1).stderr
    assert "wrong.json: rows.typo: model.heads.main.hiden: there is no field 'hiden'" in told
