"""The pulse in the picture: its amplitude, color, delay from place to place, and what POS finds of it."""

from dataclasses import replace

import numpy as np
import pytest
from fas_phantom.components import Phantom
from fas_phantom.head import head, transit
from fas_phantom.motion import tracks, waveform
from fas_phantom.pos import measured, pos, region_colors
from fas_phantom.render import Scene
from hypothesis import given, strategies as st
from scipy.ndimage import map_coordinates

from fascore import FascoreError


@pytest.fixture(scope="module")
def still():
    """A scene of four seconds in which nothing moves but the blood, and its display values (F, H, W, 3)."""
    record = next(r for r in Phantom(subjects=3, species=("print.flat",)).records("all") if r.species is None)
    clip = record.channels["rgb"].clip
    capture = replace(
        clip.capture,
        motion=0.0,
        talk=0.0,
        blink=0.001,
        jitter=0.0,
        rate=25.0,
        defocus=0.0,
        yaw=0.0,
        pitch=0.0,
        exposure=0.7,
    )
    pulse = replace(clip.pulse, amplitude=0.01, heart_rate=75.0)
    scene = Scene(replace(clip, capture=capture, frames=100, size=64, pulse=pulse))
    return scene, np.stack([scene.display(index) for index in range(100)]).astype(np.float64)


def harmonics(scene, shown):
    """Complex amplitude (H, W, 3) of the first harmonic of the pulse in a picture, as a share of its mean."""
    phase = scene.tracks.phase
    design = np.stack([np.ones_like(phase), np.sin(phase), np.cos(phase), np.sin(2 * phase), np.cos(2 * phase)], 1)
    found = np.linalg.lstsq(design, shown.reshape(len(phase), -1), rcond=None)[0].reshape(5, *shown.shape[1:])
    return (found[1] + 1j * found[2]) / found[0]


def on_skin(scene):
    """(H, W) of the pixels that show bare skin: where the maps of the head have a full pulse."""
    hit = scene.moment(0).hit
    amplitude = map_coordinates(head(scene.clip.subject).matter[..., 1], [hit.v, hit.u], order=1)
    return amplitude, (amplitude > 0.6) & (scene.matter(scene.moment(0)).cover > 0.99)


def test_the_amplitude_is_that_stated_for_the_picture_and_varies_over_the_face_as_the_maps_say(still):
    scene, shown = still
    (amplitude, skin), found = on_skin(scene), np.abs(harmonics(scene, shown))[..., 1]
    assert found[skin].mean() == pytest.approx(0.01, rel=0.15)
    assert np.corrcoef(found[skin], amplitude[skin])[0, 1] > 0.6
    assert found[skin].max() / found[skin].min() > 1.3


def test_the_pulse_has_the_color_of_blood(still):
    scene, shown = still
    red, green, blue = np.median(np.abs(harmonics(scene, shown))[on_skin(scene)[1]], axis=0)
    assert red / green == pytest.approx((0.33 / 0.7682) / (0.77 / 0.5121), rel=0.05)
    assert blue / green == pytest.approx((0.53 / 0.3841) / (0.77 / 0.5121), rel=0.05)


def test_the_pulse_comes_at_each_place_at_its_own_time_by_some_tens_of_milliseconds(still):
    scene, shown = still
    skin, hit = on_skin(scene)[1], scene.moment(0).hit
    late = -np.angle(harmonics(scene, shown))[..., 1][skin] / scene.tracks.heart.mean()
    expected = map_coordinates(transit(scene.clip.subject), [hit.v, hit.u], order=1)[skin]
    np.testing.assert_allclose(late, expected, atol=0.003)
    assert 0.015 < np.ptp(expected) < 0.09


def test_the_delay_differs_between_people_and_is_longest_on_the_forehead():
    maps = [
        transit(r.channels["rgb"].clip.subject)
        for r in Phantom(subjects=8, species=("print.flat",)).records("all")
        if r.species is None
    ]
    forehead, cheek = (np.array([m[rows, 128].mean() for m in maps]) for rows in (slice(100, 125), slice(190, 215)))
    assert (forehead - cheek > 0.01).all()
    assert (forehead - cheek).std() > 0.003
    assert max(m.max() for m in maps) < 0.1


def test_amplitudes_lie_between_a_tenth_of_a_percent_and_one_and_are_lower_on_dark_skin():
    records = [r for r in Phantom(site="B", subjects=300, species=("print.flat",)).records("all") if r.species is None]
    pulses = {
        tone: [r.metadata["pulse_amplitude"] for r in records if r.metadata["skin_tone"] in tone]
        for tone in ((1, 2, 3), (5, 6))
    }
    light, dark = pulses[1, 2, 3], pulses[5, 6]
    assert min(light + dark) >= 0.001
    assert max(light + dark) <= 0.01
    assert np.mean(dark) < 0.85 * np.mean(light)


def test_the_phase_gains_one_turn_from_beat_to_beat():
    clip = Phantom(subjects=3, frames=500).records("dev")[0].channels["rgb"].clip
    moving = tracks(clip)
    mean = np.diff(moving.phase[[0, -1]])[0] / (moving.time[-1] - moving.time[0])
    assert 60 * mean / (2 * np.pi) == pytest.approx(clip.pulse.heart_rate, abs=2)
    slopes = np.diff(moving.phase) / np.diff(moving.time)
    assert np.median(np.abs(slopes - moving.heart[:-1]) / moving.heart[:-1]) < 1e-6


def mixed(heart_rate, amplitude, light, seconds=20.0, rate=25.0):
    """Colors (F, 3, 3) of three regions by the dichromatic model with a lamp that flickers by `light` at 1.3 hertz, and their times."""
    time = np.arange(round(seconds * rate)) / rate
    blood = amplitude * waveform(2 * np.pi * heart_rate / 60 * time)[:, None] * np.array([0.286, 1.0, 0.918])
    lamp = 1 + light * np.sin(2 * np.pi * 1.3 * time)[:, None]
    noise = np.random.default_rng(0).normal(0, 1e-4, (len(time), 3, 3))
    return time, (np.array([150.0, 110.0, 90.0]) * ((lamp * (1 + blood))[:, None] + noise))


@given(heart_rate=st.floats(48, 157), amplitude=st.floats(0.002, 0.01))
def test_pos_finds_the_rate_of_a_dichromatic_pulse(heart_rate, amplitude):
    assert measured(*mixed(heart_rate, amplitude, 0.0)).rate == pytest.approx(heart_rate, abs=1)


def test_pos_is_blind_to_the_lamp_where_green_alone_is_not():
    time, colors = mixed(110.0, 0.003, 0.02)
    rates = np.fft.rfftfreq(4096, 1 / 25) * 60
    green = np.abs(np.fft.rfft((colors[:, 0, 1] - colors[:, 0, 1].mean()) * np.hanning(len(time)), 4096))
    assert rates[green.argmax()] == pytest.approx(78, abs=2)
    assert measured(time, colors).rate == pytest.approx(110, abs=1)


def test_pos_of_a_color_that_never_changes_is_nothing():
    assert np.abs(pos(np.full((200, 3), 90.0), 25.0)).max() == 0


def test_a_clip_too_short_for_a_heart_rate_is_refused():
    time, colors = mixed(70.0, 0.01, 0.0, seconds=3.0)
    with pytest.raises(FascoreError, match="too short"):
        measured(time, colors)


def test_regions_follow_the_landmarks_and_hold_skin():
    record = next(
        r for r in Phantom(subjects=3, frames=4, size=64, species=("print.flat",)).records("all") if r.species is None
    )
    times, colors = region_colors(record)
    assert colors.shape == (4, 3, 3)
    assert np.array_equal(times, record.channels["rgb"].times())
    assert (colors[..., 0] > colors[..., 2]).all()


def test_a_clip_in_which_nothing_changes_has_no_pulse():
    found = measured(np.arange(300) / 25, np.full((300, 3, 3), 90.0))
    assert (found.snr, found.share, found.coherence) == (-30.0, 0.0, 0.0)
