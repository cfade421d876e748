"""DATASHEET.md of an export: what it is, what it is not, and what it contains."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from fas_phantom.components import Phantom
from fas_phantom.parameters import RENDERER_VERSION
from fas_phantom.protocols import SPLITS
from fascore import Record

TEXT = """# Datasheet of a phantom export: {benchmark}

**These clips are rendered. They do not replace real data**: a score on them shows that a system runs and learns what
can be learned. It says nothing about how the system performs on people. Never quote it as the accuracy of a detector.

## What it is

{clips} clips of {subjects} depicted subjects, rendered by fas-phantom (version {version}) and written by
`fascore phantom export`. No real person is depicted, recorded, or imitated: faces are parametric height fields drawn
from a seed, and attacks are models of their physics. This config renders the same clips:

```json
{config}
```

## What it contains

| split | task | species | clips | subjects |
| --- | --- | --- | --- | --- |
{counts}

`manifest.csv` has one row per clip: id, label (1 bona fide, 0 attack), species, subject (whom the face depicts),
presenter, split, task, the files, and what was drawn for the capture. Read it with the dataset `folder` of fascore:
`{{"type": "folder", "manifest": "manifest.csv"}}`.

| column | file | unit |
| --- | --- | --- |
| `rgb` | H.264 in MP4 at the `crf` of the clip; if `crf` is empty, FFV1 in Matroska, lossless | 8 bits per channel |
| `depth` | folder of 16-bit PNG files with `times.txt` | millimeters, 0 unknown |
| `infrared` | FFV1 in Matroska, lossless | 8 bits |
| `thermal` | folder of 16-bit PNG files with `times.txt` | 0.01 kelvin |
| `annotation` | boxes, landmarks with a detector's error, and the area that face and instrument may cover | pixels |

Channels are pixel-aligned and have the same times, to the precision of Matroska (one millisecond).

## How the splits are made

The protocol is `{protocol}`. Train, dev, and test share no depicted subject, presenter, or donor. Every subject has
every attack of its split, and as many bona fide clips of the same task. Everything about a capture (camera, light,
codec, frame rate, length, motion, background, glasses) is drawn by one function that does not know the species. Ids
name the person and reveal nothing about the presentation.

## Known limits

The README of fas-phantom lists them. The most important: perspective is weak, there are no cast shadows, heads turn by
about twenty degrees, and a plane is recognizable in depth almost without error. The exact truth (live counterpart,
trace, pulse) is not in the files: call `fas_phantom.truth` with records of the config above.

## License

Apache-2.0, as fas-phantom. No consent is needed, since no real person is depicted.
"""


def datasheet(dataset: Phantom, rows: Sequence[tuple[str, Record]]) -> str:
    """Return the datasheet of an export of `dataset`, whose clips are `rows`: pairs of split and record."""
    records = [record for _, record in rows]
    lines = []
    for split in SPLITS:
        in_split = [record for name, record in rows if name == split]
        for (task, species), count in sorted(Counter((r.task, r.species or "bona fide") for r in in_split).items()):
            people = {r.subject for r in in_split if (r.task, r.species or "bona fide") == (task, species)}
            lines.append(f"| {split} | {task} | {species} | {count} | {len(people)} |")
    return TEXT.format(
        benchmark=dataset.benchmark(),
        clips=len(records),
        subjects=len({r.subject for r in records}),
        version=RENDERER_VERSION,
        config=json.dumps(dataset.model_dump(mode="json"), indent=2),
        counts="\n".join(lines),
        protocol=dataset.protocol,
    )
