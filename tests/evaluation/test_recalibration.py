"""A threshold from bona fide alone: the highest that keeps its target, refused where it could not be seen, never the run's own."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fascore.contract.errors import FascoreError
from fascore.evaluation.recalibration import read_recalibration, recalibrate
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold

OWN = Threshold(value=0.5, rule="eer", split="dev", n_bona_fide=20, n_attack=20)


def bona_fide(scores, **columns):
    return ScoreTable.from_columns(
        {"id": [f"b{i}" for i in range(len(scores))], "label": [1] * len(scores), "score": scores, **columns}
    )


def chosen(table, bpcer=0.1, camera="phone"):
    return recalibrate(table, own=OWN, run="demo", camera=camera, bpcer=bpcer)


@settings(deadline=None, max_examples=50)
@given(scores=st.lists(st.integers(0, 50), min_size=30, max_size=80), rate=st.sampled_from([0.1, 0.2, 0.5]))
def test_it_is_the_highest_threshold_that_keeps_the_target(scores, rate):
    found = chosen(bona_fide([score / 50 for score in scores]), rate)
    values = np.array(scores) / 50
    assert (values < found.threshold.value).mean() <= rate
    higher = sorted(values[values > found.threshold.value])
    assert not higher or (values < higher[0]).mean() > rate
    assert found.bpcer.errors == (values < found.threshold.value).sum()
    assert found.bpcer_at_run_threshold.value == (values < 0.5).mean()


def test_it_says_that_nothing_is_known_of_attacks():
    found = chosen(bona_fide(np.linspace(0, 1, 30)))
    document = json.loads(found.model_dump_json())
    assert document["apcer"] is None and "APCER unknown here" in document["note"]
    assert document["threshold"]["n_attack"] == 0
    assert document["bpcer"]["low"] < 0.1 < document["bpcer"]["high"]


def test_presentations_without_a_score_have_no_part_and_are_counted():
    found = chosen(bona_fide([0.9] * 40 + [None] * 2, response=["ok"] * 40 + ["no_face"] * 2))
    assert (found.bpcer.n, found.non_responses) == (40, 2)


@pytest.mark.parametrize(
    ("table", "bpcer", "camera", "said"),
    [
        (
            bona_fide([0.9] * 29),
            0.1,
            "phone",
            "not measurable, n is too small: a BPCER of 0.1 needs 30 bona fide, and there are 29",
        ),
        (bona_fide([0.9] * 40), 0.01, "phone", "needs 300 bona fide, and there are 40"),
        (bona_fide([0.9] * 40), 0.0, "phone", "needs infinitely many"),
        (bona_fide([0.9] * 40), 2, "phone", "a rate must be in [0, 1)"),
        (bona_fide([0.9] * 40), 0.1, "../own", "cannot name a camera's file"),
        (ScoreTable.from_columns({"label": [1, 0], "score": [1, 0]}), 0.1, "phone", "1 of 2 presentations are attacks"),
    ],
)
def test_what_cannot_be_chosen_is_a_sentence(table, bpcer, camera, said):
    with pytest.raises(FascoreError) as caught:
        chosen(table, bpcer, camera)
    assert said in str(caught.value)


def test_the_file_is_read_back_for_its_run_and_for_no_other(tmp_path):
    path = tmp_path / "phone.json"
    found = chosen(bona_fide(np.linspace(0, 1, 40)))
    path.write_text(found.model_dump_json())
    assert read_recalibration(path, OWN) == found
    with pytest.raises(FascoreError, match="was made for another run"):
        read_recalibration(path, OWN.model_copy(update={"value": 0.6}))
    for text in ("", "[]", OWN.to_json(), path.read_text().replace('"threshold"', '"treshold"')):
        path.write_text(text)
        with pytest.raises(FascoreError):
            read_recalibration(path, OWN)
    with pytest.raises(FascoreError, match="there is no file"):
        read_recalibration(tmp_path / "nowhere.json", OWN)
