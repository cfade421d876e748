"""A small fixture for the dataset `folder`: images, a video, a folder of frames, boxes and landmarks."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE, FRAMES = 32, 3
HEADER = ("id", "label", "species", "subject", "presenter", "split", "rgb", "depth", "box", "annotation", "site")


def write_fixture(folder: Path) -> Path:
    """Write media and manifest into a folder, two records each for `train`, `dev`, and `test`; return the manifest."""
    rows = []
    for number, split in enumerate(("train", "dev", "test")):
        for label in (1, 0):
            name = f"{split}-{label}"
            subject = f"s{number}"
            rgb, depth, box, annotation = _media(folder, name, np.random.default_rng(2 * number + label), number)
            species = "" if label else "print.flat"
            rows.append((name, label, species, subject, subject, split, rgb, depth, box, annotation, "A"))
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
    return manifest


def _media(folder: Path, name: str, rng: np.random.Generator, form: int) -> tuple[str, str, str, str]:
    """rgb, depth, box, and annotation of a record.

    `form` selects an image with a depth map (0), a video (1), or a folder of frames.
    """
    frames = [rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8) for _ in range(FRAMES)]
    if form == 0:
        Image.fromarray(frames[0]).save(folder / f"{name}.png")
        Image.fromarray(rng.integers(400, 900, (SIDE, SIDE), dtype=np.uint16)).save(folder / f"{name}-depth.png")
        return f"{name}.png", f"{name}-depth.png", "4 4 28 28", ""
    if form == 1:
        _video(folder / f"{name}.mp4", frames)
        return f"{name}.mp4", "", "", _annotation(folder, name)
    (folder / name).mkdir()
    for position, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / name / f"{position:03d}.png")
    return name, "", "", ""


def _video(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.height, stream.width = SIDE, SIDE
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())


def _annotation(folder: Path, name: str) -> str:
    """Write a table with a box and two landmarks for each frame."""
    lines = ["x1,y1,x2,y2,x_0,y_0,x_1,y_1", *["4,4,28,28,10,12,22,12"] * FRAMES]
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"{name}.csv"
