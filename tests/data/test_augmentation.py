"""Draws and what batches make of them, against closed forms, SciPy, Pillow and colour arithmetic."""

import colorsys
import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from fascore.contract.record import POINTS
from fascore.data import photometry
from fascore.data.augmentation import SLOTS, composed, draws, moved, recoloured, sample
from fascore.data.draws import Draws
from fascore.data.geometry import FLIPS
from fascore.spec.documents import Augment

IDS = [f"r{i}" for i in range(400)]
ALL = Augment(
    flip=0.5,
    rotation=20,
    scale=0.2,
    translate=0.1,
    crop=0.3,
    brightness=0.3,
    contrast=0.3,
    saturation=0.4,
    hue=0.1,
    gamma=0.3,
    blur=2,
    compression=30,
    cutout=0.5,
    cutout_size=0.4,
)


def picture(rows=2, side=48, seed=0):
    """Smooth random colours."""
    noise = np.random.default_rng(seed).random((rows, 3, side, side))
    smooth = gaussian_filter(noise, (0, 0, 3, 3))
    low, high = smooth.min((2, 3), keepdims=True), smooth.max((2, 3), keepdims=True)
    return torch.from_numpy((smooth - low) / (high - low)).float()


def test_a_draw_is_a_function_of_seed_epoch_and_id_alone():
    whole, part = draws(ALL, 1, 5, IDS), draws(ALL, 1, 5, IDS[7:9])
    assert torch.equal(whole.affine[7:9], part.affine) and all(
        torch.equal(whole.colour[n][7:9], part.colour[n]) for n in whole.colour
    )
    for other in (draws(ALL, 2, 5, IDS[7:9]), draws(ALL, 1, 6, IDS[7:9])):
        assert not torch.equal(other.affine, part.affine)


def test_switching_one_change_on_leaves_the_draws_of_the_others():
    some, more = (
        draws(Augment(brightness=0.3), 0, 0, IDS),
        draws(Augment(brightness=0.3, flip=0.5, gamma=0.2, cutout=1), 0, 0, IDS),
    )
    assert torch.equal(some.colour["brightness"], more.colour["brightness"]) and len(set(SLOTS)) == len(SLOTS)


def test_nothing_asked_for_is_nothing_done():
    choice = draws(Augment(), 0, 0, IDS[:2])
    assert torch.equal(choice.affine, Draws.none(2).affine) and not choice.flipped.any() and not choice.colour
    image = picture()
    torch.testing.assert_close(recoloured(sample(image, choice, 48, 1.0), choice), image, atol=1e-5, rtol=0)


def test_draws_fill_the_ranges_that_are_asked_for():
    choice = draws(ALL, 3, 0, IDS)
    assert 0.4 < choice.flipped.float().mean() < 0.6
    zoom = choice.affine[:, :, :2].det().abs().sqrt()
    assert zoom.min() > 0.7 / 1.2 - 1e-6 and zoom.max() < 1 / 0.8 + 1e-6 and zoom.max() - zoom.min() > 0.4
    assert (torch.linalg.det(choice.affine[:, :, :2]) < 0).equal(choice.flipped)
    limits = {
        "brightness": (0.7, 1.3),
        "contrast": (0.7, 1.3),
        "saturation": (0.6, 1.4),
        "gamma": (0.7, 1.3),
        "hue": (-0.1, 0.1),
        "blur": (0, 2),
    }
    for name, (low, high) in limits.items():
        value = choice.colour[name]
        assert low <= value.min() < low + 0.05 * (high - low) and high - 0.05 * (high - low) < value.max() <= high
    assert choice.colour["compression"].min() == 30 and choice.colour["compression"].max() == 100
    corners = choice.colour["cutout"]
    area = (corners[:, 2:] - corners[:, :2]).prod(1)
    assert (
        0.4 < (area > 0).float().mean() < 0.6
        and corners.min() >= 0
        and corners.max() <= 1
        and area.max() <= 0.4**2 + 1e-6
    )


def test_a_flip_alone_mirrors_the_picture_exactly_where_the_reserve_is_cut_away():
    image = picture(side=40)
    choice = draws(Augment(flip=1), 0, 0, IDS[:2])
    torch.testing.assert_close(sample(image, choice, 32, 40 / 32), image[..., 4:36, 4:36].flip(-1), atol=1e-5, rtol=0)


def test_frames_of_a_clip_and_channels_of_a_plane_share_the_draw():
    clip = picture(6).reshape(2, 3, 3, 48, 48)
    choice = draws(ALL, 0, 0, IDS[:2])
    whole = sample(clip, choice, 40, 1.2)
    for t in range(3):
        torch.testing.assert_close(whole[:, t], sample(clip[:, t], choice, 40, 1.2))
    torch.testing.assert_close(sample(clip[:, 0, 0], choice, 40, 1.2), whole[:, 0, 0])
    together = recoloured(whole, choice)
    for t in range(3):
        torch.testing.assert_close(together[:, t], recoloured(whole[:, t], choice), atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), layout=st.sampled_from(["five", "68", "mesh140"]))
def test_moved_points_are_where_the_affine_map_takes_them_from(seed, layout):
    choice = draws(Augment(flip=0.5, rotation=90, scale=0.5, translate=0.3, crop=0.5), seed, 0, IDS[:3])
    points = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (3, POINTS[layout], 2))).float()
    there = moved(points, choice, layout) * 2 - 1
    back = torch.einsum("nij,nkj->nki", choice.affine[:, :, :2], there) + choice.affine[:, None, :, 2]
    for row in range(3):
        expected = points[row, list(FLIPS[layout])] if choice.flipped[row] else points[row]
        torch.testing.assert_close(back[row], expected, atol=1e-4, rtol=1e-4)
    crop = torch.randn(3, 2, 3)
    once = torch.einsum("nij,nkj->nki", crop[:, :, :2], back) + crop[:, None, :, 2]
    whole = composed(crop, choice)
    torch.testing.assert_close(
        torch.einsum("nij,nkj->nki", whole[:, :, :2], there) + whole[:, None, :, 2], once, atol=1e-3, rtol=1e-3
    )


@pytest.mark.parametrize("layout", ["five", "68", "mesh140"])
def test_a_flip_of_names_is_its_own_inverse(layout):
    order = FLIPS[layout]
    assert sorted(order) == list(range(POINTS[layout])) and [order[i] for i in order] == list(range(POINTS[layout]))


def test_every_change_of_color_works_row_by_row_and_its_neutral_value_changes_nothing():
    image = picture(4)
    neutral = {"hue": 0.0, "blur": 0.0, "compression": 100.0}
    strong = {"hue": 0.2, "blur": 1.5, "compression": 20.0}
    for name, change in photometry.CHANGES.items():
        if name == "cutout":
            value = torch.tensor([[0.0, 0, 0, 0], [0.25, 0.5, 0.75, 1], [0, 0, 0, 0], [0.1, 0.1, 0.4, 0.4]])
        else:
            value = torch.tensor([neutral.get(name, 1.0), strong.get(name, 0.7)] * 2)
        changed = change(image, value)
        torch.testing.assert_close(changed[::2], image[::2], atol=0.012 if name == "compression" else 1e-5, rtol=0)
        assert (changed[1::2] - image[1::2]).abs().mean() > 0.002
        for row in range(4):
            torch.testing.assert_close(
                change(image[row : row + 1], value[row : row + 1])[0], changed[row], atol=1e-5, rtol=0
            )
        assert changed.min() >= 0 and changed.max() <= 1


@settings(deadline=None, max_examples=20)
@given(sigma=st.floats(0.3, 4), seed=st.integers(0, 100))
def test_blur_is_that_of_scipy(sigma, seed):
    image = picture(1, 32, seed)
    expected = gaussian_filter(
        image.double().numpy(), (0, 0, sigma, sigma), mode="nearest", radius=(0, 0, *[int(np.ceil(3 * sigma))] * 2)
    )
    torch.testing.assert_close(
        photometry.blur(image, torch.tensor([sigma])), torch.from_numpy(expected).float(), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("quality", [10, 40, 50, 75, 95])
def test_compression_leaves_what_a_jpeg_of_that_quality_leaves(quality):
    image = picture(1, 50, quality)
    pixels = (image[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    real = np.asarray(Image.open(file)).astype(float)
    exact = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    ours = photometry.compression(exact, torch.tensor([float(quality)]))[0].permute(1, 2, 0).numpy() * 255
    lost = np.abs(real - pixels).mean()
    assert np.abs(ours - real).mean() < 0.7 + 0.1 * lost and np.abs(ours - pixels).mean() == pytest.approx(
        lost, rel=0.1, abs=0.4
    )


def test_hue_turns_colors_as_the_hue_circle_does():
    image = torch.tensor(colorsys.yiq_to_rgb(0.5, 0.1, 0.0)).reshape(1, 3, 1, 1).float()
    turned = photometry.hue(image, torch.tensor([0.5]))[0, :, 0, 0]
    y, i, q = colorsys.rgb_to_yiq(*turned.tolist())
    assert y == pytest.approx(0.5, abs=0.01) and i == pytest.approx(-0.1, abs=0.01) and q == pytest.approx(0, abs=0.01)


def test_brightness_contrast_saturation_and_gamma_are_their_formulas():
    image, factor = picture(1) * 0.5 + 0.2, torch.tensor([1.2])
    grey = image[:, :1] * 0.299 + image[:, 1:2] * 0.587 + image[:, 2:] * 0.114
    torch.testing.assert_close(photometry.brightness(image, factor), (image * 1.2).clamp(0, 1))
    torch.testing.assert_close(photometry.saturation(image, factor), (grey + 1.2 * (image - grey)).clamp(0, 1))
    torch.testing.assert_close(
        photometry.contrast(image, factor), (grey.mean() + 1.2 * (image - grey.mean())).clamp(0, 1)
    )
    torch.testing.assert_close(photometry.gamma(image, factor), image**1.2)
