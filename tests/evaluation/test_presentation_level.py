"""Frames, clips and attempts, against a loop over groups."""

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fascore.contract.errors import FascoreError
from fascore.evaluation.evaluate import evaluate
from fascore.evaluation.presentation_level import Level, fold
from fascore.evaluation.rates import bona_fide_rate
from fascore.evaluation.table import ScoreTable

RULES = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "majority": lambda scores: max(t for t in scores if sum(score >= t for score in scores) > len(scores) / 2),
}


@st.composite
def frames(draw: st.DrawFn) -> ScoreTable:
    """Clips a to e, those with a vowel bona fide, in two datasets, rows in any order, some without an answer."""
    row = st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(["d1", "d2"]),
        st.integers(0, 8),
        st.sampled_from(["ok", "ok", "ok", "no_face"]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=30))
    return ScoreTable.from_columns(
        {
            "id": range(len(rows)),
            "clip": [row[0] for row in rows],
            "dataset": [row[1] for row in rows],
            "label": [int(row[0] in "ae") for row in rows],
            "score": [row[2] / 8 for row in rows],
            "response": [row[3] for row in rows],
            "frame": range(len(rows)),
            "depth.score": [row[2] for row in rows],
        }
    )


@settings(deadline=None, max_examples=40)
@given(found=frames())
@pytest.mark.parametrize("rule", RULES)
def test_clips_are_what_a_loop_over_them_gives_and_one_name_in_two_datasets_is_two_clips(
    rule: str, found: ScoreTable
) -> None:
    clips = fold(found, Level(name="clip", rule=rule))
    rows = list(
        zip(
            found.column("dataset").tolist(),
            found.column("clip").tolist(),
            found.score.tolist(),
            found.responded.tolist(),
        )
    )
    keys = list(dict.fromkeys(row[:2] for row in rows))
    assert list(zip(clips.column("dataset").tolist(), clips.id.tolist())) == keys
    for number, key in enumerate(keys):
        scores = [score for *own, score, answered in rows if tuple(own) == key and answered]
        if scores:
            assert clips.score[number] == pytest.approx(RULES[rule](scores))
        assert clips.responded[number] == bool(scores)
        assert (clips.column("response")[number] == "ok") == bool(scores)
        every = [score * 8 for *own, score, _ in rows if tuple(own) == key]
        assert clips.heads["depth.score"][number] == pytest.approx(RULES[rule](every))


@given(scores=st.lists(st.integers(0, 8), min_size=1, max_size=9), threshold=st.integers(0, 9))
def test_a_majority_is_more_than_half_at_every_threshold(scores: list[int], threshold: int) -> None:
    clip = ScoreTable.from_columns({"clip": ["a"] * len(scores), "label": [1] * len(scores), "score": scores})
    accepted = fold(clip, Level(name="clip", rule="majority")).score[0] >= threshold
    assert accepted == (sum(score >= threshold for score in scores) > len(scores) / 2)


def test_an_attempt_is_of_one_subject_with_one_instrument_and_the_number_may_start_again() -> None:
    columns = {
        "id": list("abcdef"),
        "subject": ["s", "s", "s", "t", "s", "s"],
        "species": ["", "", "", "", "print", "print"],
        "label": [1, 1, 1, 1, 0, 0],
        "attempt": ["1", "1", "2", "1", "1", "1"],
        "score": [0.2, 0.9, 0.3, 0.8, 0.1, 0.7],
        "device": ["x"] * 6,
    }
    attempts = fold(ScoreTable.from_columns(columns), Level(name="attempt", rule="max"))
    assert attempts.score.tolist() == [0.9, 0.3, 0.8, 0.7]
    assert attempts.id.tolist() == ["a", "c", "d", "e"]
    assert bona_fide_rate(attempts, 0.5).value == 1 / 3


def test_words_that_rows_of_a_clip_share_stay_and_others_are_empty() -> None:
    columns = {
        "clip": list("aab"),
        "label": [1, 1, 1],
        "score": [1, 2, 3],
        "device": ["x", "y", "z"],
        "subject": ["s", "s", "t"],
        "frame": [0, 1, 0],
    }
    clips = fold(ScoreTable.from_columns(columns), Level(name="clip"))
    assert (clips.column("device").tolist(), clips.column("subject").tolist()) == (["", "z"], ["s", "t"])
    assert "frame" not in clips.words


def test_the_level_is_in_metrics_json_and_frames_stay_as_they_are() -> None:
    table = ScoreTable.from_columns({"clip": list("aabb"), "label": [1, 1, 0, 0], "score": [1, 2, 3, 4]})
    assert fold(table, Level()) is table
    level = Level(name="clip", rule="median")
    assert evaluate({"t": fold(table, level)}, None, [], level=level)["level"] == {"name": "clip", "rule": "median"}
    assert evaluate({"t": table}, None, [])["level"]["name"] == "frame"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "has no column 'clip'"),
        ({"clip": ["a", ""]}, "column 'clip' is empty for 'y'"),
        ({"clip": ["a", "a"], "label": [0, 1]}, "'x' and 'y' are of one clip and differ in column 'label'"),
        (
            {"clip": ["a", "a"], "species": ["print", "mask"]},
            "'x' and 'y' are of one clip and differ in column 'species'",
        ),
    ],
)
def test_rows_that_are_no_clips_are_refused_with_the_rows(columns: dict[str, list[str]], message: str) -> None:
    table = ScoreTable.from_columns({"id": ["x", "y"], "label": [0, 0], "score": [1, 2], **columns})
    with pytest.raises(FascoreError, match=message):
        fold(table, Level(name="clip"))


def test_row_order_does_not_change_a_mean_of_many() -> None:
    scores = np.random.default_rng(0).random(50)
    means = {
        fold(
            ScoreTable.from_columns({"clip": ["a"] * 50, "label": [1] * 50, "score": order}), Level(name="clip")
        ).score[0]
        for order in itertools.islice(itertools.permutations(scores), 0, 200, 20)
    }
    assert len(means) == 1
