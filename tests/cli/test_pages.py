"""What the pages say is true: fields, commands, specs and manifests in them."""

import json
import re
from pathlib import Path

import pytest
import typer

from fascore.cli.app import app
from fascore.contract.component import validate
from fascore.contract.registry import index
from fascore.contract.threshold_rule import RULES
from fascore.running.splits import list_records
from fascore.spec.documents import Augment, Compute, Data, Model, RunSpec, StudySpec, read_spec
from fascore.spec.plan import check

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    """The fenced blocks of a page that are of one language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    return [text for word, text in fenced if word == language]


@pytest.mark.parametrize("model", [RunSpec, Data, Augment, Model, Compute], ids=lambda model: model.__name__)
def test_the_page_of_the_spec_names_every_field(model):
    page = (ROOT / "docs/spec.md").read_text()
    assert [name for name, field in model.model_fields.items() if f"`{field.alias or name}`" not in page] == []


def test_the_page_of_the_conventions_names_every_threshold_rule():
    page = (ROOT / "docs/conventions.md").read_text()
    assert [rule for rule in RULES if not re.search(rf"`{rule}(=[\d.]+)?`", page)] == []


def test_the_study_of_the_page_is_valid():
    (block,) = (block for block in blocks("docs/spec.md", "json") if '"rows"' in block)
    study = validate(StudySpec, json.loads(block))
    assert study.seeds == (0, 1, 2)


def test_the_spec_of_the_readme_passes_the_check():
    plan = check(validate(RunSpec, json.loads(blocks("README.md", "json")[0])))
    assert plan.nodes["both"].optional is False


def test_the_errors_of_the_readme_are_those_of_its_spec(fascore, tmp_path):
    text = blocks("README.md", "json")[0].replace('"gated"', '"gatde"').replace('"size"', '"sise"')
    (tmp_path / "spec.json").write_text(text)
    told = fascore("check", "spec.json", code=1).stderr
    shown = next(block for block in blocks("README.md", "") if block.startswith("spec.json: "))
    assert sorted(told.splitlines()) == sorted(shown.splitlines())


@pytest.mark.parametrize("page", ["README.md", "docs/own-videos.md"])
def test_the_manifest_of_a_page_gives_a_spec_that_can_be_trained(fascore, tmp_path, page, monkeypatch):
    manifest = blocks(page, "csv")[0]
    (tmp_path / "videos.csv").write_text(manifest)
    for row in manifest.splitlines()[1:]:
        media = tmp_path / row.rpartition(",")[2]
        media.parent.mkdir(exist_ok=True)
        media.write_bytes(b"not decoded")
    fascore("init", "mine.json", "--manifest", "videos.csv")
    assert fascore("check", "mine.json").stdout.startswith("mine is a valid spec")
    monkeypatch.chdir(tmp_path)
    splits = list_records(read_spec(tmp_path / "mine.json")[0])
    assert [{r.label for r in records} for records in splits.named().values()] == [{0, 1}] * 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_the_pages_exists(page):
    known = typer.main.get_command(app).commands
    calls = re.findall(r"(?:`|&& )fascore ([a-z]+)", page.read_text())
    calls += re.findall(r"^fascore ([a-z]+)", "\n".join(blocks(page, "")), re.MULTILINE)
    assert set(calls) <= {*known, *index().names("command")}


def test_every_component_that_the_changelog_names_is_installed():
    listed = (ROOT / "CHANGELOG.md").read_text().partition("Datasets")[2].partition("trackers")[0]
    installed = {p.name for p in index().providers()}
    assert set(re.findall(r"`(\w+)`", listed)) <= installed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!http)([^)#]*)", page.read_text()):
        assert not target or (page.parent / target).exists(), target
