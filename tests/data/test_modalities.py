"""Each modality against numbers worked out another way."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
import torch
from data_scenes import plan
from hypothesis import given, settings, strategies as st
from scipy.ndimage import distance_transform_edt

from fascore import Annotation, AnnotationSource, Frame, NoResponse, Record, Source, SpecError
from fascore.components.modalities import DepthMap, Difference, FaceFrames, Faces, Infrared, PseudoDepth
from fascore.components.modalities.depth_map import filled
from fascore.components.modalities.faces import steady
from fascore.components.modalities.pseudo_depth import height_map
from fascore.contract.kinds import Face
from fascore.contract.refs import Ref
from fascore.contract.signals import Clip, Image, Plane, Points, Vector
from fascore.data.draws import Draws
from fascore.data.geometry import FIVE, aligned_crop, cut, five_of, nearest, square_crop, to_frame, to_pixels
from fascore.spec.plan import check

BOX = (20.0, 10.0, 60.0, 50.0)


@dataclass(frozen=True)
class Still(Source):
    """Frames held in memory."""

    images: tuple[np.ndarray, ...]
    rate: float = 10.0

    def digest(self) -> str:
        return "still"

    def times(self) -> np.ndarray:
        return np.arange(len(self.images)) / self.rate

    def read(self, indices: Sequence[int] | None = None):
        for index in range(len(self.images)) if indices is None else indices:
            yield Frame(index / self.rate, self.images[index])


@dataclass(frozen=True)
class At(AnnotationSource):
    boxes: np.ndarray | None
    points: np.ndarray | None = None

    def digest(self) -> str:
        return "at"

    def load(self) -> Annotation:
        return Annotation(self.boxes, self.points)


def a_record(label: int = 1, boxes=(BOX,), points=None, **channels) -> Record:
    channels = {"rgb": np.zeros((60, 80, 3), dtype=np.uint8), **channels}
    sources = {
        name: Still((image,) if isinstance(image, np.ndarray) else tuple(image)) for name, image in channels.items()
    }
    return Record(
        "r", label, sources, annotation=At(None if boxes is None else np.array(boxes, dtype=np.float32), points)
    )


def made(record: Record, config, *before, signals=(None,)):
    """Stored arrays, and what loads from them without augmentation."""
    module = config.build(list(signals))
    stored = module.extract(record, list(before))
    rows = {n: torch.from_numpy(a.astype(np.int32) if a.dtype == np.uint16 else a) for n, a in stored.items()}
    return stored, lambda *inputs: module.load(rows, Draws.none(len(next(iter(rows.values())))), inputs)


def a_face(record: Record, **fields):
    faces = Faces().build([]).extract(record, [])
    stored, load = made(
        record, FaceFrames(inputs=(Ref("faces"),), **{"size": 20, "margin": 0, "reserve": 0.25, **fields}), faces
    )
    return stored, load()


def test_a_crop_without_margin_is_the_box_itself():
    image = np.zeros((60, 80, 3), dtype=np.uint8)
    image[10:50, 20:60] = 200
    image[10:30, 20:40, 0] = 100
    stored, loaded = a_face(a_record(rgb=image))
    assert stored["value"].shape == (1, 3, 30, 30) and stored["value"].dtype == np.uint8
    expected = cv2.resize(image[10:50, 20:60], (20, 20), interpolation=cv2.INTER_AREA) / 255
    np.testing.assert_allclose(loaded[""][0].permute(1, 2, 0).numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(loaded["crop"][0, 0], [[20, 0, 40], [0, 20, 30]])
    np.testing.assert_allclose(stored["box"], [[-1, -1, 1, 1]])


def test_what_lies_outside_the_frame_is_black():
    _, loaded = a_face(a_record(rgb=np.full((60, 80, 3), 255, dtype=np.uint8), boxes=[(-20, 10, 20, 50)]))
    np.testing.assert_allclose(loaded[""][0, 0, 5].numpy(), [0.0] * 10 + [1.0] * 10, atol=1e-5)


def test_a_small_crop_of_a_large_face_is_averaged_not_picked():
    """Fine stripes become grey; picking pixels would give stripes or one of the two."""
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    image[:, ::2] = 255
    _, loaded = a_face(a_record(rgb=image, boxes=[(40, 40, 360, 360)]))
    assert (loaded[""] - 0.5).abs().max() < 0.02


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), margin=st.floats(0, 1))
def test_alignment_is_the_least_squares_similarity_of_opencv(seed, margin):
    generator = np.random.default_rng(seed)
    angle, size = generator.uniform(-1, 1), generator.uniform(10, 80)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = FIVE @ turn.T + generator.uniform(20, 200, 2) + generator.normal(0, 0.01 * size, (5, 2))
    ours = aligned_crop(points, margin)
    residual = np.linalg.norm(to_pixels(ours, FIVE / (1 + 2 * margin)) - points)
    theirs, _ = cv2.estimateAffinePartial2D(FIVE / (1 + 2 * margin), points, method=cv2.LMEDS, refineIters=100)
    assert residual <= np.linalg.norm(to_pixels(theirs, FIVE / (1 + 2 * margin)) - points) + 1e-3
    np.testing.assert_allclose(ours[0, 0], ours[1, 1], rtol=1e-5)
    np.testing.assert_allclose(to_frame(ours, to_pixels(ours, FIVE)), FIVE, atol=1e-3)
    assert np.linalg.norm(ours[:, :2] @ [1, 0]) == pytest.approx(size * (1 + 2 * margin), rel=0.05)


@given(
    times=st.lists(st.integers(0, 500), min_size=1, max_size=20, unique=True),
    wanted=st.lists(st.floats(-5, 600), min_size=1, max_size=5),
)
def test_nearest_is_what_a_search_through_all_times_finds(times, wanted):
    table = np.sort(np.array(times, dtype=float))
    np.testing.assert_array_equal(nearest(table, np.array(wanted)), [np.abs(table - w).argmin() for w in wanted])


def test_68_points_become_five_by_eye_centers_nose_and_mouth():
    points = np.arange(68 * 2, dtype=float).reshape(68, 2)
    five = five_of(points)
    np.testing.assert_array_equal(five[0], points[36:42].mean(0))
    np.testing.assert_array_equal(five[2:], points[[30, 48, 54]])


def depth_scene():
    """A face whose median is 600 mm, a nose of 480 mm or nearer, a far wall, and a hole."""
    depth = np.full((60, 80), 600, dtype=np.uint16)
    depth[26:34, 36:44] = 480
    depth[10:14, 20:24] = 660
    depth[40:50, 50:60] = 0
    return depth


def test_metric_depth_is_the_closed_form_of_the_conventions():
    record = a_record(depth=depth_scene())
    face, _ = a_face(record, size=40, reserve=0.0)
    stored, load = made(record, DepthMap(inputs=(Ref("face"),)), face, signals=(Image(3, 40, 40),))
    assert stored["value"].dtype == np.uint16 and stored["median"][0, 0] == 600
    crop = depth_scene()[10:50, 20:60].astype(float)
    expected = np.where(crop == 0, 0, np.clip(0.5 + (600 - crop) / 1000 / 0.24, 0, 1))
    np.testing.assert_allclose(load()[""][0, 0], expected, atol=1e-4)
    np.testing.assert_array_equal(load()["valid"][0, 0], crop > 0)


@pytest.mark.parametrize(("holes", "value"), [("far", 0.0), ("median", 0.5), ("nearest", 0.5)])
def test_holes_follow_the_rule_that_is_named(holes, value):
    record = a_record(depth=depth_scene())
    face, _ = a_face(record, size=40)
    _, load = made(record, DepthMap(inputs=(Ref("face"),), holes=holes), face, signals=(Image(3, 40, 40),))
    assert (
        load()[""][0, 0, 32:39, 32:39].sub(value).abs().max() < 1e-4 and not load()["valid"][0, 0, 32:39, 32:39].any()
    )
    assert load()["valid"][0, 0, :28].all()


def test_a_depth_of_another_resolution_follows_the_crop():
    record = a_record(depth=cv2.resize(depth_scene(), (320, 240), interpolation=cv2.INTER_NEAREST))
    face, _ = a_face(record, size=40)
    _, load = made(record, DepthMap(inputs=(Ref("face"),)), face, signals=(Image(3, 40, 40),))
    plain = a_record(depth=depth_scene())
    _, same = made(plain, DepthMap(inputs=(Ref("face"),)), face, signals=(Image(3, 40, 40),))
    assert (load()[""] - same()[""]).abs().mean() < 0.01 and (load()["valid"] - same()["valid"]).abs().mean() < 0.01


def test_relative_depth_is_spread_over_the_face_whatever_its_unit():
    crop = depth_scene()[10:50, 20:60]
    low, high = np.percentile(crop[crop > 0], (2, 98))
    for image, near_is_high in (
        (depth_scene(), False),
        (depth_scene() * 3, False),
        (np.where(depth_scene(), 2000 - depth_scene(), 0), True),
    ):
        record = a_record(depth=image.astype(np.uint16))
        face, _ = a_face(record, size=40, reserve=0.0)
        config = DepthMap(inputs=(Ref("face"),), unit="relative", near_is_high=near_is_high)
        _, load = made(record, config, face, signals=(Image(3, 40, 40),))
        expected = np.where(crop == 0, 0, 1 - np.clip((crop.astype(float) - low) / (high - low), 0, 1))
        np.testing.assert_allclose(load()[""][0, 0], expected, atol=0.01)


def test_depth_that_measures_nothing_in_the_face_or_is_a_colored_picture_is_refused():
    for image, message in (
        (np.zeros((60, 80), dtype=np.uint16), "has no measurement in the face"),
        (colours(), "is a color image, not depth"),
    ):
        record = a_record(depth=image)
        face, _ = a_face(record)
        with pytest.raises(NoResponse, match=message) as caught:
            made(record, DepthMap(inputs=(Ref("face"),)), face, signals=(Image(3, 20, 20),))
        assert caught.value.response == "refused"


def colours():
    return np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)


def test_the_nearest_measured_pixel_is_the_one_that_scipy_finds():
    measured = (np.random.default_rng(1).random((40, 40)) < 0.02).astype(np.uint8)
    value = np.random.default_rng(2).integers(1, 60000, (40, 40)).astype(np.uint16)
    _, (y, x) = distance_transform_edt(1 - measured, return_indices=True)
    ours = filled(value, measured)
    assert ours.dtype == np.uint16 and (ours[measured > 0] == value[measured > 0]).all()
    assert (ours == value[y, x]).mean() > 0.9  # OpenCV's 5 x 5 distances are near to Euclid's


def test_eight_bit_infrared_is_divided_and_sixteen_bit_spread_over_the_face():
    ramp = np.tile(np.arange(80), (60, 1))
    record = a_record(infrared=ramp.astype(np.uint8))
    face, _ = a_face(record, size=40, reserve=0.0)
    _, load = made(record, Infrared(inputs=(Ref("face"),)), face, signals=(Image(3, 40, 40),))
    np.testing.assert_allclose(load()[0, 0], ramp[10:50, 20:60] / 255, atol=1e-5)
    record = a_record(infrared=(1000 + 10 * ramp).astype(np.uint16))
    _, load = made(record, Infrared(inputs=(Ref("face"),)), face, signals=(Image(3, 40, 40),))
    low, high = np.percentile(np.arange(20, 60), (1, 99))
    np.testing.assert_allclose(load()[0, 0, 0], np.clip((np.arange(20, 60) - low) / (high - low), 0, 1), atol=0.01)
    _, load = made(record, Infrared(inputs=(Ref("face"),), limits=(1000, 2000)), face, signals=(Image(3, 40, 40),))
    np.testing.assert_allclose(load()[0, 0, 0], np.arange(20, 60) / 100, atol=1e-4)


def test_channels_are_matched_by_time_when_their_rates_differ():
    rgb = [np.zeros((60, 80, 3), dtype=np.uint8)] * 9
    infrared = [np.full((60, 80), 10 * i, dtype=np.uint8) for i in range(3)]
    record = a_record(rgb=rgb, infrared=infrared)
    record = Record(
        "r", 1, {**record.channels, "infrared": Still(tuple(infrared), rate=2.4)}, annotation=record.annotation
    )
    face, _ = a_face(record, frames=9)
    _, load = made(record, Infrared(inputs=(Ref("face"),)), face, signals=(Clip(9, 3, 20, 20),))
    assert (load()[0, :, 0, 10, 10] * 25.5).round().tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_differences_are_signed_and_may_be_stacked_or_a_clip():
    clip = torch.rand(2, 5, 3, 4, 4)
    stacked = Difference().build([Clip(5, 3, 4, 4)]).load({}, Draws.none(2), [clip])
    assert stacked.shape == (2, 12, 4, 4)
    torch.testing.assert_close(stacked[:, 3:6], clip[:, 2] - clip[:, 1])
    as_clip = Difference(form="clip").build([Clip(5, 3, 4, 4)]).load({}, Draws.none(2), [clip])
    torch.testing.assert_close(as_clip[:, 1] * 2 - 1, clip[:, 2] - clip[:, 1])


def test_pseudo_depth_is_a_face_under_the_landmarks_and_flat_for_attacks():
    points = torch.from_numpy((FIVE * 0.6 + 1) / 2).float()[None]
    heights = height_map(points, 64)[0, 0]
    top = heights.argmax()
    nose = (points[0, 2] * 64 - 0.5).round().long()
    assert abs(int(top // 64) - int(nose[1])) <= 1 and abs(int(top % 64) - int(nose[0])) <= 1
    assert (
        heights.min() == 0
        and 0.9 < heights.max() <= 1
        and heights[0, 0] == 0
        and 0.15 < (heights > 0).float().mean() < 0.5
    )
    for label, attacks, shaped in ((1, "flat", 1), (0, "flat", 0), (0, "face", 1)):
        config = PseudoDepth(inputs=(Ref("face.points"),), size=64, attacks=attacks)
        _, load = made(a_record(label), config, {"points": points.numpy()}, signals=(Points(5, 2),))
        torch.testing.assert_close(load(points)[0, 0], heights * shaped)


def test_pseudo_depth_turns_and_mirrors_with_its_points():
    points = torch.from_numpy((FIVE * 0.5 + 1) / 2).float()[None]
    upright = height_map(points, 40)
    turned = torch.stack([1 - points[..., 1], points[..., 0]], dim=-1)
    torch.testing.assert_close(height_map(turned, 40), upright.rot90(-1, (2, 3)), atol=1e-4, rtol=0)
    mirrored = (points * torch.tensor([-1.0, 1]) + torch.tensor([1.0, 0]))[:, [1, 0, 2, 4, 3]]
    torch.testing.assert_close(height_map(mirrored, 40), upright.flip(3), atol=0.05, rtol=0)
    as_68 = torch.zeros(1, 68, 2)
    as_68[:, 36:42], as_68[:, 42:48], as_68[:, [30, 48, 54]] = points[:, :1], points[:, 1:2], points[:, 2:]
    torch.testing.assert_close(height_map(as_68, 40), upright, atol=1e-5, rtol=0)


def test_a_detection_far_from_its_neighbors_is_another_face():
    track: list[Face | None] = [Face(np.array([10 + i, 10, 50 + i, 50], dtype=np.float32), 0.9) for i in range(30)]
    track[12], track[20] = Face(np.array([200, 10, 260, 70], dtype=np.float32), 0.99), None
    kept = steady(track)
    assert [row for row, face in enumerate(kept) if face is None] == [12, 20]


def test_a_face_that_walks_through_the_picture_stays_one_face():
    track = [Face(np.array([15 * i, 10, 15 * i + 40, 50], dtype=np.float32), 0.9) for i in range(40)]
    assert steady(track) == track


def test_frames_without_a_face_are_nan_and_never_cropped():
    boxes = np.full((12, 4), BOX, dtype=np.float32)
    boxes[3:7] = np.nan
    record = a_record(rgb=[np.full((60, 80, 3), 20 * i, dtype=np.uint8) for i in range(12)], boxes=boxes)
    faces = Faces().build([]).extract(record, [])
    assert np.isnan(faces["boxes"][3:7]).all() and (faces["confidence"] > 0).sum() == 8
    stored, _ = a_face(record, views=12)
    assert not set((stored["times"] * 10).round().astype(int)) & {3, 4, 5, 6}


def test_some_frames_are_enough_for_faces_and_are_spread_in_time():
    record = a_record(rgb=[np.zeros((60, 80, 3), dtype=np.uint8)] * 101)
    faces = Faces(frames=5).build([]).extract(record, [])
    np.testing.assert_array_equal(faces["frames"], [10, 30, 50, 70, 90])


@pytest.mark.parametrize(
    ("record", "response", "message"),
    [
        (Record("r", 1, {}), "refused", "has no channel 'rgb'; it has none"),
        (a_record(boxes=None), "refused", "the record has no boxes"),
        (a_record(boxes=[[np.nan] * 4]), "no_face", "no face in any of 1 frames"),
    ],
)
def test_a_record_without_a_face_or_a_channel_is_a_non_response(record, response, message):
    with pytest.raises(NoResponse, match=message) as caught:
        Faces().build([]).extract(record, [])
    assert caught.value.response == response


def test_points_that_a_detector_does_not_give_are_refused():
    for fields in ({"align": "similarity"}, {"landmarks": "five"}):
        with pytest.raises(NoResponse, match="the detector returns no points"):
            a_face(a_record(), **fields)
    points = np.full((1, 5, 2), 30, dtype=np.float32) + np.arange(5)[None, :, None]
    with pytest.raises(NoResponse, match="returns 5 points, not the 68 of layout '68'"):
        a_face(a_record(points=points), landmarks="68")


def test_the_68_are_the_first_points_of_the_mesh():
    points = np.random.default_rng(0).uniform(20, 40, (1, 140, 2)).astype(np.float32)
    mesh, known = (a_face(a_record(points=points), landmarks=layout)[0]["points"] for layout in ("mesh140", "68"))
    assert mesh.shape[-2:] == (140, 2)
    np.testing.assert_array_equal(known, mesh[..., :68, :])


def test_cutting_takes_the_pixels_that_the_matrix_names():
    image = np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)
    crop = cut(image, square_crop(np.array([10.0, 5, 30, 25]), 0), 20, 1.0)
    np.testing.assert_array_equal(crop, image[5:25, 10:30])
    wider = cut(image, square_crop(np.array([10.0, 5, 30, 25]), 0), 30, 1.5, exact=True)
    np.testing.assert_array_equal(wider, image[0:30, 5:35])


@pytest.mark.parametrize(
    ("config", "signals", "message"),
    [
        (Faces(inputs=(Ref("x"),)), [Image(3, 8, 8)], "leave out 'inputs'"),
        (FaceFrames(), [], "face_frames reads one modality of faces"),
        (FaceFrames(), [Image(3, 8, 8)], "face_frames reads one modality of faces"),
        (FaceFrames(fps=5), [None], "'fps' is the frame rate of a clip"),
        (DepthMap(), [Vector(3)], r"depth_map follows the crop of one face_frames; got Vector\(3\)"),
        (Infrared(), [], "infrared follows the crop of one face_frames; got no input"),
        (Infrared(limits=(3, 1)), [Image(3, 8, 8)], "'limits' must increase"),
        (Difference(), [Image(3, 8, 8)], "difference reads one Clip of two frames or more"),
        (PseudoDepth(), [Points(20, 2, "five")], "pseudo_depth reads the points of one image"),
    ],
)
def test_wrong_inputs_are_refused_with_a_sentence(config, signals, message):
    with pytest.raises(SpecError, match=message):
        config.infer(signals)


def test_ports_and_planes_of_a_clip_count_its_frames():
    config = FaceFrames(frames=4, landmarks="68", size=16)
    assert config.infer([None]) == {"": Clip(4, 3, 16, 16), "crop": Plane(4, 2, 3), "points": Points(272, 2, "68")}
    assert DepthMap(size=8).infer([Clip(4, 3, 16, 16)]) == {"": Plane(4, 8, 8), "valid": Plane(4, 8, 8)}
    assert Infrared().infer([Clip(4, 3, 16, 16, 5.0)]) == Clip(4, 1, 16, 16, 5.0)


def test_every_example_of_every_modality_passes_the_static_check():
    for kind in (Faces, FaceFrames, DepthMap, Infrared, Difference, PseudoDepth):
        for config, others in kind.examples():
            if kind is Faces:
                continue
            graph = plan({**others, "it": config}, ["it"])
            assert check(graph.spec).modalities["it"].outputs
