"""Parameters and FLOPs against numbers worked out by hand and published."""

import pytest
from model_toys import BINARY, LINEAR, plan_of

from fascore.model import costs, describe_cost


def test_a_linear_layer_costs_a_multiplication_and_an_addition_for_each_weight():
    plan = plan_of(
        {"face": (6,)},
        encoders={"a": {**LINEAR, "inputs": ["face"]}},
        heads={"main": {**BINARY, "inputs": ["a"]}},
        objectives={"near": {"type": "center", "inputs": ["a"]}},
    )
    rows = {row.path: row for row in costs(plan)}
    assert (rows["model.encoders.a"].parameters, rows["model.encoders.a"].flops) == (6 * 4 + 4, 2 * 6 * 4)
    assert rows["model.heads.main"].flops == 2 * 4
    assert rows["model.objectives.near"].flops is None
    assert describe_cost(plan).splitlines()[-1].split() == ["total", "33", "56"]


def test_resnet50_has_its_published_cost():
    """He et al. 2016: 25.6 M parameters with the classifier of 2.05 M; 4.1 G multiply-adds at 224 pixels."""
    encoder = {"type": "timm", "name": "resnet50", "inputs": ["face"]}
    plan = plan_of({"face": (3, 224, 224)}, encoders={"a": encoder}, heads={"main": {**BINARY, "inputs": ["a"]}})
    row = costs(plan)[0]
    assert row.parameters == 23_508_032
    assert row.flops == pytest.approx(2 * 4.09e9, rel=0.01)


def test_nodes_that_look_at_values_have_parameters_and_no_flops(monkeypatch):
    import model_toys

    monkeypatch.setattr(model_toys._Context, "forward", lambda self, x, *, task, label: x[:, :1] * float(x.sum()))
    plan = plan_of(
        {"face": (6,)},
        encoders={"c": {"type": "toy.context", "inputs": ["face"]}},
        heads={"main": {**BINARY, "inputs": ["c"]}},
    )
    assert costs(plan)[0].flops is None
    assert "model.encoders.c" in describe_cost(plan)
