"""What is rendered: the same bits always; the physics of each modality; truth that lies on the picture."""

import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fas_phantom import truth
from fas_phantom.components import Phantom
from fas_phantom.landmarks import frontal
from fas_phantom.render import Scene
from fas_phantom.sources import Rendered
from fas_phantom.species import DEFAULT
from scipy.ndimage import map_coordinates

from fascore import FascoreError, Record

MODEL = Path(__file__).resolve().parents[4] / "shared/media/models/yunet_n_640_640.onnx"


@pytest.fixture(scope="module")
def records():
    return Phantom(subjects=6, frames=4).records("all")


def of(records, species):
    return [record for record in records if record.species == species]


def image(record, channel, index=1):
    return next(record.channels[channel].read([index])).image


def face(record, index=1):
    x1, y1, x2, y2 = truth(record).boxes[index].round().astype(int).clip(0, 127)
    return slice(y1 + (y2 - y1) // 5, y2 - 4), slice(x1 + 6, x2 - 6)


def off_plane(record):
    """Root mean square distance in millimeters of the face's depth from its best plane."""
    depth = image(record, "depth")[face(record)].astype(float)
    y, x = np.nonzero(depth)
    design, z = np.column_stack([x, y, np.ones_like(x)]), depth[y, x]
    return float(np.sqrt(np.mean((z - design @ np.linalg.lstsq(design, z, rcond=None)[0]) ** 2)))


HASHES = """
import hashlib, sys
import cv2
from fas_phantom.components import Phantom
cv2.setNumThreads(int(sys.argv[1]))
records = Phantom(subjects=3, frames=3, size=48).records("all")
found = {}
for record in (reversed(records) if sys.argv[1] == "1" else records):
    for name, channel in record.channels.items():
        for index in (2, 0, 1) if sys.argv[1] == "1" else (0, 1, 2):
            frame = next(channel.read([index]))
            found[record.id, name, index] = hashlib.sha256(frame.image.tobytes()).hexdigest() + str(frame.time)
    points = record.annotation.load().points
    found[record.id, "points", 0] = hashlib.sha256(points.tobytes()).hexdigest()
print(hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest())
"""


def test_a_frame_has_the_same_bits_in_any_process_order_and_number_of_threads():
    runs = [
        subprocess.run(
            [sys.executable, "-c", HASHES, threads],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
        ).stdout
        for threads in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_a_record_survives_pickling_to_a_worker(records):
    copy = pickle.loads(pickle.dumps(records[0]))
    assert copy.channels["rgb"].digest() == records[0].channels["rgb"].digest()
    assert np.array_equal(image(copy, "rgb"), image(records[0], "rgb"))


def test_digests_differ_between_channels_clips_and_parameters(records):
    digests = [channel.digest() for record in records for channel in (*record.channels.values(), record.annotation)]
    other = Phantom(subjects=6, frames=4, difficulty=0.4).records("all")
    digests += [record.channels["rgb"].digest() for record in other]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("channel", "kind", "shape"),
    [("rgb", np.uint8, (40, 40, 3)), ("depth", np.uint16, (40, 40)), ("infrared", np.uint8, (40, 40))],
)
def test_frames_are_of_the_stated_kind_and_shape(channel, kind, shape):
    record = Phantom(subjects=3, frames=2, size=40).records("dev")[0]
    frames = list(record.channels[channel].read())
    assert [(frame.image.dtype, frame.image.shape) for frame in frames] == [(kind, shape)] * 2
    assert np.array_equal([frame.time for frame in frames], record.channels[channel].times())


def test_frame_times_increase_at_about_the_rate_with_jitter():
    records = Phantom(subjects=3, frames=200, fps=30).records("all")
    times = [record.channels["rgb"].times() for record in records]
    assert {record.metadata["fps"] for record in records} == {30.0, 36.0}
    for clip, record in zip(times, records):
        assert clip[0] == 0
        assert (np.diff(clip) > 0).all()
        assert clip[-1] == pytest.approx(199 / record.metadata["fps"], abs=1 / 30)
    assert max(np.diff(clip).std() for clip in times) > 1e-3


@pytest.fixture(scope="module")
def easy():
    return Phantom(subjects=6, frames=4, difficulty=0).records("all")


def test_prints_and_screens_are_flat_in_depth_and_faces_and_masks_are_not(records, easy):
    def apart(records):
        flat = [off_plane(record) for name in ("print.flat", "replay.screen") for record in of(records, name)]
        return flat, [
            off_plane(record) for name in (None, "mask.rigid", "forgery.faceswap") for record in of(records, name)
        ]

    flat, deep = apart(easy)
    assert max(flat) < min(deep)
    assert np.median(flat) < 5 < 10 < np.median(deep)
    flat, deep = apart(records)
    assert np.median(flat) < 0.7 * np.median(deep)


def test_depth_is_in_millimeters_from_the_camera(records):
    for record in of(records, None):
        depth = image(record, "depth")[face(record)]
        nose = np.median(depth[depth > 0])
        assert nose == pytest.approx(1000 * record.channels["rgb"].clip.capture.distance - 80, abs=40)


def test_screens_are_dark_in_infrared_and_paper_shows_little_of_the_picture(records, easy):
    def mean(record):
        return image(record, "infrared")[face(record)].mean()

    assert max(map(mean, of(easy, "replay.screen"))) < 0.7 * np.median([mean(record) for record in of(easy, None)])
    assert np.median([mean(record) for record in of(records, "replay.screen")]) < 0.8 * np.median(
        [mean(record) for record in of(records, None)]
    )
    contrasts = [
        [image(record, "infrared")[face(record)].std() / mean(record) for record in of(records, name)]
        for name in (None, "print.flat")
    ]
    live, paper = map(np.mean, contrasts)
    assert paper < 0.6 * live


def test_skin_is_as_bright_in_infrared_whatever_its_tone():
    bright = {}
    for record in of(Phantom(site="B", subjects=40, frames=1, species=("print.flat",)).records("all"), None):
        clip = record.channels["rgb"].clip
        steady = replace(clip, capture=replace(clip.capture, infrared_exposure=1.0, infrared_ambient=0.0))
        region = Scene(steady).infrared(0)[face(record, 0)]
        bright.setdefault(clip.subject.tone in (5, 6), []).append(np.median(region))
    assert np.mean(bright[True]) == pytest.approx(np.mean(bright[False]), rel=0.08)


def test_a_forgery_alters_rgb_only(records):
    for record in of(records, "forgery.faceswap"):
        clip = record.channels["rgb"].clip
        untouched = Scene(replace(clip, species=None, other=None, attack=()))
        assert np.array_equal(image(record, "depth"), untouched.depth(1))
        assert np.array_equal(image(record, "infrared"), untouched.infrared(1))
        changed = np.abs(truth(record).trace(1)).max(2) > 0.02
        assert 0.02 < changed.mean() < 0.5


def still(record):
    """A long clip of a record with nothing that moves but the blood."""
    clip = record.channels["rgb"].clip
    capture = replace(
        clip.capture,
        motion=0.0,
        talk=0.0,
        blink=0.001,
        jitter=0.0,
        rate=20.0,
        crf=None,
        noise_gain=0.0,
        noise_floor=0.004,
    )
    return Scene(replace(clip, capture=capture, frames=240, size=64, pulse=replace(clip.pulse, amplitude=0.01)))


def spectrum(scene):
    """Heart rate band of the mean green of the face: the rate of the highest peak in beats a minute, and its share of the power."""
    center = slice(20, 44)
    green = np.array([scene.rgb(index)[center, center, 1].mean() for index in range(scene.clip.frames)])
    power = np.abs(np.fft.rfft((green - green.mean()) * np.hanning(len(green)), 4096)) ** 2
    rates = np.fft.rfftfreq(4096, 1 / 20) * 60
    band = (rates > 40) & (rates < 180)
    return rates[band][power[band].argmax()], power[band].max()


def test_the_true_heart_rate_is_in_the_green_of_a_live_face_weaker_on_a_screen_and_absent_from_a_print(records):
    peaks = {}
    for name in (None, "replay.screen", "print.flat", "mask.rigid"):
        for record in [r for r in of(records, name) if r.task == "spoof"][:3]:
            scene = still(record)
            scene.clip = replace(
                scene.clip, attack=tuple((key, 0.0 if key == "flicker" else value) for key, value in scene.clip.attack)
            )
            scene.attack.clip = scene.clip
            rate, power = spectrum(scene)
            peaks.setdefault(name, []).append(power)
            if name is None:
                assert rate == pytest.approx(scene.clip.pulse.heart_rate, abs=4)
            if name == "replay.screen":
                wave = np.ones((4, 4), np.float32)
                assert 0.6 < scene.attack.pulse(wave, scene.moment(0)).max() < 1
                assert rate == pytest.approx(scene.clip.pulse.heart_rate, abs=4)
    assert max(peaks["print.flat"] + peaks["mask.rigid"]) < 0.1 * min(peaks[None])


def test_beats_come_at_the_heart_rate_and_vary():
    record = Phantom(subjects=3, frames=1500, size=32).records("dev")[0]
    gaps = np.diff(truth(record).beats)
    assert 60 / gaps.mean() == pytest.approx(truth(record).heart_rate, rel=0.03)
    assert 0.005 < gaps.std() / gaps.mean() < 0.08


def test_landmarks_project_to_where_the_line_of_sight_meets_them(records):
    for record in of(records, None)[:8]:
        clip = record.channels["rgb"].clip
        scene = Scene(replace(clip, capture=replace(clip.capture, talk=0.0, blink=0.001)))
        moment = scene.moment(1)
        points, expected = truth(record).landmarks[1], frontal(clip.subject)[:, :2]
        inner = slice(17, 48)
        at = points[inner].T[::-1] - 0.5
        met = np.stack([map_coordinates(field, at, order=1) for field in (moment.hit.x, moment.hit.y)], axis=1)
        assert np.median(np.hypot(*(met - expected[inner]).T)) < 0.0015


def test_eyes_and_mouth_are_darker_than_cheeks_and_the_nose_is_nearest(records):
    for record in of(records, None):
        clip = record.channels["rgb"].clip
        sharp = replace(clip, capture=replace(clip.capture, defocus=0.0, blink=0.001, glasses=None))
        scene, points = Scene(sharp), truth(replace(record, channels={"rgb": Rendered(sharp, "rgb")})).landmarks[1]
        gray = scene.display(1).mean(2)

        def around(point, gray=gray):
            x, y = np.clip(point.round().astype(int), 2, 125)
            return gray[y - 2 : y + 3, x - 2 : x + 3]

        light = np.mean([around((points[side] + points[30]) / 2).mean() for side in (1, 15)])
        assert around((points[62] + points[66]) / 2).min() < 0.85 * light
        assert max(around(points[eye : eye + 6].mean(0)).min() for eye in (36, 42)) < 0.8 * light
        lift = scene.moment(1).hit.lift
        y, x = np.unravel_index(np.where(scene.matter(scene.moment(1)).cover > 0.5, lift, -1).argmax(), lift.shape)
        assert np.hypot(*(np.array([x, y]) - points[30])) < 8


def test_annotation_is_off_by_about_a_hundredth_of_the_face_and_moves_smoothly():
    record = of(Phantom(subjects=3, frames=300, size=128).records("all"), None)[0]
    known, points = record.annotation.load(), truth(record).landmarks
    size = np.sqrt(np.ptp(points[..., 0], axis=1) * np.ptp(points[..., 1], axis=1)).mean()
    error = (known.points - points) / size
    assert known.layout == "68"
    assert error.std() == pytest.approx(0.01, rel=0.1)
    assert np.mean(error[1:] * error[:-1]) / error.var() == pytest.approx(0.8, abs=0.05)
    inside = (truth(record).boxes[:, :2] - known.boxes[:, :2]) / size
    assert np.abs(inside).max() < 0.1


@pytest.mark.parametrize("species", DEFAULT)
def test_the_trace_is_the_difference_from_the_live_counterpart(records, species):
    record = of(records, species)[0]
    known = truth(record)
    np.testing.assert_array_equal(known.trace(0), known.shown(0) - known.live(0))
    rows, columns = face(record, 0)
    assert np.abs(known.trace(0)[rows, columns]).mean() > 0.01


def test_a_bona_fide_clip_has_no_trace(records):
    assert not truth(of(records, None)[0]).trace(0).any()


def test_difficulty_scales_the_trace():
    sizes = []
    for difficulty in (0.0, 0.5, 1.0):
        records = of(Phantom(subjects=4, frames=1, difficulty=difficulty).records("all"), "print.flat")
        sizes.append(np.mean([np.abs(truth(r).trace(0)[face(r, 0)]).mean() for r in records]))
    assert sizes[0] > 1.3 * sizes[1] > 1.3 * 1.3 * sizes[2]


def edges(picture):
    """Share of fine structure in the contrast of a picture."""
    return cv2.Laplacian(np.ascontiguousarray(picture), cv2.CV_32F).std() / picture.std()


def without_dots(record):
    """The print of a record as its driver and its ink's bleeding alone make it."""
    clip = record.channels["rgb"].clip
    even = replace(clip, attack=tuple((key, 0.0 if key == "halftone" else value) for key, value in clip.attack))
    return replace(record, channels={"rgb": Rendered(even, "rgb")})


def test_prints_are_blurrier_than_life_at_site_a_and_sharper_at_site_b():
    ratio = {}
    for site in "AB":
        records = of(Phantom(site=site, subjects=8, frames=1).records("all"), "print.flat")
        printed = [edges(truth(without_dots(record)).shown(0)[face(record, 0)]) for record in records]
        live = [edges(truth(record).live(0)[face(record, 0)]) for record in records]
        ratio[site] = np.median(np.divide(printed, live))
    assert ratio["A"] < 0.9 < 1.1 < ratio["B"]


def test_truth_of_another_record_is_refused():
    with pytest.raises(FascoreError, match="was not rendered by phantom"):
        truth(Record("x", 1, {}))


def test_the_picture_does_not_depend_on_what_else_was_rendered(records):
    first = hashlib.sha256(image(records[0], "rgb").tobytes()).digest()
    for record in records[1:8]:
        image(record, "depth")
    assert hashlib.sha256(image(records[0], "rgb").tobytes()).digest() == first


@pytest.mark.skipif(not MODEL.exists(), reason="the shared media are absent")
@pytest.mark.parametrize("site", ["A", "B"])
def test_a_face_detector_finds_the_face_of_bona_fide_frames_and_of_attacks_alike(site):
    detector = cv2.FaceDetectorYN.create(str(MODEL), "", (128, 128), 0.6)
    found = {0: [], 1: []}
    for record in Phantom(site=site, subjects=12, frames=2).records("all"):
        _, faces = detector.detect(np.ascontiguousarray(image(record, "rgb")[..., ::-1]))
        found[record.label].append(faces is not None)
    assert np.mean(found[1]) >= 0.95
    assert np.mean(found[0]) >= np.mean(found[1]) - 0.05
