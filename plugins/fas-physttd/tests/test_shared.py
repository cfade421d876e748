"""The parts that both papers share, against closed forms, brute force and other libraries."""

import math

import numpy as np
import pytest
import torch
from fas_phantom.traces import lowpass as reference_lowpass
from fas_physttd.filters import lowpass, split
from fas_physttd.lsgan import discriminator_loss, generator_loss
from fas_physttd.patchgan import MultiScale, PatchGan, judged, resized
from fas_physttd.samplers import Paired
from fas_physttd.warp import BORDER, offsets, warp
from hypothesis import given, settings, strategies as st
from scipy.interpolate import LinearNDInterpolator
from torch.nn.functional import grid_sample

from fascore import FascoreError, Record, SpecError


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("size", [128, 160, 256])
def test_bands_sum_to_the_image_and_low_pass_is_that_of_the_phantoms_truth(size: int) -> None:
    image = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(size))
    assert torch.allclose(sum(split(image)), image, atol=1e-6)
    for cells in (size // 8, size // 2):
        wanted = np.stack(
            [reference_lowpass(picture.transpose(1, 2, 0), cells).transpose(2, 0, 1) for picture in image.numpy()]
        )
        assert np.allclose(lowpass(image, cells).numpy(), wanted, atol=1e-6)


def test_low_pass_averages_noise_instead_of_reading_a_part_of_it() -> None:
    noise = torch.randn(1, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    assert (
        float(lowpass(noise, 32).std()) < 1.5 / 8
    )  # the mean of 8 x 8 has a deviation of 1/8; 2 x 2 of every 8 x 8 would leave 1/2


def test_discriminators_have_the_published_parameters() -> None:
    assert parameters(PatchGan(3)) == 242_241
    assert parameters(PatchGan(3, heads=2)) == 243_106
    assert parameters(PatchGan(6)) == 243_105
    assert parameters(MultiScale((256, 128, 64), heads=2)) == 3 * 243_106


def test_discriminators_give_a_map_of_an_eighth_of_the_size_at_each_scale() -> None:
    maps = MultiScale((64, 32, 48), heads=2, width=0.1)(torch.rand(2, 3, 64, 64))
    assert [tuple(m.shape) for m in maps] == [(2, 2, 8, 8), (2, 2, 4, 4), (2, 2, 6, 6)]


def test_resizing_averages_downwards_and_interpolates_upwards() -> None:
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert resized(image, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert resized(image, 4) is image
    assert resized(torch.ones(1, 1, 2, 2), 4).eq(1).all()


def test_real_and_fake_are_judged_in_one_pass() -> None:
    discriminator = PatchGan(3, width=0.1)
    real, fake = torch.rand(2, 3, 16, 16), torch.rand(3, 3, 16, 16)
    apart = judged(discriminator, real, fake)
    together = discriminator(torch.cat([real, fake]))
    assert torch.equal(torch.cat(apart), together)
    assert len(apart[0]) == 2


def test_least_squares_losses_by_hand_in_both_polarities() -> None:
    real, fake = torch.tensor([1.0, 0.5]), torch.tensor([0.2, 0.0])
    assert discriminator_loss(real, fake, "real_is_one").item() == pytest.approx(0.25 / 2 + 0.04 / 2)
    assert generator_loss(fake, "real_is_one").item() == pytest.approx((0.64 + 1) / 2)
    assert discriminator_loss(real, fake, "real_is_zero").item() == pytest.approx((1 + 0.25) / 2 + (0.64 + 1) / 2)
    assert generator_loss(fake, "real_is_zero").item() == pytest.approx(0.04 / 2)


def face(rows: int, count: int = 68, seed: int = 0) -> torch.Tensor:
    return 0.2 + 0.6 * torch.rand(rows, count, 2, generator=torch.Generator().manual_seed(seed))


def test_a_warp_between_equal_landmarks_is_the_identity() -> None:
    image = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    delta = offsets(face(2), face(2), 48)
    assert not delta.any()
    assert torch.allclose(warp(image, delta), image, atol=1e-5)  # places of 48 pixels in float32 are exact to 3e-6


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(-0.5, 0.5), scale=st.floats(0.7, 1.4), x=st.floats(-0.2, 0.2), y=st.floats(-0.2, 0.2))
def test_a_warp_by_an_affine_map_is_grid_sample_of_that_map(angle: float, scale: float, x: float, y: float) -> None:
    turn = scale * torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64
    )
    shift = torch.tensor([x, y], dtype=torch.float64)
    target = torch.cat([face(1, 40, 5)[0].double(), torch.from_numpy(BORDER)])[None]
    source = (target - 0.5) @ turn.T + 0.5 + shift
    image = torch.rand(1, 2, 32, 32, generator=torch.Generator().manual_seed(1))
    # In grid_sample's units [-1, 1] the same map is u -> turn u + 2 shift.
    theta = torch.cat([turn, 2 * shift[:, None]], dim=1)[None].float()
    grid = torch.nn.functional.affine_grid(theta, [1, 2, 32, 32], align_corners=False)
    wanted = grid_sample(image, grid, padding_mode="border", align_corners=False)
    assert torch.allclose(warp(image, offsets(source, target, 32, border=False)), wanted, atol=1e-4)


def test_offsets_are_scipys_linear_interpolation_over_the_targets_triangles() -> None:
    source, target = face(1, 68, 1), face(1, 68, 2)
    vertices = np.concatenate([target[0].numpy(), BORDER])
    values = np.concatenate([(source - target)[0].numpy(), np.zeros_like(BORDER)])
    centres = (np.arange(40) + 0.5) / 40
    wanted = LinearNDInterpolator(vertices, values)(np.stack(np.meshgrid(centres, centres), -1))
    assert np.allclose(offsets(source, target, 40)[0].numpy(), wanted, atol=1e-5)


def test_a_pixel_of_the_source_lands_where_the_targets_landmark_is() -> None:
    source, target = torch.full((1, 1, 2), 10.5 / 32), torch.full((1, 1, 2), 20.5 / 32)
    image = torch.zeros(1, 1, 32, 32)
    image[0, 0, 10, 10] = 1
    assert warp(image, offsets(source, target, 32))[0, 0, 20, 20] == pytest.approx(1, abs=1e-4)


def test_the_warp_is_differentiable_in_the_image() -> None:
    image = torch.rand(1, 1, 16, 16, dtype=torch.float32, requires_grad=True)
    delta = offsets(face(1, seed=1), face(1, seed=2), 16)
    weights = torch.rand(1, 1, 16, 16)
    (warp(image, delta) * weights).sum().backward()
    assert image.grad is not None
    # The warp is linear in the image: the gradient's product with any image is the loss of that image.
    other = torch.rand(1, 1, 16, 16)
    assert torch.allclose((image.grad * other).sum(), (warp(other, delta) * weights).sum(), rtol=1e-4)


def test_a_warp_refuses_landmarks_that_do_not_match_or_are_no_numbers() -> None:
    with pytest.raises(FascoreError, match="same landmarks of both faces"):
        offsets(face(1, 68), face(1, 5), 16)
    with pytest.raises(FascoreError, match="is not a number"):
        offsets(face(1), torch.full((1, 68, 2), torch.nan), 16)


def records(live: int, prints: int, masks: int) -> list[Record]:
    named = [("live", 1, None)] * live + [("print", 0, "print.flat")] * prints + [("mask", 0, "mask.rigid")] * masks
    return [Record(f"{name}{i}", label, {}, species=species) for i, (name, label, species) in enumerate(named)]


EPOCHS = st.sampled_from(["shorter", "longer"])


@settings(max_examples=40, deadline=None)
@given(live=st.integers(1, 9), prints=st.integers(0, 9), masks=st.integers(1, 9), half=st.integers(1, 4), epoch=EPOCHS)
def test_every_batch_is_half_bona_fide_and_the_ruling_class_comes_once(
    live: int, prints: int, masks: int, half: int, epoch: str
) -> None:
    sampler = Paired.model_validate({"batch_size": 2 * half, "epoch": epoch})
    batches = sampler.plan(records(live, prints, masks), 0, 3)
    assert all([id_.startswith("live") for id_ in batch] == [True] * half + [False] * half for batch in batches)
    ruling = (max if epoch == "longer" else min)(live, prints + masks)
    assert len(batches) == math.ceil(ruling / half)
    rows = [id_ for batch in batches for id_ in (batch[:half] if live == ruling else batch[half:])]
    assert len(set(rows[:ruling])) == ruling


def test_attacks_can_come_equally_often_of_each_species() -> None:
    batches = Paired(batch_size=8, species="equal").plan(records(40, 36, 4), 0, 0)
    assert all(sum(id_.startswith("mask") for id_ in batch) == 2 for batch in batches)


def test_pairs_need_both_classes_and_an_even_batch() -> None:
    with pytest.raises(SpecError, match="is an attack"):
        Paired().plan(records(3, 0, 0), 0, 0)
    with pytest.raises(SpecError, match="is a bona fide record"):
        Paired().plan(records(0, 3, 0), 0, 0)
    with pytest.raises(ValueError, match="write an even number"):
        Paired(batch_size=5)
