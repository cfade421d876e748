"""The 140 vertices: where they lie, how they move, and what a mirror image makes of them."""

from dataclasses import replace

import numpy as np
import pytest
from fas_phantom import truth
from fas_phantom.components import Phantom
from fas_phantom.head import head
from fas_phantom.landmarks import exact, frontal
from fas_phantom.parameters import Person
from fas_phantom.relief import outline
from fas_phantom.render import Scene
from fas_phantom.view import Pose
from scipy.ndimage import map_coordinates

from fascore.data.geometry import FLIPS

PEOPLE = [Person("p", seed, 1 + seed % 6) for seed in range(20)]


@pytest.mark.parametrize("person", PEOPLE[:5])
def test_the_mirror_image_of_a_face_has_its_points_in_the_order_of_the_flip(person):
    points = frontal(person)[:, :2]
    np.testing.assert_allclose(points[list(FLIPS["mesh140"])], points * [-1, 1], atol=1e-6)


def test_all_vertices_are_different_and_lie_within_the_outline_of_the_head():
    for person in PEOPLE:
        points = frontal(person)
        assert points.shape == (140, 3)
        apart = np.hypot(*(points[:, None, :2] - points[None, :, :2]).transpose(2, 0, 1)) + np.eye(140)
        close = {tuple(pair) for pair in np.argwhere(apart < 0.002).tolist() if pair[0] < pair[1]}
        assert close <= {(48, 60), (54, 64), (61, 67), (62, 66), (63, 65)}  # the shut mouth
        assert (np.abs(points[:, 0]) <= outline(head(person).who, points[:, 1]) + 1e-4)[9:].all()


def test_the_further_vertices_lie_on_the_surface_that_the_camera_sees():
    for record in Phantom(subjects=6, frames=2, species=("print.flat",)).records("all"):
        if record.species is not None:
            continue
        clip = record.channels["rgb"].clip
        scene = Scene(replace(clip, capture=replace(clip.capture, talk=0.0, blink=0.001)))
        moment, expected = scene.moment(1), frontal(clip.subject)[68:, :2]
        at = truth(record).mesh[1, 68:].T[::-1] - 0.5
        met = np.stack([map_coordinates(field, at, order=1) for field in (moment.hit.x, moment.hit.y)], axis=1)
        assert np.median(np.hypot(*(met - expected).T)) < 0.0015


def test_the_chin_goes_down_with_the_jaw_and_the_forehead_stays():
    still = Pose(0, 0, 0, 64, 64, 400)
    moved = exact(PEOPLE[0], still._replace(mouth=0.01)) - exact(PEOPLE[0], still)
    assert (moved[[74, 75, 107, 139], 1] > 1).all()
    assert not moved[68:74].any()
    assert not moved[76:98].any()


def test_a_dataset_gives_the_mesh_with_a_detectors_error_and_its_first_points_are_the_68():
    mesh, plain = (Phantom(subjects=3, frames=200, landmarks=layout).records("dev")[0] for layout in ("mesh140", "68"))
    known, fewer, exactly = mesh.annotation.load(), plain.annotation.load(), truth(mesh)
    assert (known.layout, known.points.shape) == ("mesh140", (200, 140, 2))
    assert np.array_equal(known.points[:, :68], fewer.points) and fewer.layout == "68"
    assert np.array_equal(known.boxes, fewer.boxes)
    size = np.sqrt(np.ptp(exactly.landmarks[..., 0], axis=1) * np.ptp(exactly.landmarks[..., 1], axis=1)).mean()
    error = (known.points[:, 68:] - exactly.mesh[:, 68:]) / size
    assert error.std() == pytest.approx(0.01, rel=0.1)
    assert mesh.annotation.digest() != plain.annotation.digest()
