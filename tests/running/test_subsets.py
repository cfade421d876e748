"""Subsets of the inputs of a run: against scoring records that lack those inputs."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fascore.cli.app import app
from fascore.contract.component import validate
from fascore.contract.errors import FascoreError
from fascore.running.run import execute_document
from fascore.running.study import figures
from fascore.running.subsets import choices, subsets
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check


def rows(path: Path) -> dict[str, str]:
    return {row["id"]: row["score"] for row in csv.DictReader(path.open())}


def test_every_subset_of_the_inputs_that_may_be_missing_is_measured(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["modalities"]["face"]["optional"] = True
    tiny["recipe"]["epochs"] = 1
    run = execute_document(tiny, runs=tmp_path)
    found = subsets(run, device="cpu")
    assert list(found) == ["face", "depth", "face+depth"]
    assert json.loads((run / "subsets.json").read_text()) == json.loads(json.dumps(found))
    whole, face, depth = (rows(run / "subsets" / name / "cross.csv") for name in ("face+depth", "face", "depth"))
    assert whole == rows(run / "scores/cross.csv")
    assert whole.keys() == face.keys() == depth.keys()
    assert all(face[key] != whole[key] != depth[key] for key in whole)
    told = CliRunner().invoke(app, ["subsets", str(run), "--metric", "auc"])
    assert told.exit_code == 0
    line = next(line for line in told.stdout.splitlines() if line.startswith("intra/spoof/auc"))
    auc = [found[name]["tests"]["intra"]["tasks"]["spoof"]["metrics"]["auc"]["value"] for name in found]
    assert line.split()[-3:] == [f"{value:.4f}" for value in auc]


def test_inputs_that_all_records_have_are_in_every_subset(tiny: dict[str, Any]) -> None:
    assert list(choices(check(validate(RunSpec, tiny)))) == [("face", ("depth",)), ("face+depth", ())]
    tiny["modalities"]["depth"]["optional"] = False
    with pytest.raises(FascoreError, match=r'all inputs of this run are required.*"optional": true'):
        list(choices(check(validate(RunSpec, tiny))))


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{}")
    with pytest.raises(FascoreError, match="is not finished; continue it with"):
        subsets(tmp_path)


def entry(presentations: int, **values: float | None) -> dict[str, Any]:
    metrics = {name: {"value": value, "primary": "value", "oracle": False} for name, value in values.items()}
    return {"tasks": {"spoof": {"counts": {"presentations": presentations}, "metrics": metrics}}}


def test_the_weighted_mean_over_test_sets_weighs_each_by_its_presentations() -> None:
    metrics = {"tests": {"a": entry(10, auc=0.5, hter=0.2), "b": entry(30, auc=0.9, hter=None)}}
    found = figures(metrics, ("auc", "hter"))
    assert found["weighted mean/spoof/auc"] == pytest.approx((10 * 0.5 + 30 * 0.9) / 40)
    assert "weighted mean/spoof/hter" not in found
    assert not [
        name for name in figures({"tests": {"a": metrics["tests"]["a"]}}, ("auc",)) if name.startswith("weighted mean")
    ]
