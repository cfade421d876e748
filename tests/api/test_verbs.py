"""The other verbs, public names, and paths that are text."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import fascore
from fascore import FascoreError, SpecErrors
from fascore.contract.pace import Pace


def test_dir_lists_the_public_names() -> None:
    assert dir(fascore) == sorted(fascore.__all__)
    assert {"run", "evaluate", "open_scorer", "predict", "check", "compare", "run_study"} <= set(dir(fascore))


def test_a_finished_run_stands_for_its_folder_and_is_returned_again(run: fascore.Run, document: dict[str, Any]) -> None:
    assert json.loads((run.folder / "metrics.json").read_text()) == run.to_dict()
    again = fascore.run(fascore.check(document).spec, runs=run.folder.parent)
    assert again == run
    assert len(run.to_pandas()) == len(run.figures)
    assert run._repr_html_().startswith("<iframe sandbox")
    assert fascore.evaluate(run).figures


def test_paths_may_be_text(run: fascore.Run, tmp_path: Path) -> None:
    with fascore.open_trained(str(run.folder)) as trained:
        assert trained.spec.name == "small"
    fascore.write_whole(str(tmp_path / "a.txt"), "text")
    assert (tmp_path / "a.txt").read_text() == "text"
    assert fascore.read_spec(str(run.folder / "spec.json"))[0].name == "small"
    assert "look" in str(fascore.check(str(run.folder / "spec.json")))


def test_a_spec_with_mistakes_reports_all_of_them(document: dict[str, Any]) -> None:
    with pytest.raises(SpecErrors) as caught:
        fascore.check({**document, "sede": 1, "threshold": "err"})
    assert len(caught.value.problems) == 2
    with pytest.raises(FascoreError, match="pass the path of a spec, a dict, or a RunSpec; this is an int"):
        fascore.run(5)  # type: ignore[arg-type]


def test_a_run_is_compared_with_its_copy(run: fascore.Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run.folder, other)
    compared = fascore.compare([run, str(other)], bootstrap=20)
    assert compared.names == ("small", "other")
    table = compared.to_pandas()
    assert set(table["system"]) == {"small", "other"}
    assert compared._repr_html_().startswith("<iframe sandbox")
    assert compared.write(str(tmp_path / "out")).is_file()
    with pytest.raises(FascoreError, match="listed twice"):
        fascore.compare([run, run.folder])


def test_compare_refuses_a_number_of_resamples_below_zero(run: fascore.Run) -> None:
    with pytest.raises(FascoreError, match="bootstrap: pass a whole number of at least 0; this is -1"):
        fascore.compare([run], bootstrap=-1)


def test_a_study_runs_and_gives_its_table(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASCORE_STORE", str(tmp_path / "store"))
    (tmp_path / "base.json").write_text(json.dumps(document))
    (tmp_path / "study.json").write_text(json.dumps({"base": "base.json", "rows": {"plain": {}}, "report": ["auc"]}))
    notes: list[str] = []
    study = fascore.run_study(str(tmp_path / "study.json"), runs=str(tmp_path / "runs"), note=notes.append)
    ((figure, cell),) = study.to_dict()["plain"].items()
    measured = json.loads((study.folder / "plain.s0" / "metrics.json").read_text())["tests"]["intra"]["tasks"]["spoof"]
    assert figure == "intra/spoof/auc" and cell["mean"] == measured["metrics"]["auc"]["value"]
    assert study.to_pandas().runs.tolist() == [1]
    assert notes and "plain" in study._repr_html_()


def test_progress_without_a_terminal_is_a_line_every_half_minute_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    from fascore.running.progress import progress_bar

    text, now = io.StringIO(), [0.0]
    monkeypatch.setattr("fascore.running.progress.Console", lambda **_: Console(file=text, force_terminal=False))
    with progress_bar("prepare", "prepared", clock=lambda: now[0]) as tell:
        for count in range(1, 101):
            now[0] = count
            tell(count, 100)
    lines = [f"prepare: {count} of 100 records" for count in (30, 60, 90)]
    assert text.getvalue().splitlines() == [*lines, "prepared 100 records"]


def test_every_stage_of_a_run_reports_itself_on_stderr(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASCORE_STORE", str(tmp_path / "store"))
    # Without an interval, every line of progress is due.
    monkeypatch.setattr("fascore.contract.pace.QUIET", 0.0)
    monkeypatch.setattr("fascore.running.progress.QUIET", 0.0)
    monkeypatch.setattr("fascore.components.hooks.progress.QUIET", 0.0)
    fascore.run(document, runs=tmp_path)
    lines = capsys.readouterr().err
    stages = [
        r"prepare: \d+ of 8 records",
        r"prepared 8 records",
        r"epoch 1/1  step 1  loss",
        r"score dev: \d+ of 2 records",
        r"epoch 1/1  dev: ",
        r"score dev: 2 of 2 records",
        r"scored dev: 2 records",
        r"score intra: 2 of 2 records",
        r"scored intra: 2 records",
        r"computing metrics, intervals, and decision times",
        r"writing the report",
    ]
    place = 0
    for stage in stages:
        found = re.compile(stage).search(lines, place)
        assert found, f"'{stage}' does not follow in:\n{lines}"
        place = found.end()


def test_a_pace_starts_again_after_each_line() -> None:
    now = [0.0]
    pace = Pace(30, lambda: now[0])
    due = []
    for now[0] in (29.0, 45.0, 60.0, 74.0, 75.0):
        due.append(pace.due())
    assert due == [False, True, False, False, True]
