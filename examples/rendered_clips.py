"""Write clips of one person of the phantom's test split as videos, named by what they show: `rendered_clips.py FOLDER`."""

import sys
from pathlib import Path

import av
from fas_phantom.components import Phantom

from fascore import Record

SIZE = 256
ATTACKS = ("print.flat", "replay.screen", "mask.rigid")


def write_video(record: Record, path: Path) -> None:
    """The rgb channel as MPEG-4."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = SIZE, SIZE, "yuv420p", 4_000_000
        for frame in record.channels["rgb"].read():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="rgb24")))
        container.mux(stream.encode(None))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    first: dict[str, Record] = {}
    for record in Phantom(size=SIZE, species=ATTACKS).records("test"):
        first.setdefault(record.species or "bona_fide", record)
    for name, record in first.items():
        write_video(record, folder / f"{name}.mp4")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
