"""The same frames by torch: what a device renders is what the CPU renders, and nothing of a frame is left behind on the CPU."""

from functools import partial

import cv2
import numpy as np
import pytest
import torch
from fas_phantom import canvas, device
from fas_phantom.components import Phantom
from fas_phantom.device import OnDevice
from fas_phantom.render import Scene
from fas_phantom.species import SPECIES
from hypothesis import given, strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from fascore import FascoreError, SpecErrors, validate

EVERY = ("bona fide", *SPECIES)


@pytest.fixture(scope="module")
def clips():
    records = Phantom(subjects=3, frames=3, size=72, species="all").records("dev")
    return {record.species or "bona fide": record.channels["rgb"].clip for record in records}


@pytest.mark.parametrize("species", EVERY)
def test_torch_renders_what_numpy_renders(clips, species):
    numpy, torched = Scene(clips[species]), Scene(clips[species], device="torch:cpu")
    apart = np.abs(numpy.display(1) - torched.display(1))
    assert apart.max() < 2e-3
    assert np.quantile(apart, 0.999) < 1e-4
    # A value between two steps may be cut off to either; an edge of depth may fall to either side in a pixel or two.
    for channel, steps in (("rgb", 1), ("depth", 1), ("infrared", 1), ("thermal", 1)):
        one, other = (getattr(scene, channel)(1) for scene in (numpy, torched))
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert np.mean(np.abs(one.astype(int) - other) > steps) < 1e-3
        assert np.mean(one != other) < 0.01


@pytest.mark.parametrize("species", EVERY)
def test_no_field_of_a_frame_is_left_on_the_cpu(clips, species, monkeypatch):
    """Tensors without content that claim to be on a GPU: torch refuses what mixes devices, a fetched field what is not on it."""
    fetched = []

    def host(field):
        fetched.append(field.tensor.device.type)
        return np.zeros(field.shape, np.float32)

    monkeypatch.setattr(OnDevice, "host", host)
    monkeypatch.setattr(device, "_KEPT", {})
    monkeypatch.setattr(device, "_small", device._small.__wrapped__)
    monkeypatch.setattr(device, "place", torch.device)
    with FakeTensorMode(allow_non_fake_inputs=True):
        scene = Scene(clips[species], device="cuda")
        for channel in ("rgb", "depth", "infrared", "thermal"):
            getattr(scene, channel)(0)
    assert fetched == ["cuda"] * 4


def field(seed, *shape):
    return np.random.default_rng(seed).random(shape, np.float32)


def on_torch(array):
    return OnDevice(torch.from_numpy(np.ascontiguousarray(array)))


TOOLS = {
    "blur": partial(canvas.blur, sigma=1.7),
    "slopes": lambda x: canvas.slopes(x, 0.3)[0],
    "laplacian": canvas.laplacian,
    "resized up": partial(canvas.resized, size=(46, 62)),
    "power": partial(canvas.power, exponent=0.45),
    "mirrored": lambda x: x[:, ::-1] + x[::-1],
    "turned": lambda x: x.transpose(1, 0),
    "clip": lambda x: np.clip(x, None, 0.5),
    "where": lambda x: np.where((x > 0.5) & ~(x > 0.9), x, np.float32(0)),
    "stacked": lambda x: np.dstack([x, np.ones_like(x), np.full_like(x, 0.3)]).max(2),
    "soft": partial(canvas.soft, width=0.1),
    "mixed with numpy": lambda x: field(1, 23, 31) - x * np.float32(2),
    "small": lambda x: canvas.tinted(x, np.array([0.1, 0.2, 0.3], np.float32)) + np.array([1, 2, 3]),
    "diff": lambda x: np.diff(x, axis=1, append=x[:, -1:]),
    "beneath": lambda x: canvas.beneath(x[..., None], 4)[..., 0],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_gives_on_a_device_what_it_gives_in_numpy(tool):
    array = field(0, 23, 31)
    expected, found = TOOLS[tool](array), TOOLS[tool](on_torch(array))
    assert isinstance(found, OnDevice)
    np.testing.assert_allclose(canvas.host(found), expected, atol=2e-6)


@given(st.integers(0, 1 << 20), st.floats(0.2, 6), st.integers(20, 60), st.integers(20, 60))
def test_blurs_of_any_width_agree(seed, sigma, rows, columns):
    picture = canvas.planar(field(seed, rows, columns, 3))
    np.testing.assert_allclose(
        canvas.host(canvas.blur(on_torch(picture), sigma)), canvas.blur(picture, sigma), atol=2e-6
    )


@given(st.integers(0, 1 << 20))
def test_samples_agree_within_a_map_and_beyond_its_border(seed):
    maps = field(seed, 30, 40, 3)
    x, y = field(seed + 1, 25, 20) * 60 - 10, field(seed + 2, 25, 20) * 50 - 10
    expected = cv2.remap(maps, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(canvas.sample(maps, x, y), expected, atol=1e-6)
    np.testing.assert_allclose(canvas.host(canvas.sample(maps, on_torch(x), on_torch(y))), expected, atol=2e-5)


def test_nothing_is_fetched_silently_and_an_unknown_function_says_so():
    with pytest.raises(TypeError, match="host"):
        np.asarray(on_torch(field(0, 3, 3)))
    with pytest.raises(TypeError, match="percentile has no counterpart"):
        np.percentile(on_torch(field(0, 3, 3)), 50)
    with pytest.raises(TypeError, match="arccosh"):
        np.arccosh(on_torch(field(0, 3, 3)))


def test_the_device_is_part_of_the_digest_only_where_it_is_not_the_cpu():
    plain, torched = (
        Phantom(subjects=3, frames=2, size=32, device=name).records("dev")[0] for name in ("cpu", "torch:cpu")
    )
    assert plain.channels["rgb"].digest() == plain.channels["rgb"].clip.digest("rgb")
    assert plain.channels["rgb"].digest() != torched.channels["rgb"].digest()
    assert plain.annotation.digest() == torched.annotation.digest()
    pictures = [[frame.image.astype(int) for frame in record.channels["rgb"].read()] for record in (plain, torched)]
    assert np.mean(np.abs(np.subtract(*pictures)) > 2) < 0.01


def test_an_unknown_device_and_one_that_is_not_there_are_sentences():
    with pytest.raises(SpecErrors, match="has no device 'cdua'; did you mean 'cuda'"):
        validate(Phantom, {"device": "cdua"})
    if not torch.cuda.is_available():
        with pytest.raises(FascoreError, match=r"cannot render on the device 'cuda:7'.*leave out 'device'"):
            Phantom(device="cuda:7").records("dev")
