"""`--set` and `--unset` of the commands, what the page of the spec says of them, and studies in the place of specs."""

import json
import re
from pathlib import Path

import pytest

from fascore import Optimizer, validate
from fascore.running.study import check_study, read_study
from fascore.training.config import CLASSES, OPTIONS, TYPED

PAGE = (Path(__file__).parents[2] / "docs/spec.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def bare(demo, tmp_path):
    """The demo without its recipe."""
    document = json.loads(demo.read_text())
    del document["recipe"]
    (tmp_path / "bare.json").write_text(json.dumps(document))
    return "bare.json"


def filled(fascore, *arguments):
    return json.loads(fascore("fill", *arguments).stdout)


def test_a_learning_rate_alone_changes_nothing_else(fascore, bare):
    default, changed = filled(fascore, bare), filled(fascore, bare, "--set", "recipe.optimizer.lr=0.001")
    assert default["recipe"]["optimizer"]["name"] == "adamw"
    default["recipe"]["optimizer"]["lr"] = 0.001
    assert changed == default


def test_unset_gives_a_field_its_default_again(fascore, demo, bare):
    assert filled(fascore, demo, "--unset", "recipe") == filled(fascore, bare)
    again = filled(fascore, demo, "--set", "recipe.optimizer.eps=0.5", "--unset", "recipe.optimizer")["recipe"]
    assert again["optimizer"] == {**filled(fascore, bare)["recipe"]["optimizer"], "eps": 0.5}
    assert again["epochs"] == filled(fascore, demo)["recipe"]["epochs"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--unset", "recipe.epochs=3"], "--unset recipe.epochs=3: must be a path without a value"),
        (["--unset", "seed", "--set", "seed=3"], "seed occurs in both --set and --unset; remove one of them"),
        (
            ["--unset", "model.heads.mian"],
            "--unset model.heads.mian: there is no 'mian' in model.heads; available: main",
        ),
        (["--set", "trackers.wandbb.project=x"], "--set trackers.wandbb.project=x: there is no 'wandbb' in trackers"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run", "prepare", "fill"])
def test_an_option_that_cannot_be_applied_is_one_line(fascore, demo, command, arguments, sentence):
    done = fascore(command, demo, *arguments, code=1)
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["check", "run", "prepare", "fill"])
def test_a_study_in_the_place_of_a_spec_is_named(fascore, demo, tmp_path, command):
    (tmp_path / "study.json").write_text(json.dumps({"base": str(demo), "rows": {"a": {}}}))
    told = fascore(command, "study.json", code=1).stderr
    assert told.startswith("study.json: this is a study; use fascore study check study.json")
    fascore("study", "check", "study.json")


@pytest.mark.parametrize("command", ["check", "run", "table"])
def test_a_spec_in_the_place_of_a_study_is_named(fascore, demo, command):
    told = fascore("study", command, demo, code=1).stderr
    assert told.startswith(f"{demo}: this is the spec of one run; use fascore check {demo}")


def test_a_wrong_path_reads_as_on_the_page(fascore, demo):
    (shown,) = (text for language, text in BLOCKS if "fascore check demo.json --set" in text)
    command, told = shown.splitlines()
    arguments = command.removeprefix("$ fascore ").replace("demo.json", str(demo)).split()
    assert fascore(*arguments, code=1).stderr == f"{told}\n"


def test_the_overrides_of_the_page_are_valid(fascore, demo):
    (commands,) = (text for language, text in BLOCKS if "--set data.train.0.split" in text)
    for command in commands.splitlines():
        fascore("check", demo, *command.removeprefix("fascore run spec.json ").split())
    (adding,) = re.findall(r"`--set (model\.heads\.aux)='(\{.*?\})'`", PAGE)
    assert filled(fascore, demo, "--set", "=".join(adding))["model"]["heads"]["aux"]["type"] == "binary"
    fascore("check", demo, *re.findall(r"`(--unset recipe.optimizer --set [^`]*)`", PAGE)[0].split())


def test_the_study_of_the_page_passes_its_check(demo, tmp_path):
    (text,) = (text for language, text in BLOCKS if '"rows"' in text)
    (tmp_path / "study.json").write_text(text)
    study = read_study(tmp_path / "study.json", demo)
    assert len(check_study(study)) == 9
    documents = {row: document for row, _, _, document in study.runs()}
    assert "aux" not in documents["one_head"]["model"]["heads"]


def test_the_optimizers_of_the_page_are_valid_and_all_that_there_are():
    written = [json.loads(text) for language, text in BLOCKS if language == "json" and text.startswith('{"name"')]
    assert [type(validate(Optimizer, optimizer)).__name__ for optimizer in written] == ["Sgd", "OtherOptimizer"]
    table = dict(
        re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (`.*) \|$", PAGE.partition("fields beside")[2], re.MULTILINE)[:5]
    )
    named = {name: fields for names, fields in table.items() for name in re.findall(r"`(\w+)`", names)}
    assert set(named) == set(CLASSES)
    for name, model in TYPED.items():
        assert ["name", "lr", *re.findall(r"`(\w+)`", named[name])] == [*model.model_fields]
    assert {named[name] for name in OPTIONS} == {"`options`; the arguments may also be placed next to `name`"}
