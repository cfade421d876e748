"""The spec of the design's section 6, with small models: three branches, a fusion of a fusion, five heads."""

import pytest
import torch
from model_toys import BINARY, batch_of, plan_of

from fascore.contract.signals import Pyramid
from fascore.model import ModelGraph

SMALL = {"type": "timm", "name": "test_resnet"}


def demo():
    face, mst = {"shape": (3, 48, 48), "views": 2}, {"shape": (3, 32, 40), "plane": True, "optional": True}
    return plan_of(
        {"face": face, "mst": mst, "wave": {**mst, "shape": (6, 32, 32)}},
        encoders={
            "app": {**SMALL, "inputs": ["face"]},
            "time": {**SMALL, "inputs": ["mst"]},
            "freq": {"type": "timm", "name": "test_vit", "img_size": 32, "inputs": ["wave"]},
        },
        fusions={
            "rppg": {"type": "concat", "inputs": ["time", "freq"], "width": 12},
            "all": {"type": "gated", "inputs": ["app", "rppg"], "width": 16},
        },
        heads={
            "main": {**BINARY, "inputs": ["all"]},
            "aux_app": {**BINARY, "inputs": ["app"], "weight": 0.5},
            "aux_rppg": {**BINARY, "inputs": ["rppg"], "weight": 0.5},
            "aux_time": {**BINARY, "inputs": ["time"], "weight": 0.25},
        },
        score="main",
    )


@pytest.mark.parametrize("training", [True, False])
def test_every_node_gives_its_static_signal(training):
    plan = demo()
    graph, batch = (
        ModelGraph.build(plan, 7).train(training),
        batch_of(plan, rows=4, absent={"mst": [1], "wave": [1, 2]}),
    )
    values = graph(batch).values
    for name, node in plan.nodes.items():
        for port, signal in node.outputs.items():
            given = values[f"{name}.{port}" if port else name]
            tensors = given if isinstance(signal, Pyramid) else [given]
            assert [tuple(t.shape) for t in tensors] == [(8, *shape) for shape in signal.shapes], name
            assert all(t.dtype == torch.float32 and t.isfinite().all() for t in tensors)


def test_one_step_trains_every_parameter():
    plan = demo()
    graph, batch = ModelGraph.build(plan, 7), batch_of(plan, rows=4, absent={"mst": [1], "wave": [1, 2]})
    losses = graph.losses(graph(batch), batch)
    assert set(losses) == {"head.main", "head.aux_app", "head.aux_rppg", "head.aux_time"}
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, p in graph.named_parameters() if p.grad is None] == []


def test_the_same_seed_gives_the_same_graph():
    one, other = (ModelGraph.build(demo(), 7).state_dict() for _ in range(2))
    assert all(torch.equal(one[key], other[key]) for key in one)
