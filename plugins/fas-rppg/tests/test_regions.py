"""Regions against a point-in-polygon test by angles, and against one another."""

import numpy as np
import pytest
from fas_rppg.regions import NAMES, canonical, five_of, labeled, landmarks, polygons
from hypothesis import given, settings, strategies as st


def winds_around(shape, x, y):
    """Whether a point lies inside a simple polygon: the angles under which it sees the edges sum to a full turn."""
    z = shape @ (1, 1j) - (x + 1j * y)
    return abs(np.angle(np.roll(z, -1) / z).sum()) > np.pi


def face(size=60.0, turn=0.0, x=80.0, y=60.0):
    moved = size * np.exp(1j * turn) * (canonical() @ (1, 1j)) + x + 1j * y
    return np.stack([moved.real, moved.imag], axis=1)


def test_each_region_holds_the_pixels_whose_centers_it_surrounds():
    shapes = polygons(face(31.3, 0.2, 61.7, 47.9))
    labels = labeled(shapes, 120, 128)
    for region, shape in enumerate(shapes, start=1):
        wanted = np.array([[winds_around(shape, x + 0.5, y + 0.5) for x in range(128)] for y in range(120)])
        np.testing.assert_array_equal(labels == region, wanted, err_msg=NAMES[region - 1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=2), st.integers(0, 12))
def test_polygons_that_share_an_edge_neither_share_nor_lose_a_pixel(edge, middle):
    """A rectangle cut by any line through two of its sides: corners and edges lie on pixel centres as often as not."""
    (a, b), _ = edge
    left = np.array([[0, 0], [a, 0], [middle, 6], [b, 12], [0, 12]]) + 0.5
    right = np.array([[a, 0], [12, 0], [12, 12], [b, 12], [middle, 6]]) + 0.5
    parts = [labeled([part], 14, 14) for part in (left, right)]
    assert not (parts[0] & parts[1]).any()
    np.testing.assert_array_equal(
        parts[0] | parts[1], labeled([np.array([[0, 0], [12, 0], [12, 12], [0, 12]]) + 0.5], 14, 14)
    )


@settings(max_examples=30, deadline=None)
@given(st.floats(8, 70), st.floats(-3.1, 3.1), st.floats(-20, 150), st.floats(-20, 150))
def test_regions_are_disjoint_and_cover_the_area_of_their_polygons(size, turn, x, y):
    shapes = polygons(face(size, turn, x, y))
    apart = np.stack([labeled([shape], 130, 130) for shape in shapes])
    assert apart.sum(0).max() <= 1
    np.testing.assert_array_equal((apart * np.arange(1, 7)[:, None, None]).sum(0), labeled(shapes, 130, 130))


def test_a_large_region_has_the_area_of_its_polygon():
    for region, shape in enumerate(polygons(face(300, 0.1, 480, 400)), start=1):
        x, y = shape.T
        area = abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2
        assert (labeled(polygons(face(300, 0.1, 480, 400)), 1100, 1000) == region).sum() == pytest.approx(
            area, rel=0.005
        )


def test_the_forehead_is_on_the_brows_and_is_as_high_as_six_tenths_of_the_eyes_distance():
    forehead = polygons(face(100, 0.5))[5]
    np.testing.assert_allclose(np.linalg.norm(forehead[-1] - forehead[0], axis=-1), 60)
    np.testing.assert_allclose(np.linalg.norm(forehead[10] - forehead[9], axis=-1), 60)


def test_the_canonical_face_is_its_own_mirror_image_with_unit_distance_of_the_eyes():
    five = five_of(canonical())
    np.testing.assert_allclose(five[:2], [[-0.5, 0], [0.5, 0]], atol=2e-3)
    mirrored = canonical() * [-1, 1]
    assert {tuple(point) for point in mirrored.round(9) + 0.0} == {tuple(point) for point in canonical().round(9) + 0.0}


@settings(max_examples=25, deadline=None)
@given(st.floats(5, 200), st.floats(-3.1, 3.1), st.floats(-100, 400), st.floats(-100, 400))
def test_five_points_of_a_canonical_face_give_all_its_landmarks(size, turn, x, y):
    wanted = face(size, turn, x, y)
    np.testing.assert_allclose(landmarks(five_of(wanted)[None])[0], wanted, atol=1e-6)


def test_68_points_are_taken_as_they_are_and_further_ones_left():
    points = np.random.default_rng(0).normal(size=(3, 140, 2))
    np.testing.assert_array_equal(landmarks(points), points[:, :68])
    with pytest.raises(ValueError, match="5 or 68 points"):
        landmarks(points[:, :7])
