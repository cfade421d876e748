import numpy as np
import pytest
from audited_scenes import BOX, SIZE, Drawn, Told
from fas_audit.record_facts import look
from fas_audit.statistics import blockiness, noise, statistics

from fascore import Record


@pytest.mark.parametrize("deviation", [2.0, 5.0, 12.0])
def test_the_noise_estimate_is_the_deviation_of_added_noise_on_a_slope(deviation):
    y, x = np.mgrid[:200, :200]
    picture = 0.3 * x + 0.2 * y + np.random.default_rng(0).normal(0, deviation, (200, 200))
    assert noise(picture) == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize("phase", [0, 3])
def test_blocks_of_eight_raise_blockiness_at_any_phase(phase):
    random = np.random.default_rng(1)
    smooth = random.normal(0, 2, (80, 80))
    blocks = np.roll(np.kron(random.normal(0, 20, (10, 10)), np.ones((8, 8))), phase, (0, 1)) + smooth
    assert blockiness(smooth) < 1.5
    assert blockiness(blocks) > 4


def test_other_sensors_contribute_validity_and_brightness_but_not_relief_or_warmth():
    depth = np.zeros((32, 32), dtype=np.uint16)
    depth[:, :8] = 700
    measured = statistics({"depth": depth, "infrared": np.full((32, 32), 9, np.uint8), "thermal": depth}, None)
    assert set(measured) == {
        (name, region, what)
        for name, what in (("depth", "validity"), ("infrared", "mean"))
        for region in ("frame", "centre")
    }
    assert measured["infrared", "frame", "mean"] == 9
    assert measured["depth", "frame", "validity"] == 0.25
    assert measured["depth", "centre", "validity"] == 0


def test_the_box_is_the_face_and_its_mean_is_that_of_its_pixels():
    picture = Drawn(1).picture()
    x1, y1, x2, y2 = BOX[0].astype(int)
    measured = statistics({"rgb": picture}, BOX[0].astype(float) / SIZE)
    assert measured["rgb", "face", "mean"] == pytest.approx(picture[y1:y2, x1:x2].mean())
    assert ("rgb", "centre", "mean") not in measured


def test_the_middle_frame_is_looked_at_and_boxes_are_shares_of_it():
    facts = look(Record("a", 1, {"rgb": Drawn(1, frames=9, rate=10.0)}, annotation=Told()))
    assert facts.problem is None
    assert facts.container["rgb frames"] == 9
    assert facts.container["rgb rate"] == pytest.approx(10)
    assert facts.box is not None
    assert facts.box * SIZE == pytest.approx(BOX[0])
    assert facts.frames["rgb"].shape == (64, 64, 3)
    assert np.abs(facts.frames["rgb"] * 255 - Drawn(1).picture()).max() < 0.1


def test_a_source_that_crashes_is_a_problem_of_its_record():
    assert (
        look(Record("a", 1, {"rgb": Drawn(1, frames=0)})).problem
        == "IndexError: index 0 is out of bounds for axis 0 with size 0"
    )
