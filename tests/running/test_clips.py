"""Clips of a video: every frame in one clip, at the right time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from fascore import FascoreError, Frame, Source
from fascore.running.clips import Window, divided, parts_of


@dataclass(frozen=True)
class Counted(Source):
    """Frames that hold their own number, at uneven times."""

    count: int

    def digest(self) -> str:
        return str(self.count)

    def times(self) -> np.ndarray:
        return np.cumsum(np.linspace(0.02, 0.05, self.count)) - 0.02

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        for index in range(self.count) if indices is None else indices:
            yield Frame(float(self.times()[index]), np.full((2, 2), index, np.uint8))


def test_a_window_has_its_frames_with_times_from_its_first() -> None:
    whole = Counted(20)
    window = Window(whole, whole.digest(), 5, 9)
    assert [int(frame.image[0, 0]) for frame in window.read()] == [5, 6, 7, 8]
    assert [int(frame.image[0, 0]) for frame in window.read([1, 3])] == [6, 8]
    assert window.times() == pytest.approx(whole.times()[5:9] - whole.times()[5])
    assert [frame.time for frame in window.read()] == pytest.approx(window.times())
    assert len({Window(whole, whole.digest(), *span).digest() for span in ((0, 4), (4, 8), (0, 8))}) == 3


@given(frames=st.integers(1, 400), seconds=st.floats(0.05, 30))
def test_clips_cover_the_video_and_none_but_a_short_videos_is_shorter_than_half(frames: int, seconds: float) -> None:
    ends = divided(np.arange(frames) / 25, seconds)
    lengths = np.diff([0.0, *ends])
    assert ends[-1] == pytest.approx((frames - 1) / 25 + (1 / 25 if frames > 1 else 0))
    assert lengths[:-1] == pytest.approx(seconds)
    assert len(ends) == 1 or 0.5 * seconds - 1e-6 <= lengths[-1] <= 1.5 * seconds + 1e-6


def test_what_is_not_a_video_is_one_record_and_no_length_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("only words")
    (part,) = parts_of(tmp_path / "text.mp4", 2)
    assert (part.start, part.end, part.record.id) == (None, None, str(tmp_path / "text.mp4"))
    with pytest.raises(FascoreError, match=r"a clip of 0 s has no frames; choose a number of seconds above 0"):
        parts_of(tmp_path / "text.mp4", 0)
