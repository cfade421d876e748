"""Write clips of the demo's test split as videos named after their content, two of each kind: `rendered_clips.py
FOLDER`.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import av
from fas_phantom.components import Phantom

from fascore import Record, validate

DEMO = Path(__file__).parents[1] / "plugins" / "fas-phantom" / "specs" / "demo.json"
SIZE = 256
ATTACKS = ("print.flat", "replay.screen", "mask.rigid")
CLIPS = 2


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
    dataset = json.loads(DEMO.read_text())["data"]["test"]["intra"][0]["dataset"]
    people = validate(Phantom, {**dataset, "size": SIZE, "species": ATTACKS})
    written: Counter[str] = Counter()
    for record in people.records("test"):
        kind = record.species or "bona_fide"
        if written[kind] < CLIPS:
            written[kind] += 1
            write_video(record, folder / f"{kind}-{written[kind]}.mp4")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
