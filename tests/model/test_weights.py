"""Weights of a node from files and from runs, and what is said where they do not fit."""

import pytest
import timm
import torch
from model_toys import BINARY, LINEAR, batch_of, plan_of
from safetensors.torch import save_file

from fascore import FascoreError
from fascore.model import ModelGraph


def plan_with(weights=None, width=4, name="a"):
    encoder = {**LINEAR, "width": width, "inputs": ["face"], "weights": weights}
    return plan_of({"face": (6,)}, encoders={name: encoder}, heads={"main": {**BINARY, "inputs": [name]}})


@pytest.fixture
def trained(tmp_path):
    """A run's folder with the weights of node `a`, and these."""
    graph = ModelGraph.build(plan_with(), 11)
    folder = tmp_path / "runs" / "first"
    (folder / "checkpoints").mkdir(parents=True)
    save_file({key: graph.state_dict()[key] for key in graph.deployed()}, folder / "checkpoints" / "best.safetensors")
    return folder, graph.node("a").state_dict()


def test_a_node_starts_from_the_node_of_a_run(trained):
    folder, expected = trained
    graph = ModelGraph.build(plan_with(f"{folder}#a", name="b"), 0)
    assert all(torch.equal(graph.node("b").state_dict()[key], value) for key, value in expected.items())
    assert torch.equal(
        ModelGraph.build(plan_with(f"{folder}/checkpoints/best.safetensors#a"), 0).node("a")[0].weight,
        expected["0.weight"],
    )
    assert not torch.equal(
        ModelGraph.build(plan_with(f"{folder}#a"), 0, pretrained=False).node("a")[0].weight, expected["0.weight"]
    )


def test_a_node_starts_from_a_file(trained, tmp_path):
    save_file(trained[1], tmp_path / "a.safetensors")
    graph = ModelGraph.build(plan_with(str(tmp_path / "a.safetensors")), 0)
    assert torch.equal(graph.node("a")[0].weight, trained[1]["0.weight"])


def test_weights_of_a_bare_timm_model_fit_its_encoder(tmp_path):
    source = timm.create_model("test_resnet", num_classes=0)
    save_file(source.state_dict(), tmp_path / "bare.safetensors")
    encoder = {"type": "timm", "name": "test_resnet", "inputs": ["face"], "weights": str(tmp_path / "bare.safetensors")}
    plan = plan_of({"face": (3, 32, 32)}, encoders={"e": encoder}, heads={"main": {**BINARY, "inputs": ["e"]}})
    graph, batch = ModelGraph.build(plan, 0).eval(), batch_of(plan, rows=2)
    mean, std = (torch.tensor(source.pretrained_cfg[key]).view(3, 1, 1) for key in ("mean", "std"))
    torch.testing.assert_close(graph(batch).values["e"], source.eval()((batch.tensors["face"] - mean) / std))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "{tmp}/none.safetensors",
            "there is no file .*none.safetensors; write a .safetensors file, or 'runs/<name>#<node>'",
        ),
        ("{run}", "is a folder; for a node of a run, write '.*first#<node>'"),
        ("{run}#z", "has no weights for 'z'; it has weights for a"),
        ("{tmp}/bad.safetensors", "not a readable safetensors file"),
        ("{tmp}/other.safetensors", r"it lacks 0.weight, 0.bias; it has unknown x"),
    ],
)
def test_what_cannot_be_loaded_is_reported(trained, tmp_path, source, says):
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04not safetensors")
    save_file({"x.y": torch.zeros(1), "z.w": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(FascoreError, match=r"model\.encoders\.a\.weights: .*" + says):
        ModelGraph.build(plan_with(source.format(tmp=tmp_path, run=trained[0])), 0)


def test_other_shapes_are_listed(trained):
    with pytest.raises(
        FascoreError, match=r"has different shapes: 0.weight \(4, 6\) for \(5, 6\), 0.bias \(4,\) for \(5,\)"
    ):
        ModelGraph.build(plan_with(f"{trained[0]}#a", width=5), 0)
