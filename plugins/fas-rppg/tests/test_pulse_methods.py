"""Each extractor against its equations in plain loops, and against a pulse of known rate."""

import numpy as np
import pytest
import torch
from fas_rppg.pulse import EXTRACTORS, InsufficientSignal, heart_rate
from hypothesis import given, settings, strategies as st
from sklearn.decomposition import FastICA

from fascore import FascoreError

RATE = 30


def unit_mean(colours):
    return [colours[:, channel] / colours[:, channel].mean() for channel in range(3)]


def chrom_twin(colours, rate):
    length = round(1.6 * rate)
    length += length % 2
    starts = list(range(0, len(colours) - length + 1, length // 2))
    if starts[-1] + length < len(colours):
        starts.append(len(colours) - length)
    total, weights = np.zeros(len(colours)), np.zeros(len(colours))
    for start in starts:
        r, g, b = unit_mean(colours[start : start + length])
        x, y = 3 * r - 2 * g, 1.5 * r + g - 1.5 * b
        s = x - np.std(x) / np.std(y) * y
        for n in range(length):
            weight = 0.5 - 0.5 * np.cos(2 * np.pi * (n + 0.5) / length)
            total[start + n] += weight * (s[n] - np.mean(s))
            weights[start + n] += weight
    return total / weights


def pos_twin(colours, rate):
    length, total = round(1.6 * rate), np.zeros(len(colours))
    for n in range(length - 1, len(colours)):
        r, g, b = unit_mean(colours[n - length + 1 : n + 1])
        s1, s2 = g - b, g + b - 2 * r
        h = s1 + np.std(s1) / np.std(s2) * s2
        total[n - length + 1 : n + 1] += h - np.mean(h)
    return total


def pbv_twin(colours, rate):
    change = np.stack(unit_mean(colours)) - 1
    weights = np.linalg.inv(change @ change.T) @ [0.33, 0.77, 0.53]
    return weights / np.linalg.norm(weights) @ change


def lgi_twin(colours, rate):
    x = np.stack(unit_mean(colours))
    u = np.linalg.svd(x, full_matrices=False)[0][:, :1]
    row = ((np.eye(3) - u @ u.T) @ x)[1]
    return row - row.mean()


def omit_twin(colours, rate):
    x = np.stack(unit_mean(colours))
    q = np.linalg.qr(x)[0][:, :1]
    row = ((np.eye(3) - q @ q.T) @ x)[1]
    return row - row.mean()


TWINS = {"chrom": chrom_twin, "pos": pos_twin, "pbv": pbv_twin, "lgi": lgi_twin, "omit": omit_twin}


@pytest.mark.parametrize("name", TWINS)
@settings(deadline=None, max_examples=15)
@given(rate=st.floats(7, 60), seconds=st.floats(2, 12), seed=st.integers(0, 2**31))
def test_equals_its_equations_in_plain_loops(skin, name, rate, seconds, seed):
    colours = skin(75, rate, seconds, seed)
    found = EXTRACTORS[name](torch.from_numpy(colours), rate).numpy()
    wanted = TWINS[name](colours, rate)
    assert np.abs(found - wanted).max() < 1e-6 * np.abs(wanted).max()


@pytest.mark.parametrize("name", EXTRACTORS)
@settings(deadline=None, max_examples=15)
@given(
    beats=st.floats(50, 160),
    rate=st.sampled_from([12.5, 15.0, 24.0, 25.0, 29.97, 30.0, 60.0]),
    extra=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_finds_the_heart_rate_of_a_dichromatic_clip(skin, name, beats, rate, extra, seed):
    pulse = EXTRACTORS[name](torch.from_numpy(skin(beats, rate, 15 + extra, seed)), rate)
    assert float(heart_rate(pulse, rate)) == pytest.approx(beats, abs=1)


@pytest.mark.parametrize("name", ["chrom", "pos", "pbv"])
def test_finds_the_heart_rate_under_light_that_changes_ten_times_as_much(skin, name):
    colours = torch.from_numpy(
        skin(66, RATE, 20, light=0.05, gloss=0) * (1 + 0.05 * np.sin(2 * np.pi * 1.9 * np.arange(600) / RATE))[:, None]
    )
    assert float(heart_rate(EXTRACTORS["green"](colours, RATE), RATE)) == pytest.approx(114, abs=1)
    assert float(heart_rate(EXTRACTORS[name](colours, RATE), RATE)) == pytest.approx(66, abs=1)


@pytest.mark.parametrize("name", EXTRACTORS)
@settings(deadline=None, max_examples=10)
@given(frames=st.integers(150, 333), scale=st.tuples(*[st.floats(1e-2, 1e3)] * 3))
def test_gives_a_sample_for_each_frame_whatever_the_exposure_and_white_balance(skin, name, frames, scale):
    colours = torch.from_numpy(skin(80, RATE, frames / RATE))
    pulse = EXTRACTORS[name](colours, RATE)
    assert pulse.shape == (frames,)
    torch.testing.assert_close(
        EXTRACTORS[name](colours * torch.tensor(scale, dtype=torch.float64), RATE), pulse, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_batch_gives_what_each_clip_gives_alone(skin, name):
    clips = torch.from_numpy(np.stack([skin(60 + 20 * seed, RATE, 9.7, seed) for seed in range(4)]))
    alone = torch.stack([EXTRACTORS[name](clip, RATE) for clip in clips])
    torch.testing.assert_close(EXTRACTORS[name](clips, RATE), alone, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_constant_color_gives_no_pulse_and_no_nan(name):
    for level in (0.3, 117.0):
        assert EXTRACTORS[name](torch.full((151, 3), level), RATE).abs().max() < 1e-4


@pytest.mark.parametrize("name", EXTRACTORS)
def test_float32_agrees_with_float64_and_stays_float32(skin, name):
    colours = torch.from_numpy(skin(90, RATE, 10))
    exact, rough = EXTRACTORS[name](colours, RATE), EXTRACTORS[name](colours.float(), RATE)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().max() < 0.01 * exact.abs().max()


@pytest.mark.parametrize("name", ["green", "chrom", "pos", "pbv", "lgi", "omit"])
def test_its_gradient_is_that_of_finite_differences(skin, name):
    colours = torch.from_numpy(skin(90, 10, 2.1)).requires_grad_()
    assert torch.autograd.gradcheck(lambda rgb: EXTRACTORS[name](rgb, 10), (colours,), eps=1e-7, atol=1e-4)


@pytest.mark.parametrize("name", EXTRACTORS)
@pytest.mark.parametrize(
    ("colours", "rate", "words"),
    [
        (torch.full((200, 3), torch.nan), 30, "not finite"),
        (torch.ones(200, 4), 30, "RGB last"),
        (torch.ones(200), 30, "RGB last"),
        (-torch.ones(200, 3), 30, "negative"),
        (torch.tensor([1.0, 0, 1]).expand(200, 3), 30, "black"),
        (torch.ones(200, 3), 0, "frame rate"),
    ],
)
def test_what_is_not_a_trace_of_colors_is_refused_in_a_sentence(name, colours, rate, words):
    with pytest.raises(FascoreError, match=words):
        EXTRACTORS[name](colours, rate)


@pytest.mark.parametrize("name", ["chrom", "pos"])
def test_less_than_a_window_is_insufficient_signal(name):
    with pytest.raises(InsufficientSignal, match="insufficient signal: 47 frames"):
        EXTRACTORS[name](torch.rand(47, 3), RATE)


def test_ica_finds_the_components_of_fastica(skin):
    colours = skin(72, RATE, 20, seed=5, noise=2e-4)
    found = EXTRACTORS["ica"](torch.from_numpy(colours), RATE).numpy()
    relative = colours / colours.mean(0) - 1
    others = (
        FastICA(3, whiten="unit-variance", w_init=np.eye(3), max_iter=2000).fit_transform(relative / relative.std(0)).T
    )
    assert np.abs([np.corrcoef(found, other)[0, 1] for other in others]).max() > 0.99
    assert found.std() == pytest.approx(1, rel=1e-6)
    assert np.corrcoef(found, relative[:, 1])[0, 1] > 0
