"""`fascore fill` as a user calls it."""

import json

from fascore.spec.documents import read_spec


def test_fill_writes_every_default_and_keeps_the_order(fascore, demo, tmp_path):
    fascore("fill", demo, "--out", "full.json")
    given, full = json.loads(demo.read_text()), json.loads((tmp_path / "full.json").read_text())
    assert read_spec(tmp_path / "full.json")[0] == read_spec(demo)[0]
    assert list(full)[: len(given)] == list(given)
    face = list(given["modalities"]["face"])
    assert list(full["modalities"]["face"])[: len(face)] == face
    assert full["threshold"] == "eer"
    assert full["compute"]["device"] == "auto"


def test_filling_a_full_spec_changes_nothing(fascore, demo, tmp_path):
    fascore("fill", demo, "--out", "full.json")
    assert fascore("fill", "full.json").stdout == (tmp_path / "full.json").read_text()


def test_fill_prints_json_alone(fascore, demo):
    assert json.loads(fascore("fill", demo).stdout)["name"] == "demo"
