"""The demo spec: every node gives what the check says, on records that the phantom really renders."""

import json
from pathlib import Path

import torch

from fascore import validate
from fascore.data.loading import Loader
from fascore.data.prepare import prepare
from fascore.data.store import Store
from fascore.model import ModelGraph
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check

DEMO = Path(__file__).parents[2] / "plugins" / "fas-phantom" / "specs" / "demo.json"


def test_every_modality_and_node_of_the_demo_gives_its_static_signal(tmp_path: Path) -> None:
    spec = validate(RunSpec, json.loads(DEMO.read_text()))
    plan, store = check(spec), Store(tmp_path)
    records = list(spec.data.test["intra"][0].dataset.records("test"))[:3]
    loader = Loader(plan, prepare(plan, records, store, processes=0), store)
    graph = ModelGraph.build(plan, spec.seed)
    ids = [record.id for record in records]
    for batch in (next(loader.training_batches(0, [ids])), next(loader.evaluation_batches(3))):
        with torch.no_grad():
            outputs = graph(batch)
        for node in (*plan.modalities.values(), *plan.nodes.values()):
            for port, signal in node.outputs.items():
                if signal is not None:
                    value = outputs.values[f"{node.name}.{port}" if port else node.name]
                    assert isinstance(value, torch.Tensor)
                    assert value.shape == (3 * batch.views, *signal.shapes[0]), node.name
        scores = graph.eval().scores(graph(batch), batch)
        assert set(scores) == set(plan.heads)
        assert all(score.shape == (3,) and ((score >= 0) & (score <= 1)).all() for score in scores.values())
