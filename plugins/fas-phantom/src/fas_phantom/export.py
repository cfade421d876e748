"""`fascore phantom export`: clips as files, as a recording would store them, with a manifest for `folder`."""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import av
import cv2
import numpy as np
from PIL import Image

from fas_phantom.codec import packets
from fas_phantom.components import Phantom
from fas_phantom.datasheet import datasheet
from fas_phantom.parameters import ClipParameters
from fas_phantom.protocols import SPLITS
from fas_phantom.render import scene
from fas_phantom.sources import Rendered
from fascore import Annotation, FascoreError, Frame, Record

TICK = Fraction(1, 90_000)
"""Time base of the MP4 files, in seconds."""
MILLISECOND = Fraction(1, 1000)
"""Time base of Matroska, in seconds."""
COLUMNS = ("id", "label", "species", "subject", "presenter", "split", "task")
LOSSLESS = {"rgb": ("rgb24", "bgr0"), "infrared": ("gray", "gray")}
"""Source and stored pixel formats of the channels that are written as lossless video."""


def export(dataset: Phantom, folder: Path, processes: int) -> Iterator[tuple[int, int]]:
    """Write all clips to `folder`, completely or not at all; yields (clips written, all clips).

    Raises FascoreError if the folder is not empty or cannot be written.
    """
    rows = [(split, record) for split in SPLITS for record in dataset.records(split)]
    fastest = max(np.reciprocal(np.diff(record.channels["rgb"].times())).max(initial=0) for _, record in rows)
    if fastest >= 1 / MILLISECOND:
        raise FascoreError(
            "fps: two frames of a clip are less than a millisecond apart, which its file cannot store; lower fps"
        )
    with _whole(folder) as staging:
        written: list[dict[str, object]] = []
        with closing(_written([record for _, record in rows], staging, processes)) as clips:
            for (split, record), files in zip(rows, clips):
                written.append({**_facts(record), "split": split, **files})
                yield len(written), len(rows)
        (staging / "manifest.csv").write_text(_table(written), encoding="utf-8")
        (staging / "DATASHEET.md").write_text(datasheet(dataset, rows), encoding="utf-8")


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Provide a temporary folder next to `folder` that replaces it at the end, or is removed on an error."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        state = "is a file" if folder.is_file() else "is not empty"
        raise FascoreError(f"{folder} {state}; choose a new or empty folder: an export never overwrites anything")
    staging = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.part")
    try:
        staging.mkdir(parents=True)
        yield staging
        os.replace(staging, folder)
    except (OSError, av.error.FFmpegError) as error:
        raise FascoreError(
            f"{folder} cannot be written: {error.strerror or error}; free up space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _written(records: Sequence[Record], place: Path, processes: int) -> Generator[dict[str, str], None, None]:
    """Write the records in order; yields the paths of each record by column."""
    if processes <= 1:
        yield from (write_clip(record, place) for record in records)
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start)
    try:
        yield from pool.map(write_clip, records, [place] * len(records), chunksize=4)
    except BrokenProcessPool as error:
        raise FascoreError(
            "a worker process died (out of memory or killed); run the same command with --processes 1"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    """Set up a worker: it leaves Ctrl-C to its parent, ends with its parent, and uses one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def write_clip(record: Record, place: Path) -> dict[str, str]:
    """Write the channels and annotation of a record; returns paths relative to `place` by column of the manifest."""
    folder = Path("clips") / record.id
    (place / folder).mkdir(parents=True)
    files = {}
    for channel, source in record.channels.items():
        assert isinstance(source, Rendered)
        files[channel] = str(folder / _write_channel(source, place / folder))
    assert record.annotation is not None
    (place / folder / "faces.csv").write_text(annotation_table(record.annotation.load()), encoding="utf-8")
    return {**files, "annotation": str(folder / "faces.csv")}


def _write_channel(source: Rendered, folder: Path) -> str:
    """Write a channel; returns the name of its file or of its folder of pictures."""
    clip, channel = source.clip, source.channel
    if channel == "rgb" and clip.capture.crf is not None:
        write_h264(folder / "rgb.mp4", clip, source.times())
        return "rgb.mp4"
    if channel in LOSSLESS:
        write_lossless(folder / f"{channel}.mkv", source.read(), clip, *LOSSLESS[channel])
        return f"{channel}.mkv"
    write_pictures(folder / channel, source.read())
    return channel


def write_h264(path: Path, clip: ClipParameters, times: np.ndarray) -> None:
    """Write the packets of the clip's codec to an MP4 file, which decodes to exactly what the renderer returns."""
    stream = io.BytesIO(b"".join(packets(clip, scene(clip).rgb)))
    with (
        av.open(stream, format="h264") as coded,
        av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as file,
    ):
        video = file.add_stream_from_template(coded.streams.video[0])
        video.time_base = TICK
        pictures = (packet for packet in coded.demux(video=0) if packet.size)
        for packet, time in zip(pictures, times, strict=True):
            packet.time_base, packet.stream = TICK, video
            packet.pts = packet.dts = round(time / TICK)
            file.mux(packet)


def write_lossless(path: Path, frames: Iterable[Frame], clip: ClipParameters, source: str, stored: str) -> None:
    """Write an FFV1 video in Matroska, with times to the millisecond, from and to pixel formats."""
    with av.open(str(path), "w", format="matroska") as file:
        video = file.add_stream("ffv1", rate=Fraction(clip.capture.rate).limit_denominator(1000))
        video.width = video.height = clip.size
        video.pix_fmt, video.codec_context.time_base = stored, MILLISECOND
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame.image, format=source)
            picture.pts, picture.time_base = round(frame.time / MILLISECOND), MILLISECOND
            file.mux(video.encode(picture))
        file.mux(video.encode(None))


def write_pictures(folder: Path, frames: Iterable[Frame]) -> None:
    """Write a folder of 16-bit PNG pictures and their times."""
    folder.mkdir()
    times = []
    for number, frame in enumerate(frames):
        Image.fromarray(frame.image).save(folder / f"{number:05d}.png")
        times.append(f"{frame.time:.9f}\n")
    (folder / "times.txt").write_text("".join(times), encoding="utf-8")


def annotation_table(annotation: Annotation) -> str:
    """Return boxes, area, and landmarks by frame as CSV: the file in the manifest column `annotation`."""
    assert annotation.boxes is not None and annotation.area is not None and annotation.points is not None
    corners, count = ("x1", "y1", "x2", "y2"), annotation.points.shape[1]
    header = [
        *corners,
        *(f"area_{name}" for name in corners),
        *(f"{axis}_{number}" for number in range(count) for axis in "xy"),
    ]
    cells = np.concatenate([annotation.boxes, annotation.area, annotation.points.reshape(-1, 2 * count)], axis=1)
    return "".join(",".join(row) + "\n" for row in [header, *([f"{cell:.4f}" for cell in frame] for frame in cells)])


def _facts(record: Record) -> dict[str, object]:
    return {**{name: getattr(record, name) for name in COLUMNS if name != "split"}, **record.metadata}


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(dict.fromkeys([*COLUMNS, *rows[0]])), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
