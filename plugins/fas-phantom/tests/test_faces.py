"""A face detector trained on real faces finds rendered ones, whatever is done to them. `benchmarks/phantom_faces.py` measures it at length."""

import numpy as np
import pytest
from fas_phantom.components import Phantom
from fas_phantom.head import beard, head
from fas_phantom.parameters import Person
from fas_phantom.relief import grid
from fas_phantom.traits import MOUTH, traits

from fascore.components.detectors import Mtcnn

HARDEST = ("mask.paper", "glasses", "partial.funny_eye", "partial.eye_paper", "print.cut", "forgery.generated")


@pytest.mark.parametrize("site", ["A", "B", "C"])
def test_mtcnn_finds_the_faces_of_people_and_of_the_hardest_attacks(site):
    pytest.importorskip("facenet_pytorch")
    detector, scores = Mtcnn(smallest=20).build(), {0: [], 1: []}
    for record in Phantom(site=site, subjects=5, frames=1, size=128, species=HARDEST).records("all"):
        if record.label and len(scores[1]) >= 20:
            continue
        face = detector.detect(next(iter(record.channels["rgb"].read([0]))).image, 0, None)
        scores[record.label].append(0.0 if face is None else face.confidence)
    found = {label: np.array(values) > 0 for label, values in scores.items()}
    assert found[1].mean() >= 0.95
    assert np.array(scores[1])[found[1]].mean() > 0.9  # portraits have 0.999
    assert found[0].mean() >= 0.9  # 3 points of 30 frames are one face


def test_beards_come_as_full_beard_moustache_chin_beard_and_both():
    x, y = grid()
    people = [Person("x", seed, 3) for seed in range(300)]
    bearded = [traits(person) for person in people if traits(person).beard > 0]
    assert {who.beard_style for who in bearded} == {0, 1, 2, 3}
    for who in bearded[:40]:
        cover = beard(who, x, y) / who.beard
        lip, chin = (
            cover[(np.abs(y - 0.056) < 0.002) & (np.abs(x) < 0.01)].max(),
            cover[np.abs(y - 0.1 * who.length) < 0.003].max(),
        )
        cheek = cover[(np.abs(y - 0.07) < 0.004) & (np.abs(np.abs(x) - 0.05) < 0.004)].max()
        mouth = cover[(np.abs(y - MOUTH * who.length) < 0.002) & (np.abs(x) < 0.01)].max()
        expected = ((True, True, True), (True, False, False), (False, True, False), (True, True, False))[
            who.beard_style
        ]
        assert (lip > 0.5, chin > 0.5, cheek > 0.5) == expected
        assert mouth < 0.2


def test_skin_covers_the_fitzpatrick_range_and_blood_shows_less_under_a_beard():
    lightness = [np.mean([head(Person("x", seed, tone)).who.skin.mean() for seed in range(6)]) for tone in range(1, 7)]
    assert lightness == sorted(lightness, reverse=True)
    assert lightness[0] / lightness[-1] > 4
    x, y = grid()
    full = [
        person
        for person in (Person("x", seed, 2) for seed in range(200))
        if traits(person).beard > 0.5 and traits(person).beard_style == 0
    ]
    pulse, grown = head(full[0]).matter[..., 1], beard(traits(full[0]), x, y)
    assert pulse[grown > 0.9 * grown.max()].mean() < 0.75 * pulse[(np.abs(x) < 0.02) & (np.abs(y + 0.04) < 0.01)].mean()
