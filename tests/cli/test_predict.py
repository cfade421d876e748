"""`fascore predict` on pictures, and with the threshold of a new camera."""

import json


def test_predict_answers_for_pictures_and_says_why_not_for_others(home, program):
    from PIL import Image

    (home / "photos").mkdir()
    Image.radial_gradient("L").convert("RGB").save(home / "photos" / "disc.png")
    (home / "text.mp4").write_text("not a video")
    lines = program("predict", "runs/small", "photos", "text.mp4", "--detector", "whole", "--json").stdout.splitlines()
    picture, text = map(json.loads, lines)
    assert 0 <= picture["score"] <= 1
    assert picture["decision"] == ("bona fide" if picture["score"] >= picture["threshold"] else "attack")
    assert (text["score"], text["decision"], text["response"]) == (None, "no decision", "unreadable")
    table = program("predict", "runs/small", "photos", "text.mp4", "--detector", "whole").stdout.splitlines()
    assert table[0].split() == ["decision", "score", "faces", "file"]
    assert f"{picture['score']:.4f}" in table[1]
    assert table[2].startswith("no decision       -")
    assert "text.mp4: cannot be read" in table[2]


def test_a_threshold_for_a_new_camera_comes_from_pictures_of_it_and_predict_decides_by_it(home, program):
    from PIL import Image

    (home / "camera").mkdir()
    for number in range(8):
        Image.radial_gradient("L").convert("RGB").rotate(10 * number).save(home / "camera" / f"{number}.png")
    common = ("runs/small", "camera", "--detector", "whole")
    told = program("recalibrate", *common, "--camera", "phone", "--bpcer", "0.4").stdout
    written = json.loads((home / "runs/small/thresholds/phone.json").read_text())
    assert "APCER unknown here" in told
    assert written["bpcer"]["n"] == 8 and written["bpcer"]["errors"] <= 3
    lines = program("predict", *common, "--json", "--threshold", "runs/small/thresholds/phone.json").stdout.splitlines()
    answers = list(map(json.loads, lines))
    assert {answer["threshold"] for answer in answers} == {written["threshold"]["value"]}
    assert sum(answer["decision"] == "attack" for answer in answers) == written["bpcer"]["errors"]
    table = program("predict", *common, "--threshold", "runs/small/thresholds/phone.json").stdout
    assert table.splitlines()[-1].endswith("of runs/small/thresholds/phone.json: APCER unknown here")


def test_predict_refuses_a_folder_that_is_not_a_run(program):
    assert "photos" not in program("predict", "nowhere", "spec.json", code=1).stdout
