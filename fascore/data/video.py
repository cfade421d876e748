"""Videos through PyAV: packet times, rotation applied, streamed decoding, and exact access to selected frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fascore.contract.errors import NoResponse
from fascore.contract.record import Frame
from fascore.data.media import MediaSource, unreadable

DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpeg,mpegts,asf,flv,ogg,yuv4mpegpipe,ivf,apng"
"""Supported containers. Playlists and scripts are excluded: FFmpeg would open the files that they name."""
SEEK = 48
"""Jumps over fewer frames are decoded without seeking: a seek discards the decoder's state and costs about as much."""
GRAY_FORMATS = {
    "gray": "gray",
    "gray16le": "gray16le",
    "gray16be": "gray16le",
    "gray10le": "gray16le",
    "gray12le": "gray16le",
}


class Packets(NamedTuple):
    """Facts from demuxing a video.

    `stamps` (F,) int64 are the timestamps in presentation order, `keys` those of keyframes, `tick` their unit in
    seconds. `counted` is true for AVI, which numbers its frames in storage order: decoded frames are then identified by
    counting, and nothing is skipped.
    """

    stamps: np.ndarray
    keys: np.ndarray
    tick: float
    counted: bool


@dataclass(frozen=True)
class Video(MediaSource):
    """A video file. Variable frame rates are exact because times come from the packets; rotation is applied.

    A damaged or truncated file is a NoResponse: part of a presentation is not the presentation.
    """

    path: Path

    def files(self) -> Sequence[Path]:
        return [self.path]

    def facts(self) -> dict[str, float | str]:
        with _opened(self.path) as (container, stream):
            codec = stream.codec_context
            coding = {
                "container": container.format.name,
                "codec": codec.name,
                "profile": codec.profile or "",
                "pixels": str(codec.pix_fmt),
            }
            return {
                **coding,
                "bit rate": float(codec.bit_rate or container.bit_rate or 0),
                "streams": float(len(container.streams)),
            }

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def times(self) -> np.ndarray:
        packets = self._packets
        times: np.ndarray = (packets.stamps - packets.stamps[0]) * packets.tick
        return times

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        packets = self._packets
        wanted = packets.stamps if indices is None else packets.stamps[np.asarray(indices, dtype=np.int64)]
        if indices is not None and np.any(np.diff(wanted) <= 0):
            raise ValueError("indices must increase")
        with _opened(self.path) as (container, stream):
            yield from _Reader(self.path, container, stream, packets).frames(wanted)

    @cached_property
    def _packets(self) -> Packets:
        with _opened(self.path) as (container, stream):
            return _demux(self.path, container, stream)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Container and video stream; errors that FFmpeg raises inside the block become a NoResponse."""
    import av

    av.logging.set_level(None)
    if not path.is_file() or path.stat().st_size == 0:
        raise unreadable(path, "the file is empty" if path.is_file() else "there is no such file")
    try:
        with av.open(str(path), options={"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}) as container:
            if not container.streams.video:
                raise unreadable(path, "it has no video stream")
            yield container, container.streams.video[0]
    except av.error.FFmpegError as error:
        raise unreadable(path, f"not a video, or damaged ({error.strerror})") from error
    except (OSError, UnicodeError) as error:
        raise unreadable(path, str(error)) from error


def _demux(path: Path, container: Any, stream: Any) -> Packets:
    stamps, keys, count = [], [], 0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        count += 1
        if packet.is_corrupt:
            raise unreadable(path, f"it is damaged or truncated at frame {count}")
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or packet.is_discard:
            continue
        stamps.append(stamp)
        if packet.is_keyframe:
            keys.append(stamp)
    if not stamps:
        raise unreadable(path, "it contains no frames")
    if "mp4" in container.format.name and count < stream.frames:
        raise unreadable(path, f"it is truncated: {count} of {stream.frames} frames are present")
    ordered = np.unique(np.asarray(stamps, dtype=np.int64))
    return Packets(
        ordered, np.unique(np.asarray(keys, dtype=np.int64)), float(stream.time_base), container.format.name == "avi"
    )


class _Reader:
    """Decodes the frames with given timestamps, in order, and seeks if that skips many frames."""

    def __init__(self, path: Path, container: Any, stream: Any, packets: Packets) -> None:
        self.path, self.container, self.stream, self.packets = path, container, stream, packets
        self.stream.thread_type = "AUTO"
        self.decoded: Iterator[Any] = container.decode(stream)
        self.position = int(packets.stamps[0]) - 1
        """Timestamp of the last frame that the decoder returned."""
        self.count = 0

    def frames(self, wanted: np.ndarray) -> Iterator[Frame]:
        start = self.packets.stamps[0]
        for stamp in wanted.tolist():
            decoded = self._frame_at(stamp)
            if decoded.is_corrupt:
                raise self._lost(stamp)
            yield Frame(float((stamp - start) * self.packets.tick), _upright(decoded))

    def _frame_at(self, stamp: int) -> Any:
        key = self._keyframe(stamp)
        if key is not None:
            self._seek(key)
        frame = self._advance(stamp)
        if frame is None and key is not None:  # this file does not seek exactly: decode it from the start
            self._seek(int(self.packets.stamps[0]))
            frame = self._advance(stamp)
        if frame is None:
            raise self._lost(stamp)
        return frame

    def _keyframe(self, stamp: int) -> int | None:
        """The keyframe to seek to; None if it is faster to continue decoding."""
        before = int(np.searchsorted(self.packets.keys, stamp, side="right"))
        if self.packets.counted or before == 0 or self.packets.keys[before - 1] <= self.position:
            return None
        key = int(self.packets.keys[before - 1])
        current, target = np.searchsorted(self.packets.stamps, (self.position + 1, key))
        return key if target - current > SEEK else None

    def _seek(self, stamp: int) -> None:
        self.container.seek(stamp, stream=self.stream, backward=True, any_frame=False)
        self.decoded = self.container.decode(self.stream)

    def _advance(self, stamp: int) -> Any:
        """Decode up to a timestamp; return None if the decoder passes it or the file ends."""
        for frame in self.decoded:
            frame_stamp = self._stamp(frame)
            if frame_stamp is None:
                continue
            self.position = frame_stamp
            if frame_stamp == stamp:
                return frame
            if frame_stamp > stamp:
                return None
        return None

    def _stamp(self, frame: Any) -> int | None:
        if self.packets.counted:
            self.count += 1
            return int(self.packets.stamps[self.count - 1]) if self.count <= len(self.packets.stamps) else None
        stamp: int | None = frame.pts if frame.pts is not None else frame.dts
        return stamp

    def _lost(self, stamp: int) -> NoResponse:
        return unreadable(
            self.path, f"the frame at {(stamp - self.packets.stamps[0]) * self.packets.tick:.3f} s is damaged"
        )


def _upright(frame: Any) -> np.ndarray:
    """Pixels in display orientation: (H, W, 3) uint8 RGB, or (H, W) uint8 or uint16 for a gray video."""
    from av.sidedata.sidedata import Type

    pixels: np.ndarray = frame.to_ndarray(format=GRAY_FORMATS.get(frame.format.name) or "rgb24")
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return pixels
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5].astype(np.float64)
    if a * d - b * c < 0:  # mirrored, as by some front cameras: undo it, so that only a rotation remains
        pixels, a, b = pixels[:, ::-1], -a, -b
    quarters = round(np.degrees(np.arctan2(b, a)) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, -quarters))
