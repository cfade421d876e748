"""`fascore check`: the graph of a spec, and its mistakes in sentences."""

import json

import pytest

from fascore.spec.documents import read_spec
from fascore.spec.plan import check


@pytest.fixture
def spoilt(demo, tmp_path):
    """Write the demo spec with one change to its document."""

    def write(change):
        document = json.loads(demo.read_text())
        change(document)
        (tmp_path / "spec.json").write_text(json.dumps(document))
        return "spec.json"

    return write


def test_check_prints_every_node_with_what_it_reads_and_gives(fascore, demo):
    lines = fascore("check", demo).stdout.splitlines()
    row = next(line.split() for line in lines if line.startswith("  all "))
    plan = check(read_spec(demo)[0])
    assert row[:2] == ["all", plan.nodes["all"].component.type]
    assert str(plan.nodes["all"].outputs[""]) in " ".join(row)
    printed = {line.split()[0] for line in lines if line.startswith("  ")}
    assert printed == {*plan.modalities, *plan.nodes, *plan.heads, *plan.objectives}


def test_check_sees_overrides(fascore, demo):
    assert "recipe supervised, 3 epochs" in " ".join(fascore("check", demo, "--set", "recipe.epochs=3").stdout.split())


def test_typos_are_lines_of_file_path_and_sentence_with_a_count(fascore, spoilt):
    def change(document):
        document["model"]["fusions"]["all"]["type"] = "concta"
        document["modalities"]["face"]["sise"] = 32

    done = fascore("check", spoilt(change), code=1)
    lines = done.stderr.splitlines()
    assert "spec.json: modalities.face.sise: there is no field 'sise'. Did you mean 'size'?" in lines
    assert any(
        line.startswith("spec.json: model.fusions.all: there is no fusion 'concta'. Did you mean 'concat'")
        for line in lines
    )
    assert lines[-1] == "2 problems in spec.json"
    assert done.stdout == ""


def test_graph_errors_carry_the_file_too(fascore, spoilt):
    done = fascore("check", spoilt(lambda document: document["model"]["heads"]["main"].update(inputs=["al"])), code=1)
    assert "spec.json: model.heads.main.inputs.0: there is no 'al'. Did you mean 'all'?" in done.stderr.splitlines()


def test_problems_are_reported_by_the_first_process_only(fascore, spoilt):
    path = spoilt(lambda document: document.update(sede=1))
    assert fascore("check", path, code=1, RANK="1").stderr == ""
    assert "'sede'" in fascore("check", path, code=1, RANK="0").stderr


def test_a_component_of_with_can_be_used_in_a_spec(fascore, spoilt, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from typing import Literal\n"
        "from fascore import Fusion, Vector\n"
        "class Own(Fusion):\n"
        "    type: Literal['own'] = 'own'\n"
        "    def infer(self, signals):\n"
        "        return Vector(7)\n"
    )

    def change(document):
        document["model"]["fusions"]["all"] = {"type": "own", "inputs": ["app", "shape", "near"]}
        for modality in document["modalities"].values():
            modality.pop("optional", None)  # this fusion reads no mask

    path = spoilt(change)
    assert "Vector(7)" in fascore("check", path, "--with", "mine:Own").stdout
    assert "no fusion 'own'" in fascore("check", path, code=1).stderr
    assert "--with mine:Nothing" in fascore("check", path, "--with", "mine:Nothing", code=1).stderr


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("name=a b", "name: it names a folder: write a letter or digit, then"),
        ("compute.device=gpu", 'compute.device: write auto, cpu, cuda, or a numbered GPU such as cuda:1; got "gpu"'),
        ('recipe.optimizer={"name": "sgd", "lr": Infinity}', "recipe.optimizer.lr: Input should be a finite number"),
    ],
)
def test_a_value_out_of_form_is_reported_in_words(fascore, demo, setting, sentence):
    done = fascore("check", demo, "--set", setting, code=1)
    assert done.stderr.startswith(f"{demo}: {sentence}")
    assert "pattern" not in done.stderr and done.stderr.endswith(f"1 problem in {demo}\n")


def test_a_mistake_in_the_only_entry_of_a_list_is_one_problem(fascore, demo):
    done = fascore("check", demo, "--set", 'data.train=[{"dataset": "nope", "split": "train"}]', code=1)
    assert "data.train.0.dataset: there is no dataset 'nope'" in done.stderr and done.stderr.endswith(
        f"1 problem in {demo}\n"
    )


def test_a_spec_saved_with_a_byte_order_mark_is_read(fascore, demo, tmp_path):
    (tmp_path / "marked.json").write_text(demo.read_text(), encoding="utf-8-sig")
    fascore("check", "marked.json")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"name": "a", // mine\n}', "Expecting property name enclosed in double quotes; JSON allows no comments"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_json_does_not_have_is_reported(fascore, tmp_path, text, sentence):
    (tmp_path / "bad.json").write_text(text)
    assert sentence in fascore("check", "bad.json", code=1).stderr


@pytest.mark.parametrize(
    "command", [("init", "file/spec.json"), ("schema", "--out", "file/schema.json"), ("run", "SPEC", "--runs", "file")]
)
def test_a_file_in_the_place_of_a_folder_is_reported_with_its_path(fascore, demo, tmp_path, command):
    (tmp_path / "file").write_text("")
    done = fascore(*(demo if word == "SPEC" else word for word in command), code=1)
    assert done.stderr.startswith("file/")
    assert "Not a directory" in done.stderr or "a file exists where a folder is needed" in done.stderr


def test_with_that_cannot_be_used_is_one_sentence(fascore, demo):
    done = fascore("check", demo, "--with", "nonsense", code=1)
    assert done.stderr.startswith("--with nonsense: cannot be imported") and len(done.stderr.splitlines()) == 1


def test_with_an_installed_component_is_not_a_conflict(fascore, demo):
    fascore("check", demo, "--with", "fas_phantom.components:Phantom")
