"""Detectors on real media: YuNet and MTCNN agree, and find nothing where there is no face."""

import sys

import numpy as np
import pytest

from fascore import NoResponse, SpecError
from fascore.components.detectors import Boxes, Mtcnn, Whole, Yunet
from fascore.components.detectors.prominent import most_prominent, reduced
from fascore.contract.record import Annotation
from fascore.data.media import as_rgb
from fascore.data.open_source import open_source


def overlap(one, other) -> float:
    corner, end = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    common = np.prod(np.clip(end - corner, 0, None))
    return float(common / (np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - common))


@pytest.fixture(scope="module")
def yunet(media):
    return Yunet(model=media / "models" / "yunet_n_640_640.onnx").build()


@pytest.fixture(scope="module")
def mtcnn():
    pytest.importorskip("facenet_pytorch", reason="the extra fascore[mtcnn] is not installed")
    return Mtcnn().build()


FACES = (
    "astronaut/astronaut.png",
    "biden_portrait/biden.jpg",
    "minivision_T1/real_T1.jpg",
    "intel_headpose_male/male.gif",
    "clm_webcam_b/webcam_b.mp4",
)


@pytest.mark.parametrize("name", FACES)
def test_two_detectors_find_the_same_face_and_the_same_points(media, yunet, mtcnn, name):
    image = as_rgb(next(open_source(media / name).read([0])).image)
    one, other = yunet.detect(image, 0, None), mtcnn.detect(image, 0, None)
    assert one.confidence > 0.6 and other.confidence > 0.9 and overlap(one.box, other.box) > 0.6
    width = one.box[2] - one.box[0]
    assert np.abs(one.points - other.points).max() < 0.15 * width
    for face in (one, other):
        assert face.box.dtype == face.points.dtype == np.float32 and face.points.shape == (5, 2)
        assert (
            face.points[0, 0] < face.points[1, 0]
            and face.points[3, 0] < face.points[4, 0]
            and face.points[0, 1] < face.points[3, 1]
        )


def test_a_patch_of_skin_is_not_a_face(media, yunet, mtcnn):
    image = next(open_source(media / "skin_india_video1" / "forehead.avi").read([0])).image
    assert yunet.detect(image, 0, None) is None or yunet.detect(image, 0, None).confidence < 0.6
    assert mtcnn.detect(image, 0, None) is None or mtcnn.detect(image, 0, None).confidence < 0.9


def test_a_missing_or_wrong_model_file_is_a_sentence(tmp_path):
    with pytest.raises(SpecError, match=r"there is no file .*none.onnx; download"):
        Yunet(model=tmp_path / "none.onnx").build()
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(SpecError, match="is not a YuNet model that OpenCV"):
        Yunet(model=tmp_path / "bad.onnx").build()


def test_a_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "facenet_pytorch", None)
    with pytest.raises(SpecError, match=r"pip install 'fascore\[mtcnn\]'"):
        Mtcnn().build()


def test_the_whole_frame_is_the_face_as_a_last_resort():
    face = Whole().build().detect(np.zeros((30, 40, 3), dtype=np.uint8), 0, None)
    assert face.box.tolist() == [0, 0, 40, 30] and face.confidence == 1


def test_boxes_reads_the_row_of_a_frame_and_one_row_for_all():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3]], dtype=np.float32)
    detector = Boxes().build()
    nothing = np.empty((0, 0, 3), dtype=np.uint8)
    assert detector.detect(nothing, 1, Annotation(boxes, None)).box.tolist() == [1, 1, 3, 3]
    assert detector.detect(nothing, 2, Annotation(boxes, None)) is None
    assert detector.detect(nothing, 9, Annotation(boxes[:1], None)).box.tolist() == [0, 0, 2, 2]
    points = np.array([[[3, 4], [9, 5], [6, 8]]], dtype=np.float32)
    assert detector.detect(nothing, 0, Annotation(None, points)).box.tolist() == [3, 4, 9, 8]
    with pytest.raises(NoResponse, match="the record has no boxes"):
        detector.detect(nothing, 0, None)


def test_the_most_prominent_face_is_large_and_sure_and_comes_back_in_pixels_of_the_frame():
    boxes = np.array([[0, 0, 10, 10], [20, 20, 60, 60], [0, 0, 45, 45]], dtype=np.float32)
    points = np.zeros((3, 5, 2), dtype=np.float32)
    face = most_prominent(boxes, np.array([0.99, 0.9, 0.5]), points, 2.0)
    assert face.box.tolist() == [40, 40, 120, 120] and most_prominent(boxes[:0], np.empty(0), points[:0], 1.0) is None
    small, factor = reduced(np.zeros((300, 1200, 3), dtype=np.uint8), 400)
    assert small.shape == (100, 400, 3) and factor == 3


def test_mtcnn_finds_no_face_in_a_frame_smaller_than_its_window(mtcnn):
    assert mtcnn.detect(np.zeros((1, 40, 3), dtype=np.uint8), 0, None) is None
