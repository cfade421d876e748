"""Prints and displays: the raster of four screens and the beat of sub-pixels with a Bayer sensor, against twins and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from fas_phantom.attacks.prints import screened
from fas_phantom.attacks.replay import ScreenReplay
from fas_phantom.camera import exposure
from fas_phantom.components import Phantom
from fas_phantom.render import Scene
from fas_phantom.view import FACE_HEIGHT


def clip(species, **traits):
    records = Phantom(subjects=3, frames=2, size=64, species=(species,)).records("all")
    found = next(record for record in records if record.label == 0).channels["rgb"].clip
    return replace(found, attack=tuple((key, float(traits.get(key, value))) for key, value in found.attack))


def paper(side, step):
    place = np.arange(side, dtype=np.float32) * np.float32(step)
    return np.meshgrid(place, place)


@pytest.mark.parametrize(("ink", "angle"), [("cyan", 15), ("magenta", 75), ("yellow", 0)])
def test_each_ink_is_screened_at_its_angle(ink, angle):
    """The only peaks of an ink's channel, on a color without gray, lie at the screen's frequency in two directions at right angles."""
    shown = clip("print.flat", screen=8.0, sharpness=0.0)
    channel = ("cyan", "magenta", "yellow").index(ink)
    picture = np.ones((256, 256, 3), np.float32)
    picture[..., channel] = 0.5
    x, y = paper(256, 1.0)
    dots = screened(shown, picture / np.float32(exposure(shown)), x, y, 1.0)[..., channel]
    window = np.hanning(256)
    power = np.abs(np.fft.fft2((dots - dots.mean()) * np.outer(window, window)))
    v, u = np.unravel_index(np.argsort(power.ravel())[-4:], power.shape)
    u, v = (np.where(part > 128, part - 256, part) / 256 for part in (u, v))
    np.testing.assert_allclose(np.hypot(u, v), 1 / (8.0 * 64 / 128), atol=0.006)
    turned = np.sort(np.rad2deg(np.arctan2(v, u)) % 90)
    assert np.all(np.minimum(np.abs(turned - angle % 90), 90 - np.abs(turned - angle % 90)) < 2)


@pytest.mark.parametrize("color", [(0.5, 0.5, 0.5), (0.7, 0.4, 0.3), (0.2, 0.15, 0.1)])
def test_the_mean_over_the_dots_is_the_picture(color):
    shown = clip("print.flat", sharpness=0.0)
    x, y = paper(400, 0.37)
    picture = np.broadcast_to(np.array(color, np.float32), (400, 400, 3)) / np.float32(exposure(shown))
    np.testing.assert_allclose(screened(shown, picture, x, y, 1.0).mean((0, 1)) * exposure(shown), color, rtol=0.03)


def test_bare_paper_has_no_dots():
    shown = clip("print.flat", sharpness=0.0)
    x, y = paper(64, 1.0)
    picture = np.full((64, 64, 3), 1 / exposure(shown), np.float32)
    np.testing.assert_allclose(screened(shown, picture, x, y, 1.0), picture, rtol=1e-5)


def photographed(shown, moment, fine=48):
    """Brute force: the display drawn `fine` times finer than the picture, and every photosite integrated over it; of color 15 % is kept."""
    size, pose = shown.size, moment.pose
    nominal = shown.capture.face * size / FACE_HEIGHT
    steps = (np.arange(size * fine) + 0.5) / fine
    turn = np.deg2rad(pose.roll)
    dx, dy = np.meshgrid((steps - pose.x) / pose.scale, (steps - pose.y) / pose.scale)
    x, y = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    across, down = (nominal * (1 + shown.trait(name) * 128 / size) for name in ("moire_x", "moire_y"))
    lit_row = np.abs((y * down + 0.5) % 1 - 0.5) < 0.4
    quads = []
    for color, sites in enumerate((((0, 0),), ((1, 0), (0, 1)), ((1, 1),))):
        stripe = np.abs((x * across - (color - 1) / 3 + 0.5) % 1 - 0.5) < 0.15
        light = (stripe & lit_row).reshape(size, 2, fine // 2, size, 2, fine // 2).mean((2, 5))
        quads.append(np.mean([light[:, low, :, right] for right, low in sites], axis=0))
    seen = np.dstack(quads) / (0.3 * 0.8)
    gray = seen @ np.array([0.2126, 0.7152, 0.0722])
    return gray[..., None] + 0.15 * (seen - gray[..., None])


@pytest.mark.parametrize("roll", [0.0, 4.0])
def test_moire_is_what_a_bayer_sensor_samples_of_the_sub_pixels(roll):
    shown = clip("replay.screen", mosaic=1.0)
    shown = replace(
        shown,
        capture=replace(
            shown.capture, roll=roll, motion=0.0, sheet=replace(shown.capture.sheet, tilt_x=0.0, tilt_y=0.0)
        ),
    )
    scene = Scene(shown)
    moment = scene.moment(1)
    assert isinstance(scene.attack, ScreenReplay)
    gain = (scene.attack.moire(np.ones((64, 64, 3), np.float32), moment) - 1) / (0.3 * shown.trace) + 1
    expected = photographed(shown, moment)
    for channel in range(3):
        assert np.corrcoef(gain[..., channel].ravel(), expected[..., channel].ravel())[0, 1] > 0.98
    assert gain.std() == pytest.approx(expected.std(), rel=0.1)


def test_moire_bends_with_the_tilt_of_the_display():
    shown = clip("replay.screen")
    beats = []
    for tilt in (0.0, 12.0):
        capture = replace(shown.capture, motion=0.0, sheet=replace(shown.capture.sheet, tilt_x=tilt, tilt_y=0.0))
        scene = Scene(replace(shown, capture=capture))
        gain = scene.attack.moire(np.ones((64, 64, 3), np.float32), scene.moment(1))[..., 0]
        halves = [
            np.abs(np.fft.rfft((part - part.mean()).mean(0) * np.hanning(32), 512))[8:].argmax()
            for part in (gain[:, :32], gain[:, 32:])
        ]
        beats.append(abs(halves[0] - halves[1]))
    assert beats[1] > beats[0]


def test_a_phone_shows_more_saturated_colors_and_a_print_less():
    ratio = {}
    for species in ("replay.phone", "print.flat"):
        scene = Scene(clip(species, warmth=0.0, paper_warmth=0.0))
        picture = np.broadcast_to(np.array([0.5, 0.35, 0.25], np.float32), (64, 64, 3)) / np.float32(
            exposure(scene.clip)
        )
        toned = scene.attack.tone(picture, scene.moment(1))[32, 32]
        ratio[species] = toned[0] / toned[2]
    assert ratio["replay.phone"] > 2.0 > ratio["print.flat"]
