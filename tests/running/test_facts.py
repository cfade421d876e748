"""What a run writes down for its report."""

import base64
import io

import numpy as np
from fas_phantom.components import Phantom
from PIL import Image

from fascore import RunSpec, validate
from fascore.evaluation.table import ScoreTable
from fascore.report.contents import Timing
from fascore.report.mistakes import worst_rows
from fascore.running.report_facts import gather
from fascore.running.splits import Splits

DATASET = {
    "type": "phantom",
    "site": "A",
    "subjects": 6,
    "size": 48,
    "frames": 2,
    "species": ["print.flat", "forgery.faceswap"],
}
SPEC = {
    "name": "two-tasks",
    "seed": 0,
    "data": {
        "train": [{"dataset": DATASET, "split": "train"}],
        "test": {"intra": [{"dataset": DATASET, "split": "all"}]},
    },
    "modalities": {
        "faces": {"type": "faces", "detector": "boxes"},
        "face": {"type": "face_frames", "inputs": ["faces"], "size": 32},
    },
    "model": {
        "encoders": {"look": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
        "heads": {"main": {"type": "binary", "inputs": ["look"]}},
    },
    "recipe": "supervised",
    "metrics": ["auc"],
}


def test_the_pictures_of_mistakes_are_those_of_each_task_worst_first():
    records = validate(Phantom, DATASET).records("all")
    random = np.random.default_rng(0)
    table = ScoreTable.from_columns(
        {
            "id": [record.id for record in records],
            "label": [record.label for record in records],
            "score": random.random(len(records)),
            "task": [record.task for record in records],
            "species": [record.species or "" for record in records],
        }
    )
    facts = gather(
        Splits((), (), {"intra": tuple(records)}, carved=False),
        validate(RunSpec, SPEC),
        {"intra": table},
        0.5,
        Timing((), ""),
        (),
    )
    worst = {
        str(part.id[row])
        for part in map(table.task, ("spoof", "forgery"))
        for rows in worst_rows(part, 0.5).values()
        for row in rows
    }
    scores = dict(zip(table.id.tolist(), table.score.tolist()))
    assert set(facts["pictures"]["intra"]) == worst
    assert all((scores[record.id] >= 0.5) is (record.label == 0) for record in records if record.id in worst)
    assert {record.task for record in records if record.id in worst} == {"spoof", "forgery"}
    assert all(
        max(Image.open(io.BytesIO(base64.b64decode(text))).size) == 48 for text in facts["pictures"]["intra"].values()
    )
