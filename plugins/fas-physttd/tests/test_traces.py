"""The trace sheet: what is drawn is what the generator says, and every refusal is a sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fas_physttd.command import traces as command
from fas_physttd.physttd.recipes import EXAMPLE
from fas_physttd.physttd.removal import take_apart
from fas_physttd.section import TracesSection
from fas_physttd.sheet import MOST, Block, draw, gain, write
from fas_physttd.sheets import blocks, generator_of
from PIL import Image as Picture

from fascore import FascoreError, Record
from fascore.data.prepare import Quarantined
from fascore.model import ModelGraph
from fascore.running.trained import Trained
from fascore.testing import toy_records
from fascore.testing.graphs import summary_model, toy

FACES_128 = EXAMPLE["modalities"]


@pytest.fixture(scope="module")
def opened() -> Iterator[Trained]:
    made = toy(
        EXAMPLE["modalities"],
        EXAMPLE["model"],
        toy_records(4),
        recipe={"type": "physttd.three_steps", "discriminator_width": 0.06},
    )
    graph = ModelGraph.build(made.plan, 3).eval()
    records = made.prepared.records
    yield Trained(
        made.plan, graph, made.prepared, made.store, torch.device("cpu"), "fp32", {"test": records}, frozenset({"test"})
    )
    del made  # its store lives as long as it does


def test_removal_ends_in_the_generators_reconstruction_and_begins_with_the_input(opened: Trained) -> None:
    records: tuple[Record, ...] = opened.splits["test"][:2]
    values = opened.values(records, ["face", "gen.live", "gen.t", "gen.p"])
    for row, found in enumerate(take_apart(opened, "gen", records, None)):
        image, live, fine = (values[ref][row, 0].transpose(1, 2, 0) for ref in ("face", "gen.live", "gen.t"))
        assert np.array_equal(found.image, image)
        assert [name for name, _ in found.removal] == [
            "without T",
            "without T, C",
            "without T, C, B",
            "with P inpainted: live",
        ]
        assert np.allclose(found.removal[0][1], image - fine, atol=1e-5)
        assert np.allclose(found.removal[-1][1], live, atol=1e-5)
        assert np.allclose(found.removal[2][1], image - sum(found.parts.values()), atol=1e-5)
        assert found.elsewhere is None


def test_traces_laid_onto_their_own_face_are_not_moved(opened: Trained) -> None:
    record = opened.splits["test"][0]
    (found,) = take_apart(opened, "gen", [record], record)
    p = found.p[..., None]
    assert found.elsewhere is not None
    assert np.allclose(
        found.elsewhere, (1 - p) * (found.image + sum(found.parts.values())) + p * found.image, atol=1e-4
    )


def test_a_sheet_is_drawn_with_every_picture_and_written_as_png(opened: Trained, tmp_path: Path) -> None:
    records = opened.splits["test"][:2]
    figure = draw(blocks(opened, ["one", "two"], records, records[-1]))
    assert len(figure.axes) == 2 * (7 + 5)
    write(figure, tmp_path / "sheet.png")
    with Picture.open(tmp_path / "sheet.png") as picture:
        assert picture.format == "PNG"
        assert picture.size == tuple(int(side) for side in figure.get_size_inches() * figure.dpi)


def test_weak_traces_are_amplified_within_a_limit() -> None:
    assert gain(np.full((8, 8, 3), 0.5, np.float32)) == pytest.approx(2)
    assert gain(np.full((8, 8, 3), 1e-6, np.float32)) == MOST
    assert gain(np.zeros((8, 8, 3), np.float32)) == MOST


def test_the_report_shows_each_species_once_and_hides_faces_that_may_not_be_published(
    opened: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []

    def told(trained: Trained, names: Sequence[str], *rest: Any) -> list[Block]:
        titles.extend(names)
        return blocks(trained, names, *rest)

    monkeypatch.setattr("fas_physttd.sheets.blocks", told)
    section = TracesSection({})
    (shown,) = section.report_sections(opened)
    assert titles == ["bona fide", *sorted({record.species for record in opened.splits["test"] if record.species})]
    assert shown.html.count("data:image/png;base64,") == 1
    assert not shown.shareable
    hidden = Trained(opened.plan, opened.graph, opened.prepared, opened.store, opened.device, "fp32", opened.splits)
    assert "data:image" not in section.report_sections(hidden)[0].html
    assert "may not be published: test" in section.report_sections(hidden)[0].html


def test_a_run_without_a_generator_and_a_sheet_that_is_no_png_are_refused_in_words(tmp_path: Path) -> None:
    made = toy({"faces": FACES_128["faces"], "face": FACES_128["face"]}, summary_model(["face"]), toy_records(2))
    splits = {"test": made.prepared.records}
    other = Trained(
        made.plan, ModelGraph.build(made.plan, 3), made.prepared, made.store, torch.device("cpu"), "fp32", splits
    )
    with pytest.raises(FascoreError, match=r"has no physttd\.generator and no physttd\.polysemantic"):
        generator_of(other)
    with pytest.raises(FascoreError, match=r"ends with \.png"):
        command(tmp_path, "a.jpg", tmp_path / "sheet.pdf")


@pytest.mark.parametrize("reason", ["no face in any of 3 frames", "a.mp4: cannot be decoded"])
def test_a_file_that_cannot_be_used_is_named_once_and_why(
    opened: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    @contextmanager
    def lacking(*given: object, **options: object) -> Iterator[Trained]:
        prepared = replace(opened.prepared, records=(), quarantined=(Quarantined("a.mp4", "no_face", reason, "face"),))
        yield replace(opened, prepared=prepared, splits={"files": ()})

    monkeypatch.setattr("fas_physttd.sheets.open_trained", lacking)
    with pytest.raises(FascoreError) as told:
        command(tmp_path, "a.mp4", tmp_path / "sheet.png")
    assert str(told.value) == f"a.mp4: {reason.removeprefix('a.mp4: ')}"
