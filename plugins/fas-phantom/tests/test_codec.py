"""The codec: groups of H.264, the same bits in every order of reading, and what a rate factor costs."""

import io
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from fas_phantom.codec import GROUP, packets, recorded
from fas_phantom.components import Phantom
from fas_phantom.render import scene
from fas_phantom.sources import Rendered
from hypothesis import given, settings, strategies as st

FRAMES = 19


def clip(crf, recoded=None, size=64, frames=FRAMES):
    record = Phantom(subjects=3, frames=frames, size=size, species=("print.flat",)).records("dev")[0]
    shown = record.channels["rgb"].clip
    return replace(shown, capture=replace(shown.capture, crf=crf, recoded=recoded, noise_floor=0.005, illumination=1.0))


def read(shown, indices=None):
    return [frame.image for frame in Rendered(shown, "rgb").read(indices)]


def plain(pictures, crf):
    """One group by a container and its own encoder: what FFmpeg alone makes of the pictures."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = len(pictures[0])
        stream.pix_fmt, stream.thread_count, stream.codec_context.gop_size = "yuv420p", 1, 8
        stream.options = {
            "crf": str(crf),
            "preset": "veryfast",
            "tune": "zerolatency",
            "x264-params": "scenecut=0:min-keyint=8",
        }
        for place, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = place, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def psnr(pictures, references):
    error = np.mean([(np.asarray(a, float) - b) ** 2 for a, b in zip(pictures, references, strict=True)])
    return 10 * np.log10(255**2 / error)


def test_each_group_is_what_a_plain_encoder_makes_of_its_pictures():
    shown = clip(27)
    sensor = [scene(shown).rgb(index) for index in range(FRAMES)]
    expected = [picture for first in range(0, FRAMES, GROUP) for picture in plain(sensor[first : first + GROUP], 27)]
    assert np.array_equal(read(shown), expected)


def test_double_compression_codes_what_was_decoded_before():
    shown = clip(21, recoded=33, frames=GROUP)
    sensor = [scene(shown).rgb(index) for index in range(GROUP)]
    assert np.array_equal(read(shown), plain(plain(sensor, 33), 21))
    assert psnr(read(shown), sensor) < psnr(read(clip(21, frames=GROUP)), sensor) - 1


@settings(deadline=None, max_examples=15)
@given(indices=st.lists(st.integers(0, FRAMES - 1), min_size=1, max_size=6), crf=st.sampled_from([None, 18, 35]))
def test_a_picture_has_the_same_bits_in_whatever_order_the_clip_is_read(indices, crf):
    shown, recoded = clip(crf), None if crf is None else 30
    shown = replace(shown, capture=replace(shown.capture, recoded=recoded))
    whole = read(shown)
    assert np.array_equal(list(recorded(shown, scene(shown).rgb, indices)), [whole[index] for index in indices])
    assert np.array_equal(read(shown, sorted(set(indices))), [whole[index] for index in sorted(set(indices))])


def test_reading_backwards_gives_the_pictures_of_reading_forwards():
    shown = clip(24)
    assert np.array_equal(list(recorded(shown, scene(shown).rgb, range(FRAMES)[::-1])), read(shown)[::-1])


def test_the_pictures_get_worse_and_the_bytes_fewer_as_the_rate_factor_grows():
    sensor = [scene(clip(None)).rgb(index) for index in range(FRAMES)]
    quality, size = zip(
        *(
            (psnr(read(clip(crf)), sensor), sum(map(len, packets(clip(crf), lambda i: sensor[i]))))
            for crf in (15, 20, 25, 30, 35)
        )
    )
    assert (np.diff(quality) < -0.3).all()
    assert (np.diff(size) < 0).all()
    assert read(clip(None))[3].tobytes() == sensor[3].tobytes()


@pytest.mark.parametrize("size", [33, 64])
def test_odd_sizes_are_kept(size):
    coded, sensor = read(clip(15, size=size, frames=2)), read(clip(None, size=size, frames=2))
    assert coded[0].shape == (size, size, 3)
    assert psnr(coded, sensor) > 26


def test_a_group_is_rendered_only_as_far_as_it_is_asked_for():
    shown, asked = clip(20), []

    def sensor(index):
        asked.append(index)
        return scene(shown).rgb(index)

    list(recorded(shown, sensor, [1, 2, 17]))
    assert asked == [0, 1, 2, 16, 17]
