"""Truth: regions, traces and their bands, inpainting, and the physics that each stage stands for."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from fas_phantom import truth
from fas_phantom.components import Phantom
from fas_phantom.regions import REGIONS, hull, inside
from fas_phantom.species import SPECIES
from fas_phantom.traces import bands, lowpass
from hypothesis import given, settings, strategies as st
from matplotlib.path import Path
from scipy.spatial import Delaunay
from torch.nn.functional import adaptive_avg_pool2d, interpolate

ADDITIVE = (
    "print.flat",
    "print.warped",
    "replay.screen",
    "replay.phone",
    "mask.silicone",
    "mask.transparent",
    "makeup.cosmetic",
    "makeup.obfuscation",
    "makeup.impersonation",
)


@pytest.fixture(scope="module")
def records():
    return Phantom(subjects=3, frames=8, species="all").records("all")


def of(records, *species):
    return [record for record in records if record.species in species]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), size=st.integers(33, 90), count=st.integers(2, 32))
def test_the_low_pass_is_adaptive_pooling_and_bilinear_interpolation(seed, size, count):
    image = np.random.default_rng(seed).standard_normal((size, size, 3)).astype(np.float32)
    pooled = adaptive_avg_pool2d(torch.from_numpy(image.transpose(2, 0, 1))[None], count)
    expected = interpolate(pooled, (size, size), mode="bilinear", align_corners=False)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(lowpass(image, count), expected, atol=1e-5)
    np.testing.assert_allclose(lowpass(image[..., 0], count), expected[..., 0], atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([32, 48, 50, 64, 128]))
def test_the_bands_add_up_to_the_trace(seed, size):
    trace = np.random.default_rng(seed).uniform(-1, 1, (size, size, 3)).astype(np.float32)
    found = bands(trace)
    total = lowpass(found.b, size // 8) + lowpass(found.c, size // 2) + found.t
    np.testing.assert_allclose(total, trace, atol=1e-6)
    np.testing.assert_array_equal(found.b, trace)
    np.testing.assert_allclose(found.c, trace - lowpass(trace, size // 8), atol=1e-6)


@pytest.mark.parametrize("species", sorted(SPECIES))
def test_the_picture_is_the_live_counterpart_with_its_trace_and_what_replaces_it(records, species):
    for record in of(records, species):
        known = truth(record)
        shown, live, p, found = known.shown(1), known.live(1), known.inpainting(1)[..., None], known.bands(1)
        trace = lowpass(found.b, 16) + lowpass(found.c, 64) + found.t
        np.testing.assert_allclose((1 - p) * (live + trace) + p * shown, shown, atol=1e-6)
        np.testing.assert_allclose((1 - p) * (shown - trace) + p * live, live, atol=1e-6)


def test_nothing_is_inpainted_where_an_attack_acts_on_the_live_picture(records):
    for record in of(records, None, *ADDITIVE):
        assert not truth(record).inpainting(1).any()


@pytest.mark.parametrize(
    ("species", "low", "high"),
    [
        ("partial.funny_eye", 0.05, 0.4),
        ("partial.paper_glasses", 0.02, 0.3),
        ("partial.eye_paper", 0.1, 0.5),
        ("partial.mouth_paper", 0.05, 0.4),
        ("glasses", 0.05, 0.55),
        ("mask.half", 0.3, 0.8),
        ("mask.rigid", 0.6, 0.99),
        ("mask.paper", 0.6, 0.99),
        ("mannequin", 0.99, 1.0),
        ("print.cut", 0.8, 0.99),
        ("forgery.faceswap", 0.4, 1.0),
        ("forgery.reenactment", 0.5, 1.0),
        ("forgery.generated", 0.9, 1.0),
        ("forgery.lipsync", 0.1, 0.5),
    ],
)
def test_the_inpainted_share_of_the_face_is_that_of_the_instrument(records, species, low, high):
    for record in of(records, species):
        p, face = truth(record).inpainting(1), truth(record).hull(1)
        assert set(np.unique(p)) <= {0, 1}
        assert low < p[face].mean() <= high


def test_eyes_behind_the_holes_of_masks_and_cut_prints_are_not_inpainted(records):
    for record in of(records, "mask.rigid", "mask.paper", "mask.half", "print.cut"):
        known = truth(record)
        for eye in (slice(36, 42), slice(42, 48)):
            x, y = known.landmarks[1, eye].mean(0).astype(int)
            assert known.inpainting(1)[y, x] == 0


def test_where_a_worn_instrument_is_not_the_wearer_is_untouched(records):
    for record in of(records, "partial.eye_paper", "partial.mouth_paper", "partial.funny_eye", "mask.half"):
        known = truth(
            replace(record, channels={"rgb": replace(record.channels["rgb"], clip=sharp(record.channels["rgb"].clip))})
        )
        clear = known.hull(1) & (known.scene.hidden(1) == 0)
        assert clear.any()
        assert np.abs(known.trace(1)[clear]).max() < 0.02


def sharp(clip):
    return replace(clip, capture=replace(clip.capture, defocus=0.0, talk=0.0))


def test_a_forgery_changes_nothing_outside_the_region_that_it_drew_anew(records):
    for record in of(records, *(name for name, kind in SPECIES.items() if kind.task == "forgery")):
        known = truth(
            replace(record, channels={"rgb": replace(record.channels["rgb"], clip=sharp(record.channels["rgb"].clip))})
        )
        near = cv2.dilate(
            known.scene.hidden(1), np.ones((5, 5))
        )  # the form of a mouth that moves shades the next pixels
        assert np.abs(known.trace(1)[near == 0]).max() < 1e-5


def test_the_hull_holds_what_another_library_finds_within_it(records):
    for record in records[::20]:
        known = truth(record)
        mesh, face = known.mesh[1], known.hull(1)
        centers = np.stack(np.meshgrid(np.arange(128) + 0.5, np.arange(128) + 0.5), axis=-1)
        assert np.array_equal(face, Delaunay(mesh).find_simplex(centers) >= 0)


def test_regions_are_disjoint_cover_most_of_the_face_and_hold_their_landmarks(records):
    for record in records[::15]:
        known = truth(record)
        found = known.regions(1)
        assert tuple(found) == tuple(REGIONS)
        assert max(sum(mask.astype(int) for mask in found.values()).ravel()) == 1
        assert (sum(found.values()) & known.hull(1)).sum() > 0.85 * known.hull(1).sum()
        for name, point in (
            ("nose", 30),
            ("mouth", 51),
            ("chin", 75),
            ("forehead", 70),
            ("eye_left", 90),
            ("eye_right", 122),
            ("cheek_left", 102),
        ):
            x, y = known.mesh[1, point]
            assert found[name][int(y), int(x)], (name, record.species)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_pixels_of_a_polygon_are_those_that_another_library_finds_and_neighbors_share_none(seed):
    random = np.random.default_rng(seed)
    turns = (np.arange(9) + random.uniform(0, 1, 9)) * 2 * np.pi / 9
    polygon = 20.5 + random.uniform(6, 18, 9)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
    centers = np.stack(np.meshgrid(np.arange(40) + 0.5, np.arange(40) + 0.5), axis=-1)
    expected = Path(polygon).contains_points(centers.reshape(-1, 2)).reshape(40, 40)
    assert np.array_equal(inside(polygon, 40), expected)
    fans = [
        inside(np.array([(20.5, 20.5), polygon[place], polygon[(place + 1) % 9]]), 40).astype(int) for place in range(9)
    ]
    assert max(sum(fans).ravel()) == 1


def test_a_square_holds_the_pixels_whose_centers_it_holds():
    assert np.array_equal(np.argwhere(hull(np.array([[1.0, 2], [4, 2], [4, 3], [1, 3]]), 6)), [[2, 1], [2, 2], [2, 3]])


def test_the_pulsation_of_a_live_face_is_its_waveform_and_that_of_attacks_what_they_let_through(records):
    for record in of(records, None):
        if record.task == "spoof" and not record.metadata["glasses"]:
            known = truth(record)
            cheeks = [known.regions(index)["cheek_left"] | known.regions(index)["cheek_right"] for index in range(8)]
            green = [
                known.pulsation(index)[..., 1][skin].mean() / known.shown(index)[..., 1][skin].mean()
                for index, skin in enumerate(cheeks)
            ]
            late = np.interp(np.arange(8) - 0.02 * known.clip.capture.rate, np.arange(8), known.waveform)
            assert np.corrcoef(green, late)[0, 1] > 0.9
            assert np.std(green) / np.std(late) == pytest.approx(known.clip.pulse.amplitude, rel=0.5)
    for record in of(records, "print.flat", "print.warped", "mannequin"):
        assert not truth(record).pulsation(1).any()
    for record in of(records, "partial.eye_paper"):
        known = truth(record)
        assert np.abs(known.pulsation(1)[cv2.erode(known.inpainting(1), np.ones((9, 9))) == 1]).max() < 1e-5


def test_an_oracle_on_the_truth_separates_attacks_from_bona_fide_without_error():
    scores = {True: [], False: []}
    for site in "ABC":
        for record in Phantom(site=site, subjects=4, frames=1, size=64, species="all").records("all"):
            scores[record.species is None].append((truth(record).score(0), record.id))
    live, attacks = sorted(scores[True]), sorted(scores[False])
    assert len(attacks) > 250
    assert live[-1][0] == 0
    assert attacks[0][0] > 0.004


def energies(records, stage):
    """Energy of the trace's (low, high) band, as it is and without a stage: (2, 2), summed over records.

    Within the hull, but for a border as wide as a cell of the low band, whose cells there average the scene outside too.
    """
    total = np.zeros((2, 2))
    for record in records:
        known = truth(record)
        face, live = cv2.erode(known.hull(0).astype(np.uint8), np.ones((17, 17))) > 0, known.live(0)
        for row, without in enumerate((frozenset(), frozenset({stage}))):
            low, _, high = bands(known.shown(0, without=without) - live).parts
            total[row] += [(low[face] ** 2).sum(), (high[face] ** 2).sum()]
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    ("species", "fine"), [("print.flat", "halftone"), ("replay.screen", "moire"), ("replay.phone", "moire")]
)
def test_the_fine_band_is_the_grid_and_the_coarse_band_is_tone_and_gamut(species, fine):
    found = [
        record
        for site in "ABC"
        for record in of(Phantom(site=site, subjects=12, frames=1, species=(species,)).records("all"), species)
    ]
    with_grid, without_grid = energies(found, fine)[:, 1]
    assert without_grid < 0.2 * with_grid
    with_tone, without_tone = energies(found, "tone")[:, 0]
    assert without_tone < 0.2 * with_tone


@pytest.mark.parametrize("species", sorted(SPECIES))
def test_every_stage_can_be_switched_off_and_changes_the_picture(records, species):
    stages = truth(of(records, species)[0]).stages()
    assert stages
    for stage in stages:
        changes = []
        for known in map(truth, of(records, species)):
            index = int(known.scene.attack.driver().mouth.argmax()) if stage == "teeth" else 0
            changes.append(np.abs(known.shown(index) - known.shown(index, without=frozenset({stage}))).max())
        assert max(changes) > 0.0004, stage


def test_exact_depth_and_temperature_are_what_the_cameras_record_but_for_noise(records):
    for record in records[::25]:
        known = truth(record)
        depth = next(record.channels["depth"].read([1])).image
        seen = depth > 0
        assert np.median(np.abs(depth[seen] / (1000 * known.metres(1)[seen]) - 1)) < 0.15
        celsius = next(record.channels["thermal"].read([1])).image / 100 - 273.15 - known.clip.capture.thermal_offset
        assert np.median(np.abs(celsius - known.celsius(1))) < 0.2


def test_lipstick_ends_at_the_corners_of_the_mouth(records):
    for record in of(records, "makeup.cosmetic"):
        known = truth(record)
        change = np.abs(known.shown(1) - known.shown(1, without=frozenset({"lipstick"}))).max(2)
        corners = known.landmarks[1, [48, 54], 0]
        columns = np.arange(128) + 0.5
        reach = 2 + 3 * known.clip.capture.defocus + 0.1 * np.ptp(corners)
        assert change[:, (columns < corners.min() - reach) | (columns > corners.max() + reach)].max() < 0.004
