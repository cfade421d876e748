"""`fascore run` on one small run, as a user would make it."""


def test_a_run_leaves_a_whole_folder(home):
    names = {path.name for path in (home / "runs/small").iterdir()}
    assert {"spec.json", "resolved.json", "log.jsonl", "checkpoints", "scores", "metrics.json", "report.html"} <= names


def test_the_same_command_again_says_that_the_run_is_finished(program):
    done = program("run", "spec.json")
    assert "finished" in done.stdout + done.stderr


def test_the_resolved_spec_of_a_run_is_a_spec(program):
    assert program("check", "runs/small/resolved.json").stdout == program("check", "spec.json").stdout


def test_a_changed_spec_in_the_same_folder_is_refused_by_name(program):
    assert "seed was 3, is 4" in program("run", "spec.json", "--set", "seed=4", code=1).stderr


def test_a_typo_is_reported_before_anything_runs(program):
    told = program("run", "spec.json", "--set", "model.encoders.look.nmae=x", code=1).stderr
    assert told.splitlines() == [
        "spec.json: model.encoders.look.nmae: there is no field 'nmae'. Did you mean 'name'?",
        "1 problem in spec.json",
    ]
