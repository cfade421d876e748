"""Score files of other systems: read to one convention, polarity and labels never guessed, every bad cell named."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from fascore.contract.errors import FascoreError
from fascore.evaluation.evaluate import Depth
from fascore.evaluation.importers.formats import FORMATS
from fascore.evaluation.importers.importer import Importer, importer as asked_for, recognize
from fascore.evaluation.score_files import evaluate_files

BONA_FIDE, ATTACK = [0.9, 0.8, 0.35], {"print": [0.4, 0.1], "replay": [0.2]}
ROWS = [(f"real/{i}.mp4", 1, "", score) for i, score in enumerate(BONA_FIDE)] + [
    (f"{species}/{i}.mp4", 0, species, score) for species, scores in ATTACK.items() for i, score in enumerate(scores)
]


def lines(*rows):
    return "".join(" ".join(map(str, row)) + "\n" for row in rows)


def labels_csv():
    word = {1: "bona_fide", 0: "attack"}
    return "id,label,species\n" + "".join(
        f"{name},{word[label]},{species}\n" for name, label, species, _ in reversed(ROWS)
    )


FILES = {
    "fascore": ("id,label,species,score\n" + "".join(f"{i},{lab},{s},{v}\n" for i, lab, s, v in ROWS), {}),
    "csv": (
        "id,label,species,score\n" + "".join(f"{i},{1 - lab},{s},{-v}\n" for i, lab, s, v in ROWS),
        {"polarity": "attack_high", "labels_are": "attack_1"},
    ),
    "bob-csv": (
        "claimed_id,test_label,is_bonafide,attack_type,light,score\n"
        + "".join(f"p1,{i},{lab == 1},{s},dim,{v}\n" for i, lab, s, v in ROWS),
        {},
    ),
    "bob-4": (lines(*[("p1", "p1" if lab else s, i, v) for i, lab, s, v in ROWS]), {}),
    "bob-5": (lines(*[("p1", "model", "p1" if lab else s, i, v) for i, lab, s, v in ROWS]), {}),
    "id-label-score": (
        lines(*[(i, lab, v) for i, lab, _, v in ROWS]),
        {"polarity": "bona_fide_high", "labels_are": "bona_fide_1"},
    ),
    "score-label": (lines(*[(-v, "live" if lab else "spoof") for _, lab, _, v in ROWS]), {"polarity": "attack_high"}),
    "id-score": (lines(*[(i, "depth.png", "ir.png", v) for i, _, _, v in ROWS]), {"polarity": "bona_fide_high"}),
    "json": (json.dumps({i: -v for i, _, _, v in ROWS}), {"polarity": "attack_high"}),
}


def importer(folder, name, **said):
    if FORMATS[name].labels == "file":
        (folder / "records.csv").write_text(labels_csv())
        said.setdefault("labels", folder / "records.csv")
    return Importer(format=name, **{**FILES[name][1], **said})


def written(folder, text, name="scores.txt"):
    path = folder / name
    path.write_text(text)
    return path


def test_there_is_an_example_of_every_format():
    assert set(FILES) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_scores_and_labels(tmp_path, name):
    found = importer(tmp_path, name).read(written(tmp_path, FILES[name][0]))
    assert found.table.score.tolist() == [row[3] for row in ROWS]
    assert found.table.label.tolist() == [row[1] for row in ROWS]
    if name != "score-label":
        assert found.table.id.tolist() == [row[0] for row in ROWS]
    if name not in ("score-label", "id-label-score"):
        assert found.table.column("species").tolist() == [row[2] for row in ROWS]
    assert f"format '{name}' (as requested)" in found.description
    assert found.negated == ("higher = attack" in found.description)


@pytest.mark.parametrize("name", [name for name, format in FORMATS.items() if format.polarity is None])
def test_a_format_without_polarity_is_refused_until_it_is_specified(tmp_path, name):
    with pytest.raises(FascoreError, match="add --polarity bona_fide_high or attack_high"):
        importer(tmp_path, name, polarity=None).read(written(tmp_path, FILES[name][0]))


@pytest.mark.parametrize("name", ["fascore", "bob-csv", "bob-4", "bob-5"])
def test_a_polarity_that_contradicts_the_format_is_refused(tmp_path, name):
    with pytest.raises(FascoreError, match=r"higher = bona fide, but --polarity is attack_high"):
        importer(tmp_path, name, polarity="attack_high").read(written(tmp_path, FILES[name][0]))


@pytest.mark.parametrize("name", ["csv", "id-label-score"])
def test_labels_in_numbers_are_refused_until_their_meaning_is_specified(tmp_path, name):
    with pytest.raises(
        FascoreError, match=r"row \d, column 'label': nothing defines whether '\d' is bona fide; add --labels-are"
    ):
        importer(tmp_path, name, labels_are=None).read(written(tmp_path, FILES[name][0]))


def test_a_file_of_labels_in_numbers_must_be_specified_too_and_words_must_not(tmp_path):
    text = "".join(f"{name} {label}\n" for name, label, _, _ in ROWS)
    said = {"labels": written(tmp_path, text, "list.txt")}
    scores = written(tmp_path, FILES["id-score"][0])
    with pytest.raises(
        FascoreError, match=r"list.txt, row 1, column 'label': nothing defines whether '1' is bona fide"
    ):
        importer(tmp_path, "id-score", **said).read(scores)
    both = [
        importer(tmp_path, "id-score", labels_are=are, **said).read(scores).table.label
        for are in ("bona_fide_1", "attack_1")
    ]
    assert (both[0] + both[1] == 1).all()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("id-label-score", "a 1 0.5\nb 0 x\n", "row 2, column 'score': 'x' is not a number"),
        ("id-label-score", "a 1 0.5\n\nb 0 inf\n", "row 3, column 'score': is infinite"),
        ("id-label-score", "a 1 0.5\na 0 0.4\n", "row 2, column 'id': 'a' is already used in row 1"),
        (
            "id-label-score",
            "a 1 0.5\nb live 0.4\n",
            "row 2, column 'label': 'live' and '1' both occur: labels must be words or numbers, not both",
        ),
        ("id-label-score", "a 1 0.5\nb 7 0.4\n", "row 2, column 'label': '7' is not a label"),
        ("id-label-score", "a 1 0.5\nb 1\n", "row 2: 2 cells where this format has 3"),
        ("id-label-score", "", "has no rows"),
        ("score-label", "0.5 live 3\n", "row 1: 3 cells where this format has 2"),
        (
            "bob-4",
            "p1 p1 a 0.5\np1 p2 b 0.1\np2 p2 c 0.5\n",
            "row 2, column 'real': 'p2' is another claimed identity: this file is about recognition",
        ),
        ("bob-csv", "claimed_id,test_label,is_bonafide,score\n", "no column 'attack_type'"),
        (
            "bob-csv",
            "claimed_id,test_label,is_bonafide,attack_type,score\np,a,x,,1\n",
            "row 2, column 'is_bonafide': 'x' is neither True nor False",
        ),
        ("id-score", "real/0.mp4 0.5\nother.mp4 0.4\n", "row 2, column 'id': 'other.mp4' has no label in"),
        ("id-score", "real/0.mp4 0.5\nreal/0.mp4 0.4\n", "row 2, column 'id': 'real/0.mp4' is already used in row 1"),
        ("id-score", "real/0.mp4\n", "row 1: one word"),
        ("json", "[1, 2]", "is one object that maps ids to scores"),
        ("json", '{"real/0.mp4": 1', "is not JSON text in UTF-8"),
        ("json", '{"real/0.mp4": [1]}', "entry 1, column 'score': '[1]' of 'real/0.mp4' is not a number"),
        ("json", '{"real/0.mp4": true}', "entry 1, column 'score': 'True'"),
        ("json", '{"real/0.mp4": 1, "real/0.mp4": 2}', "entry 2, column 'id': 'real/0.mp4' is already used in entry 1"),
        ("json", '{"real/0.mp4": Infinity}', "entry 1, column 'score': is infinite"),
        ("json", "{}", "has no rows"),
        ("csv", "id,label,score\na,0,high\n", "row 2, column 'score': 'high' is not a number"),
    ],
)
def test_bad_files_are_refused_with_file_row_and_column(tmp_path, name, text, said):
    with pytest.raises(FascoreError) as caught:
        importer(tmp_path, name).read(written(tmp_path, text))
    assert said in str(caught.value)
    assert "scores.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,label\na,live\na,spoof\n", "labels.csv, row 3, column 'id': 'a' is already used in row 2"),
        ("id,label\na,live\n,spoof\n", "labels.csv, row 3, column 'id': '' is empty"),
        ("id,species\na,live\n", "labels.csv: there is no column 'label'"),
        ("id,label\n", "labels.csv has no rows"),
        ("", "labels.csv has no rows"),
        ("a live\nb\n", "labels.csv, row 2: 1 cells where this format has 2"),
    ],
)
def test_bad_files_of_labels_are_refused_likewise(tmp_path, text, said):
    with pytest.raises(FascoreError) as caught:
        importer(tmp_path, "id-score", labels=written(tmp_path, text, "labels.csv")).read(written(tmp_path, "a 1\n"))
    assert said in str(caught.value)


def test_nan_and_null_are_non_responses_in_every_format_that_can_write_them(tmp_path):
    json_text = '{"real/0.mp4": null, "print/0.mp4": NaN, "print/1.mp4": 1}'
    for name, text in (
        ("id-label-score", "a 1 nan\nb 0 1\n"),
        ("bob-4", "p p a nan\np print b 1\n"),
        ("json", json_text),
    ):
        table = importer(tmp_path, name).read(written(tmp_path, text)).table
        assert np.isnan(table.score[0])
        assert not table.responded[0] and table.responded[-1]
        assert table.column("response")[0] == "refused"


def test_rows_of_bob_that_repeat_a_name_stay_apart_and_share_a_clip(tmp_path):
    found = importer(tmp_path, "bob-4").read(written(tmp_path, "p p a 1\np p a 2\np print b 0\np p a 3\n"))
    assert found.table.id.tolist() == ["a", "a#2", "b", "a#3"]
    assert found.table.column("clip").tolist() == ["a", "a", "b", "a"]
    assert "2 rows repeat a name" in found.description


def test_zero_stays_zero_where_scores_are_turned(tmp_path):
    table = importer(tmp_path, "score-label").read(written(tmp_path, "0 live\n1 spoof\n")).table
    assert not np.signbit(table.score[0])


@pytest.mark.parametrize(("name", "known"), [("fascore", "fascore"), ("bob-csv", "bob-csv"), ("json", "json")])
def test_what_names_itself_is_recognised(tmp_path, name, known):
    assert recognize(written(tmp_path, FILES[name][0])) == known


@pytest.mark.parametrize("name", ["bob-4", "bob-5", "id-label-score", "score-label", "id-score"])
def test_words_without_a_header_are_never_guessed(tmp_path, name):
    with pytest.raises(FascoreError, match=rf"choose one with --format \(.*{name}"):
        recognize(written(tmp_path, FILES[name][0]))


def test_options_that_would_have_no_effect_are_refused(tmp_path):
    path = written(tmp_path, FILES["fascore"][0])
    with pytest.raises(FascoreError, match="leave --labels-are out"):
        Importer(labels_are="attack_1").read(path)
    with pytest.raises(FascoreError, match="leave --labels out"):
        Importer(labels=path).read(path)
    with pytest.raises(FascoreError, match="--polarity upwards: choose one of bona_fide_high, attack_high"):
        asked_for(None, "upwards", None, None)


def test_a_million_names_of_files_as_species_are_refused_at_the_first_too_many(tmp_path):
    text = "".join(f"p clip{i:07} {i} 0\n" for i in range(1_000_000))
    with pytest.raises(FascoreError, match=r"row 10001, column 'species': more than 10000 species"):
        importer(tmp_path, "bob-4").read(written(tmp_path, text))


SAMPLES = [(name, text.encode()) for name, (text, _) in FILES.items()]


@st.composite
def mutated(draw):
    """A valid file of some format with a few bytes changed, left out or put in."""
    name, data = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        at, gone = draw(st.integers(0, len(data))), draw(st.integers(0, 6))
        new = draw(st.binary(max_size=4) | st.sampled_from([b",", b"\n", b" ", b'"', b"nan", b"1e999", b"\x00", b"\r"]))
        data = data[:at] + new + data[at + gone :]
    return name, data


def _assert_refused_in_a_sentence_or_whole(folder, name, data):
    path = folder / "fuzz"
    path.write_bytes(data)
    try:
        found = (
            importer(folder, name).read(path)
            if name
            else Importer(polarity="bona_fide_high", labels_are=None).read(path)
        )
    except FascoreError as error:
        said = str(error)
    else:
        assert np.isfinite(found.table.score[found.table.responded]).all()
        assert set(found.table.label.tolist()) <= {0, 1}
        said = found.description
    assert len(said) < 600 and said.isprintable(), repr(said)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=mutated())
def test_a_damaged_file_is_refused_in_a_sentence_or_read_whole(tmp_path, case):
    _assert_refused_in_a_sentence_or_whole(tmp_path, *case)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=mutated())
def test_what_is_read_from_a_damaged_file_can_be_evaluated_or_is_refused_in_a_sentence(tmp_path, case):
    name, data = case
    path = tmp_path / "fuzz"
    path.write_bytes(data)
    try:
        found = evaluate_files([path], rule="fixed=0.5", importer=importer(tmp_path, name), depth=Depth(10))
    except FascoreError as error:
        sentence = str(error)
    else:
        assert json.loads(json.dumps(found.metrics, allow_nan=False)) == found.metrics
        sentence = found.notes[0]
    assert "fuzz" in sentence


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([None, *FORMATS]), data=st.binary(max_size=200))
@example("json", b"[" * 100_000)
@example("json", b'{"real/0.mp4": 1' + b"0" * 5000 + b"}")
@example("json", b'{"real/0.mp4": 1' + b"0" * 400 + b"}")
@example("fascore", b'id,label,score\n"' + b"a" * 200_000)
@example("fascore", b"label,score\n1,\xd9\xa1\n")
def test_any_bytes_are_refused_in_a_sentence_or_read_whole(tmp_path, name, data):
    _assert_refused_in_a_sentence_or_whole(tmp_path, name, data)
