"""Ordinary spectacles: a nuisance that every camera sees, on the person who is depicted, and that tells nothing of the label."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from fas_phantom.attacks import renderer_of
from fas_phantom.components import Phantom
from fas_phantom.render import Scene
from fas_phantom.species import SPECIES

HIDDEN = {
    "mask.rigid",
    "mask.paper",
    "mask.half",
    "mask.transparent",
    "partial.funny_eye",
    "partial.paper_glasses",
    "partial.eye_paper",
    "glasses",
}


@lru_cache(maxsize=32)
def clip(species, seed, label=0):
    """A clip in focus without speech or blinks, with spectacles of a seed, or None."""
    records = Phantom(subjects=4, frames=2, size=128, species=(species,)).records("all")
    found = next(record for record in records if record.label == label).channels["rgb"].clip
    return replace(
        found, capture=replace(found.capture, defocus=0.0, glasses=seed, blink=0.001, talk=0.0, infrared_ambient=0.0)
    )


def bare(shown):
    return replace(shown, capture=replace(shown.capture, glasses=None))


@pytest.mark.parametrize("species", SPECIES)
def test_spectacles_are_seen_unless_something_covers_the_eyes(species):
    worn = clip(species, 5)
    assert (renderer_of(species).spectacles == "hidden") == (species in HIDDEN)
    changed = np.abs(Scene(worn).display(1) - Scene(bare(worn)).display(1)).max()
    assert (changed > 0.02) == (species not in HIDDEN)
    live = np.abs(Scene(worn, live=True).display(1) - Scene(bare(worn), live=True).display(1)).max()
    assert (live > 0.02) == (species not in HIDDEN)  # or they would be part of the trace


def test_the_frame_lies_round_both_eyes_nearer_than_the_face_and_lets_the_eyes_be_seen():
    for seed in range(8):
        worn = clip("print.flat", seed, label=1)
        scene = Scene(worn)
        moment = scene.moment(1)
        cover = scene.spectacles.layer(moment).cover
        assert 0.003 < cover.mean() < 0.06
        gap = (scene._live_depth(moment) - Scene(bare(worn))._live_depth(moment))[cover > 0.6]
        assert gap.size == 0 or -0.03 < np.median(gap) < -0.001
        open_eye = np.abs(np.hypot(np.abs(moment.hit.x) - 0.0325, moment.hit.y)) < 0.004
        assert cover[open_eye].max() < 0.1
        holes = cv2.connectedComponents((cover < 0.05).astype(np.uint8), connectivity=4)[0] - 1
        assert holes >= 1


def test_a_print_shows_spectacles_in_its_picture_not_in_its_depth():
    worn = clip("print.flat", 3)
    assert np.array_equal(Scene(worn).depth(1), Scene(bare(worn)).depth(1))
    printed, paper = Scene(worn).infrared(1).astype(int), Scene(bare(worn)).infrared(1).astype(int)
    live = [Scene(picture, live=True).infrared(1).astype(int) for picture in (worn, bare(worn))]
    assert 0 < np.abs(printed - paper).max() < np.abs(live[0] - live[1]).max()


def test_the_same_seed_is_the_same_pair_and_another_seed_another():
    first, same, other = (Scene(clip("print.flat", seed, label=1)).display(1) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_glass_before_the_eyes_is_colder_than_the_skin_and_nothing_else_changes():
    worn = clip("makeup.cosmetic", 4)
    scene, plain = Scene(worn), Scene(bare(worn))
    warm, skin = (shown._live_thermal(shown.moment(1)) for shown in (scene, plain))
    layer = scene.spectacles.layer(scene.moment(1))
    lens = scene.spectacles.rims.lens(scene.spectacles.who, layer.hit.x, layer.hit.y) > 0.002
    assert np.median((skin - warm)[lens]) > 3
    far = cv2.dilate((warm != skin).astype(np.uint8), np.ones((3, 3))) == 0
    assert far.mean() > 0.8
