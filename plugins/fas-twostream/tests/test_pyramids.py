"""FPM and PPM against naive implementations."""

import numpy as np
import pytest
import torch
from fas_twostream.fusions import FeaturePyramid, PyramidPooling
from fas_twostream.fusions.pyramid_pooling import PyramidPoolingLevel
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fascore import Level, Plane, Pyramid, SpecError

SIGNAL = Pyramid((Level(4, (16, 12), 2), Level(6, (8, 6), 4), Level(5, (4, 3), 8)))


def levels(seed: int = 0) -> list[Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(2, *shape, generator=rng) for shape in SIGNAL.shapes]


def settled(module: nn.Module) -> nn.Module:
    """Batch norms with statistics of their own, so that they are no identity."""
    rng = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean = torch.randn(part.num_features, generator=rng) / 3
            part.running_var = torch.rand(part.num_features, generator=rng) + 0.5
    return module.eval()


def lateral(step: nn.Module, x: Tensor) -> np.ndarray:
    convolution, norm = step  # type: ignore[misc]
    mixed = np.einsum("dc,bchw->bdhw", convolution.weight.detach().numpy()[:, :, 0, 0], x.numpy())
    mean, var = (value.numpy()[None, :, None, None] for value in (norm.running_mean, norm.running_var))
    return np.asarray((mixed - mean) / np.sqrt(var + norm.eps))


@pytest.mark.parametrize("direction", ["top_down", "bottom_up", "none"])
def test_the_feature_pyramid_is_the_naive_one(direction: str) -> None:
    module = settled(FeaturePyramid.model_validate({"direction": direction, "channels": 7}).build([SIGNAL]))
    maps = [lateral(step, x) for step, x in zip(module.lateral, levels(), strict=True)]  # type: ignore[call-overload]
    if direction == "top_down":
        for i in (1, 0):
            maps[i] = maps[i] + maps[i + 1].repeat(2, axis=2).repeat(2, axis=3)
    if direction == "bottom_up":
        for i in (1, 2):
            b, c, h, w = maps[i - 1].shape
            maps[i] = maps[i] + maps[i - 1].reshape(b, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
    with torch.no_grad():
        for found, expected in zip(module(levels()), maps, strict=True):
            assert found.numpy() == pytest.approx(expected, abs=1e-5)


def test_the_two_directions_differ_and_spread_from_opposite_ends() -> None:
    modules = {
        way: FeaturePyramid.model_validate({"direction": way, "channels": 7}).build([SIGNAL])
        for way in ("top_down", "bottom_up")
    }
    modules["bottom_up"].load_state_dict(modules["top_down"].state_dict())
    reached = {}
    for way, module in modules.items():
        given = [level.requires_grad_() for level in levels()]
        maps = settled(module)(given)
        reached[way] = [
            [
                bool(grad is not None and grad.abs().sum() > 0)
                for grad in torch.autograd.grad(m.sum(), given, retain_graph=True, allow_unused=True)
            ]
            for m in maps
        ]
    assert reached["top_down"] == [[True, True, True], [False, True, True], [False, False, True]]
    assert reached["bottom_up"] == [[True, False, False], [True, True, False], [True, True, True]]


def test_levels_of_odd_sides_and_of_one_size_are_joined_too() -> None:
    odd = Pyramid((Level(3, (7, 7), 4), Level(3, (4, 4), 8), Level(3, (4, 4), 8)))
    for way in ("top_down", "bottom_up"):
        module = FeaturePyramid.model_validate({"direction": way, "channels": 4}).build([odd])
        assert [tuple(m.shape[1:]) for m in module([torch.rand(2, *shape) for shape in odd.shapes])] == [
            (4, 7, 7),
            (4, 4, 4),
            (4, 4, 4),
        ]


def naive_ppm(level: PyramidPoolingLevel, x: Tensor) -> Tensor:
    """Average of each cell by hand, then the level's own layers, one after the other."""
    height, width = x.shape[-2:]
    context = []
    for side, reduce in zip(level.bins, level.reduce, strict=True):
        cells = torch.empty(*x.shape[:2], side, side)
        for i in range(side):
            for j in range(side):
                rows = slice(i * height // side, -(-(i + 1) * height // side))
                columns = slice(j * width // side, -(-(j + 1) * width // side))
                cells[..., i, j] = x[..., rows, columns].mean((-2, -1))
        context.append(interpolate(reduce(cells), size=(height, width), mode="bilinear"))
    return torch.as_tensor(level.merge(torch.cat([x, *context], dim=1)))


def test_pyramid_pooling_is_the_naive_one_averaged_over_places() -> None:
    signal = Pyramid((Level(8, (14, 12), 2), Level(8, (7, 6), 4)))
    module = settled(PyramidPooling().build([signal]))
    given = [torch.randn(2, *shape, generator=torch.Generator().manual_seed(3)) for shape in signal.shapes]
    with torch.no_grad():
        expected = torch.cat(
            [naive_ppm(level, x).mean((-2, -1)) for level, x in zip(module.levels, given, strict=True)], dim=1
        )  # type: ignore[arg-type]
        assert module(given).numpy() == pytest.approx(expected.numpy(), abs=1e-5)


def test_only_its_nonlinearity_lets_pyramid_pooling_change_the_average() -> None:
    """Two maps of one average. Pooling to bins that divide the map, upsampling and 1x1 layers all keep averages, so that without ReLU and
    the 3x3 convolution both would give the same feature: the module would be a matrix on the plain average of the level."""
    level = settled(PyramidPoolingLevel(8, (1, 2, 3, 6)))
    assert isinstance(level, PyramidPoolingLevel)
    rng = torch.Generator().manual_seed(5)
    one = torch.randn(1, 8, 12, 12, generator=rng)
    other = torch.randn(1, 8, 12, 12, generator=rng)
    other = other - other.mean((-2, -1), keepdim=True) + one.mean((-2, -1), keepdim=True)
    with torch.no_grad():
        real = [level(x).mean((-2, -1)) for x in (one, other)]
        merge = level.merge[0].weight.sum((-2, -1), keepdim=True)
        linear = []
        for x in (one, other):
            context = [
                interpolate(reduce[:2](nn.functional.adaptive_avg_pool2d(x, side)), size=(12, 12), mode="bilinear")
                for side, reduce in zip(level.bins, level.reduce, strict=True)
            ]
            linear.append(nn.functional.conv2d(torch.cat([x, *context], dim=1), merge).mean((-2, -1)))
    assert torch.allclose(linear[0], linear[1], atol=1e-5)
    assert (real[0] - real[1]).abs().max() > 0.01


def test_what_is_not_a_pyramid_is_refused() -> None:
    for fusion in (FeaturePyramid(), PyramidPooling()):
        with pytest.raises(SpecError, match=r"accepts one Pyramid, such as the output of a timm encoder"):
            fusion.infer([Plane(3, 8, 8)])
    with pytest.raises(SpecError, match=r"a level has 3 channels, fewer than 4 bins"):
        PyramidPooling().infer([Pyramid((Level(3, (8, 8), 2),))])
