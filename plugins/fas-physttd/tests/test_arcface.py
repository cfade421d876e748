"""Recognition beside traces: the network's size, the margin by hand, the identity loss, and a training on drawn faces."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from fas_physttd.polysemantic.arcface import ArcFaceNetwork, Margin
from fas_physttd.polysemantic.recognition import ArcFaceResNet18, Identity
from safetensors.torch import save_file

from fascore import FascoreError, Image, Labels, Plane, SpecError
from fascore.model import load_weights


def test_the_network_has_the_published_parameters() -> None:
    with torch.device("meta"):
        module = ArcFaceResNet18().build([Image(3, 112, 112)])
    widths = [64, 64, 128, 256, 512]
    blocks = [
        # Per stage: norms of in, mid, out; PReLU; two convolutions; the shortcut; then the second block without one.
        2 * a + 2 * b + 2 * b + b + 9 * a * b + 9 * b * b + a * b + 2 * b + (6 * b + b + 18 * b * b)
        for a, b in pairwise(widths)
    ]
    wanted = (27 * 64 + 2 * 64 + 64) + sum(blocks) + 2 * 512 + (512 * 49 * 512 + 512) + 2 * 512
    assert sum(parameter.numel() for parameter in module.parameters()) == wanted == 24_025_600


def test_the_margin_is_added_to_the_angle_of_ones_own_center() -> None:
    margin = Margin(2, 3, margin=0.5, scale=4.0)
    with torch.no_grad():
        margin.centres.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, -1.0]]))
    margin.enter(torch.tensor([70, 50]))  # places by code: 50, 70; the third is nobody's yet
    angle = math.pi / 6
    embedding = 3 * torch.tensor([[math.cos(angle), math.sin(angle)]])
    own, other = 4 * math.cos(angle + 0.5), 4 * math.cos(math.pi / 2 - angle)
    wanted = math.log(math.exp(own) + math.exp(other)) - own
    assert margin(embedding, torch.tensor([50])).item() == pytest.approx(wanted, rel=1e-4)
    with pytest.raises(FascoreError, match=r"raise recipe\.people"):
        margin.enter(torch.tensor([50, 90, 91]))


def objective(**fields: Any) -> Any:
    torch.manual_seed(0)
    return Identity(width=0.07, without_weights="random", **fields).build(
        [Image(3, 32, 32), Plane(3, 32, 32)], Labels("label")
    )


def test_an_image_has_its_own_identity_and_another_has_not() -> None:
    module, image, target = objective(), torch.rand(3, 3, 32, 32), torch.ones(3, dtype=torch.long)
    assert module(image, image, target=target).tolist() == pytest.approx([1e-4] * 3)
    assert bool((module(image, image.flip(0), target=target)[[0, 2]] > 1e-3).all())


def test_identity_is_the_distance_of_unit_embeddings_and_leaves_the_recognizer_alone() -> None:
    module = objective().train()
    image, live = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32, requires_grad=True)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    loss = module(image, live, target=torch.ones(2, dtype=torch.long))
    first, second = (module.recogniser(x).detach() for x in (image, live))
    cosine = torch.cosine_similarity(first, second)
    assert torch.allclose(loss, (2 - 2 * cosine).clamp(min=0).sqrt(), atol=1e-3)
    loss.sum().backward()
    assert live.grad is not None and bool((live.grad != 0).any())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_without_weights_the_loss_is_off_and_says_so() -> None:
    with pytest.warns(UserWarning, match="no weights of a recognizer"):
        module = Identity().build([Image(3, 32, 32), Plane(3, 32, 32)], Labels("label"))
    image = torch.rand(2, 3, 32, 32)
    assert module(image, image.flip(0), target=torch.ones(2)).tolist() == [0, 0]


def test_weights_of_a_trained_recognizer_are_taken_up(tmp_path: Path) -> None:
    torch.manual_seed(5)
    trained = ArcFaceNetwork(0.07)
    save_file(
        {f"nodes.n_embed.{name}": value for name, value in trained.state_dict().items()}, tmp_path / "best.safetensors"
    )
    module = objective()
    load_weights(module, f"{tmp_path / 'best.safetensors'}#embed", "model.objectives.identity.weights")
    image = torch.rand(2, 3, 32, 32)
    assert torch.equal(module.recogniser(image), trained.eval()(image))


def test_pairs_are_needed() -> None:
    with pytest.raises(SpecError, match="reads pairs"):
        Identity().check([Image(3, 32, 32)], Labels("label"))
