"""Decoding: times, rotation, variable frame rate, exact seeking, and files that are not what they say."""

import struct
import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image

from fascore import NoResponse
from fascore.data.media import FrameFolder, StillImage, as_gray, as_rgb
from fascore.data.open_source import open_source
from fascore.data.video import Video

IDENTITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def write_video(path, pictures, stamps=None, codec="libx264", pixels="yuv420p", gop=12, options=None, rate=1000):
    """A video with the given pictures at the given milliseconds."""
    stamps = range(0, 40 * len(pictures), 40) if stamps is None else stamps
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.gop_size = gop
        if codec == "libx264":
            stream.codec_context.options = {"preset": "ultrafast", "bf": "2", "b-adapt": "0", "qp": "4"}
        shape = {"gray16le": "gray16le", "gray": "gray"}.get(pixels, "rgb24")
        for picture, stamp in zip(pictures, stamps):
            frame = av.VideoFrame.from_ndarray(picture, format=shape)
            frame.pts = stamp * rate // 1000
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def numbered(count, size=(48, 64)):
    """Pictures whose mean grey tells their number."""
    return [np.full((*size, 3), 20 + 3 * i, dtype=np.uint8) for i in range(count)]


def number_of(image) -> int:
    return round((float(image.mean()) - 20) / 3)


def test_times_of_variable_frame_rate_are_those_of_the_packets(tmp_path):
    stamps = np.cumsum([0, 40, 10, 200, 33, 34, 33, 500, 20, 20])
    source = open_source(write_video(tmp_path / "v.mp4", numbered(10), stamps.tolist()))
    np.testing.assert_allclose(source.times(), stamps / 1000, atol=1e-9)
    frames = list(source.read())
    np.testing.assert_allclose([frame.time for frame in frames], stamps / 1000, atol=1e-9)
    assert [number_of(frame.image) for frame in frames] == list(range(10))


def test_times_start_at_zero_when_the_stream_does_not(tmp_path):
    source = open_source(write_video(tmp_path / "v.mkv", numbered(5), [500, 540, 580, 620, 700]))
    np.testing.assert_allclose(source.times(), [0, 0.04, 0.08, 0.12, 0.2], atol=1e-9)


@pytest.mark.parametrize(("name", "rate"), [("v.mp4", 1000), ("v.mkv", 1000), ("v.avi", 25), ("v.ts", 25)])
def test_sparse_reading_gives_the_very_frames_that_reading_through_gives(tmp_path, name, rate):
    pictures = [np.full((32, 32, 3), 16 + i % 200, dtype=np.uint8) for i in range(400)]
    source = open_source(write_video(tmp_path / name, pictures, rate=rate))
    everything = list(source.read())
    assert len(everything) == 400 == len(source.times())
    for wanted in ([0], [399], [200, 201], [3, 170, 171, 390], [59, 60, 61, 120, 299], list(range(0, 400, 67)), []):
        found = list(open_source(tmp_path / name).read(wanted))
        assert [frame.time for frame in found] == [everything[i].time for i in wanted]
        for frame, index in zip(found, wanted):
            np.testing.assert_array_equal(frame.image, everything[index].image)


def test_a_jump_seeks_and_does_not_decode_what_lies_between(tmp_path, monkeypatch):
    from fascore.data import video

    path = write_video(tmp_path / "v.mp4", [np.full((32, 32, 3), i % 250, dtype=np.uint8) for i in range(600)])
    decoded = []
    stamp = video._Reader._stamp
    monkeypatch.setattr(video._Reader, "_stamp", lambda self, frame: decoded.append(1) or stamp(self, frame))
    (frame,) = open_source(path).read([570])
    assert len(decoded) < 60 and round(frame.image.mean()) == pytest.approx(570 % 250, abs=2)


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        ((0x10000, 0, 0, 0x10000), (0, 0)),
        ((0, 0x10000, -0x10000, 0), (0, 1)),
        ((-0x10000, 0, 0, -0x10000), (1, 1)),
        ((0, -0x10000, 0x10000, 0), (1, 0)),
        ((-0x10000, 0, 0, 0x10000), (0, 1)),
        ((0, 0x10000, 0x10000, 0), (0, 0)),
    ],
)
def test_the_display_matrix_of_a_phone_turns_and_mirrors_the_picture(tmp_path, matrix, corner):
    """Where x' = a x + c y and y' = b x + d y (ISO/IEC 14496-12) take the bright top left corner."""
    picture = np.zeros((32, 64, 3), dtype=np.uint8)
    picture[:16, :32] = 255
    data = write_video(tmp_path / "plain.mp4", [picture] * 3).read_bytes()
    a, b, c, d = matrix
    place = data.index(IDENTITY, data.index(b"tkhd"))
    path = tmp_path / "turned.mp4"
    path.write_bytes(data[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000) + data[place + 36 :])
    image = next(open_source(path).read()).image
    height, width = image.shape[:2]
    assert (height, width) == ((32, 64) if a else (64, 32))
    quarters = image.reshape(2, height // 2, 2, width // 2, 3).mean(axis=(1, 3, 4))
    assert np.unravel_index(quarters.argmax(), (2, 2)) == corner and sorted(quarters.ravel())[-2] < 10


def test_sixteen_bit_and_gray_videos_keep_their_depth(tmp_path):
    deep = [np.full((48, 64), 900 * i + 7, dtype=np.uint16) for i in range(20)]
    source = open_source(write_video(tmp_path / "d.mkv", deep, codec="ffv1", pixels="gray16le"))
    for frame, picture in zip(source.read(), deep, strict=True):
        assert frame.image.dtype == np.uint16
        np.testing.assert_array_equal(frame.image, picture)
    flat = [np.full((48, 64), 10 * i, dtype=np.uint8) for i in range(20)]
    images = [
        frame.image for frame in open_source(write_video(tmp_path / "g.mkv", flat, codec="ffv1", pixels="gray")).read()
    ]
    np.testing.assert_array_equal(images, flat)


def test_an_animated_gif_is_a_video(tmp_path):
    pictures = [Image.fromarray(np.full((20, 30, 3), 50 * i, dtype=np.uint8)) for i in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 300, 50, 100])
    source = open_source(tmp_path / "a.gif")
    np.testing.assert_allclose(source.times(), [0, 0.1, 0.4, 0.45], atol=0.011)
    assert [int(frame.image.mean()) for frame in source.read()] == [0, 50, 100, 150]


def test_postscript_that_is_called_a_picture_is_never_run(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    Image.new("RGB", (8, 6)).save(tmp_path / "a.eps", "EPS")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", "gs")
    with pytest.raises(NoResponse, match="not an image"):
        next(StillImage(tmp_path / "a.png").read())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "MPO", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "GIF"])
def test_a_picture_is_read_by_what_it_is_and_not_by_its_name(tmp_path, form):
    Image.new("RGB", (8, 6), (200, 200, 200)).save(tmp_path / "a.jpg", form)
    assert next(StillImage(tmp_path / "a.jpg").read()).image.shape == (6, 8, 3)


def test_pictures_keep_depth_and_are_turned_as_exif_says(tmp_path):
    depth = np.arange(6, dtype=np.uint16).reshape(2, 3) * 10000
    Image.fromarray(depth).save(tmp_path / "d.png")
    np.testing.assert_array_equal(next(open_source(tmp_path / "d.png").read()).image, depth)
    picture = np.zeros((16, 32, 3), dtype=np.uint8)
    picture[:8, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn clockwise
    Image.fromarray(picture).save(tmp_path / "e.jpg", exif=exif)
    image = next(open_source(tmp_path / "e.jpg").read()).image
    assert image.shape == (32, 16, 3) and image[4, 12].min() > 200 and image[4, 4].max() < 50
    Image.fromarray(picture[..., 0]).save(tmp_path / "l.png")
    Image.fromarray(picture).convert("RGBA").save(tmp_path / "rgba.png")
    Image.fromarray(picture).convert("P").save(tmp_path / "p.png")
    assert [next(open_source(tmp_path / f"{n}.png").read()).image.shape for n in ("l", "rgba", "p")] == [
        (16, 32),
        (16, 32, 3),
        (16, 32, 3),
    ]


def test_a_folder_of_frames_counts_as_people_do(tmp_path):
    for number in (1, 2, 10, 11, 100):
        Image.new("L", (4, 4), number).save(tmp_path / f"f{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    source = open_source(tmp_path, fps=10)
    np.testing.assert_allclose(source.times(), np.arange(5) / 10)
    assert [int(frame.image[0, 0]) for frame in source.read()] == [1, 2, 10, 11, 100]
    assert [(frame.time, int(frame.image[0, 0])) for frame in source.read([2, 4])] == [(0.2, 10), (0.4, 100)]


def test_a_folder_of_frames_may_say_when_each_is_shown(tmp_path):
    for number in range(3):
        Image.new("L", (4, 4), number).save(tmp_path / f"f{number}.png")
    source, before = open_source(tmp_path), open_source(tmp_path).digest()
    (tmp_path / "times.txt").write_text("0\n0.05\n0.2\n")
    np.testing.assert_array_equal(source.times(), [0, 0.05, 0.2])
    assert [(frame.time, int(frame.image[0, 0])) for frame in source.read([1, 2])] == [(0.05, 1), (0.2, 2)]
    assert source.digest() != before
    for text in ("0\n0.05\n", "0\n0.2\n0.05\n", "0\n0.05\nnan\n", "0\n0.05\nlater\n"):
        (tmp_path / "times.txt").write_text(text)
        with pytest.raises(NoResponse, match=r"times.txt cannot be read: .*write one line per image"):
            source.times()


def test_a_digest_is_that_of_the_bytes_wherever_they_lie(tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        Image.new("L", (4, 4), 3).save(tmp_path / place / "f1.png")
        Image.new("L", (4, 4), 5).save(tmp_path / place / "f2.png")
    a, b = open_source(tmp_path / "a"), open_source(tmp_path / "b")
    assert a.digest() == b.digest() != open_source(tmp_path / "a", fps=3).digest()
    assert (
        open_source(tmp_path / "a" / "f1.png").digest() == open_source(tmp_path / "b" / "f1.png").digest() != a.digest()
    )


def bad_files(folder):
    good = write_video(folder / "good.mp4", numbered(60, (120, 160)), options={"movflags": "faststart"}).read_bytes()
    noisy = [np.random.default_rng(i).integers(0, 255, (120, 160, 3), dtype=np.uint8) for i in range(40)]
    whole = write_video(folder / "noisy.mp4", noisy).read_bytes()
    front = write_video(folder / "front.mp4", noisy, options={"movflags": "faststart"}).read_bytes()
    png = folder / "good.png"
    Image.fromarray(noisy[0]).save(png)
    Image.fromarray(noisy[0]).save(folder / "good.jpg")
    return {
        "text.mp4": b"This is no video.\n" * 200,
        "empty.mp4": b"",
        "empty.png": b"",
        "half.mp4": whole[: len(whole) // 2],
        "front.mp4": front[: len(front) // 2],
        "half.png": png.read_bytes()[:9000],
        "half.jpg": (folder / "good.jpg").read_bytes()[:5000],
        "text.jpg": b"This is no picture",
        "list.mp4": b"ffconcat version 1.0\nfile good.mp4\n",
        "zeros.mp4": bytes(5000),
        "play.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\ngood.mp4\n#EXT-X-ENDLIST\n",
        "head.mp4": good[:40],
    }


def test_what_is_damaged_or_no_media_at_all_is_unreadable_with_a_sentence(tmp_path):
    for name, data in bad_files(tmp_path).items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(NoResponse) as caught:
            list(open_source(tmp_path / name).read())
        assert caught.value.response == "unreadable" and f"{name} cannot be read: " in caught.value.reason, name
    for missing in ("gone.mp4", "gone.png"):
        with pytest.raises(NoResponse, match="cannot be read"):
            list(open_source(tmp_path / missing).read())
    (tmp_path / "nothing").mkdir()
    with pytest.raises(NoResponse, match="the folder contains no images"):
        open_source(tmp_path / "nothing").times()


def test_bytes_damaged_in_the_middle_are_never_passed_over_in_silence(tmp_path):
    noisy = [np.random.default_rng(i).integers(0, 255, (120, 160, 3), dtype=np.uint8) for i in range(30)]
    data = bytearray(write_video(tmp_path / "v.mp4", noisy).read_bytes())
    data[len(data) // 3 : len(data) // 3 + 20000] = bytes(20000)
    (tmp_path / "v.mp4").write_bytes(data)
    with pytest.raises(NoResponse, match=r"v.mp4 cannot be read"):
        list(open_source(tmp_path / "v.mp4").read())


def test_sources_open_by_suffix_or_as_requested(tmp_path):
    assert isinstance(open_source(tmp_path), FrameFolder)
    assert isinstance(open_source("a/b.JPG"), StillImage) and isinstance(open_source("a/b.dat", "image"), StillImage)
    assert isinstance(open_source("a/b.gif"), Video) and isinstance(open_source("a/b.png", "video"), Video)


def test_any_frame_can_be_seen_as_color_or_gray():
    grey = np.array([[0, 255]], dtype=np.uint8)
    np.testing.assert_array_equal(as_rgb(grey), [[[0] * 3, [255] * 3]])
    np.testing.assert_array_equal(as_rgb(np.array([[0, 65535]], dtype=np.uint16)), [[[0] * 3, [255] * 3]])
    np.testing.assert_array_equal(as_gray(np.array([[[255, 0, 0], [10, 10, 10]]], dtype=np.uint8)), [[76, 10]])


MEMORY = """
import resource, sys
from fascore.data.open_source import open_source
import av, numpy as np
next(open_source({short!r}).read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in open_source({long!r}).read())
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_a_long_video_is_streamed_in_bounded_memory(tmp_path):
    """3000 frames of 320 x 240 are 690 MB when held; reading through them takes a few frames' worth."""
    picture = np.zeros((240, 320, 3), dtype=np.uint8)
    long = write_video(tmp_path / "long.mp4", [picture] * 3000, codec="mpeg4", rate=25, gop=250)
    short = write_video(tmp_path / "short.mp4", [picture] * 60, codec="mpeg4", rate=25)
    output = subprocess.run(
        [sys.executable, "-c", MEMORY.format(short=str(short), long=str(long))],
        capture_output=True,
        text=True,
        check=True,
    )
    count, grown = output.stdout.split()
    assert int(count) == 3000 and float(grown) < 60


@pytest.mark.filterwarnings("error")
def test_a_picture_larger_than_pillow_expects_is_read_without_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("L", (15, 10)).save(tmp_path / "large.png")
    assert next(StillImage(tmp_path / "large.png").read()).image.shape == (10, 15)
