"""Score files: same bits after a round trip, and every bad cell named."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fascore.contract.errors import FascoreError
from fascore.evaluation.table import ScoreTable

HEADER = (
    "id,dataset,task,subject,presenter,instrument,species,attack_potential,session,device,attempt,label,score,response"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "scores.csv"
    path.write_text(text)
    return path


@settings(deadline=None, max_examples=50)
@given(
    scores=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    words=st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=5),
)
def test_reading_what_was_written_gives_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float], words: str
) -> None:
    path = tmp_path_factory.mktemp("table") / "scores.csv"
    count = len(scores)
    table = ScoreTable.from_columns(
        {
            "id": [f"{words},{i}" for i in range(count)],
            "label": [i % 2 for i in range(count)],
            "score": scores,
            "species": [words] * count,
            "response": ["ok"] * count,
            "skin tone": ["III"] * count,
            "main.entropy": [*scores[1:], None],
        }
    )
    table.write(path)
    read = ScoreTable.read(path)
    assert read.names == table.names
    for name in table.names:
        np.testing.assert_array_equal(read.column(name), table.column(name))
    assert read.score.tobytes() == table.score.tobytes()
    first = path.read_bytes()
    read.write(path)
    assert path.read_bytes() == first


def test_the_file_has_the_columns_of_the_contract_then_the_heads(tmp_path: Path) -> None:
    table = ScoreTable.from_columns({"main.score": [0.5], "score": [0.1], "id": ["a"], "label": [1]})
    table.write(tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines() == [
        HEADER + ",main.score",
        "a,,spoof,,,,,,,,,1,0.1,ok,0.5",
    ]


def test_a_file_of_three_columns_loads(tmp_path: Path) -> None:
    table = ScoreTable.read(written(tmp_path, "score,label,id\n0.25,1,a\n-3e2,0,b\n"))
    assert table.score.tolist() == [0.25, -300.0]
    assert table.responded.tolist() == [True, True]
    assert table.column("species").tolist() == ["", ""]
    assert table.tasks == ("spoof",)


def test_label_and_score_are_enough_and_rows_are_named_by_their_number(tmp_path: Path) -> None:
    table = ScoreTable.read(written(tmp_path, "label,score,species\n1,0.5,\n0,0.25,print\n"))
    assert table.id.tolist() == ["2", "3"]
    assert table.column("species").tolist() == ["", "print"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("id,label,score\n", "no rows"),
        ("id,score\na,1\n", "no column 'label'"),
        ("id,label,score,score\na,1,1,1\n", "'score' occurs twice"),
        ("id,label,score\na,1,0.5\nb,2,0.5\n", "row 3, column 'label': '2' is not a label; write 1 for bona fide"),
        ("id,label,score\na,real,0.5\n", "row 2, column 'label': 'real'"),
        ("id,label,score\na,1,high\n", "row 2, column 'score': 'high' is not a number"),
        ("id,label,score\na,1,0\nb,1,-inf\n", "row 3, column 'score': is infinite"),
        ("id,label,score\na,1,0.5\nb,0,0.5\na,0,0.5\n", "row 4, column 'id': 'a' is already used in row 2"),
        ("id,label,score\n,1,0.5\n", "row 2, column 'id': is empty"),
        ("id,label,score\na,1\n", "row 2: 2 cells where the header has 3"),
        ("id,label,score,response\na,1,,dunno\n", "row 2, column 'response': 'dunno' is not a response"),
        ("id,label,score,main.x\na,1,1,many\n", "row 2, column 'main.x': 'many' is not a number"),
    ],
)
def test_bad_files_are_refused_with_file_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FascoreError) as caught:
        ScoreTable.read(written(tmp_path, text))
    assert message in str(caught.value)
    assert "scores.csv" in str(caught.value)


def test_a_missing_file_and_a_binary_file_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(FascoreError, match="there is no score file"):
        ScoreTable.read(tmp_path / "scores.csv")
    (tmp_path / "scores.csv").write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(FascoreError, match="is not CSV text"):
        ScoreTable.read(tmp_path / "scores.csv")


def test_a_species_column_that_holds_file_names_is_refused() -> None:
    count = 10_001
    columns = {
        "id": np.arange(count),
        "label": np.zeros(count, int),
        "score": np.zeros(count),
        "species": [f"clip_{i:05}.mp4" for i in range(count)],
    }
    with pytest.raises(FascoreError, match="row 10002, column 'species': more than 10000 species"):
        ScoreTable.from_columns(columns)


@pytest.mark.parametrize("cell", ["", "nan", "NaN"])
def test_a_score_that_is_missing_without_reason_is_a_counted_non_response(tmp_path: Path, cell: str) -> None:
    table = ScoreTable.read(
        written(tmp_path, f"id,label,score,response\na,1,0.5,ok\nb,1,{cell},ok\nc,0,{cell},no_face\n")
    )
    assert table.responded.tolist() == [True, False, False]
    assert table.column("response").tolist() == ["ok", "refused", "no_face"]
    assert "1 rows have no score and no reason (first: row 3)" in table.notes[0]


def test_the_same_name_in_two_datasets_is_two_presentations(tmp_path: Path) -> None:
    table = ScoreTable.read(written(tmp_path, "id,dataset,label,score\n1/real,siw,1,0.5\n1/real,msu,1,0.7\n"))
    assert len(table) == 2


def test_a_task_takes_its_own_bona_fide_or_all_where_it_has_none() -> None:
    columns = {
        "id": list("abcd"),
        "label": [1, 0, 0, 1],
        "score": [1, 0, 0, 1],
        "task": ["spoof", "spoof", "forgery", "spoof"],
    }
    table = ScoreTable.from_columns(columns)
    assert table.tasks == ("spoof", "forgery")
    assert table.task("spoof").id.tolist() == ["a", "b", "d"]
    assert table.task("forgery").id.tolist() == ["a", "c", "d"]
    apart = ScoreTable.from_columns({**columns, "task": ["spoof", "spoof", "forgery", "forgery"]})
    assert apart.task("spoof").id.tolist() == ["a", "b"]
    assert apart.task("forgery").id.tolist() == ["c", "d"]


def test_another_column_is_read_as_the_score_and_its_gaps_are_non_responses() -> None:
    table = ScoreTable.from_columns(
        {"id": ["a", "b"], "label": [1, 0], "score": [0.1, 0.2], "depth.score": [0.9, None]}
    )
    read = table.reading("depth.score")
    assert read.score[0] == 0.9
    assert read.responded.tolist() == [True, False]
    with pytest.raises(FascoreError, match=r"no column of numbers 'deep.score'; it has score, depth.score"):
        table.reading("deep.score")


def test_groups_partition_the_rows_and_name_what_has_no_name() -> None:
    table = ScoreTable.from_columns(
        {"id": list("abcd"), "label": [0, 0, 1, 0], "score": [0, 1, 2, 3], "species": ["print", "", "", "print"]}
    )
    groups = {name: rows.tolist() for name, rows in table.by_group("species", table.attack)}
    assert groups == {"unknown": [1], "print": [0, 3]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "label;score\n1;0,9\n",
            "its cells are separated by ';'; save it with ',' as the delimiter and '.' as the decimal point",
        ),
        (
            "Label,score\n1,0.9\n",
            "there is no column 'label'; rename 'Label' to 'label'; a score table needs at least label, score",
        ),
    ],
)
def test_a_header_that_does_not_fit_says_how_to_write_it(tmp_path, text, said):
    (tmp_path / "scores.csv").write_text(text)
    with pytest.raises(FascoreError, match=said):
        ScoreTable.read(tmp_path / "scores.csv")


def test_rows_are_counted_as_an_editor_counts_them_even_past_empty_lines_and_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("fascore.evaluation.table_reader.CHUNK", 3)
    path = written(tmp_path, "id,label,score\na,1,1\n\nb,1,1\nc,1,1\nd,0,1\n\n\ne,0,x\n")
    with pytest.raises(FascoreError, match="row 9, column 'score': 'x' is not a number"):
        ScoreTable.read(path)
    path = written(tmp_path, "id,label,score\na,1,1\n\nb,1,1\nc,1,1\nd,0,1\n\n\nb,0,0\n")
    with pytest.raises(FascoreError, match="row 9, column 'id': 'b' is already used in row 4"):
        ScoreTable.read(path)


@settings(deadline=None, max_examples=30)
@given(size=st.integers(1, 7), words=st.lists(st.sampled_from(["", "print", "mask", "é"]), min_size=1, max_size=20))
def test_a_file_reads_the_same_in_chunks_of_any_size(tmp_path_factory, size, words):
    rows = "".join(f"{i % 2},{i / 7},{word},c{i // 3}\n" for i, word in enumerate(words))
    path = written(tmp_path_factory.mktemp("chunks"), "label,score,species,clip\n" + rows)
    whole = ScoreTable.read(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fascore.evaluation.table_reader.CHUNK", size)
        parts = ScoreTable.read(path)
    for name in whole.names:
        np.testing.assert_array_equal(parts.column(name), whole.column(name))
    assert parts.column("species").tolist() == words


def test_equal_hashes_of_different_ids_are_no_doubled_id(monkeypatch):
    monkeypatch.setattr("builtins.hash", lambda value: 7)
    columns = {"id": ["a", "b", "c"], "label": [1, 0, 0], "score": [1, 0, 0]}
    assert ScoreTable.from_columns(columns).id.tolist() == ["a", "b", "c"]
    with pytest.raises(FascoreError, match="'a' is already used in row 2"):
        ScoreTable.from_columns({**columns, "id": ["a", "b", "a"]})
