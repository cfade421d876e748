"""The specs and studies that come with the package: valid, with the papers' numbers; and each kind of training once, tiny, on rendered clips."""

import json
import warnings
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fas_physttd.medium.components import MEDIA
from fas_physttd.sheets import of_run
from PIL import Image as Picture

from fascore import FascoreError, RunSpec, open_trained, validate
from fascore.running.prepare import prepare_records, store_of
from fascore.running.run import execute_document
from fascore.running.splits import list_records
from fascore.running.study import check_study, read_study
from fascore.spec.documents import with_overrides
from fascore.spec.plan import check

SPECS = Path(__file__).parents[1] / "specs"
DOCUMENTS = {
    path.relative_to(SPECS).as_posix(): json.loads(path.read_text())
    for path in sorted(SPECS.rglob("*.json"))
    if path.name != "trends.json"
}
BASES = [name for name, document in DOCUMENTS.items() if "recipe" in document]
STUDIES = [name for name, document in DOCUMENTS.items() if "rows" in document]


def test_every_file_is_a_spec_or_a_study() -> None:
    assert {*BASES, *STUDIES} == set(DOCUMENTS)
    assert {"physttd.json", "polysemantic.json", "arcface.json", "trace-medium.json"} < set(BASES)
    assert {"table3.json", "table6.json", "table7.json", "polysemantic-table4.json", "polysemantic-table5.json"} < set(
        STUDIES
    )


@pytest.mark.parametrize("name", BASES)
def test_a_spec_passes_the_check(name: str) -> None:
    assert check(validate(RunSpec, DOCUMENTS[name])).heads


@pytest.mark.parametrize("name", STUDIES)
def test_every_row_of_a_study_passes_the_check(name: str) -> None:
    study = read_study(SPECS / name)
    assert len(check_study(study)) == len(study.spec.rows) * len(study.spec.folds or {"": {}}) * len(study.spec.seeds)


def test_specs_have_the_papers_sizes_and_rates() -> None:
    physttd, poly = DOCUMENTS["physttd.json"], DOCUMENTS["polysemantic.json"]
    assert (physttd["modalities"]["face"]["size"], physttd["sampler"]["batch_size"]) == (256, 8)
    recipe = check(validate(RunSpec, physttd)).spec.recipe
    assert isinstance(recipe.model_dump()["optimizer"], dict)
    assert (recipe.model_dump()["optimizer"]["lr"], recipe.model_dump()["discriminator"]["lr"]) == (5e-5, 2.5e-5)
    assert (poly["modalities"]["face"]["size"], poly["modalities"]["face"]["views"], poly["sampler"]["batch_size"]) == (
        256,
        5,
        4,
    )
    weights = {name: part["weight"] for name, part in poly["model"]["objectives"].items()}
    # Losses of the graph average over both halves of a batch: twice the published weight of Eq. 9 makes its sum of two expectations.
    assert weights == {"intensity": 2 * 100, "identity": 100, "rgb_center": 10, "depth_center": 10}


def test_the_media_of_table_6_are_five_of_which_three_remain() -> None:
    rows = DOCUMENTS["table6.json"]["rows"]
    assert list(rows) == ["generator", "traces", "image"]
    assert rows["generator"]["recipe.prior"] is False
    for row in ("traces", "image"):
        five, three, *_ = rows[row]["metrics"]
        assert list(five["classes"]) == ["live", "print1", "print2", "replay1", "replay2"]
        assert {name for parts in three["merge"].values() for name in parts} == set(five["classes"]) - {"live"}
    assert list(MEDIA) == ["live", "print", "replay", "mask", "makeup", "partial"]


SMALL = {"subjects": 4, "frames": 1, "size": 160, "species": ["print.flat", "replay.screen"]}
TINY: dict[str, dict[str, Any]] = {
    "arcface": {
        "modalities.face.size": 32,
        "modalities.face.views": 1,
        "model.encoders.embed.width": 0.07,
        "recipe.people": 8,
        "sampler.batch_size": 4,
        "recipe.schedule": {"name": "none"},
    },
    "polysemantic": {
        "modalities.face.size": 32,
        "modalities.face.views": 1,
        "model.encoders.gen.network": {"type": "timm", "name": "test_resnet"},
        "model.encoders.gen.widths": [8, 8, 6, 4],
        "model.encoders.gen.frozen_norm": [],
        "model.heads.trace.width": 0.1,
        "model.objectives.identity.width": 0.07,
        "recipe.scales": [32, 16],
        "recipe.discriminator_width": 0.1,
    },
    "physttd": {
        "modalities.face.size": 128,
        "modalities.face.views": 1,
        "modalities.depth.size": 16,
        "modalities.outline.size": 16,
        "model.encoders.gen.width": 0.06,
        "sampler.batch_size": 4,
        "recipe.discriminator_width": 0.06,
    },
    "trace-medium": {
        "modalities.face.size": 128,
        "modalities.face.views": 1,
        "modalities.face.landmarks": "68",  # so that the store has it already
        "model.encoders.gen.width": 0.06,
        "model.encoders.medium.width": 0.05,
        "sampler.batch_size": 4,
    },
}


def tiny(name: str) -> Any:
    """A spec of the paper's size by overrides: one epoch on a few people, all else as it stands."""
    document: Any = json.loads(json.dumps(DOCUMENTS[f"{name}.json"]))
    small = {f"data.{part}.0.dataset": {"type": "phantom", **SMALL} for part in ("train", "dev", "test.intra")}
    return with_overrides(
        document, {**small, "recipe.epochs": 1, "compute": {"prepare": 1, "device": "cpu"}, **TINY[name]}
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Each of the four trained, in the order in which they name one another's weights."""
    folder = tmp_path_factory.mktemp("trained")
    with chdir(folder), warnings.catch_warnings():
        warnings.filterwarnings(
            "error", message=".*physttd.identity.*"
        )  # what it says where it has no weights, and is off
        for name in TINY:
            spec = validate(RunSpec, tiny(name))
            # In this process: a worker would import torch anew for a few small clips.
            prepare_records(
                check(spec), list_records(spec).every(), store_of(spec), processes=0, strict=True, quiet=True
            )
            execute_document(tiny(name))
        yield folder / "runs"


def losses(run: Path) -> dict[str, float]:
    steps = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    found: dict[str, float] = {}
    for step in steps:
        found |= step.get("losses", {})
    return found


def test_the_recognizer_is_trained_and_the_identity_loss_uses_what_it_learned(runs: Path) -> None:
    assert np.isfinite(losses(runs / "arcface")["margin"])
    found = losses(runs / "polysemantic")
    assert (
        100 * 1e-4 < found["objective.identity"] < 100 * 2
    )  # weight 100; unit embeddings are 2 apart at most, and sqrt(1e-8) is the least
    assert {
        "adversarial",
        "discriminator_rgb",
        "discriminator_depth",
        "consistency",
        "head.trace",
        "head.rgb_branch",
    } < set(found)
    with (
        open_trained(runs / "arcface", device="cpu") as arcface,
        open_trained(runs / "polysemantic", device="cpu") as poly,
    ):
        mine = arcface.graph.node("embed").state_dict()
        theirs = {
            name.partition("recogniser.")[2]: value
            for name, value in poly.graph.objectives.state_dict().items()
            if "recogniser." in name
        }
    assert mine.keys() == theirs.keys()


def test_media_are_distinguished_from_the_traces_of_the_trained_generator_which_stays_as_it_was(runs: Path) -> None:
    with (
        open_trained(runs / "physttd", device="cpu") as before,
        open_trained(runs / "trace-medium", device="cpu") as after,
    ):
        trained, frozen = (opened.graph.node("gen").state_dict() for opened in (before, after))
    assert all(bool((value == frozen[name]).all()) for name, value in trained.items())
    (found,) = [
        parts
        for name, parts in json.loads((runs / "trace-medium/metrics.json").read_text())["tests"]["intra"]["tasks"][
            "spoof"
        ]["metrics"].items()
        if name.startswith("physttd.trace_medium")
    ]
    counts = found["confusion"]
    assert {name: sum(row.values()) for name, row in counts.items() if any(row.values())} == {
        "live": 2,
        "print": 1,
        "replay": 1,
    }
    assert found["value"] == sum(counts[name][name] for name in counts) / found["n"]
    assert "Attack media from traces" in (runs / "trace-medium/report.html").read_text()


def test_reports_show_trace_sheets_and_features(runs: Path) -> None:
    for run in ("physttd", "polysemantic"):
        report = (runs / run / "report.html").read_text()
        assert "Spoof traces" in report
        assert "gen.rgb_feature" in report or run == "physttd"


def records_of(run: Path) -> list[str]:
    return [line.split(",")[0] for line in (run / "scores/intra.csv").read_text().splitlines()[1:]]


def test_a_sheet_of_a_record_and_of_two_runs_beside_each_other(runs: Path) -> None:
    live, attack = records_of(runs / "polysemantic")[0], records_of(runs / "polysemantic")[-1]
    (block,) = of_run(runs / "polysemantic", attack, live, None)
    rgb, depth = block.rows
    assert [shown.caption.partition("  ")[0] for shown in rgb if shown] == [
        "rgb",
        "trace",
        "trace",
        "live counterpart",
        "on another face",
    ]
    for row in (rgb, depth):
        image, trace, _, restored, _ = (shown.picture for shown in row if shown)
        assert np.allclose(restored, image - (2 * trace - 1), atol=1e-5)
    (beside,) = of_run(runs / "physttd", attack, None, None)
    assert beside.title.endswith("physttd")


def test_a_picture_has_no_depth_and_this_is_reported_with_what_to_do(runs: Path, tmp_path: Path) -> None:
    Picture.fromarray(np.full((64, 64, 3), 128, np.uint8)).save(tmp_path / "face.png")
    with pytest.raises(
        FascoreError, match=r"face\.png: .*no channel 'depth'.*name a record of the run's data by its id"
    ):
        of_run(runs / "polysemantic", str(tmp_path / "face.png"), None, "whole")
    with pytest.raises(FascoreError, match="no such file, and no record of the run's data has this id"):
        of_run(runs / "polysemantic", "nobody", None, None)
    with pytest.raises(
        FascoreError, match="nobody: there is no such file; specify two files, or the ids of two records"
    ):
        of_run(runs / "polysemantic", str(tmp_path / "face.png"), "nobody", "whole")
