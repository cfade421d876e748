"""Studies: rows, seeds and folds become runs; what has run is not run again; the table is mean and deviation."""

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from fascore import FascoreError, RunSpec, SpecErrors, validate
from fascore.running.folder import RunFolder
from fascore.running.study import changes, check_study, figures, read_study, run_study, table
from fascore.training.interrupt import Interrupted


@pytest.fixture
def study(tiny: dict[str, Any], tmp_path: Path) -> Path:
    (tmp_path / "base.json").write_text(json.dumps(tiny))
    rows = {"gated": {}, "concat": {"model.fusions.all.type": "concat"}}
    folds = {"a": {"data.test.intra.0.dataset.seed": 1}, "b": {"data.test.intra.0.dataset.seed": 2}}
    document = {"base": "base.json", "rows": rows, "seeds": [0, 5], "folds": folds, "report": ["auc", "iso30107.bpcer"]}
    path = tmp_path / "fusions.json"
    path.write_text(json.dumps(document))
    return path


def pretend(auc: dict[str, float]) -> Any:
    """Instead of a run: a finished folder whose AUC is known."""

    def execute(document: dict[str, Any], runs: Path) -> None:
        folder = RunFolder(runs / document["name"])
        iso = {"bpcer": 0.25, "acer_worst": None, "primary": "acer_worst", "oracle": False}
        metrics = {"auc": {"value": auc[document["name"]], "primary": "value", "oracle": False}, "iso30107": iso}
        folder.write(folder.metrics, {"tests": {"intra": {"tasks": {"spoof": {"metrics": metrics}}}}})
        folder.report.write_text("whole")

    return execute


NAMES = [f"{row}.{fold}.s{seed}" for row in ("gated", "concat") for fold in "ab" for seed in (0, 5)]


def test_every_row_meets_every_fold_and_seed_once(study: Path) -> None:
    read = read_study(study)
    assert check_study(read) == NAMES
    documents = {document["name"]: document for *_, document in read.runs()}
    changed = documents["concat.b.s5"]
    assert changed["seed"] == 5
    assert changed["model"]["fusions"]["all"] == {"type": "concat", "inputs": ["app", "shape"]}
    assert changed["data"]["test"]["intra"][0]["dataset"]["seed"] == 2


def test_only_what_is_missing_runs_and_the_table_is_mean_and_deviation(study: Path, tmp_path: Path) -> None:
    auc = {name: 0.5 + number / 50 for number, name in enumerate(NAMES)}
    read, said = read_study(study), []
    pretend(auc)({"name": NAMES[0]}, tmp_path / "runs" / "fusions")
    run_study(read, tmp_path / "runs", pretend(auc), said.append)
    assert said[0] == f"{NAMES[0]}: already completed"
    assert said[1:] == [f"{name}: running" for name in NAMES[1:]]
    cell = table(read, tmp_path / "runs")["concat"]["intra/spoof/auc"]
    assert (cell.mean, cell.deviation) == (
        statistics.mean(list(auc.values())[4:]),
        statistics.stdev(list(auc.values())[4:]),
    )
    assert table(read, tmp_path / "runs")["gated"]["intra/spoof/iso30107.bpcer"].deviation == 0


def test_a_row_that_fails_is_named_and_the_others_run(study: Path, tmp_path: Path) -> None:
    ran = []

    def execute(document: dict[str, Any], runs: Path) -> None:
        ran.append(document["name"])
        if document["name"] == NAMES[1]:
            raise FascoreError("out of faces")

    said: list[str] = []
    with pytest.raises(FascoreError, match=f"1 run of the study failed: {NAMES[1]}"):
        run_study(read_study(study), tmp_path / "runs", execute, said.append)
    assert ran == NAMES
    assert f"{NAMES[1]}: failed: out of faces" in said


def test_ctrl_c_stops_the_study_and_not_one_row_of_it(study: Path, tmp_path: Path) -> None:
    ran = []

    def execute(document: dict[str, Any], runs: Path) -> None:
        ran.append(document["name"])
        raise Interrupted("stopped after step 3")

    with pytest.raises(Interrupted):
        run_study(read_study(study), tmp_path / "runs", execute, lambda text: None)
    assert ran == NAMES[:1]


def test_a_row_that_does_not_fit_into_memory_leaves_the_others_their_turn(study: Path, tmp_path: Path) -> None:
    said: list[str] = []

    def execute(document: dict[str, Any], runs: Path) -> None:
        raise MemoryError("2 GiB more than there is")

    with pytest.raises(FascoreError, match=f"{len(NAMES)} runs of the study failed"):
        run_study(read_study(study), tmp_path / "runs", execute, said.append)
    assert said[1] == f"{NAMES[0]}: failed: MemoryError: 2 GiB more than there is"


def test_two_runs_of_one_name_are_refused(study: Path) -> None:
    document = json.loads(study.read_text())
    study.write_text(json.dumps({**document, "rows": {"a": {}, "a.b": {}}, "folds": {"b.c": {}, "c": {}}}))
    with pytest.raises(FascoreError, match=r"two runs of the study would share the folder 'a\.b\.c\.s0'"):
        check_study(read_study(study))


def test_all_rows_are_checked_before_the_first_runs_and_each_problem_names_its_row(study: Path) -> None:
    document = json.loads(study.read_text())
    document["rows"] |= {"typo": {"model.fusions.all.type": "gatde"}, "shape": {"model.heads.main.inputs": ["nothing"]}}
    study.write_text(json.dumps(document))
    with pytest.raises(SpecErrors) as caught:
        check_study(read_study(study))
    text = str(caught.value)
    assert "rows.typo (fold a): model.fusions.all: there is no fusion 'gatde'. Did you mean 'gated'" in text
    assert "rows.shape (fold b): model.heads.main.inputs.0: there is no 'nothing'" in text


def test_the_same_rows_run_on_another_base(study: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    other = {**tiny, "seed": 1, "metrics": ["auc"]}
    (tmp_path / "other.json").write_text(json.dumps(other))
    *_, document = next(read_study(study, tmp_path / "other.json").runs())
    assert document["metrics"] == ["auc"]


def test_figures_that_are_not_measurable_stay_out_of_the_table() -> None:
    entry = {"value": None, "primary": "value", "note": "one class only"}
    assert figures({"tests": {"t": {"tasks": {"spoof": {"metrics": {"auc": entry}}}}}}, ("auc",)) == {}


def test_a_finished_run_of_another_spec_is_reported_and_never_is_in_the_table(study: Path, tmp_path: Path) -> None:
    read, said = read_study(study), []
    runs = tmp_path / "runs"
    run_study(read, runs, pretend(dict.fromkeys(NAMES, 0.75)), lambda text: None)
    for *_, document in read.runs():
        folder = RunFolder(runs / "fusions" / document["name"])
        resolved = validate(RunSpec, document).model_dump(mode="json", by_alias=True)
        other = document["name"] == NAMES[0]
        folder.write(folder.resolved, {"spec": {**resolved, "threshold": "min_hter"} if other else resolved})
    with pytest.raises(FascoreError, match=f"1 run of the study failed: {NAMES[0]}"):
        run_study(read, runs, pretend({}), said.append)
    assert said[0].startswith(f"{NAMES[0]}: already completed with a different spec (threshold); move ")
    assert said[1:] == [f"{name}: already completed" for name in NAMES[1:]]
    assert [row["intra/spoof/auc"].runs for row in table(read, runs).values()] == [3, 4]


def test_runs_on_another_base_have_a_folder_of_their_own(study: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "siw.json").write_text(json.dumps(tiny))
    assert (read_study(study).name, read_study(study, tmp_path / "siw.json").name) == ("fusions", "fusions.siw")


def test_an_oracle_metric_keeps_its_mark_in_the_table() -> None:
    entries = {
        "eer": {"value": 0.25, "primary": "value", "oracle": True},
        "auc": {"value": 0.5, "primary": "value", "oracle": False},
    }
    found = figures({"tests": {"t": {"tasks": {"spoof": {"metrics": entries}}}}}, ("auc", "eer"))
    assert found == {"t/spoof/eer [test-oracle]": 0.25, "t/spoof/auc": 0.5}


@pytest.fixture
def plain(study: Path, tiny: dict[str, Any]) -> Path:
    """The study on a base that does not mention the recipe."""
    (study.parent / "base.json").write_text(json.dumps({key: value for key, value in tiny.items() if key != "recipe"}))
    return study


def rows(path: Path, rows: dict[str, Any]) -> dict[str, RunSpec]:
    """The specs of a study's rows, of its first fold and seed."""
    path.write_text(json.dumps({**json.loads(path.read_text()), "rows": rows, "folds": {}, "seeds": [0]}))
    return {row: validate(RunSpec, document) for row, _, _, document in read_study(path).runs()}


def test_a_row_starts_from_the_default_of_what_the_base_does_not_mention(plain: Path) -> None:
    specs = rows(plain, {"default": {}, "slow": {"recipe.optimizer.lr": 1e-5}, "sgd": {"recipe.optimizer.name": "sgd"}})
    default = specs["default"].recipe.model_dump()
    assert specs["slow"].recipe.model_dump() == {**default, "optimizer": {**default["optimizer"], "lr": 1e-5}}
    assert (specs["sgd"].recipe.optimizer.name, specs["sgd"].recipe.optimizer.lr) == ("sgd", 3e-4)


def test_a_row_removes_single_keys(study: Path, tiny: dict[str, Any]) -> None:
    unset = {"$unset": True}
    specs = rows(study, {"base": {}, "less": {"recipe.epochs": unset, "model.heads.main.weight": unset}})
    assert tiny["recipe"]["epochs"] != 30
    assert specs["less"].recipe.epochs == 30
    assert specs["less"].recipe.optimizer == specs["base"].recipe.optimizer


def test_a_wrong_path_is_a_problem_of_its_row_and_the_other_rows_are_checked_too(study: Path) -> None:
    document = json.loads(study.read_text())
    document["rows"] |= {"typo": {"model.heads.mian.weight": 2}, "shape": {"model.heads.main.inputs": ["nothing"]}}
    document["folds"]["a"]["data.test.outer.0.split"] = "dev"
    study.write_text(json.dumps(document))
    with pytest.raises(SpecErrors) as caught:
        check_study(read_study(study))
    told = [str(problem) for problem in caught.value.problems]
    assert "rows.typo (fold b): model.heads.mian.weight: there is no 'mian' in model.heads; available: main" in told[4]
    assert list(dict.fromkeys(line.partition(":")[0] for line in told)) == [
        "rows.gated (fold a)",
        "rows.concat (fold a)",
        "rows.typo (fold a)",
        "rows.typo (fold b)",
        "rows.shape (fold a)",
        "rows.shape (fold b)",
    ]


def test_a_study_is_not_a_spec_nor_the_base_of_one_and_a_spec_is_not_a_study(study: Path, tmp_path: Path) -> None:
    with pytest.raises(FascoreError, match=r"base\.json: this is the spec of one run; use fascore check"):
        read_study(tmp_path / "base.json")
    with pytest.raises(FascoreError, match=r"fusions\.json: this is a study; use fascore study check"):
        read_study(study, study)


def test_a_run_of_before_optimizers_were_typed_is_a_run_of_the_same_spec(study: Path, tmp_path: Path) -> None:
    flat = {
        "adamw": {"name": "adamw", "lr": 0.001},
        "sgd": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
        "nadam": {"name": "nadam", "lr": 0.001, "momentum_decay": 0.01, "betas": [0.9, 0.98]},
    }
    for row, spec in rows(study, {name: {"recipe.optimizer": value} for name, value in flat.items()}).items():
        folder = RunFolder(tmp_path / row)
        document = spec.model_dump(mode="json", by_alias=True)
        assert document["recipe"]["optimizer"] != flat[row]
        old = {**document, "recipe": {**document["recipe"], "optimizer": flat[row]}}
        folder.write(folder.resolved, {"spec": old})
        assert changes(folder, document) == []
        assert changes(folder, {**old, "recipe": {**old["recipe"], "optimizer": {**flat[row], "lr": 0.5}}}) == [
            "recipe.optimizer.lr"
        ]
