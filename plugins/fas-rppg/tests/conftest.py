"""Data for several tests: mean skin colors of the dichromatic model, with a pulse of known rate."""

import numpy as np
import pytest

BLOOD, SKIN, LAMP = np.array([0.33, 0.77, 0.53]), np.array([0.7682, 0.5121, 0.3841]), np.ones(3) / np.sqrt(3)


def _skin(beats, rate, seconds, seed=0, *, amplitude=0.005, noise=5e-4, light=0.01, gloss=0.005):
    """C(t) = I(t) (u_c + u_s s(t) + u_p p(t)) and sensor noise, (T, 3) float64; `beats` per minute, `rate` in hertz."""
    drawn = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * beats / 60 * time + drawn.uniform(0, 2 * np.pi)
    pulse = np.sin(phase) + 0.35 * np.sin(2 * phase - 0.8)
    slow = [np.sin(2 * np.pi * hertz * time + drawn.uniform(0, 2 * np.pi)) for hertz in (0.27, 0.41)]
    colour = (
        SKIN + 0.1 * LAMP + gloss * slow[1][:, None] * LAMP + amplitude * pulse[:, None] * BLOOD / np.linalg.norm(BLOOD)
    )
    return (1 + light * slow[0][:, None]) * colour + noise * drawn.standard_normal((len(time), 3))


@pytest.fixture(scope="session")
def skin():
    return _skin
