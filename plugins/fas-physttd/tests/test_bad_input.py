"""Records that cannot be used: what is said of them, and what becomes of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from fas_physttd.physttd.recipes import EXAMPLE
from fas_physttd.polysemantic.recipes import toy_graph

from fascore import Annotation, AnnotationSource, Record
from fascore.testing import toy_records
from fascore.testing.graphs import toy


@dataclass(frozen=True)
class Points(AnnotationSource):
    """The boxes of another annotation with so many points, or none."""

    of: AnnotationSource
    count: int | None

    def digest(self) -> str:
        return f"{self.of.digest()}{self.count}"

    def load(self) -> Annotation:
        known = self.of.load()
        if self.count is None or known.points is None:
            return known._replace(points=None)
        return known._replace(points=np.resize(known.points, (len(known.points), self.count, 2)), layout="68")


def with_points(record: Record, count: int | None) -> Record:
    assert record.annotation is not None
    return replace(record, annotation=Points(record.annotation, count))


def prepared(landmarks: str, records: list[Record]) -> Any:
    modalities = {**EXAMPLE["modalities"], "face": {**EXAMPLE["modalities"]["face"], "landmarks": landmarks}}
    return toy(
        modalities, EXAMPLE["model"], records, recipe={"type": "physttd.three_steps", "discriminator_width": 0.06}
    ).prepared


@pytest.mark.parametrize(
    ("count", "landmarks", "words"),
    [
        (None, "68", "returns no points; choose one that does"),
        (77, "68", "returns 77 points, not the 68 of layout '68'"),
        (5, "68", "returns 5 points, not the 68"),
        (68, "mesh140", "returns 68 points, not the 140"),
    ],
)
def test_a_record_without_landmarks_or_of_another_count_is_set_aside_by_name(
    count: int | None, landmarks: str, words: str
) -> None:
    first, *others = toy_records(3)
    lacking = [
        with_points(first, count),
        *(with_points(record, 140 if landmarks == "mesh140" else 68) for record in others),
    ]
    found = prepared(landmarks, lacking)
    assert [one.id for one in found.quarantined] == [first.id]
    assert words in found.quarantined[0].reason
    assert [record.id for record in found.records] == [record.id for record in others]


def test_a_record_without_depth_is_set_aside_by_name_and_the_others_train() -> None:
    first, *others = toy_records(3)
    graph = toy_graph(("rgb", "depth"))
    lacking = replace(first, channels={"rgb": first.channels["rgb"]})
    found = toy(
        graph["modalities"], graph["model"], [lacking, *others], recipe={"type": "physttd.polysemantic", "scales": [16]}
    ).prepared
    assert [(one.id, one.modality) for one in found.quarantined] == [(first.id, "depth")]
    assert "no channel 'depth'; it has rgb" in found.quarantined[0].reason
    assert len(found.records) == 2
