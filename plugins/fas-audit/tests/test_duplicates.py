from dataclasses import replace

import cv2
import numpy as np
import pytest
from audited_scenes import Drawn, part, redrawn
from fas_audit.audit import audit
from fas_audit.duplicates import ALIKE, detail, duplicates, perceptual_hash
from fas_audit.record_facts import look
from fas_audit.target import Part, Row, rows_of
from hypothesis import given, settings, strategies as st
from scipy.fft import dct

from fascore import Record


def grey(seed):
    return Drawn(seed).picture().astype(np.float64).mean(-1) / 255


def textbook_hash(picture):
    """The definition, one cosine transform a row and a column, bit by bit."""
    rows = np.array([dct(row, norm="ortho") for row in picture])
    low = np.array([dct(column, norm="ortho") for column in rows.T]).T[:8, :8].ravel()
    middle = np.median(low[1:])
    return [value > middle for value in low]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_the_hash_is_that_of_its_definition(seed):
    assert list(perceptual_hash(grey(seed))) == textbook_hash(grey(seed))


@pytest.mark.parametrize("change", ["jpeg", "brighter", "smaller", "noise"])
def test_a_copy_that_was_coded_again_is_found(change):
    picture = Drawn(7).picture()
    copy = {
        "jpeg": lambda: cv2.imdecode(
            cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], cv2.IMREAD_COLOR
        ),
        "brighter": lambda: np.clip(picture * 1.15, 0, 255),
        "smaller": lambda: cv2.resize(cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA), (64, 64)),
        "noise": lambda: np.clip(picture + np.random.default_rng(0).normal(0, 6, picture.shape), 0, 255),
    }[change]().astype(np.float64).mean(-1) / 255
    assert (perceptual_hash(copy) != perceptual_hash(grey(7))).sum() <= 10
    assert detail(copy).ravel() @ detail(grey(7)) > ALIKE


def test_one_copy_across_splits_is_the_one_pair_named():
    planted = part(count=200)
    twin = next(row for row in planted.rows if row.splits == ("train",))
    other = next(row for row in planted.rows if row.splits == ("test",))
    rows = tuple(
        replace(row, record=replace(row.record, channels=twin.record.channels)) if row is other else row
        for row in planted.rows
    )
    audited = audit("drawn", [Part("drawn", rows)], processes=0)
    assert audited.duplicates is not None
    assert [{pair.first, pair.second} for pair in audited.duplicates] == [{twin.record.id, other.record.id}]
    assert audited.verdict() == "failed"


def test_copies_within_one_split_are_no_pair():
    planted = part(lambda r, _: redrawn(r, seed=3), count=20)
    rows = rows_of({"train": [row.record for row in planted.rows]})
    assert duplicates(rows, [look(row.record) for row in rows]) == []


def test_different_people_before_the_same_wall_are_no_pair():
    """The same background and coarse face, other features: what a pool of backgrounds gives."""
    wall = Drawn(1).picture()
    facts, rows = [], []
    for number in range(60):
        picture = wall.copy()
        picture[16:50, 20:44] = Drawn(100 + number).picture()[16:50, 20:44]
        facts.append(
            replace(
                look(Record("x", 1, {"rgb": Drawn(1)})),
                id=str(number),
                frames={"rgb": (picture / 255).astype(np.float16)},
            )
        )
        rows.append(Row(Record(str(number), 1, {}), ("train" if number % 2 else "test",), 0.0))
    assert duplicates(rows, facts) == []


def test_one_split_is_not_searched_for_duplicates():
    rows = rows_of({"train": [row.record for row in part(count=20).rows]})
    assert audit("drawn", [Part("drawn", rows)], processes=0).duplicates is None
