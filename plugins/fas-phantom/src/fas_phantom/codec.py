"""The codec between sensor and file: H.264 with a constant rate factor, in groups of eight pictures.

Each group is a separate stream: an intra picture followed by predicted pictures, without lookahead. A picture therefore
depends only on earlier pictures of its group, and has the same bits in whatever order a clip is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from fas_phantom.parameters import Capture, ClipParameters

GROUP = 8
"""Pictures in a group."""
PRESET = "veryfast"
PARAMETERS = f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=0:threads=1"


class Pass:
    """One encoding and decoding of a group. Pictures must be passed in order, starting at the first of the group."""

    def __init__(self, size: int, crf: int) -> None:
        self.size, self.count = size, 0
        self.encoder, self.decoder = VideoCodecContext.create("libx264", "w"), VideoCodecContext.create("h264", "r")
        self.encoder.width = self.encoder.height = size + size % 2
        self.encoder.pix_fmt, self.encoder.time_base = "yuv420p", Fraction(1, 25)
        self.encoder.options = {"crf": str(crf), "preset": PRESET, "tune": "zerolatency", "x264-params": PARAMETERS}
        self.encoder.thread_count = self.decoder.thread_count = 1

    def encode(self, picture: np.ndarray) -> av.Packet:
        """Encode the next picture (H, W, 3) uint8; odd sizes are padded by repeating a row and a column."""
        odd = self.size % 2
        frame = av.VideoFrame.from_ndarray(np.pad(picture, ((0, odd), (0, odd), (0, 0)), mode="edge"), format="rgb24")
        frame.pts, self.count = self.count, self.count + 1
        (packet,) = self.encoder.encode(frame)
        return packet

    def decode(self, packet: av.Packet) -> np.ndarray:
        """Decode the next picture (H, W, 3) uint8."""
        (frame,) = self.decoder.decode(packet)
        return frame.to_ndarray(format="rgb24")[: self.size, : self.size]


class Group:
    """A group that is encoded by all passes of a clip's capture."""

    def __init__(self, size: int, capture: Capture) -> None:
        crfs = [crf for crf in (capture.recoded, capture.crf) if crf is not None]
        self.passes = [Pass(size, crf) for crf in crfs]
        self.packets: list[bytes] = []
        """Output of the last pass, one packet per picture."""

    def push(self, picture: np.ndarray) -> np.ndarray:
        """Encode and decode the next picture."""
        for coding in self.passes:
            packet = coding.encode(picture)
            picture = coding.decode(packet)
        self.packets.append(bytes(packet))
        return picture


def recorded(clip: ClipParameters, sensor: Callable[[int], np.ndarray], indices: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield the pictures (H, W, 3) uint8 at `indices` as read from the clip's file, given those of the sensor."""
    if clip.capture.crf is None:
        yield from map(sensor, indices)
        return
    current, done = -1, 0
    for index in indices:
        first = index - index % GROUP
        if first != current or index < done:
            group, current, done = Group(clip.size, clip.capture), first, first
        for place in range(done, index + 1):
            picture = group.push(sensor(place))
        done = index + 1
        yield picture


def packets(clip: ClipParameters, sensor: Callable[[int], np.ndarray]) -> Iterator[bytes]:
    """Yield the clip's H.264 stream, one packet per picture; groups start with parameter sets and an intra picture."""
    for first in range(0, clip.frames, GROUP):
        group = Group(clip.size, clip.capture)
        for index in range(first, min(first + GROUP, clip.frames)):
            group.push(sensor(index))
        yield from group.packets
