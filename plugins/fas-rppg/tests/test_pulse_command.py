"""`fascore pulse`: the rate of skin whose pulse is known, pictures, and sentences for what shows none."""

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from fas_rppg.clip_pulse import smoothed
from PIL import Image

from fascore.cli import main

CLIP = Path(__file__).resolve().parents[4] / "shared/media/clm_webcam_b/webcam_b.mp4"
MODEL = CLIP.parents[1] / "models/yunet_n_640_640.onnx"


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def pulse(*arguments):
    """What `fascore pulse` prints, called in this process: torch is imported once for all tests."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["fascore", "pulse", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def pictures(folder, colours, times=None):
    """A folder of frames of one colour each and fine noise, so that 8 bits hold a pulse below one grey level."""
    folder.mkdir()
    drawn = np.random.default_rng(0)
    for number, colour in enumerate(colours):
        pixels = 160 * colour + drawn.standard_normal((40, 40, 3)) * 2
        Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8)).save(folder / f"{number:04d}.png")
    if times is not None:
        (folder / "times.txt").write_text("\n".join(f"{time:.6f}" for time in times))
    return folder


@pytest.fixture(scope="module")
def beating(skin, tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("clips") / "beating", skin(77, 25, 12, amplitude=0.004))


def test_skin_with_a_known_pulse_gives_its_rate_and_a_picture(beating, tmp_path):
    path = tmp_path / "pulse.png"
    ended = pulse(beating, "--detector", "whole", "--out", path)
    assert ended.returncode == 0, ended.stderr
    rate = float(ended.stdout.split("heart rate")[1].split()[0])
    assert rate == pytest.approx(77, abs=1)
    assert "300 of 300 frames" in ended.stdout
    assert "SNR" in ended.stdout
    assert "confidence   0.9" in ended.stdout
    with Image.open(path) as image:
        assert min(image.size) > 900
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 50
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("method", ["green", "chrom", "ica"])
def test_another_method_and_band_as_json(beating, method):
    ended = pulse(beating, "--detector", '{"type": "whole"}', "--method", method, "--band", "50", "120", "--json")
    found = json.loads(ended.stdout)
    assert found["heart_rate"] == pytest.approx(77, abs=1)
    assert found["p_value"] == pytest.approx(1 - found["confidence"])
    assert (found["method"], found["band"], found["frames_measured"]) == (method.upper(), [50, 120], 300)


def test_uneven_times_are_heeded(skin, tmp_path):
    times = np.cumsum(np.random.default_rng(3).uniform(0.02, 0.06, 300))
    times -= times[0]
    fine = skin(77, 1000, 13, noise=0)
    uneven = pictures(tmp_path / "uneven", fine[(times * 1000).round().astype(int)], times)
    found = json.loads(pulse(uneven, "--detector", "whole", "--json").stdout)
    assert found["heart_rate"] == pytest.approx(77, abs=1)
    assert "unevenly" in found["notes"][0]


def test_noise_is_insufficient_signal_and_no_heart_rate(skin, tmp_path):
    still = pictures(tmp_path / "noise", skin(77, 25, 8, amplitude=0, light=0, gloss=0))
    ended = pulse(still, "--detector", "whole")
    assert ended.returncode == 0
    assert "insufficient signal" in ended.stdout
    assert "heart rate   " not in ended.stdout
    assert json.loads(pulse(still, "--detector", "whole", "--json").stdout)["heart_rate"] is None


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("missing.mp4", [], "there is no such file"),
        ("broken.mp4", [], "cannot be read"),
        ("one.png", [], "insufficient signal: {path} is a still picture"),
        ("short", [], "insufficient signal: {path} lasts 4.0 s, but a heart rate needs 5 s"),
        ("frozen", [], "insufficient signal: the skin's color does not change"),
        ("frozen", ["--band", "180", "40"], "the lower first"),
        ("frozen", ["--band", "40", "900"], "show 750 beats per minute at most"),
        ("frozen", ["--out", "pulse.jpg"], "--out pulse.jpg: the picture is a PNG file"),
        ("frozen", ["--detector", "{whole"], "--detector is not JSON"),
        ("frozen", ["--detector", "hole"], "no detector 'hole'. Did you mean 'whole'"),
        ("frozen", ["--detector", "yunet"], "model"),
    ],
)
def test_what_gives_no_heart_rate_ends_in_a_sentence(tmp_path, name, options, words):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    Image.new("RGB", (32, 32), "peru").save(tmp_path / "one.png")
    for folder, frames in (("short", 100), ("frozen", 150)):
        (tmp_path / folder).mkdir()
        for number in range(frames):
            Image.new("RGB", (8, 8), "peru").save(tmp_path / folder / f"{number:03d}.png")
    path = tmp_path / name
    ended = pulse(path, *(options if "--detector" in options else ["--detector", "whole", *options]))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert words.format(path=path) in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (np.arange(30) / 2, "its frame rate of 2 Hz is outside 5 to 240 Hz"),
        (np.arange(1500) / 250, "its frame rate of 250 Hz is outside 5 to 240 Hz"),
        (
            np.arange(150)[::-1] / 25,
            "its times do not increase from image to image; write one line per image, the increasing time in seconds",
        ),
        (
            np.full(150, np.nan),
            "its times do not increase from image to image; write one line per image, the increasing time in seconds",
        ),
    ],
)
def test_a_clip_whose_clock_cannot_be_used_ends_in_a_sentence_and_says_which_clip(skin, tmp_path, times, words):
    still = pictures(tmp_path / "clip", skin(77, 25, 60)[: len(times)], times)
    ended = pulse(still, "--detector", "whole")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert words in ended.stderr
    assert str(still) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_insufficient_clip_is_json_too(tmp_path):
    Image.new("RGB", (32, 32), "peru").save(tmp_path / "one.png")
    ended = pulse(tmp_path / "one.png", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["heart_rate"] is None
    assert "insufficient signal" in json.loads(ended.stdout)["reason"]


@pytest.mark.skipif(not (CLIP.exists() and MODEL.exists()), reason="no ../shared/media beside this checkout")
def test_a_face_is_found_and_its_skin_measured_in_a_recorded_video():
    detector = json.dumps({"type": "yunet", "model": str(MODEL)})
    found = json.loads(pulse(CLIP, "--detector", detector, "--seconds", "6", "--surrogates", "49", "--json").stdout)
    assert (found["frames"], found["frames_measured"], found["frame_rate"]) == (150, 150, 25)
    assert 40 <= found["peak"] <= 180


@pytest.mark.skipif(not MODEL.exists(), reason="no ../shared/media beside this checkout")
def test_a_video_without_a_face_is_reported(beating):
    ended = pulse(beating, "--detector", json.dumps({"type": "yunet", "model": str(MODEL)}))
    assert ended.returncode == 1
    assert "no face in any of 300 frames" in ended.stderr


def test_landmarks_are_averaged_over_frames_with_a_face():
    points = np.random.default_rng(0).standard_normal((30, 5, 2))
    points[[4, 5, 20]] = np.nan
    found = smoothed(points, 3)
    for frame in range(30):
        if np.isnan(points[frame]).any():
            assert np.isnan(found[frame]).all()
        else:
            np.testing.assert_allclose(found[frame], np.nanmean(points[max(0, frame - 3) : frame + 4], axis=0))
