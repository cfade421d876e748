"""What `phantom-2` is: its parameters to the digit on every machine, its pictures within the rounding of machines and builds of x264.

`python plugins/fas-phantom/tests/test_frozen.py` writes the pictures' golden numbers anew; the README says when.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fas_phantom import fingerprint, mini, truth
from fas_phantom.components import Phantom
from fas_phantom.parameters import RENDERER_VERSION
from fas_phantom.sources import CHANNELS, Rendered

MINI = "87000fd997b13f9ee7a90de8678b90ae130f9378109718696ad76a01e7fd4283"
"""Fingerprint of `mini()`: of the version and of every parameter of every record, at nine digits, not of pixels. It is the same on every machine."""
GOLDEN = Path(__file__).parent / "golden.json"
SHOWN = (
    "A bona_fide",
    "B bona_fide",
    "C bona_fide",
    "A print.flat",
    "B replay.phone",
    "C replay.screen",
    "A mask.silicone",
    "B mask.rigid",
    "C makeup.obfuscation",
    "A partial.funny_eye",
    "B glasses",
    "C mannequin",
    "A forgery.faceswap",
    "B forgery.generated",
)
"""Site and species of the records whose pictures are frozen: one of each family at least."""
TOLERANCE = {"rgb": 0.6, "depth": 3.0, "infrared": 0.3, "thermal": 1.0}
"""Of means over a 16th of the picture, in steps of the channel: rounding; a pixel lost or found, of depth; what builds of x264 differ by, of RGB."""


def one(shown):
    """The first record of a site and species."""
    site, species = shown.split()
    wanted = None if species == "bona_fide" else species
    listed = Phantom(site=site, subjects=4, frames=10, size=64, species="all").records("test")
    return next(record for record in listed if record.species == wanted)


def look(source):
    """Of a clip's last frame but one: means over a grid of 4 x 4 cells; the deviation; the mean step from pixel to pixel."""
    image = next(iter(source.read([8]))).image.astype(np.float64).reshape(64, 64, -1).mean(2)
    cells = image.reshape(4, 16, 4, 16).mean((1, 3)).ravel()
    return {
        "cells": cells.round(3).tolist(),
        "deviation": round(float(image.std()), 3),
        "step": round(float(np.abs(np.diff(image)).mean()), 3),
    }


def told(record):
    """All golden numbers of a record: its channels, landmarks in pixels, and the pulse."""
    known = truth(record)
    return {
        "channels": {name: look(record.channels[name]) for name in CHANNELS},
        "landmarks": known.landmarks[8].mean(0).round(4).tolist(),
        "waveform": known.waveform[:9:4].round(6).tolist(),
    }


def differences(channel, found, expected):
    """Sentences on what of a channel is not as frozen."""
    off = np.abs(np.subtract(found["cells"], expected["cells"])).max()
    return [f"{channel}: a cell is off by {off:.2f}"] * bool(off > TOLERANCE[channel]) + [
        f"{channel}: {name} {found[name]}, frozen {expected[name]}"
        for name in ("deviation", "step")
        if found[name] != pytest.approx(expected[name], rel=0.03, abs=0.05)
    ]


def test_the_records_of_mini_are_those_that_were_frozen():
    assert fingerprint(mini()) == MINI


@pytest.mark.parametrize("shown", SHOWN)
def test_what_is_rendered_is_what_was_frozen(shown):
    found, expected = told(one(shown)), json.loads(GOLDEN.read_text(encoding="utf-8"))["records"][shown]
    assert [
        line for name in CHANNELS for line in differences(name, found["channels"][name], expected["channels"][name])
    ] == []
    assert found["landmarks"] == pytest.approx(expected["landmarks"], abs=0.01)
    assert found["waveform"] == pytest.approx(expected["waveform"], abs=1e-4)


def test_golden_numbers_are_of_this_version():
    assert json.loads(GOLDEN.read_text(encoding="utf-8"))["version"] == RENDERER_VERSION


@pytest.mark.parametrize(
    ("shown", "channel", "changed"),
    [
        ("A print.flat", "rgb", {"halftone": 0.6}),
        ("B replay.phone", "rgb", {"mosaic": 0.7}),
        ("C replay.screen", "infrared", {"infrared": 1.3}),
        ("B glasses", "rgb", {"tint": 0.8}),
    ],
)
def test_a_number_of_an_attack_that_changes_by_some_tenths_shows_in_the_golden_numbers(shown, channel, changed):
    expected, clip = json.loads(GOLDEN.read_text(encoding="utf-8"))["records"][shown], one(shown).channels[channel].clip
    other = replace(clip, attack=tuple((name, value * changed.get(name, 1)) for name, value in clip.attack))
    assert differences(channel, look(Rendered(other, channel)), expected["channels"][channel])


if __name__ == "__main__":
    written = {"version": RENDERER_VERSION, "records": {shown: told(one(shown)) for shown in SHOWN}}
    GOLDEN.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(fingerprint(mini()))
