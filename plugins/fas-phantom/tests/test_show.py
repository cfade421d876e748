"""`fascore phantom show`: sheets of the stated panels, and sentences for what cannot be drawn."""

from pathlib import Path

import forked
import numpy as np
import pytest
from fas_phantom import show, truth
from fas_phantom.components import Phantom
from fas_phantom.species import SPECIES
from PIL import Image

from fascore import FascoreError


def fascore(*arguments):
    return forked.call(*arguments, cwd=Path.cwd())


@pytest.fixture(scope="module")
def dataset():
    return Phantom(subjects=3, frames=6, size=64, species="all")


def panels(figure):
    return {
        axis.get_title().split(",")[0].split(" (")[0].split(" ×")[0].split(":")[0]
        for axis in figure.axes
        if axis.get_title()
    }


def test_a_sheet_has_all_that_is_known_of_an_attack_as_a_picture(dataset, tmp_path):
    figure = show.sheet(show.choose(dataset, "print.cut", 1))
    assert panels(figure) == {
        "live counterpart",
        "attack",
        "attack as recorded",
        "P",
        "T_A = attack - live",
        "B",
        "C",
        "T",
        "depth",
        "near infrared",
        "thermal",
        "pulse",
    }
    path = tmp_path / "sheet.png"
    show.write(figure, path)
    with Image.open(path) as image:
        assert min(image.size) > 1500
        pixels = np.asarray(image.convert("RGB")).astype(int)
    drawn = 0
    for axis in figure.axes:
        if axis.images:
            left, bottom, right, top = (axis.get_position().extents * np.tile(pixels.shape[1::-1], 2)).astype(int)
            inside = pixels[pixels.shape[0] - top + 5 : pixels.shape[0] - bottom - 5, left + 5 : right - 5]
            assert len(np.unique(inside.reshape(-1, 3), axis=0)) > 30, axis.get_title()
            drawn += 1
    assert drawn == 14
    assert [path] == list(tmp_path.iterdir())


def test_the_pictures_of_a_sheet_are_the_truth(dataset):
    record = show.choose(dataset, "replay.screen", 0)
    known, frame = truth(record), show.telling(truth(record))
    shown = {
        axis.get_title().split(",")[0]: axis.images[0].get_array()
        for axis in show.sheet(record).axes
        if axis.images and axis.get_title()
    }
    np.testing.assert_array_equal(shown["live counterpart"], known.live(frame))
    gain = show.amplification(known.trace(frame), known.hull(frame))
    np.testing.assert_allclose(
        shown["T_A = attack - live"], np.clip(0.5 + gain * (known.shown(frame) - known.live(frame)), 0, 1), atol=1e-6
    )


def test_the_overview_has_a_row_for_every_species_and_one_bona_fide(dataset):
    records = show.everything(dataset, 0)
    assert [record.species for record in records] == [None, *SPECIES]
    assert {record.subject for record in records} == {records[0].subject}
    figure = show.overview(records)
    assert len(figure.axes) == 6 * len(records)
    assert sum(axis.get_title() == "thermal" for axis in figure.axes) == len(records)


def test_a_trace_is_amplified_by_a_power_of_two_that_hardly_clips_any_of_it():
    random = np.random.default_rng(0)
    face = np.ones((20, 20), bool)
    for scale in (0.002, 0.02, 0.1, 0.4):
        trace = random.uniform(-scale, scale, (20, 20, 3))
        gain = show.amplification(trace, face)
        assert gain in (1, 2, 4, 8, 16, 32)
        assert np.mean(np.abs(gain * trace) > 0.5) <= 0.011
        assert gain == 32 or 2 * gain * scale > 0.49
    assert show.amplification(np.zeros((20, 20, 3)), face) == 32


def test_the_pulse_of_a_sheet_is_that_of_the_picture(dataset):
    record = show.choose(
        Phantom(subjects=3, frames=60, size=64, species=("print.flat", "replay.screen")), "replay.screen", 0
    )
    recorded, seen, live = show.series(record, truth(record))
    assert len(recorded) == len(seen) == len(live) == 60
    assert 0.15 < np.std(seen) / np.std(live) < 1.3
    assert not show.series(show.choose(dataset, "print.flat", 0), truth(show.choose(dataset, "print.flat", 0)))[1].any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--species", "replay.fone"), "did you mean 'replay.phone'?"),
        (("--species", "glasses", "--site", "D"), "site"),
        (("--species", "glasses", "--subject", "1000"), "--subject 1000: not a subject; choose a number from 0 to 998"),
        (("--species", "glasses", "--size", "16"), "size"),
    ],
)
def test_what_cannot_be_drawn_is_reported_in_a_sentence(arguments, sentence, tmp_path):
    done = fascore("phantom", "show", *arguments, "--out", tmp_path / "x.png")
    assert done.returncode != 0
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_sheet_that_cannot_be_written_leaves_nothing(tmp_path, dataset):
    figure = show.overview(show.everything(dataset, 0)[:3])
    with pytest.raises(FascoreError, match="PNG files"):
        show.write(figure, tmp_path / "x.jpg")
    with pytest.raises(FascoreError, match="cannot be written"):
        show.write(figure, tmp_path / "nowhere" / "x.png")
    assert not list(tmp_path.iterdir())


def test_the_command_draws_a_sheet(tmp_path):
    out = tmp_path / "sheet.png"
    done = fascore("phantom", "show", "--species", "bona_fide", "--size", "48", "--frames", "4", "--out", out)
    assert (done.returncode, done.stdout.strip()) == (0, str(out)), done.stderr
    with Image.open(out) as image:
        assert image.format == "PNG"
