"""The Morse transform against a reference array, closed forms and ssqueezepy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fas_rppg.cwt import cwt, scalogram
from fas_rppg.morse import Morse

REFERENCE = np.load(Path(__file__).parent / "reference" / "morse_sine_N300_fs30_nv48.npz")
MORSE = Morse()


def error(found, wanted):
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def test_constants_are_those_of_the_wavelet_of_gamma_3_and_time_bandwidth_60():
    assert pytest.approx(0.005053608589613847, rel=1e-14) == MORSE.amplitude
    assert pytest.approx(1.8820720577620569, rel=1e-15) == MORSE.peak
    assert pytest.approx(5.500773536942554, rel=1e-13) == MORSE.sigma_t
    assert MORSE.edge / np.pi == pytest.approx(0.6899889165004683, rel=1e-14)
    assert MORSE.amplitude * MORSE.peak**20 * np.exp(-(MORSE.peak**3)) == pytest.approx(2, rel=1e-14)


@pytest.mark.parametrize(("samples", "count"), [(150, 207), (256, 244), (300, 255), (512, 292), (600, 303)])
def test_the_number_of_scales_follows_from_the_length(samples, count):
    assert len(MORSE.scales(samples)) == count


def test_frequencies_are_those_of_the_reference():
    scales = MORSE.scales(300)
    np.testing.assert_allclose(scales, REFERENCE["scales"], rtol=1e-12)
    found = MORSE.frequencies(scales, 30.0)
    np.testing.assert_allclose(found, REFERENCE["freqs"], rtol=1e-12)
    np.testing.assert_allclose(MORSE.scales_of(found, 30.0), scales, rtol=1e-14)
    assert (round(found[0], 4), round(found[-1], 6)) == (13.0237, 0.332495)


def test_float64_gives_the_reference_which_is_stored_in_float32():
    found = scalogram(torch.from_numpy(REFERENCE["x"]), MORSE.scales(300)).numpy()
    assert found.dtype == np.float64
    assert error(found.astype(np.float32).astype(np.float64), REFERENCE["abs_w"].astype(np.float64)) < 1e-10


def test_float32_gives_the_reference_to_its_precision():
    found = scalogram(torch.from_numpy(REFERENCE["x"]).float(), MORSE.scales(300)).numpy()
    assert found.dtype == np.float32
    assert error(found.astype(np.float64), REFERENCE["abs_w"].astype(np.float64)) < 5e-6


def test_a_cosine_that_the_mirrored_signal_continues_has_the_magnitude_psi():
    n, k = 300, 24
    t = np.arange(n)
    cosine = torch.from_numpy(
        np.cos(np.pi * k / n * (t + 0.5))
    )  # half-sample symmetric at both ends, of period 2 n / k
    scales = MORSE.scales(n)
    w = scales * np.pi * k / n
    psi = MORSE.amplitude * w**20 * np.exp(-(w**3))
    wanted = 0.5 * psi[:, None] * np.exp(1j * np.pi * k / n * (t + 0.5))
    assert error(cwt(cosine, scales).numpy(), wanted) < 1e-12


def test_an_impulse_gives_the_wavelet_itself():
    n, place = 256, 100
    x = torch.zeros(n, dtype=torch.float64)
    x[place] = 1
    scales = np.array([1.0, 2.0, 4.0])
    w = np.linspace(0, np.pi, 20001)
    inside = np.arange(60, 140)
    for row, scale in enumerate(scales):
        psi = MORSE.amplitude * (scale * w) ** 20 * np.exp(-((scale * w) ** 3))
        wave = np.array([np.trapezoid(psi * np.exp(1j * w * (t - place)), w) / (2 * np.pi) for t in inside])
        assert error(cwt(x, scales).numpy()[row, inside], wave) < 1e-6


def test_a_constant_has_no_magnitude_and_the_transform_is_linear():
    scales = MORSE.scales(120)
    assert scalogram(torch.full((120,), 7.0, dtype=torch.float64), scales).max() < 1e-12
    a, b = torch.randn(2, 120, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(cwt(2 * a - 3 * b, scales), 2 * cwt(a, scales) - 3 * cwt(b, scales))


def test_a_batch_in_chunks_equals_its_signals_one_by_one():
    x = torch.randn(2, 5, 121, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    scales = MORSE.scales(121, voices=8)
    whole = scalogram(x, scales, chunk=3)
    assert whole.shape == (2, 5, len(scales), 121)
    torch.testing.assert_close(whole[1, 3], scalogram(x[1, 3], scales), rtol=1e-12, atol=1e-14)


def test_another_implementation_gives_the_same():
    ssqueezepy = pytest.importorskip("ssqueezepy")
    scales = MORSE.scales(300)
    rng = np.random.default_rng(3)
    x = rng.standard_normal(300)
    padded = np.pad(x, 150, mode="symmetric")
    wavelet = ssqueezepy.Wavelet(("gmw", {"gamma": 3, "beta": 20, "dtype": "float64"}))
    theirs, _ = ssqueezepy.cwt(padded, wavelet, scales=scales, fs=1.0, padtype=None, l1_norm=True, astensor=False)
    assert error(cwt(torch.from_numpy(x), scales).numpy(), theirs[:, 150:450]) < 1e-6


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="too few"):
        MORSE.scales(4)
