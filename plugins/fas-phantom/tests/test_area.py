"""The area that face and instrument may cover, and what is seen round it."""

from dataclasses import replace

import numpy as np
import pytest
from fas_phantom.components import Phantom
from fas_phantom.render import Scene
from fas_phantom.sources import area
from fas_phantom.species import SPECIES

SPOOF = [name for name, (task, *_) in SPECIES.items() if task == "spoof"]
FLAT = [name for name in SPOOF if name.split(".")[0] in ("print", "replay")]


def clips(species, size=64):
    """Attacks of a species whose sheet leaves a margin."""
    records = Phantom(subjects=24, frames=2, size=size, species=(species,), difficulty=0).records("all")
    found = [record.channels["rgb"].clip for record in records if record.label == 0]
    return [clip for clip in found if margin(clip).mean() > 0.03]


def margin(clip):
    x1, y1, x2, y2 = area(clip)[0]
    x, y = np.arange(clip.size) + 0.5, (np.arange(clip.size) + 0.5)[:, None]
    return (x < x1) | (x > x2) | (y < y1) | (y > y2)


@pytest.mark.parametrize("species", SPOOF)
def test_no_instrument_reaches_out_of_the_area(species):
    """Beyond it, what is shown is the live counterpart; of flat media it is what is behind them."""
    found = clips(species)
    assert found
    for clip in found[:3]:
        scene = Scene(clip)
        moment = scene.moment(0)
        if species in FLAT:
            moment = scene.attack.bent(moment) if species == "print.warped" else moment
            assert scene.attack.cover(moment)[margin(clip)].max() < 1e-3
        elif SPECIES[species].own:
            apart = np.abs(scene.display(0) - Scene(clip, live=True).display(0)).max(2)
            assert apart[margin(clip)].max() < 0.02
        else:
            assert scene.matter(moment).cover[margin(clip)].max() < 1e-3


@pytest.mark.parametrize("species", FLAT)
def test_round_a_flat_medium_is_seen_whoever_holds_it(species):
    """Depth and near infrared of the margin are those of a live presenter in the same place."""
    for clip in clips(species)[:3]:
        presenter = replace(clip, species=None, subject=clip.other, other=None, attack=())
        held, alone = Scene(clip), Scene(presenter)
        outside = margin(clip)
        off = np.abs(held.depth(0).astype(int) - alone.depth(0))[outside]
        assert (off > 20).mean() < 0.05
        assert abs(held.thermal(0)[outside].astype(float).mean() - alone.thermal(0)[outside].mean()) < 30


def test_the_area_is_reported_without_regard_to_the_label():
    records = Phantom(subjects=60, frames=1, size=64, species=("print.flat", "mask.rigid")).records("all")
    shares = {
        label: np.array([margin(r.channels["rgb"].clip).mean() for r in records if r.label == label])
        for label in (0, 1)
    }
    assert abs(shares[0].mean() - shares[1].mean()) < 0.05
    for record in records[:6]:
        known = record.annotation.load()
        np.testing.assert_allclose(known.area, area(record.channels["rgb"].clip), atol=1e-4)
        inside = np.concatenate(
            [known.area[:, :2] - known.points.min(1), known.points.max(1) - known.area[:, 2:]], axis=1
        )
        assert (inside < 1.5).all()
