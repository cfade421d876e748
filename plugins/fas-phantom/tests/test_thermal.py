"""The thermal channel: temperatures that the physics of skin, paper, glass and plastic demands."""

from dataclasses import replace

import numpy as np
import pytest
from fas_phantom import truth
from fas_phantom.components import Phantom
from fas_phantom.render import Scene
from fas_phantom.species import SPECIES


@pytest.fixture(scope="module")
def records():
    return Phantom(subjects=4, frames=2, species="all").records("all")


def of(records, *species):
    return [record for record in records if record.species in species]


def celsius(record, index=1):
    """(H, W) degrees as they are read from the channel, of a camera that is not off."""
    source = record.channels["thermal"]
    return degrees(next(source.read([index])).image, source.clip)


def degrees(image, clip):
    return image / 100 - 273.15 - clip.capture.thermal_offset


def room(record):
    return record.channels["thermal"].clip.capture.room


def at(record, *points):
    """Mean temperature round the middle of some of the 68 landmarks."""
    x, y = truth(record).landmarks[1, list(points)].mean(0)
    row, column = int(np.clip(y, 1, 126)), int(np.clip(x, 1, 126))
    return float(celsius(record)[row - 1 : row + 2, column - 1 : column + 2].mean())


def cheek(record):
    return at(record, 2, 31, 31)


def test_the_channel_is_in_hundredths_of_a_kelvin(records):
    image = next(records[0].channels["thermal"].read([0])).image
    assert image.dtype == np.uint16
    assert image.shape == (128, 128)
    assert 28_500 < image.min() < image.max() < 31_500


def test_a_living_face_has_the_temperature_of_skin_with_a_cool_nose_and_warm_corners_of_the_eyes(records):
    live = [record for record in of(records, None) if not record.metadata["glasses"]]
    cheeks, noses, corners = (
        np.array([part(record) for record in live])
        for part in (cheek, lambda r: at(r, 30), lambda r: at(r, 39, 42, 27))
    )
    assert 32 < np.median(cheeks) < 35
    assert (noses < corners - 0.3).mean() > 0.9
    assert np.median(corners - noses) > 1


def test_prints_and_screens_show_nothing_of_whom_they_depict_and_paper_is_as_warm_as_the_room(records):
    for record in of(records, "print.flat", "print.warped", "replay.screen", "replay.phone"):
        clip = record.channels["thermal"].clip
        assert np.array_equal(
            Scene(clip).thermal(1), Scene(replace(clip, subject=replace(clip.subject, seed=7))).thermal(1)
        )
    for record in of(records, "print.flat", "print.warped"):
        assert abs(at(record, 30) - room(record)) < 2.5


def test_behind_the_holes_of_a_cut_print_there_is_a_warm_person(records):
    for record in of(records, "print.cut"):
        eyes, nose = at(record, *range(36, 42)), at(record, 30)
        assert eyes > nose + 0.25 * (35 - room(record))  # the warmer the room, the less a face stands out
        assert abs(nose - room(record)) < 2.5


@pytest.mark.parametrize("species", ["mask.rigid", "mask.paper", "mask.transparent", "mask.half"])
def test_a_mask_is_partly_warmed_by_its_wearer_and_its_eye_holes_are_warm(records, species):
    for record in of(records, species):
        assert room(record) + 1 < cheek(record) < 33
        assert np.mean([at(record, *range(36, 42)), at(record, *range(42, 48))]) > cheek(record) + 0.5


def test_a_mannequin_is_as_warm_as_the_room_everywhere(records):
    for record in of(records, "mannequin"):
        assert np.abs(celsius(record) - room(record)).max() < 3.5


@pytest.mark.parametrize("species", ["glasses", "partial.funny_eye"])
def test_what_is_worn_before_the_eyes_is_opaque_and_cool(records, species):
    for record in of(records, species):
        clip = record.channels["thermal"].clip
        bare = Scene(replace(clip, species=None, attack=(), capture=replace(clip.capture, glasses=None)))
        eyes = [at(record, *range(36, 42)), at(record, *range(42, 48))]
        x, y = truth(record).landmarks[1, 36:42].mean(0).astype(int)
        skin = degrees(bare.thermal(1)[y, x], clip)
        assert np.mean(eyes) < skin - 0.2 * (skin - room(record))


def test_ordinary_spectacles_hide_the_eyes_from_long_waves(records):
    for record in of(records, None):
        clip = record.channels["thermal"].clip
        bare, worn = (
            Scene(replace(clip, capture=replace(clip.capture, glasses=seed))).celsius(1) for seed in (None, 5)
        )
        x, y = truth(record).landmarks[1, 36:42].mean(0).astype(int)
        assert worn[y, x] < bare[y, x] - 0.2 * (bare[y, x] - room(record))
        x, y = truth(record).landmarks[1, 8].astype(int)
        assert np.array_equal(worn[y - 3 : y], bare[y - 3 : y])


def test_make_up_hardly_changes_the_temperature(records):
    for record in of(records, "makeup.cosmetic", "makeup.obfuscation", "makeup.impersonation"):
        clip = record.channels["thermal"].clip
        bare = Scene(replace(clip, species=None, attack=()))
        assert np.abs(celsius(record) - degrees(bare.thermal(1), clip)).max() < 0.35


def test_a_forgery_leaves_the_thermal_picture_alone(records):
    for record in of(records, *(name for name, kind in SPECIES.items() if kind.task == "forgery")):
        clip = record.channels["thermal"].clip
        assert np.array_equal(
            Scene(clip).thermal(1), Scene(replace(clip, species=None, other=None, attack=())).thermal(1)
        )


def test_nostrils_cool_and_warm_with_the_breath():
    record = of(Phantom(subjects=3, frames=150).records("dev"), None)[0]
    clip = record.channels["thermal"].clip
    still = replace(
        clip, size=64, capture=replace(clip.capture, motion=0.0, talk=0.0, jitter=0.0, rate=10.0, thermal_noise=0.0)
    )
    scene = Scene(still)
    x, y = (
        truth(replace(record, channels={"rgb": replace(record.channels["rgb"], clip=still)}))
        .landmarks[0, 33]
        .astype(int)
    )
    series = np.array([scene.thermal(index)[y - 1 : y + 2, x - 1 : x + 2].mean() for index in range(150)])
    power = np.abs(np.fft.rfft(series - series.mean(), 4096))
    assert np.fft.rfftfreq(4096, 0.1)[power.argmax()] == pytest.approx(clip.pulse.respiration, abs=0.04)
