"""Manifests: five lines are enough, and every mistake is told at once, with its line."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from fascore import NoResponse, SpecError
from fascore.components.datasets import Folder
from fascore.data.media import FrameFolder, StillImage
from fascore.data.video import Video

MINIMAL = """id,label,rgb,subject,species,split
a,1,a.png,ann,,train
b,0,b.png,bob,print.flat,train
c,bona_fide,clip.mp4,cat,,test
d,attack,frames,dan,replay.phone,test
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 6)).save(tmp_path / name)
    (tmp_path / "clip.mp4").write_bytes(b"never decoded")
    (tmp_path / "frames").mkdir()
    return tmp_path


def write(folder, text, name="mine.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return Folder(manifest=folder / name)


def test_a_manifest_of_five_lines_works_and_decodes_nothing(folder):
    dataset = write(folder, MINIMAL)
    assert dataset.splits() == ("test", "train", "all")
    a, b = dataset.records("train")
    assert (a.id, a.label, a.species, a.subject, a.task, a.dataset) == ("a", 1, None, "ann", "spoof", "mine")
    assert (b.id, b.label, b.species, dict(b.metadata)) == ("b", 0, "print.flat", {})
    assert [record.id for record in dataset.records("all")] == ["a", "b", "c", "d"]
    assert [type(record.channels["rgb"]) for record in dataset.records("all")] == [
        StillImage,
        StillImage,
        Video,
        FrameFolder,
    ]
    with pytest.raises(SpecError, match=r"mine.csv has no split 'dev'; it has test, train, all"):
        dataset.records("dev")


def test_a_box_is_the_face_of_every_frame_and_other_columns_are_metadata(folder):
    dataset = write(folder, "id,label,rgb,depth,box,device,session\na,1,a.png,b.png,1 2 5 6,phone,3\n")
    (record,) = dataset.records("all")
    assert set(record.channels) == {"rgb", "depth"} and dict(record.metadata) == {"device": "phone", "session": "3"}
    np.testing.assert_array_equal(record.annotation.load().boxes, [[1, 2, 5, 6]])
    assert record.annotation.load().points is None


def test_an_annotation_file_gives_boxes_landmarks_and_area_by_frame(folder):
    (folder / "faces.csv").write_text(
        "x1,y1,x2,y2,x_0,y_0,x_1,y_1,area_x1,area_y1,area_x2,area_y2\n1,2,5,6,2,3,4,3,0,0,8,6\n,,,,,,,,0,0,8,6\n"
    )
    (record,) = write(folder, "id,label,rgb,annotation\na,1,clip.mp4,faces.csv\n").records("all")
    known = record.annotation.load()
    np.testing.assert_array_equal(known.boxes, [[1, 2, 5, 6], [np.nan] * 4])
    np.testing.assert_array_equal(known.points, [[[2, 3], [4, 3]], [[np.nan] * 2] * 2])
    np.testing.assert_array_equal(known.area, [[0, 0, 8, 6]] * 2)
    assert (known.layout, dict(record.metadata)) == ("2", {})
    assert record.annotation.digest() == hashlib.sha256((folder / "faces.csv").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x1,y1,x2,y2\n1,2,5\n", "not have as many cells"),
        ("x1,y1,x2,y2\n", "not have as many cells"),
        ("x1,y1,x2\n1,2,3\n", "no column 'y2'"),
        ("x1,y1,x2,y2\n1,2,3,wide\n", "not a table of numbers"),
        ("", "not a table of numbers"),
        ("x_0,y_1\n1,2\n", "no column 'y_0'"),
    ],
)
def test_an_annotation_file_that_is_none_makes_its_record_unreadable_with_a_sentence(folder, text, said):
    (folder / "faces.csv").write_text(text)
    (record,) = write(folder, "id,label,rgb,annotation\na,1,clip.mp4,faces.csv\n").records("all")
    with pytest.raises(NoResponse, match=rf"faces.csv cannot be read: .*{said}"):
        record.annotation.load()


def test_a_missing_annotation_and_one_beside_a_box_are_reported_with_their_line(folder):
    (folder / "faces.csv").write_text("x1,y1,x2,y2\n1,2,5,6\n")
    with pytest.raises(SpecError) as caught:
        write(folder, "id,label,rgb,box,annotation\na,1,a.png,,gone.csv\nb,1,a.png,1 2 3 4,faces.csv\n").records("all")
    assert "line 2: annotation: there is no file" in str(caught.value)
    assert "line 3: has a box and an annotation" in str(caught.value)


def test_json_lines_say_the_same_as_csv(folder):
    table = write(folder, MINIMAL).records("all")
    header, *rows = [line.split(",") for line in MINIMAL.splitlines()]
    lines = "\n\n".join(json.dumps(dict(zip(header, row))) for row in rows)
    assert [
        (r.id, r.label, r.species, r.subject, r.channels) for r in write(folder, lines, "mine.jsonl").records("all")
    ] == [(r.id, r.label, r.species, r.subject, r.channels) for r in table]
    typed = write(
        folder, '{"id": 7, "label": 1, "rgb": "a.png", "box": [0, 0, 4, 4], "age": 31, "note": null}', "typed.jsonl"
    )
    (record,) = typed.records("all")
    assert record.id == "7" and dict(record.metadata) == {"age": 31, "note": None}


def test_characters_that_unicode_counts_as_line_ends_are_in_a_cell_like_any_other(folder):
    note = "one\u2028two\x0bthree\x85four"
    (row,) = write(folder, f"id,label,rgb,note\na,1,a.png,{note}\n").records("all")
    line = json.dumps({"id": "a", "label": 1, "rgb": "a.png", "note": note}, ensure_ascii=False)
    (same,) = write(folder, line + "\n", "mine.jsonl").records("all")
    assert row.metadata == same.metadata == {"note": note}


def test_a_quoted_cell_may_go_over_two_lines_and_the_next_row_is_reported_by_its_line(folder):
    dataset = write(folder, 'id,label,rgb,note\r\na,1,a.png,"one\r\ntwo"\r\nb,7,b.png,\r\n')
    with pytest.raises(SpecError, match="line 4: the label '7' is unknown"):
        dataset.records("all")


def test_all_mistakes_of_a_manifest_come_in_one_error_with_their_lines(folder):
    dataset = write(
        folder,
        "id,label,rgb,species,task,box\n"
        "a,real,a.png,,,\n"
        "a,1,a.png,print,,\n"
        "b,0,a.png,,,\n"
        ",1,gone.png,,,\n"
        "\n"
        "c,1,,,dance,1 2\n"
        "d,1,a.png\n",
    )
    with pytest.raises(SpecError) as caught:
        dataset.records("all")
    assert str(caught.value).splitlines() == [
        f"{folder}/mine.csv: 10 problems",
        "line 2: the label 'real' is unknown; write 1 or bona_fide, 0 or attack",
        "line 3: the id 'a' is already used on line 2; ids must be unique",
        "line 3: a bona fide record must not have a species; here it is 'print'",
        "line 4: an attack needs a species, such as print.flat or replay.phone",
        "line 5: has no id",
        f"line 5: rgb: there is no file {folder}/gone.png",
        "line 7: the task 'dance' is unknown; write spoof or forgery",
        "line 7: names no file: fill one of the columns rgb, depth, infrared, thermal",
        "line 7: the box '1 2' is not four numbers that span an area; write x1 y1 x2 y2 in pixels, x1 < x2 and y1 < y2",
        "line 8: has 3 cells, and the header 6 columns",
    ]


def test_only_twenty_mistakes_are_shown(folder):
    dataset = write(folder, "id,label,rgb\n" + "".join(f"r{i},2,a.png\n" for i in range(30)))
    with pytest.raises(SpecError) as caught:
        dataset.records("all")
    lines = str(caught.value).splitlines()
    assert len(lines) == 22 and "30 problems" in lines[0] and lines[-1] == "… and 10 more"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "", "lists no records"),
        ("m.csv", "id,label,rgb\n", "lists no records"),
        ("m.csv", "id,id,rgb\na,b,c\n", "the column 'id' occurs twice"),
        ("m.xlsx", "PK", "write .csv, .tsv, .jsonl or .ndjson"),
        ("m.jsonl", '{"id": ', "line 1: is not JSON: column"),
        ("m.jsonl", "[1]", "line 1: is not a JSON object but list"),
    ],
)
def test_a_manifest_that_is_none_says_why(folder, name, text, message):
    with pytest.raises(SpecError, match=message):
        write(folder, text, name).splits()


def test_a_missing_manifest_is_a_sentence(tmp_path):
    with pytest.raises(SpecError, match=r"gone.csv cannot be read: No such file"):
        Folder(manifest=tmp_path / "gone.csv").records("all")


def test_paths_may_have_another_root_and_channels_other_names(folder):
    (folder / "lists").mkdir()
    (folder / "lists" / "m.tsv").write_text("id\tlabel\tthermal\na\t1\ta.png\n")
    (record,) = Folder(manifest=folder / "lists" / "m.tsv", root=folder, name="hot", channels=("thermal",)).records(
        "all"
    )
    assert record.dataset == "hot" and record.channels["thermal"].path == folder / "a.png"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id;label;species;rgb", "its cells are separated by ';'; save it with ',' as the delimiter"),
        ("ID,label,rgb", "there is no column 'id'; rename 'ID' to 'id'"),
        ("name,label,rgb", "there is no column 'id'; the first line names the columns"),
    ],
)
def test_a_header_that_does_not_fit_is_reported_once_and_not_by_every_line(folder, header, said):
    dataset = write(folder, header + "\n" + "a;1;;a.png\n" * 50)
    with pytest.raises(SpecError, match=said) as caught:
        dataset.records("all")
    assert "\n" not in str(caught.value)
