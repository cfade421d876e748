"""Both modalities on drawn clips: what they store, what they load, and what they say of clips that cannot be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from fas_rppg.components import MstMap, WaveletMap
from fas_rppg.morse import Morse
from fas_rppg.regions import canonical, five_of, labeled, polygons
from hypothesis import given, settings, strategies as st

from fascore import Annotation, AnnotationSource, Frame, NoResponse, Plane, Record, Ref, Source, SpecError

FACES = (Ref("faces"),)


@dataclass(frozen=True)
class Drawn(Source, AnnotationSource):
    """A still face of 128 pixels: grey level 100 + 10 r in region r, times 1 + `pulse` (F,) in green; no face in frames `without`."""

    times_: np.ndarray
    pulse: np.ndarray
    without: Sequence[int] = ()
    layout: str = "68"
    colours: int = 3
    points: np.ndarray = field(default_factory=lambda: 30 * canonical() + [64, 52])

    def digest(self) -> str:
        return "drawn"

    def times(self) -> np.ndarray:
        return self.times_

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        labels = labeled(polygons(self.points), 128, 128)
        for index in range(len(self.times_)) if indices is None else indices:
            grey = np.where(labels, 100.0 + 10 * labels, 30.0)[..., None] * np.array([1, 1 + self.pulse[index], 1])
            yield Frame(float(self.times_[index]), np.round(grey).astype(np.uint8)[..., : self.colours])

    def load(self) -> Annotation:
        points = np.tile(self.points, (len(self.times_), 1, 1))
        points[list(self.without)] = np.nan
        boxes = np.concatenate([points.min(1), points.max(1)], axis=1)
        return Annotation(boxes.astype(np.float32), points.astype(np.float32), self.layout)


def drawn(frames=90, fps=30.0, *, rate=1.5, share=0.2, **changes) -> Record:
    """A record of `frames` frames whose green swings by `share` at `rate` hertz."""
    times = changes.pop("times", np.arange(frames) / fps)
    clip = Drawn(times, share * np.sin(2 * np.pi * rate * np.arange(len(times)) / fps), **changes)
    return Record("drawn/1", 1, {"rgb": clip}, annotation=clip)


def faces_of(record, **changes):
    """What the core's modality `faces` stores of a record."""
    known = record.annotation.load()
    frames = np.arange(len(known.boxes))
    return {
        "boxes": known.boxes,
        "points": known.points,
        "frames": frames,
        "times": record.channels["rgb"].times(),
        **changes,
    }


def mst_of(record, faces=None, **fields):
    module = MstMap(inputs=FACES, **fields).build([None])
    return module.extract(record, [faces or faces_of(record)])


def wave_of(stored, **fields):
    return (
        WaveletMap(inputs=(Ref("mst"),), **fields)
        .build([Plane(3, 63, stored["value"].shape[-1])])
        .extract(None, [stored])
    )


def test_single_regions_have_their_own_gray_levels_in_their_rows():
    stored = mst_of(drawn(90, share=0.0), frames=90, normalize="none")
    value = stored["value"][0]
    assert value.shape == (3, 63, 90)
    assert value.dtype == np.float32
    for region, row in enumerate((31, 15, 7, 3, 1, 0), start=1):
        np.testing.assert_allclose(value[:, row], 100 + 10 * region, rtol=1e-6)


def test_regions_under_five_points_are_nearly_those_under_68():
    record = drawn(90)
    one = mst_of(record, frames=90, normalize="none")["value"]
    two = mst_of(
        record, faces_of(record, points=five_of(record.annotation.load().points)), frames=90, normalize="none"
    )["value"]
    np.testing.assert_allclose(one, two, atol=0.05)


@pytest.mark.parametrize(("fps", "rate"), [(30.0, 1.5), (25.0, 1.1), (60.0, 2.0)])
def test_the_wavelet_map_is_brightest_at_the_rate_of_the_pulse(fps, rate):
    stored = mst_of(drawn(300, fps, rate=rate, share=0.05))
    assert stored["fps"][0] == pytest.approx(fps)
    wave = wave_of(stored)
    green = wave["value"][0, 1][:, 75:225].mean(1)
    frequencies = Morse().frequencies(Morse().scales(300), fps)
    assert frequencies[green.argmax()] == pytest.approx(rate, rel=0.02)
    assert (wave["value"].min(), wave["value"].max()) == (0, 255)
    hz = wave_of(stored, frequency_axis="hz")["value"][0, 1][:, 75:225].mean(1)
    assert (8 * 2.0 ** (-np.arange(193) / 48))[hz.argmax()] == pytest.approx(rate, rel=0.02)
    assert len(hz) == 193


def test_rows_above_half_the_frame_rate_are_empty_on_the_axis_in_hertz():
    wave = wave_of(mst_of(drawn(100, 10.0, rate=1.0), frames=100), frequency_axis="hz")["value"][0]
    above = 8 * 2.0 ** (-np.arange(193) / 48) > 5
    assert (wave[:, above] == 0).all()
    assert wave[:, ~above].max() == 255


def test_all_rows_give_the_channels_of_every_row_and_end_with_the_global_one():
    stored = mst_of(drawn(80), frames=80)
    every, one = wave_of(stored, rows="all", voices=4)["value"][0], wave_of(stored, voices=4)["value"][0]
    assert every.shape[0] == 189
    top = every[[62, 125, 188]]
    np.testing.assert_allclose(255 * (top - top.min()) / np.ptp(top), one, atol=1e-3)


def test_a_wavelet_of_pywavelets_peaks_at_the_same_rate():
    pytest.importorskip("pywt")
    wave = wave_of(mst_of(drawn(300, share=0.05)), wavelet="cmor1.5-1.0")["value"][0, 1][:, 75:225].mean(1)
    assert Morse().frequencies(Morse().scales(300), 30.0)[wave.argmax()] == pytest.approx(1.5, rel=0.03)


def test_an_unknown_wavelet_is_reported_with_those_that_are_known():
    pytest.importorskip("pywt")
    with pytest.raises(SpecError, match=r"no continuous wavelet 'db4'; available: morse, .*gaus1"):
        WaveletMap(wavelet="db4").build([Plane(3, 63, 300)])


def test_a_clip_longer_than_the_map_gives_its_first_frames_and_a_shorter_one_is_invalid_behind_its_end():
    long, short = mst_of(drawn(120), frames=90), mst_of(drawn(90), frames=120)
    assert long["valid"].all()
    np.testing.assert_array_equal(short["valid"][0], np.arange(120) < 90)
    raw = {
        name: mst_of(drawn(count), frames=90, normalize="none")["value"]
        for name, count in (("long", 120), ("whole", 90))
    }
    np.testing.assert_array_equal(raw["long"], raw["whole"])


def test_a_gap_of_five_frames_is_bridged_linearly_and_marked():
    level = np.full(90, 0.0)
    level[40:] = 0.3
    record = drawn(90, share=0.0, without=(38, 39, 40, 41, 42))
    object.__setattr__(record.channels["rgb"], "pulse", level)
    stored = mst_of(record, frames=90, normalize="none")
    assert np.flatnonzero(stored["valid"][0] == 0).tolist() == [38, 39, 40, 41, 42]
    before, after = stored["value"][0, 1, 62, 36], stored["value"][0, 1, 62, 44]
    np.testing.assert_allclose(
        stored["value"][0, 1, 62, 38:43], before + (after - before) * np.arange(1, 6) / 6, rtol=1e-5
    )


def test_a_flat_clip_gives_empty_maps():
    stored = mst_of(drawn(90, share=0.0, without=(4, 50, 51)), frames=90)
    assert (stored["value"] == 0).all()
    assert (wave_of(stored)["value"] == 0).all()
    assert np.abs(mst_of(drawn(90, share=0.0), frames=90, normalize="ac_dc")["value"]).max() < 1e-10


@settings(max_examples=25, deadline=None)
@given(
    pulse=st.lists(st.tuples(st.integers(1, 30), st.sampled_from([-1.0, 0.0, 0.3, None])), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    without=st.sets(st.integers(0, 69), max_size=12),
    normalize=st.sampled_from(["minmax", "ac_dc", "none"]),
    frames=st.sampled_from([70, 101]),
    pad=st.sampled_from(["reflect", "tail"]),
    axis=st.sampled_from(["scale", "hz"]),
    rows=st.sampled_from(["global", "all"]),
)
def test_maps_of_flat_black_and_random_stretches_with_gaps_are_finite(
    pulse, seed, without, normalize, frames, pad, axis, rows
):
    """Stretches of one level, black ones (-1) among them, and random ones (None), frames without a face anywhere."""
    random = np.random.default_rng(seed)
    trace = np.concatenate(
        [random.uniform(-1, 0.5, length) if level is None else np.full(length, level) for length, level in pulse]
    )
    clip = Drawn(np.arange(70) / 30.0, np.resize(trace, 70), without=sorted(without))
    record = Record("drawn/1", 1, {"rgb": clip}, annotation=clip)
    fields = {"normalize": normalize, "frames": frames, "pad": pad}
    if any(set(range(start, start + 6)) <= without for start in range(65)):
        with pytest.raises(NoResponse, match="no face"):
            mst_of(record, **fields)
        return
    stored = mst_of(record, **fields)
    wave = wave_of(stored, frequency_axis=axis, rows=rows, voices=4)
    for value in (stored["value"], wave["value"]):
        assert np.isfinite(value).all()
    assert wave["value"].min() >= 0
    assert wave["value"].max() <= 255


REFUSED = {
    "a gap of six frames": (drawn(90, without=range(30, 36)), {}, "no_face", "6 successive frames from 1.00 s on"),
    "no face at all": (drawn(90, without=range(90)), {}, "no_face", "no frame of 90 shows a face"),
    "a face half outside": (
        drawn(90, points=30 * np.ones((68, 2)) * [9, 9]),
        {},
        "no_face",
        "all six regions in the picture",
    ),
    "one second": (drawn(30), {}, "refused", r"lasts 1\.000 s; at least 2 s are needed"),
    "one frame": (drawn(1), {}, "refused", "a clip of 1 frame"),
    "4 Hz": (drawn(40, 4.0), {}, "refused", "4 Hz is outside 5 to 240"),
    "300 Hz": (drawn(900, 300.0), {}, "refused", "300 Hz is outside"),
    "no timestamps": (drawn(90, times=np.full(90, np.nan)), {}, "refused", "missing or do not rise"),
    "timestamps that fall": (drawn(90, times=np.arange(90)[::-1] / 30.0), {}, "refused", "do not rise"),
    "a clock that stalls": (
        drawn(90, times=np.arange(90) / 30 + (np.arange(90) > 40)),
        {},
        "refused",
        "uneven by up to",
    ),
    "two colours": (drawn(90, colours=2), {}, "refused", "128 x 128 x 2 of uint8"),
    "faces in some frames": (drawn(90), {"frames": np.arange(90) * 2}, "refused", "not searched in every frame"),
    "a strange layout": (drawn(90), {"points": np.ones((90, 7, 2))}, "refused", "returns 7"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_clips_that_cannot_be_used_are_counted_with_a_reason(what):
    record, changes, response, reason = REFUSED[what]
    with pytest.raises(NoResponse, match=reason) as caught:
        mst_of(record, faces_of(record, **changes))
    assert caught.value.response == response


def test_faces_without_points_and_records_without_the_channel_are_refused():
    record = drawn(90)
    faces = faces_of(record)
    del faces["points"]
    with pytest.raises(NoResponse, match="returns no points"):
        mst_of(record, faces)
    with pytest.raises(NoResponse, match="no channel 'infrared'; it has rgb"):
        mst_of(record, channel="infrared")


def test_jitter_of_the_last_timestamp_does_not_make_a_clip_too_short():
    times = np.arange(60) / 30
    times[-1] -= 0.01
    assert mst_of(drawn(times=times), frames=60)["valid"].all()
    with pytest.raises(NoResponse, match=r"lasts 1\.967 s"):
        mst_of(drawn(59))


@pytest.mark.parametrize("fps", [5.0, 240.0])
def test_the_ends_of_the_range_of_frame_rates_are_allowed(fps):
    assert np.isfinite(mst_of(drawn(int(2.5 * fps), fps), frames=300)["value"]).all()


def test_a_clip_with_every_other_frame_lost_in_its_middle_is_resampled_where_that_is_allowed():
    index = np.concatenate([np.arange(100), np.arange(100, 160, 2), np.arange(160, 260)])
    record = drawn(times=index / 30)
    object.__setattr__(record.channels["rgb"], "pulse", 0.2 * np.sin(2 * np.pi * 1.5 * index / 30))
    whole = mst_of(drawn(260, share=0.2), frames=250, normalize="none")["value"][0, 1, 62]
    found = mst_of(record, frames=250, normalize="none", resample=True)
    assert found["fps"][0] == pytest.approx(30)
    assert np.abs(found["value"][0, 1, 62] - whole).max() < 1.5


def test_maps_are_loaded_as_an_encoder_reads_them():
    stored = {name: torch.from_numpy(array) for name, array in mst_of(drawn(90), frames=90).items()}
    whole = MstMap(inputs=FACES, frames=90, size=None).build([None]).load(stored, None, [])
    torch.testing.assert_close(whole[""], (stored["value"] - 127.5) / 128)
    assert whole["valid"].shape == (1, 1, 1, 90)
    small = MstMap(inputs=FACES, frames=90, size=56).build([None]).load(stored, None, [])
    assert small[""].shape == (1, 3, 56, 56)
    assert small["valid"].shape == (1, 1, 1, 56)


def test_the_wavelet_map_says_its_shape_and_what_it_needs():
    assert WaveletMap(size=None).infer([Plane(3, 63, 300)])[""] == Plane(3, 255, 300)
    assert WaveletMap(size=None, rows="all").infer([Plane(3, 63, 150)])[""] == Plane(189, 207, 150)
    assert WaveletMap().infer([Plane(3, 224, 224)])[""] == Plane(3, 224, 224)
    with pytest.raises(SpecError, match="hides its length"):
        WaveletMap(size=None).infer([Plane(3, 224, 224)])
    with pytest.raises(SpecError, match="reads one rppg"):
        WaveletMap().infer([None])
    with pytest.raises(SpecError, match="more frames"):
        WaveletMap(size=None).infer([Plane(3, 63, 5)])
