"""The forgeries: RGB only, within their region, with a forged pulse, and each with the fault that its generator leaves."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from fas_phantom import truth
from fas_phantom.attacks.generated import whole
from fas_phantom.components import Phantom
from fas_phantom.head import head, pixels
from fas_phantom.render import Scene
from fas_phantom.sources import Rendered, exact_points

FORGERIES = ("forgery.faceswap", "forgery.reenactment", "forgery.generated", "forgery.lipsync")


@lru_cache(maxsize=8)
def clips(species, frames=12):
    """Forged clips in focus: what lies outside the region is then not blurred into it."""
    records = Phantom(subjects=4, frames=frames, size=128, species=(species,)).records("all")
    found = [record.channels["rgb"].clip for record in records if record.label == 0]
    return [replace(clip, capture=replace(clip.capture, defocus=0.0)) for clip in found]


def known(clip):
    record = next(iter(Phantom(subjects=3).records("dev")))
    return truth(replace(record, channels={"rgb": Rendered(clip, "rgb")}))


def forged(clip, **traits):
    """The clip with other numbers of its attack."""
    return replace(clip, attack=tuple((key, float(traits.get(key, value))) for key, value in clip.attack))


def region(clip, index=1):
    scene = Scene(clip)
    return scene.attack.inner(scene.attack.seen(scene.moment(index)))


@pytest.mark.parametrize("species", FORGERIES)
def test_a_forgery_alters_rgb_only_and_only_in_its_region(species):
    for clip in clips(species):
        untouched = Scene(replace(clip, species=None, other=None, attack=()))
        assert np.array_equal(Scene(clip).depth(1), untouched.depth(1))
        assert np.array_equal(Scene(clip).infrared(1), untouched.infrared(1))
        trace, inner = np.abs(known(clip).trace(1)).max(2), region(clip)
        assert trace[cv2.dilate(inner, np.ones((5, 5))) == 0].max() < 1e-5
        assert (trace > 0.02).mean() > 0.005


@pytest.mark.parametrize("species", FORGERIES)
def test_every_stage_of_a_forgery_can_be_switched_off_and_does_something(species):
    clip = forged(clips(species, 40)[0], grid=0.02)
    frames = range(0, 40, 5)
    shown = [known(clip).shown(index) for index in frames]
    for name in known(clip).stages():
        without = [known(clip).shown(index, without=frozenset({name})) for index in frames]
        assert any(not np.array_equal(*pair) for pair in zip(shown, without)), name


def flush(clip, index=1):
    """Change of the picture from no blood to much."""
    pictures = []
    for blood in (0.0, 0.05):
        scene = Scene(clip)
        scene._blood = lambda moment, blood=blood: np.full(moment.hit.u.shape, blood, np.float32)
        pictures.append(scene.display(index).mean(2))
    return pictures[1] - pictures[0]


@pytest.mark.parametrize("species", FORGERIES)
def test_the_forged_pulse_is_absent_or_incoherent_or_jittered(species):
    clip = clips(species)[1]
    inner = cv2.erode(region(clip), np.ones((7, 7))) > 0.99  # what lies beyond is blurred into the border
    live = flush(replace(clip, species=None, other=None, attack=()))[inner]
    absent, incoherent, jittered = (flush(forged(clip, pulse_mode=mode))[inner] for mode in (0, 1, 2))
    assert np.abs(absent).max() < 0.02 * np.abs(live).max()
    assert np.abs(incoherent).mean() > 0.3 * np.abs(live).mean()
    assert incoherent.min() < 0 or np.ptp(incoherent) > 1.5 * np.ptp(live)
    assert np.abs(jittered).max() < 0.02 * np.abs(live).max()  # it does not follow the beat
    scene = Scene(forged(clip, pulse_mode=2))
    seen = [
        np.median(scene.attack.pulse(np.zeros((128, 128), np.float32), scene.moment(index))[region(clip, index) > 0.99])
        for index in range(12)
    ]
    assert np.std(seen) == pytest.approx(clip.pulse.amplitude * clip.capture.gamma, rel=0.6)


@pytest.mark.parametrize("species", FORGERIES)
def test_each_kind_of_forged_pulse_is_drawn_for_about_a_third(species):
    records = Phantom(subjects=12, clips=10, frames=2, species=(species,)).records("all")
    modes = [int(record.channels["rgb"].clip.trait("pulse_mode")) for record in records if record.label == 0]
    assert len(modes) == 120
    assert np.bincount(modes, minlength=3).min() > 24  # 40 expected, deviation 5.2


@pytest.mark.parametrize("species", FORGERIES)
def test_a_region_drawn_anew_is_smoother_and_flickers_from_frame_to_frame(species):
    ratio, change = [], []
    for clip in clips(species)[:4]:
        clip = forged(clip, grid=0.0)
        inner = region(clip) > 0.99
        bare = known(clip).shown(1, without=frozenset({"resampling"}))
        fine = [
            np.abs(cv2.Laplacian(picture.mean(2), cv2.CV_32F))[inner].mean() for picture in (known(clip).shown(1), bare)
        ]
        ratio.append(fine[0] / fine[1])
        shades = [
            (known(clip).shown(index) - known(clip).shown(index, without=frozenset({"flicker"}))).mean(2)[inner]
            for index in (1,)
        ]
        change.append(shades[0].std())
    assert np.median(ratio) < 0.9
    assert min(change) > 1e-3


def test_a_generated_face_bears_the_grid_of_its_transposed_convolutions():
    for clip in clips("forgery.generated"):
        scene = Scene(clip)
        moment, count = scene.moment(1), 4 * int(clip.trait("resolution"))
        picture = scene.shown.resampling(np.ones((128, 128, 3), np.float32), moment)[..., 0]
        # Looked at on its own lattice, four samples an element, its power lies at periods of two and four elements.
        steps = (np.arange(count // 8, count - count // 8) + 0.5) / count * 0.26 - 0.13
        x, y = np.meshgrid(steps, steps)
        turn = np.deg2rad(moment.pose.roll)
        u = moment.pose.x - 0.5 + moment.pose.scale * (np.cos(turn) * x - np.sin(turn) * y)
        v = moment.pose.y - 0.5 + moment.pose.scale * (np.sin(turn) * x + np.cos(turn) * y)
        middle = slice(len(steps) // 2 - 64, len(steps) // 2 + 64)
        row = cv2.remap(picture, u.astype(np.float32), v.astype(np.float32), cv2.INTER_CUBIC)[middle, middle].mean(0)
        power = np.abs(np.fft.rfft((row - row.mean()) * np.hanning(128))) ** 2
        assert abs(int(power[4:].argmax()) + 4 - 8) <= 1  # 128 samples hold 32 elements: 8 periods of four
    flat = forged(clips("forgery.generated")[0], grid=0.0)
    scene = Scene(flat)
    np.testing.assert_allclose(
        scene.shown.resampling(np.ones((128, 128, 3), np.float32), scene.moment(1)), 1, atol=1e-5
    )


def test_the_halves_of_a_generated_face_do_not_match():
    for clip in clips("forgery.generated"):
        plain, drawn = head(clip.subject), Scene(clip).attack.color()
        side = clip.trait("side")
        changed = np.abs(drawn.color - plain.color).max(2)
        middle = changed.shape[1] // 2
        left, right = changed[:, :middle].mean(), changed[:, middle + 1 :].mean()
        assert (right > 3 * left) if side > 0 else (left > 3 * right)


def test_generated_skin_is_smooth():
    for clip in clips("forgery.generated"):
        gain, plain = whole(clip)[1], Scene(clip).attack.color().color
        for cheek in (slice(85, 97), slice(160, 172)):
            rough = [cv2.Laplacian(np.log(color[190:206, cheek]), cv2.CV_32F).std() for color in (plain * gain, plain)]
            assert rough[0] < 0.5 * rough[1]


@pytest.mark.parametrize("species", ["forgery.reenactment", "forgery.lipsync"])
def test_the_driven_mouth_is_another_clips_and_the_landmarks_follow_it(species):
    for clip in clips(species, 40)[:3]:
        own = Scene(replace(clip, species=None, other=None, attack=()))
        driver = Scene(clip).attack.driver()
        assert (
            abs(np.corrcoef(driver.mouth + 1e-9 * np.arange(40), own.tracks.mouth + 1e-9 * np.arange(40))[0, 1]) < 0.9
        )
        seen, plain = exact_points(clip), exact_points(own.clip)
        gap = [
            (points[:, 57, 1] - points[:, 51, 1]) / [own.pose(index).scale for index in range(40)]
            for points in (seen, plain)
        ]
        rest = np.median(gap[0] - driver.mouth)
        np.testing.assert_allclose(gap[0] - driver.mouth, rest, atol=0.002)
        if species == "forgery.lipsync":
            np.testing.assert_array_equal(seen[:, 36:48], plain[:, 36:48])


def test_lipsync_leaves_all_above_the_mouth_alone():
    for clip in clips("forgery.lipsync"):
        inner = region(clip)
        above = int(known(clip).landmarks[1][30, 1])
        assert np.abs(known(clip).trace(1)[: above - 3]).max() < 1e-6
        mouth = known(clip).landmarks[1][[51, 57]].mean(0).round().astype(int)
        assert inner[mouth[1], mouth[0]] > 0.95


def test_a_reenacted_face_smiles_or_frowns_by_the_drivers_expression():
    for clip in clips("forgery.reenactment")[:3]:
        scene = Scene(forged(clip, smile=0.004, brows=0.0))
        moment = scene.moment(1)
        neutral = Scene(forged(clip, smile=0.0, brows=0.0)).attack.moved(moment)
        raised = scene.attack.moved(moment)[1] - neutral[1]
        y, x = np.unravel_index(raised.argmax(), raised.shape)
        corners = np.abs(pixels(np.float32(0), np.float32(0))[0] - moment.hit.u[y, x]) * 0.001
        assert corners == pytest.approx(
            0.025 * head(clip.subject).who.mouth_width * head(clip.subject).who.width, abs=0.006
        )
        assert raised.max() > 0.5
