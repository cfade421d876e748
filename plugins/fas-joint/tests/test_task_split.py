"""Sharing between tasks: what is one tensor, what is not, and where gradients go."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from fas_joint.encoders import TaskSplit
from torch import Tensor, nn

from fascore import Clip, FascoreError, Image, SpecError, Vector, validate

VIT = {"type": "timm", "name": "test_vit", "img_size": 32}
RESNET = {"type": "timm", "name": "test_resnet"}
DEPTH = {"test_vit": 6, "test_resnet": 4}
TASK = torch.tensor([0, 1, 1, 0, 1])
EVERY = [(VIT, n) for n in (0, 1, 4, 6)] + [(RESNET, n) for n in range(5)]


def config(network: dict[str, Any], shared: int | str, **fields: Any) -> TaskSplit:
    return validate(TaskSplit, {"network": network, "shared": shared, **fields})


def built(network: dict[str, Any], shared: int | str, **fields: Any) -> Any:
    torch.manual_seed(0)
    return config(network, shared, **fields).build([Image(3, 32, 32)])


def images() -> Tensor:
    return torch.rand(len(TASK), 3, 32, 32, generator=torch.Generator().manual_seed(1))


def ids(module: nn.Module) -> set[int]:
    return {id(parameter) for parameter in module.parameters()}


@pytest.mark.parametrize(("network", "shared"), EVERY)
def test_shared_stages_are_the_same_tensors_and_specific_ones_are_not(network: dict[str, Any], shared: int) -> None:
    module = built(network, shared)
    pairs = list(zip(module.stages("spoof"), module.stages("forgery"), strict=True))
    assert len(pairs) == DEPTH[network["name"]]
    for place, (spoof, forgery) in enumerate(pairs):
        assert (spoof is forgery) == (place < shared)
        tensors = zip(
            spoof.state_dict(keep_vars=True).values(), forgery.state_dict(keep_vars=True).values(), strict=True
        )
        assert all((one is other) == (place < shared) for one, other in tensors)


@pytest.mark.parametrize(("network", "shared"), EVERY)
def test_a_record_passes_the_whole_network_of_its_own_task(network: dict[str, Any], shared: int) -> None:
    module = built(network, shared).eval()
    features = module(images(), task=TASK)
    for row, task in enumerate(TASK):
        whole = (module.spoof, module.forgery)[int(task)]
        torch.testing.assert_close(features[row], whole(images())[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("network", "shared"), EVERY)
@pytest.mark.parametrize("task", [0, 1])
def test_gradients_of_one_task_never_touch_the_other(network: dict[str, Any], shared: int, task: int) -> None:
    module = built(network, shared)
    module(images(), task=TASK)[task == TASK].square().sum().backward()
    own, other = (module.spoof, module.forgery) if task == 0 else (module.forgery, module.spoof)
    for parameter in module.parameters():
        touched = parameter.grad is not None and bool(parameter.grad.any())
        if id(parameter) in ids(other) - ids(own):
            assert not touched
    for stage in module.stages(("spoof", "forgery")[task]):
        assert any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in stage.parameters())


def test_all_shared_leaves_each_vit_its_final_norm_and_a_resnet_nothing() -> None:
    vit, resnet = built(VIT, "all"), built(RESNET, "all")
    assert ids(vit.spoof) ^ ids(vit.forgery) == ids(vit.spoof.model.norm) | ids(vit.forgery.model.norm)
    assert ids(resnet.spoof) == ids(resnet.forgery)


def test_none_shared_is_two_networks_without_a_common_tensor() -> None:
    for network in (VIT, RESNET):
        module = built(network, 0)
        assert not ids(module.spoof) & ids(module.forgery)


def test_batch_norms_of_the_shared_part_see_both_tasks_and_those_of_a_task_only_its_own() -> None:
    module = built(RESNET, 2)
    seen: dict[str, int] = {}
    module.spoof.model.bn1.register_forward_hook(lambda _, inputs, __: seen.__setitem__("shared", len(inputs[0])))
    for name in ("spoof", "forgery"):
        getattr(module, name).model.layer3.register_forward_hook(
            lambda _, inputs, __, name=name: seen.__setitem__(name, len(inputs[0]))
        )
    module(images(), task=TASK)
    assert seen == {"shared": 5, "spoof": 2, "forgery": 3}


def test_a_single_record_of_a_task_trains_with_running_statistics_as_a_node_does() -> None:
    module = built(RESNET, 3)
    module(images(), task=torch.tensor([0, 0, 0, 0, 1])).sum().backward()
    assert all(part.training for part in module.modules() if isinstance(part, nn.BatchNorm2d))


def test_with_both_ports_a_record_of_unknown_task_gets_both_features_in_evaluation() -> None:
    module = built(VIT, 4, output="both").eval()
    ports = module(images(), task=torch.full((5,), -1))
    torch.testing.assert_close(ports["spoof"], module.spoof(images()), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ports["forgery"], module.forgery(images()), rtol=1e-4, atol=1e-5)
    with pytest.raises(FascoreError, match="by_task"):
        built(VIT, 4).eval()(images(), task=torch.full((5,), -1))


def test_the_check_knows_width_and_depth_without_torch() -> None:
    code = """
import sys
from fas_joint.encoders import TaskSplit
from fascore import Image, SpecError, Vector, validate
vit = validate(TaskSplit, {"network": {"type": "timm", "name": "vit_base_patch16_224"}, "shared": 8})
assert vit.infer([Image(3, 224, 224)]) == Vector(768)
for name, shared in (("vit_base_patch16_224", 13), ("resnet50", 5)):
    try:
        validate(TaskSplit, {"network": {"type": "timm", "name": name}, "shared": shared}).infer([Image(3, 224, 224)])
    except SpecError as error:
        assert "that many stages" in str(error)
    else:
        raise AssertionError(name)
assert "torch" not in sys.modules and "timm" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_divided_is_refused_in_a_sentence() -> None:
    with pytest.raises(SpecError, match="EfficientNet"):
        built({"type": "timm", "name": "test_efficientnet"}, 1)
    with pytest.raises(SpecError, match="one Image or Plane"):
        config(VIT, 1).infer([Clip(2, 3, 32, 32)])
    with pytest.raises(FascoreError, match='"output": "vector"'):
        config({**VIT, "output": "tokens"}, 1)
    with pytest.raises(FascoreError, match="describes two networks"):
        config({**VIT, "weights": "x.safetensors"}, 1)
    assert config(VIT, 6, output="both").infer([Image(3, 32, 32)]) == {"spoof": Vector(64), "forgery": Vector(64)}
