"""`fascore recalibrate` on a score file: what it writes beside the run, and what it leaves alone."""

import json

import pytest

OWN = {
    "value": 0.5,
    "rule": "eer",
    "split": "dev",
    "column": "score",
    "datasets": [],
    "n_bona_fide": 20,
    "n_attack": 20,
}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "demo/checkpoints").mkdir(parents=True)
    (tmp_path / "demo/spec.json").write_text("{}")
    (tmp_path / "demo/checkpoints/threshold.json").write_text(json.dumps({"threshold": OWN, "weights": {}}))
    (tmp_path / "phone.csv").write_text("id,label,score\n" + "".join(f"p{i},1,{i / 400}\n" for i in range(400)))
    return tmp_path / "demo"


def test_a_threshold_is_written_beside_the_run_and_the_runs_own_stays(fascore, run):
    before = (run / "checkpoints/threshold.json").read_bytes()
    told = fascore("recalibrate", "demo", "phone.csv", "--camera", "phone").stdout
    assert (
        "threshold 0.01 for camera 'phone': 4 of 400 bona fide rejected, 1 % (95 % interval 0.27 to 2.5 %, if independent)"
        in told
    )
    assert "threshold of the run 0.5: 200 of 400 bona fide rejected, 50 %" in told
    assert "APCER unknown here" in told
    assert json.loads((run / "thresholds/phone.json").read_text())["threshold"]["value"] == 0.01
    assert (run / "checkpoints/threshold.json").read_bytes() == before
    assert "already exists" in fascore("recalibrate", "demo", "phone.csv", "--camera", "phone", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demo", "phone.csv", "--bpcer", "0.001"], "needs 3000 bona fide, and there are 400"),
        (["demo", "phone.csv", "video.mp4"], "pass it alone"),
        (["demo", "nowhere.csv"], "there is no score file"),
        (["nowhere", "phone.csv"], "there is no such folder"),
    ],
)
def test_it_refuses_in_a_sentence(fascore, run, arguments, said):
    assert said in fascore("recalibrate", *arguments, code=1).stderr
    assert not (run / "thresholds").exists()
