"""Appearance networks against their publications: parameter counts, equations, another library's layers."""

import numpy as np
import pytest
import torch
from fas_joint.encoders import Cdcnpp, DeepPixBis, MesoNet
from fas_joint.encoders.cdcnpp import CentralDifference, SpatialAttention
from fas_joint.heads import PixelBinary
from torch import nn
from torchvision.models import densenet161

from fascore import FascoreError, Image, Labels, Plane, SpecError, Vector, validate


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_mesonet_with_one_logit_has_the_published_28615_parameters() -> None:
    encoder = MesoNet().build([Image(3, 256, 256)])
    assert count(encoder) + count(nn.Linear(16, 1)) == 28_615


def test_mesonet_sees_as_far_as_its_largest_dilation() -> None:
    inception = MesoNet().build([Image(3, 64, 64)]).maps[0]
    assert [branch[2].dilation for branch in inception.dilated] == [(1, 1), (2, 2), (3, 3)]
    point = torch.zeros(1, 3, 15, 15)
    point[0, :, 7, 7] = 1
    # The sign of a random branch is its own, so the reach is looked for before ReLU.
    moved = [(branch[0](point) - branch[0](torch.zeros_like(point))).abs() for branch in inception.dilated]
    reach = [
        (branch[2](m) - branch[2](torch.zeros_like(m))).abs().amax((0, 1, 2)).nonzero()[:, 0] - 7
        for branch, m in zip(inception.dilated, moved)
    ]
    assert [r.tolist() for r in reach] == [[-1, 0, 1], [-2, 0, 2], [-3, 0, 3]]


@pytest.mark.parametrize("theta", [0.0, 0.7, 1.0])
def test_central_difference_is_equation_5_place_by_place(theta: float) -> None:
    layer = CentralDifference(2, 3, theta)
    x = torch.randn(1, 2, 4, 5)
    w, padded = layer.conv.weight.detach().numpy(), np.pad(x[0].numpy(), ((0, 0), (1, 1), (1, 1)))
    wanted = np.zeros((3, 4, 5))
    for o, i, j in np.ndindex(3, 4, 5):
        for c, m, n in np.ndindex(2, 3, 3):
            here, centre = padded[c, i + m, j + n], padded[c, i + 1, j + 1]
            wanted[o, i, j] += w[o, c, m, n] * (theta * (here - centre) + (1 - theta) * here)
    np.testing.assert_allclose(layer(x)[0].detach().numpy(), wanted, atol=1e-5)


def test_a_flat_picture_has_no_central_difference_inside() -> None:
    assert CentralDifference(1, 2, 1.0)(torch.full((1, 1, 6, 6), 3.0))[..., 1:-1, 1:-1].abs().max() < 1e-5


def test_spatial_attention_gates_by_mean_and_maximum_of_the_channels() -> None:
    layer, x = SpatialAttention(1), torch.randn(2, 5, 3, 3)
    mean_weight, max_weight = layer.conv.weight.flatten().tolist()
    gate = 1 / (1 + np.exp(-(mean_weight * x.numpy().mean(1) + max_weight * x.numpy().max(1))))
    np.testing.assert_allclose(layer(x).detach().numpy(), x.numpy() * gate[:, None], rtol=1e-4, atol=1e-6)


def test_cdcnpp_has_the_parameters_of_the_searched_network() -> None:
    """3 x 3 convolutions without bias, two of each batch norm, and the three attentions, from the publication's widths."""
    convolutions = [(3, 64), (64, 128), (128, 204), (204, 128), (128, 153), (153, 128), (128, 179), (179, 128)]
    convolutions += [(128, 128), (128, 153), (153, 128), (384, 128)]
    wanted = sum(9 * c * d + 2 * d for c, d in convolutions) + 9 * 128 + 2 * (49 + 25 + 9)
    assert count(Cdcnpp().build([Image(3, 256, 256)])) == wanted == 2_257_352


def test_cdcnpp_scales_an_image_as_its_release_and_a_plane_not() -> None:
    torch.manual_seed(0)
    image, plane = (Cdcnpp(map_size=4).build([kind(3, 16, 16)]).eval() for kind in (Image, Plane))
    plane.load_state_dict(image.state_dict())
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(image(x), plane((x * 255 - 127.5) / 128))


def test_deeppixbis_is_the_first_eight_layers_of_torchvisions_densenet161() -> None:
    """As George and Marcel define it: `features[:8]`, 3.2 million parameters."""
    torch.manual_seed(0)
    ours = DeepPixBis().build([Image(3, 64, 64)])
    theirs = densenet161(weights=None).features[:8]
    assert count(ours) == count(theirs) == 3_198_144
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.features.state_dict().values(), strict=True)))
    x = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()((x - ours.mean) / ours.deviation), rtol=1e-4, atol=1e-4)
    assert DeepPixBis().infer([Image(3, 224, 224)]) == Plane(384, 14, 14)
    assert count(PixelBinary().build([Plane(384, 14, 14)], Labels("label"))) == 385 + 197


def test_deeppixbis_takes_the_first_layers_of_a_file_of_weights(tmp_path) -> None:
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(1)
    whole = timm.create_model("densenet121")
    save_file(whole.state_dict(), path := tmp_path / "densenet121.safetensors")
    encoder = validate(DeepPixBis, {"network": {"type": "timm", "name": "densenet121", "pretrained": str(path)}}).build(
        [Image(3, 32, 32)]
    )
    assert not torch.equal(encoder.features[0].weight, whole.features.conv0.weight)
    encoder.adopt_pretrained()
    assert torch.equal(encoder.features[0].weight, whole.features.conv0.weight)


def test_appearance_encoders_refuse_what_they_cannot_read() -> None:
    with pytest.raises(SpecError, match="one Image or Plane"):
        MesoNet().infer([Vector(3)])
    with pytest.raises(SpecError, match="16 pixels per side"):
        DeepPixBis().infer([Image(3, 8, 8)])
    with pytest.raises(FascoreError, match="densenet161"):
        validate(DeepPixBis, {"network": {"type": "timm", "name": "resnet18"}})
