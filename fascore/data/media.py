"""Media files as Sources: videos, still images, folders of frames. Nothing is decoded before `read`."""

from __future__ import annotations

import hashlib
import re
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fascore.contract.errors import NoResponse
from fascore.contract.record import Frame, Source

FRAMES_PER_SECOND = 25.0
"""Frame rate of a folder of frames without another one."""
IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pnm", ".jp2")
)
VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".3gp", ".gif", ".wmv", ".flv", ".mjpeg")
)

TIMES = "times.txt"
"""File in a folder of frames with the time of each frame."""
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "GIF")
"""Image formats that are read, regardless of the file name. Pillow would pass others, such as PostScript, to programs that execute them."""


def file_digest(path: Path) -> str:
    """Hex SHA-256 of the bytes of a file, read in blocks. Raises NoResponse if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error


def unreadable(path: Path, why: str) -> NoResponse:
    """The sentence for a file without a sample."""
    return NoResponse("unreadable", f"{path} cannot be read: {why}")


class MediaSource(Source):
    """A Source that consists of files: its digest follows from theirs, so that a store can remember them."""

    @abstractmethod
    def files(self) -> Sequence[Path]:
        """The files, in order. Raises NoResponse if there are none."""

    def facts(self) -> dict[str, float | str]:
        """Facts about the coding of the files, by name (`codec`, `format`); decodes no image."""
        return {}

    def digest(self) -> str:
        return self.digest_by(file_digest)

    def digest_by(self, digest_of: Callable[[Path], str]) -> str:
        """`digest`, using a function that returns the digest of a file."""
        files = self.files()
        if len(files) == 1:
            return digest_of(files[0])
        return hashlib.sha256("\n".join(map(digest_of, files)).encode()).hexdigest()


@dataclass(frozen=True)
class StillImage(MediaSource):
    """One image, rotated as its EXIF data say: a single frame at time 0."""

    path: Path

    def files(self) -> Sequence[Path]:
        return [self.path]

    def facts(self) -> dict[str, float | str]:
        return image_facts(self.path)

    def times(self) -> np.ndarray:
        return np.zeros(1)

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        if indices is None or len(indices):
            yield Frame(0.0, read_image(self.path))


@dataclass(frozen=True)
class FrameFolder(MediaSource):
    """A folder of images in natural order (`f2.png` before `f10.png`), `fps` per second.

    For an uneven frame rate, it contains a file `times.txt` with one line per image, the time in seconds.
    """

    path: Path
    fps: float = FRAMES_PER_SECOND

    def files(self) -> Sequence[Path]:
        stamps = self.path / TIMES
        return [*self._pictures(), stamps] if stamps.is_file() else self._pictures()

    def facts(self) -> dict[str, float | str]:
        return image_facts(self._pictures()[0])

    def digest_by(self, digest_of: Callable[[Path], str]) -> str:
        return hashlib.sha256(f"{self.fps}\n{super().digest_by(digest_of)}".encode()).hexdigest()

    def times(self) -> np.ndarray:
        return self._times(len(self._pictures()))

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame]:
        files = self._pictures()
        times = self._times(len(files))
        for index in range(len(files)) if indices is None else indices:
            yield Frame(float(times[index]), read_image(files[index]))

    def _pictures(self) -> list[Path]:
        try:
            pictures = [
                p for p in self.path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")
            ]
        except OSError as error:
            raise unreadable(self.path, error.strerror or str(error)) from error
        if not pictures:
            raise unreadable(self.path, "the folder contains no images")
        return sorted(pictures, key=natural)

    def _times(self, count: int) -> np.ndarray:
        stamps = self.path / TIMES
        if not stamps.is_file():
            return np.arange(count) / self.fps
        try:
            times = np.array([float(line) for line in stamps.read_text(encoding="utf-8").split()])
        except (OSError, ValueError) as error:
            raise unreadable(stamps, f"{error}; write one line per image, the time in seconds") from error
        if len(times) != count or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            problem = (
                f"it has {len(times)} times but {count} images"
                if len(times) != count
                else "its times do not increase from image to image"
            )
            raise unreadable(stamps, f"{problem}; write one line per image, the increasing time in seconds")
        return times


def natural(path: Path) -> list[tuple[int, str]]:
    """A natural sort key: digits compare as numbers."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", path.name)]


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB, (H, W) uint8, or (H, W) uint16 for 16-bit gray. Raises NoResponse, also for a truncated file.

    Uses Pillow, because OpenCV silently fills the missing part of a JPEG with gray.
    """
    from PIL import Image, ImageOps

    try:
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(path, formats=FORMATS) as file,
        ):
            picture = ImageOps.exif_transpose(file)
            return _pixels(picture.mode, picture)
    except NoResponse:
        raise
    except Exception as error:  # Pillow raises SyntaxError, struct.error, ValueError, … for damaged files
        empty = path.is_file() and path.stat().st_size == 0
        raise unreadable(path, "the file is empty" if empty else f"not an image ({error})") from error


def image_facts(path: Path) -> dict[str, float | str]:
    """Format and mode of an image, and for a JPEG the mean step of its quantization tables, which grows with compression."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as file:
            tables = getattr(file, "quantization", None) or {}
            facts: dict[str, float | str] = {"format": file.format or "unknown", "mode": file.mode}
    except Exception as error:  # as in read_image
        raise unreadable(path, f"not an image ({error})") from error
    if steps := [step for table in tables.values() for step in table]:
        facts["quantisation step"] = sum(steps) / len(steps)
    return facts


def _pixels(mode: str, picture: object) -> np.ndarray:
    from PIL.Image import Image

    assert isinstance(picture, Image)
    if mode.startswith("I"):
        deep = np.asarray(picture)
        if deep.min() < 0 or deep.max() > np.iinfo(np.uint16).max:
            raise NoResponse("unreadable", "an image with more than 16 bits per pixel; write it as 16-bit PNG")
        return deep.astype(np.uint16)
    if mode == "F":
        raise NoResponse("unreadable", "an image of floating-point numbers; write it as 16-bit PNG")
    return np.array(picture.convert("L" if mode in ("1", "L", "LA") else "RGB"))


def as_rgb(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of any decoded frame; a gray frame is repeated, and a 16-bit frame keeps its upper byte."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def as_gray(image: np.ndarray) -> np.ndarray:
    """(H, W) uint8 or uint16 of any decoded frame; a color frame is converted to luma (ITU-R BT.601)."""
    if image.ndim == 2:
        return image
    return (image @ np.array([0.299, 0.587, 0.114], dtype=np.float32) + 0.5).astype(np.uint8)
