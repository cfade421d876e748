"""DATASHEET.md of an export: what it is, what it is not, and what is in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from fas_phantom.components import Phantom
from fas_phantom.parameters import RENDERER_VERSION
from fas_phantom.protocols import SPLITS
from fascore import Record

TEXT = """# Datasheet of a phantom export: {benchmark}

**These clips are rendered. They do not replace real data**: a score on them says that a system runs and learns what is there to be
learnt; it says nothing about how it does on people. Never quote it as a detector's accuracy.

## What it is

{clips} clips of {subjects} depicted subjects by the renderer of fas-phantom (version {version}), written by `fascore phantom export`.
No person is depicted, recorded or imitated: faces are parametric height fields drawn from a seed, attacks are models of their physics.
The config that renders the same clips again:

```json
{config}
```

## What is in it

| split | task | species | clips | subjects |
| --- | --- | --- | --- | --- |
{counts}

`manifest.csv` has a row a clip: id, label (1 bona fide, 0 attack), species, subject (whom the face depicts), presenter, split, task, the
files, and what was drawn for the capture. Read it with the dataset `folder` of fascore:
`{{"type": "folder", "manifest": "manifest.csv"}}`.

| column | file | unit |
| --- | --- | --- |
| `rgb` | H.264 in MP4 at the clip's `crf`; where that is empty, FFV1 in Matroska, lossless | 8 bits a channel |
| `depth` | folder of 16-bit PNG with `times.txt` | millimetres, 0 unknown |
| `infrared` | FFV1 in Matroska, lossless | 8 bits |
| `thermal` | folder of 16-bit PNG with `times.txt` | 0.01 kelvin |
| `annotation` | boxes, landmarks with a detector's error, and the area that face and instrument may cover | pixels |

Channels are pixel-aligned and have the same times, to the millisecond that Matroska keeps.

## How the splits are made

Protocol `{protocol}`. Train, dev and test share no depicted subject, presenter or donor. Every subject has every attack of its split, and
as many bona fide clips of the same task. All that is drawn for a capture (camera, light, codec, frame rate, length, motion, background,
spectacles) is drawn by one function that is not told the species; ids name the person and nothing of the presentation.

## Known limits

The renderer's README lists them; above all: weak perspective, no cast shadows, heads turn by some twenty degrees, and a plane is told in
depth almost without error. The exact truth (live counterpart, trace, pulse) is not in the files: ask `fas_phantom.truth` with the config above.

## Licence

Apache-2.0, that of fas-phantom. There is nobody whose consent would be needed.
"""


def datasheet(dataset: Phantom, rows: Sequence[tuple[str, Record]]) -> str:
    """The datasheet of an export of `dataset`, whose clips are `rows`, pairs of split and record."""
    records = [record for _, record in rows]
    lines = []
    for split in SPLITS:
        listed = [record for where, record in rows if where == split]
        for (task, species), count in sorted(Counter((r.task, r.species or "bona fide") for r in listed).items()):
            people = {r.subject for r in listed if (r.task, r.species or "bona fide") == (task, species)}
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
