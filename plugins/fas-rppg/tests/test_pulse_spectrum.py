"""Heart rate and SNR against closed forms, and the null distribution of noise."""

import numpy as np
import pytest
import torch
from fas_rppg.pulse import (
    EXTRACTORS,
    InsufficientSignal,
    heart_rate,
    measured,
    power_spectrum,
    signal_to_noise,
    surrogates,
)
from hypothesis import given, settings, strategies as st
from scipy.signal import periodogram

from fascore import FascoreError


def beating(beats, rate, frames, noise=0.0):
    drawn = np.random.default_rng(1)
    return torch.from_numpy(
        np.sin(2 * np.pi * beats / 60 * np.arange(frames) / rate) + noise * drawn.standard_normal(frames)
    )


@settings(deadline=None, max_examples=60)
@given(beats=st.floats(45, 175), rate=st.floats(10, 120), seconds=st.floats(10, 40))
def test_the_rate_of_a_sine_is_found_within_half_a_beat(beats, rate, seconds):
    assert float(heart_rate(beating(beats, rate, round(seconds * rate)), rate)) == pytest.approx(beats, abs=0.5)


def test_three_hundred_frames_tell_rates_far_closer_than_a_bin_of_their_own_spectrum():
    found = [
        float(heart_rate(beating(beats, 30, 300), 30)) for beats in (72.0, 72.5, 73.0)
    ]  # bins of 300 samples are 6 beats apart
    assert np.diff(found) == pytest.approx([0.5, 0.5], abs=0.05)


@pytest.mark.parametrize(("frames", "bins"), [(300, 2049), (1024, 2049), (1025, 4097), (9000, 32769)])
def test_the_spectrum_is_that_of_scipy_padded_to_four_times_the_length_and_4096_or_more(frames, bins):
    pulse = torch.from_numpy(np.random.default_rng(0).standard_normal(frames))
    power = power_spectrum(pulse, 30)
    window = np.hanning(frames)
    _, wanted = periodogram(pulse.numpy(), 30, window, 2 * (bins - 1), "constant", scaling="density")
    wanted[1:-1] /= 2
    assert power.shape == (bins,)
    np.testing.assert_allclose(power.numpy(), wanted * 30 * (window**2).sum(), atol=1e-9)


def test_the_largest_peak_within_the_band_is_taken_and_a_slope_from_outside_is_none():
    both = beating(60, 30, 900) + 0.5 * beating(120, 30, 900)
    assert float(heart_rate(both, 30)) == pytest.approx(60, abs=0.5)
    assert float(heart_rate(both, 30, (90, 180))) == pytest.approx(120, abs=0.5)
    drift = 5 * beating(33, 30, 300)
    assert float(heart_rate(drift + beating(100, 30, 300), 30)) == pytest.approx(100, abs=2)


def test_the_snr_of_a_sine_in_white_noise_is_that_of_the_arithmetic():
    rate, frames, noise = 30, 9000, 0.5
    found = float(signal_to_noise(beating(90, rate, frames, noise), rate))
    density = noise**2 / (
        rate / 2
    )  # of the noise, per hertz; the sine has power 1/2; 0.8 of 40 to 240 beats a minute, 3.333 hertz, are signal
    assert found == pytest.approx(10 * np.log10((0.5 + 0.8 * density) / ((200 / 60 - 0.8) * density)), abs=0.4)


def test_signals_of_a_batch_are_measured_each_by_itself():
    pulses = torch.stack([beating(60, 30, 300, 0.3), beating(100, 30, 300), torch.zeros(300, dtype=torch.float64)])
    rates, snr = heart_rate(pulses, 30), signal_to_noise(pulses, 30)
    for row in range(2):
        assert float(heart_rate(pulses[row], 30)) == float(rates[row])
        assert float(signal_to_noise(pulses[row], 30)) == float(snr[row])
    assert bool(rates[2].isnan())
    assert bool(snr[2].isnan())


@pytest.mark.parametrize("frames", [2, 149])
def test_less_than_five_seconds_are_insufficient_signal(frames):
    for measure in (heart_rate, signal_to_noise):
        with pytest.raises(InsufficientSignal, match=r"insufficient signal: .* needs 5 s"):
            measure(torch.rand(frames), 30)
    with pytest.raises(InsufficientSignal):
        measured(torch.rand(frames, 3), 30, EXTRACTORS["pos"])


def test_a_band_that_the_frame_rate_cannot_show_is_refused_in_a_sentence():
    with pytest.raises(FascoreError, match="5 frames per second show 150 beats per minute at most"):
        heart_rate(torch.rand(100), 5)
    with pytest.raises(FascoreError, match="the lower first"):
        heart_rate(torch.rand(300), 30, (180, 40))
    with pytest.raises(FascoreError, match="not finite"):
        heart_rate(torch.full((300,), torch.nan), 30)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_pulse_is_distinguished_from_noise_and_measured(skin, name):
    found = measured(torch.from_numpy(skin(84, 30, 20, seed=3)), 30, EXTRACTORS[name], count=99)
    assert found.heart_rate == pytest.approx(84, abs=1)
    assert found.p_value <= 0.02
    assert found.confidence == 1 - found.p_value
    assert found.pulse.shape == (600,)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_noise_without_a_pulse_is_rarely_called_one(name):
    drawn, below = np.random.default_rng(11), 0
    for _ in range(40):
        walk = np.cumsum(drawn.standard_normal((150, 1)), 0) * 2.8e-4
        colours = torch.from_numpy(0.5 + walk + 1e-3 * drawn.standard_normal((150, 3)))
        below += measured(colours, 15, EXTRACTORS[name], count=39).p_value <= 0.05
    assert below <= 6  # of 40 at 5 %: more than six are drawn once in 300 times


def test_the_p_value_of_white_noise_is_spread_over_the_unit_interval():
    drawn = np.random.default_rng(5)
    clips = torch.from_numpy(0.5 + 1e-3 * drawn.standard_normal((60, 150, 3)))
    values = np.array([measured(clip, 15, EXTRACTORS["green"], count=39).p_value for clip in clips])
    assert 0.3 < values.mean() < 0.7
    assert np.quantile(values, 0.9) - np.quantile(values, 0.1) > 0.5


def test_the_p_value_counts_surrogates_as_good_and_the_seed_draws_them(skin):
    clip = torch.from_numpy(skin(84, 30, 10, amplitude=2e-4, noise=2e-3))
    found = measured(clip, 30, EXTRACTORS["chrom"], count=60, seed=4)
    assert found.p_value == (1 + sum(float(snr) >= found.snr for snr in found.null_snr)) / 61
    assert torch.equal(found.null_snr, measured(clip, 30, EXTRACTORS["chrom"], count=60, seed=4).null_snr)
    assert not torch.equal(found.null_snr, measured(clip, 30, EXTRACTORS["chrom"], count=60, seed=5).null_snr)


def test_surrogates_keep_the_slope_of_the_spectrum_and_what_channels_share_but_not_the_line():
    drawn = np.random.default_rng(2)
    common = np.cumsum(drawn.standard_normal((900, 1)), 0) * 1e-4
    clip = (
        1
        + common * [1, 0.9, 0.8]
        + 1e-4 * drawn.standard_normal((900, 3))
        + 0.002 * np.sin(2 * np.pi * 1.5 * np.arange(900) / 30)[:, None]
    )
    found = surrogates(torch.from_numpy(clip), 30, 60).numpy()
    hertz = np.fft.rfftfreq(900, 1 / 30)
    null = (np.abs(np.fft.rfft(found[..., 1], axis=1)) ** 2).mean(0)
    own = np.abs(np.fft.rfft(clip[:, 1])) ** 2
    wide = (hertz > 3) & (hertz < 12)
    assert 0.5 < null[wide].mean() / own[wide].mean() < 2
    line = np.abs(hertz - 1.5) < 0.02
    assert null[line].max() < 0.05 * own[line].max()
    assert null[(hertz > 0.7) & (hertz < 1)].mean() > 3 * null[(hertz > 5) & (hertz < 10)].mean()
    low = (hertz > 0.1) & (hertz < 0.5)
    red, blue = (np.fft.rfft(found[..., channel], axis=1)[:, low] for channel in (0, 2))
    assert np.abs((red * blue.conj()).mean()) > 0.8 * np.sqrt((np.abs(red) ** 2).mean() * (np.abs(blue) ** 2).mean())


def test_a_still_clip_is_insufficient_signal():
    for clip in (torch.full((300, 3), 0.3), torch.full((300, 3), 131.7, dtype=torch.float64)):
        with pytest.raises(InsufficientSignal, match="does not change"):
            measured(clip, 30, EXTRACTORS["pos"])
