"""What sections and commands of plugins get to look into: the trained model of a run."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fascore import FascoreError, RunFacts, Section, Trained, hookimpl, open_trained
from fascore.contract.registry import Index, Provider, index, using
from fascore.model import ModelGraph
from fascore.running.folder import open_run
from fascore.running.run import execute_document
from fascore.running.splits import list_records


@pytest.fixture
def run(tiny: dict[str, Any], tmp_path: Path) -> Path:
    tiny["recipe"]["epochs"] = 1
    return execute_document(tiny, runs=tmp_path)


def test_values_are_what_the_graph_gives_and_nan_where_a_record_lacks_them(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        records = trained.splits["intra"]
        values = trained.values(records, ["face", "app", "depth"])
        assert values["app"].shape[:2] == (len(records), 2)
        for place, record in enumerate(records[:3]):
            (batch,) = trained.batches([record])
            with torch.no_grad():
                expected = trained.graph.node("app")(batch.tensors["face"])
            np.testing.assert_allclose(values["app"][place], expected.numpy(), rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(values["face"][place], batch.tensors["face"].numpy())
        lacking = [not trained.prepared.present(record.id, "depth") for record in records]
        np.testing.assert_array_equal(np.isnan(values["depth"]).all(axis=(1, 2, 3, 4)), lacking)
        stored = [trained.stored(record, "depth") is not None for record in records]
        assert stored == [not lacks for lacks in lacking]
        with pytest.raises(FascoreError, match=r"no 'nose'.*available: .*face"):
            trained.values(records, ["nose"])


def test_the_untrained_model_is_that_of_the_seed_and_leaves_the_trained_one_as_it_is(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        before = {name: value.clone() for name, value in trained.graph.state_dict().items()}
        fresh = trained.untrained()
        wanted = ModelGraph.build(trained.plan, trained.spec.seed).state_dict()
        assert all(torch.equal(value, wanted[name]) for name, value in fresh.graph.state_dict().items())
        assert not fresh.graph.training
        assert all(torch.equal(value, before[name]) for name, value in trained.graph.state_dict().items())
        assert any(not torch.equal(value, before[name]) for name, value in wanted.items())
        assert fresh.splits is trained.splits


def test_a_plugins_section_gets_the_trained_model_of_the_run(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny["recipe"]["epochs"] = 1

    class Count:
        always = True

        def __init__(self, options: Any) -> None:
            pass

        @hookimpl
        def report_sections(self, run: RunFacts, trained: Trained) -> list[Section]:
            weights = load_file(run.folder / "checkpoints" / "best.safetensors")
            same = all(
                torch.equal(value, weights[name])
                for name, value in trained.graph.state_dict().items()
                if name in weights
            )
            counts = {name: len(records) for name, records in trained.splits.items()}
            return [Section("Count", f"{same} {counts}", shareable=True)]

    module = types.ModuleType("count_hook")
    module.Count = Count  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "count_hook", module)
    with using(Index([*index().providers(), Provider("hooks", "count", "count_hook:Count")])):
        run = execute_document(tiny, runs=tmp_path)
    facts = json.loads((run / "facts.json").read_text())
    splits = list_records(open_run(run).run_spec()).named()
    assert facts["sections"][-1]["html"] == f"True { ({name: len(records) for name, records in splits.items()}) }"
