"""Other readings of what the papers leave open, each by its field: against closed forms, hand-made values and torch itself."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from fas_physttd.filters import lowpass, split
from fas_physttd.lsgan import answer, distance
from fas_physttd.patchgan import PatchGan
from fas_physttd.physttd.components import Generator, TraceScore
from fas_physttd.physttd.equations import Traces, reconstruct
from fas_physttd.physttd.losses import depth_loss, prior_loss
from fas_physttd.polysemantic.components import Generator as Polysemantic, Intensity, TraceClassifier
from fas_physttd.polysemantic.recognition import Identity
from torch import nn
from torch.nn.functional import interpolate

from fascore import Image, Labels, Plane

SIZE = 128


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def built(**fields: Any) -> Any:
    with torch.device("meta"):
        return Generator.model_validate(fields).build([Image(3, 256, 256)])


def test_norms_by_hand() -> None:
    maps = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert distance(maps, "mean_square").item() == pytest.approx(25 / 4)
    assert distance(maps, "sum_square").item() == pytest.approx(25 / 2)
    assert distance(maps, "norm").item() == pytest.approx(5 / 2, abs=1e-4)
    assert answer(maps, real=True, polarity="real_is_one", norm="sum_square").item() == pytest.approx(
        (4 + 9 + 1 + 1) / 2
    )


def test_the_unsquared_norm_has_a_finite_gradient_where_nothing_differs() -> None:
    maps = torch.zeros(2, 3, requires_grad=True)
    distance(maps, "norm").backward()
    assert maps.grad is not None
    assert maps.grad.eq(0).all()


def test_a_bilinear_low_pass_is_torchs_and_lets_four_times_the_noise_through() -> None:
    noise = torch.rand(1, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    twice = interpolate(interpolate(noise, size=(32, 32), mode="bilinear"), size=(256, 256), mode="bilinear")
    assert torch.equal(lowpass(noise, 32, "bilinear"), twice)
    small = [interpolate(lowpass(noise, 32, how), size=(32, 32), mode="bilinear").std() for how in ("bilinear", "area")]  # type: ignore[arg-type]
    assert 3 < float(small[0] / small[1]) < 5
    assert torch.allclose(
        lowpass(noise, 128, "bilinear"), lowpass(noise, 128), atol=1e-6
    )  # halving bilinearly is 2 x 2 averaging


def test_a_generator_with_another_low_pass_uses_it_everywhere() -> None:
    module: Any = Generator(width=0.06, lowpass="bilinear").build([Image(3, SIZE, SIZE)]).eval()
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ports = module(image)
        assert torch.equal(module.decomposed(image)[:, :3], split(image, "bilinear").b)
    found = Traces({name: ports[name] for name in "bct"}, ports["p"], ports["content"], "bilinear")
    assert torch.equal(ports["live"], reconstruct(image, found).high)
    assert not torch.equal(ports["live"], reconstruct(image, found._replace(shrink="area")).high)


def test_ten_convolutions_of_which_three_more_halve() -> None:
    module = PatchGan(layers="seven_and_three")
    convolutions = [part for part in module.layers.modules() if isinstance(part, nn.Conv2d)]
    assert (len(convolutions), sum(part.stride == (2, 2) for part in convolutions)) == (10, 3)
    channels = [3, 32, 32, 32, 64, 64, 64, 96, 96, 96, 96]
    assert parameters(module) == sum(9 * a * b + 2 * b for a, b in pairwise(channels)) + 9 * 96 + 1
    assert module(torch.rand(2, 3, 32, 32)).shape == (2, 1, 4, 4)
    classifier = TraceClassifier(layers="seven_and_three").build([Plane(3, 32, 32)] * 2, Labels("label"))
    assert parameters(classifier) - parameters(module) == 9 * 3 * 32  # three channels more at the first


def test_a_bounded_discriminator_is_the_sigmoid_of_the_linear_one() -> None:
    linear, bounded = PatchGan(width=0.1), PatchGan(width=0.1, bounded=True)
    bounded.load_state_dict(linear.state_dict())
    image = torch.rand(2, 3, 16, 16)
    assert torch.equal(bounded.eval()(image), linear.eval()(image).sigmoid())


def test_channels_of_every_part_of_the_generator_can_be_named() -> None:
    light = built(depth_channels=(64, 64))
    assert (
        parameters(light.depth)
        == sum(2 * k * k for k in (7, 5, 3, 7)) + 9 * 352 * 64 + 128 + 9 * 64 * 64 + 128 + 9 * 64 + 1
    )
    assert (
        parameters(built().encoder) - parameters(built(middle=(64, 96, 128)).encoder)
        == 9 * 64 * 32 + 2 * 32 + 9 * 32 * 64
    )
    decoder = built(decoder=(32, 32, 16), head_channels=8).decoder
    shapes = [tuple(part[0].weight.shape[:2]) for part in (decoder.up1, decoder.up2, decoder.up3)]
    assert shapes == [(128, 32), (32 + 96, 32), (32 + 64, 16)]
    assert built(stem=32).encoder.stem[0].weight.shape == (32, 9, 3, 3)
    assert [part.convolution.weight.shape[-1] for part in built(attention=(5, 5, 5, 5)).depth.attention] == [5] * 4


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_up_sampling_doubles_with_each_kernel(kernel: int) -> None:
    module = built(kernel=kernel)
    ports = module(torch.empty(1, 3, 256, 256, device="meta"))
    assert ports["live"].shape == (1, 3, 256, 256)
    assert module.decoder.up1[0].weight.shape[-1] == kernel


def test_a_head_for_each_kind_of_trace() -> None:
    module = built(heads="separate")
    assert [part[1].weight.shape[0] for part in module.decoder.head] == [9, 1, 3]
    assert module(torch.empty(1, 3, 256, 256, device="meta"))["p"].shape == (1, 1, 256, 256)


def test_a_softer_tanh_is_of_the_divided_maps() -> None:
    hard, soft = (Generator(width=0.06, softness=s).build([Image(3, SIZE, SIZE)]).eval() for s in (1.0, 300.0))
    soft.load_state_dict(hard.state_dict())
    image = torch.rand(1, 3, SIZE, SIZE)
    with torch.no_grad():
        first, second = hard(image)["t"], soft(image)["t"]
    assert torch.allclose(first.atanh() / 300, second.atanh(), atol=1e-6)


def test_raw_traces_in_the_score() -> None:
    b, p = torch.rand(1, 3, SIZE, SIZE) - 0.5, torch.zeros(1, 1, SIZE, SIZE)
    output = TraceScore(lowpass="none").build([Plane(3, SIZE, SIZE)] * 3 + [Plane(1, SIZE, SIZE)], Labels("label"))(
        b, 0 * b, 0 * b, p
    )
    assert float(output.additive) == pytest.approx(float(b.abs().sum()) / SIZE**2, rel=1e-4)


def test_depth_as_printed_is_a_frobenius_norm_over_the_places() -> None:
    depth = torch.zeros(2, 1, 2, 2)
    depth[0] = 0.5
    assert depth_loss(depth, torch.zeros_like(depth), "frobenius").item() == pytest.approx((1.0 / 4 + 0) / 2, abs=1e-4)


def test_strength_may_be_summed_over_channels() -> None:
    t = torch.full((1, 3, SIZE, SIZE), 0.12)
    found = Traces({"t": t}, torch.zeros(1, 1, SIZE, SIZE), t)
    nowhere = torch.zeros(1, 1, SIZE, SIZE)
    assert prior_loss(found, nowhere, 0.35, "sum").item() == pytest.approx(
        1
    )  # 0.36 is above 0.35 in all places, and P is 0
    assert prior_loss(found, nowhere, 0.35, "mean").item() == 0


def polysemantic(**fields: Any) -> Any:
    with torch.device("meta"):
        return Polysemantic.model_validate(fields).build([Image(3, 256, 256), Plane(1, 256, 256)])


def test_kernels_and_residual_blocks_of_the_decoder() -> None:
    usual, other = polysemantic(), polysemantic(kernel=3, residual=0)
    widths, inputs = (256, 128, 64, 32), (1024, 768, 384, 64)
    lost = sum((16 - 9) * a * b for a, b in zip(inputs, widths, strict=True)) + sum(
        2 * (9 * b * b + 2 * b) for b in widths
    )
    assert parameters(usual.decoders[0]) - parameters(other.decoders[0]) == lost
    ports = other(torch.empty(1, 3, 256, 256, device="meta"), torch.empty(1, 1, 256, 256, device="meta"))
    assert ports["rgb_trace"].shape == (1, 3, 256, 256)


def test_the_center_may_read_every_place() -> None:
    config = Polysemantic(feature="flat")
    signals = config.infer([Image(3, 256, 256), Plane(1, 256, 256)])
    assert signals["rgb_feature"].shapes[0] == (64 * 128 * 128,)
    fields = {"network": {"type": "timm", "name": "test_resnet"}, "widths": (8, 8, 6, 4), "frozen_norm": []}
    pooled, flat = (
        Polysemantic.model_validate({**fields, "feature": how}).build([Image(3, 32, 32), Plane(1, 32, 32)])
        for how in ("pooled", "flat")
    )
    flat.load_state_dict(pooled.state_dict())
    pictures = torch.rand(2, 3, 32, 32), torch.rand(2, 1, 32, 32)
    mean, every = (module.eval()(*pictures)["rgb_feature"] for module in (pooled, flat))
    assert torch.allclose(every.view(2, 6, -1).mean(2), mean, atol=1e-6)


def test_intensity_may_be_a_sum_and_identities_of_any_length() -> None:
    trace = torch.full((1, 3, 8, 8), 0.5)
    loss = Intensity(reduction="sum").build([Plane(3, 8, 8)], Labels("label"))(trace, target=torch.tensor([1]))
    assert loss.item() == pytest.approx(0.5 * 3 * 64)
    module: Any = Identity(width=0.07, without_weights="random", unit=False).build(
        [Image(3, 32, 32), Plane(3, 32, 32)], Labels("label")
    )
    image = torch.rand(2, 3, 32, 32)
    apart = (module.recogniser(image) - module.recogniser(image.flip(0))).norm(dim=1)
    assert torch.allclose(module(image, image.flip(0), target=torch.ones(2)), apart, atol=1e-3)
