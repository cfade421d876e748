"""The Source of a path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

from fascore.data.media import FRAMES_PER_SECOND, IMAGE_SUFFIXES, FrameFolder, MediaSource, StillImage
from fascore.data.video import Video

Kind: TypeAlias = Literal["auto", "video", "image", "frames"]


def open_source(path: str | os.PathLike[str], kind: Kind = "auto", fps: float = FRAMES_PER_SECOND) -> MediaSource:
    """The Source of a path. `auto` reads a folder as frames, an image by its suffix, and everything else as video.

    Nothing is opened or decoded. `fps` is the frame rate of a folder of frames.
    """
    path = Path(path)
    if kind == "frames" or (kind == "auto" and path.is_dir()):
        return FrameFolder(path, fps)
    if kind == "image" or (kind == "auto" and path.suffix.lower() in IMAGE_SUFFIXES):
        return StillImage(path)
    return Video(path)
