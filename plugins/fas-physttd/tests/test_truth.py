"""Estimated traces against true ones: every figure against brute force, and the truth against what was rendered."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from fas_phantom.components import Phantom
from fas_phantom.traces import lowpass
from fas_physttd.physttd.recipes import EXAMPLE
from fas_physttd.polysemantic.recipes import toy_graph
from fas_physttd.truth.measures import NAMES, Estimate, Known, measure, within
from fas_physttd.truth.pictures import estimated, mean_difference, perfect, rendered, seen, without
from fas_physttd.truth.section import TruthSection
from fas_physttd.truth.table import COLUMNS, compare, markdown
from numpy.typing import NDArray
from torch import Tensor

from fascore import FascoreError, cut
from fascore.model import ModelGraph
from fascore.running.trained import Trained
from fascore.testing import toy_records
from fascore.testing.graphs import summary_model, toy

N = 128
RECIPE = {"type": "physttd.three_steps", "discriminator_width": 0.06}


def face() -> Tensor:
    """A disc, as wide as a hull is."""
    y, x = torch.meshgrid(torch.arange(N), torch.arange(N), indexing="ij")
    return (((x - 60) / 48) ** 2 + ((y - 66) / 56) ** 2 < 1)[None, None]


def case(seed: int = 0) -> tuple[Known, Estimate]:
    """Two crops: one with an inpainted square, one without."""
    random = torch.Generator().manual_seed(seed)
    live = 0.2 + 0.6 * torch.rand(2, 3, N, N, generator=random)
    trace, said = (0.1 * torch.randn(2, 3, N, N, generator=random) for _ in range(2))
    p = torch.zeros(2, 1, N, N, dtype=torch.bool)
    p[0, :, 40:60, 50:90] = True
    parts = {name: 0.1 * torch.randn(2, 3, N, N, generator=random) for name in NAMES}
    estimate = Estimate(said + 0.5 * trace, live + 0.02, torch.rand(2, 1, N, N, generator=random), parts)
    return Known(live, trace, p, face().expand(2, -1, -1, -1)), estimate


def banded(picture: Tensor) -> dict[str, NDArray[np.float64]]:
    """Eq. 9 by the phantom's own operator, (N, N, 3) each."""
    image = picture.permute(1, 2, 0).numpy().astype(np.float64)
    coarse, middle = lowpass(image, N // 8), lowpass(image, N // 2)
    return {"b": coarse, "c": middle - coarse, "t": image - middle}


def test_bands_are_compared_as_brute_force_compares_them() -> None:
    truth, estimate = case()
    figures, where = measure(truth, estimate), within(truth.face & ~truth.p)
    for row in range(2):
        true, said = banded(truth.trace[row]), banded(estimate.trace[row])
        for name, mask in zip(NAMES, where, strict=True):
            pixels = mask[row, 0].numpy()
            assert pixels.sum() > 100
            first, second = true[name][pixels].ravel(), said[name][pixels].ravel()
            assert float(figures[f"r.{name}"][row]) == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-4)
            assert float(figures[f"l1.{name}"][row]) == pytest.approx(np.abs(first - second).mean(), rel=1e-4)


def test_a_band_is_scored_exactly_where_nothing_outside_the_region_changes_it() -> None:
    truth, _ = case()
    region = truth.face & ~truth.p
    inner, outer = (
        banded(truth.trace[0]),
        banded(torch.where(region[0], truth.trace[0], truth.trace[0] + 1 + torch.rand(3, N, N))),
    )
    for name, mask in zip(NAMES, within(region), strict=True):
        changed = np.abs(inner[name] - outer[name]).max(2) > 1e-4
        assert not changed[mask[0, 0].numpy()].any()
        assert changed[(region & ~mask)[0, 0].numpy()].all()


def test_region_energy_and_counterpart_are_measured_as_brute_force_measures_them() -> None:
    truth, estimate = case()
    figures = measure(truth, estimate)
    inside, hidden, p = truth.face[0, 0].numpy(), truth.p[:, 0].numpy(), estimate.p[:, 0].numpy()  # type: ignore[index]
    said = p[0] > 0.5
    both = sum(bool(a and b and c) for a, b, c in zip(said.ravel(), hidden[0].ravel(), inside.ravel(), strict=True))
    either = sum(bool((a or b) and c) for a, b, c in zip(said.ravel(), hidden[0].ravel(), inside.ravel(), strict=True))
    assert float(figures["iou"][0]) == pytest.approx(both / either)
    assert math.isnan(float(figures["iou"][1]))
    assert float(figures["p"][0]) == pytest.approx(float(p[0][inside & ~hidden[0]].mean()), rel=1e-5)
    assert float(figures["p"][1]) == pytest.approx(float(p[1][inside].mean()), rel=1e-5)
    for row in range(2):
        error = (np.clip(estimate.live[row].numpy(), 0, 1) - truth.live[row].numpy())[:, inside]
        assert float(figures["psnr"][row]) == pytest.approx(
            10 * math.log10(1 / np.square(error, dtype=np.float64).mean()), abs=1e-3
        )
        for name in NAMES:
            assert estimate.parts
            energies = {
                band: float(np.square(values[inside]).sum())
                for band, values in banded(estimate.parts[name][row]).items()
            }
            assert float(figures[f"own.{name}"][row]) == pytest.approx(
                energies[name] / sum(energies.values()), rel=1e-4
            )


def test_the_truth_is_without_error_where_nothing_was_lost() -> None:
    truth, _ = case()
    shown = torch.where(truth.p, torch.rand(2, 3, N, N), truth.live + truth.trace)
    figures = measure(truth, perfect(shown, truth))
    for name in NAMES:
        assert torch.allclose(figures[f"r.{name}"], torch.ones(2).double())
        assert not figures[f"l1.{name}"].any()
    assert float(figures["iou"][0]) == 1
    assert not figures["p"].any()
    assert bool((figures["psnr"] > 120).all())
    assert bool(measure(truth, Estimate(truth.trace, truth.live))["psnr"].isposinf().all())


def test_no_trace_has_the_psnr_of_the_input_and_no_correlation() -> None:
    truth, _ = case()
    shown = (truth.live + truth.trace).clamp(0, 1)
    figures = measure(truth, without(shown, torch.zeros_like(shown)))
    inside = truth.face.expand_as(shown)
    for row in range(2):
        error = (shown - truth.live)[row][inside[row]].double().square().mean()
        assert float(figures["psnr"][row]) == pytest.approx(float(-10 * error.log10()))
    for name, where in zip(NAMES, within(truth.face & ~truth.p), strict=True):
        assert figures[f"r.{name}"].isnan().all()
        size = float(np.abs(banded(truth.trace[1])[name][where[1, 0].numpy()]).mean())
        assert float(figures[f"l1.{name}"][1]) == pytest.approx(size, rel=1e-4)
    assert float(figures["iou"][0]) == 0


@pytest.mark.parametrize(("size", "defined"), [(1e-6, False), (1e-2, True)])
def test_a_trace_of_rounding_errors_has_no_correlation_and_a_weak_one_has(size: float, defined: bool) -> None:
    truth, _ = case()
    weak = size * torch.rand(2, 3, N, N, generator=torch.Generator().manual_seed(5))
    figures = measure(truth, without(truth.live, weak))
    for name in NAMES:
        assert bool(figures[f"r.{name}"].isnan().all()) != defined


@pytest.fixture(scope="module")
def opened() -> Iterator[Trained]:
    data = Phantom(subjects=3, frames=6, size=96, species=("print.flat", "partial.funny_eye"), protocol="grandtest")
    records = data.records("all")
    modalities = {**EXAMPLE["modalities"], "face": {**EXAMPLE["modalities"]["face"], "views": 2}}
    made = toy(modalities, EXAMPLE["model"], records, recipe=RECIPE, augment={"flip": 0.5})
    graph = ModelGraph.build(made.plan, 4).eval()
    prepared = made.prepared.records
    splits = {"train": prepared[:6], "test": prepared}
    yield Trained(made.plan, graph, made.prepared, made.store, torch.device("cpu"), "fp32", splits, frozenset({"test"}))
    del made  # its store lives as long as it does


def test_the_truth_is_cut_from_the_frame_and_place_that_the_model_saw(opened: Trained) -> None:
    records = opened.splits["test"][:4]
    truth, image = seen(opened, records)
    matrices = opened.values(records, ["face.crop"])["face.crop"].reshape(-1, 2, 3)
    for row, record in enumerate(record for record in records for _ in range(2)):
        stored = opened.stored(record, "face")
        assert stored is not None
        source = record.channels["rgb"]
        (place,) = np.flatnonzero(np.isclose(source.times(), np.asarray(stored["times"]).reshape(-1)[row % 2]))
        (frame,) = source.read([int(place)])
        apart = np.abs(cut(frame.image, matrices[row], N, 1.0) / 255 - image[row].permute(1, 2, 0).numpy())
        assert apart.mean() < 1e-5  # a few pixels are rounded the other way, for what is stored is wider
        assert apart.max() < 1.01 / 255
    # What the camera saw is the truth but for noise and coding, in the face and nowhere else as well one pixel aside.
    errors = [
        ((truth.live + truth.trace).roll(shift, dims=3) - image)[truth.face.expand_as(image)].square().mean()
        for shift in (0, 2, -2)
    ]
    assert float(errors[0]) < 2e-3
    assert min(errors[1:]) > 1.2 * errors[0]


def test_only_attacks_have_a_trace_and_only_toy_glasses_are_inpainted(opened: Trained) -> None:
    records = opened.splits["test"]
    truth, _ = seen(opened, records)
    rows = [record for record in records for _ in range(2)]
    strong = (truth.trace.abs() * truth.face).flatten(1).amax(1)
    assert [bool(x) for x in strong > 0] == [record.species is not None for record in rows]
    assert [bool(x) for x in truth.p.flatten(1).any(1)] == [record.species == "partial.funny_eye" for record in rows]


def test_the_mean_difference_is_that_of_the_classes_of_training(opened: Trained) -> None:
    values = {record.id: opened.values([record], ["face"])["face"][0].mean(0) for record in opened.splits["train"]}
    means = [np.mean([values[r.id] for r in opened.splits["train"] if r.label == label], axis=0) for label in (0, 1)]
    assert np.allclose(mean_difference(opened)[0], means[0] - means[1], atol=1e-5)
    alone = Trained(**{**vars(opened), "splits": {"train": tuple(r for r in opened.splits["train"] if r.label)}})
    with pytest.raises(FascoreError, match="only one class"):
        mean_difference(alone)


def test_lines_are_by_species_and_estimate_and_the_truth_is_best(opened: Trained) -> None:
    lines = compare(opened, opened.splits["test"], 2)
    assert [line.species for line in lines[::5]] == ["bona fide", "partial.funny_eye", "print.flat"]
    assert {line.crops for line in lines} == {4}
    by = {(line.species, line.estimator): line.figures for line in lines}
    for species in ("partial.funny_eye", "print.flat"):
        assert max((figures["psnr"], name) for (of, name), figures in by.items() if of == species)[1] == "truth"
    assert by["partial.funny_eye", "truth"]["iou"] == 1
    assert by["print.flat", "truth"]["r.b"] == pytest.approx(1)
    # An untrained model of the run's seed is not the model of the fixture.
    assert by["print.flat", "trained"]["l1.b"] != by["print.flat", "untrained"]["l1.b"]
    table = markdown(lines).splitlines()
    assert len(table) == 2 + 15
    assert {line.count("|") for line in table} == {len(COLUMNS) + 4}


def test_a_model_that_inpaints_nothing_has_no_columns_of_p(opened: Trained) -> None:
    lines = compare(opened, opened.splits["test"], 1)
    nothing = {"iou": math.nan, "p": math.nan}
    blind = [
        line if line.estimator == "truth" else line._replace(figures={**line.figures, **nothing}) for line in lines
    ]
    assert markdown(blind).splitlines()[0] == markdown(lines).splitlines()[0].replace(" IoU P | mean P |", "")


def test_estimates_are_the_ports_of_either_generator(opened: Trained) -> None:
    records = opened.splits["test"][:2]
    estimate = estimated(opened, records)
    values = opened.values(records, ["face", "gen.live", "gen.p"])
    flat = {ref: torch.from_numpy(value).flatten(0, 1) for ref, value in values.items()}
    assert torch.equal(estimate.live, flat["gen.live"])
    assert estimate.p is not None
    p = estimate.p
    content = torch.from_numpy(opened.values(records, ["gen.content"])["gen.content"]).flatten(0, 1)
    assert torch.allclose((1 - p) * (flat["face"] - estimate.trace) + p * content, estimate.live, atol=1e-5)

    graph: Any = toy_graph(("rgb",))
    made = toy(
        graph["modalities"],
        graph["model"],
        records,
        recipe={"type": "physttd.polysemantic", "scales": [16], "discriminator_width": 0.1},
    )
    other = Trained(
        made.plan,
        ModelGraph.build(made.plan, 3).eval(),
        made.prepared,
        made.store,
        torch.device("cpu"),
        "fp32",
        {"test": made.prepared.records},
    )
    said = estimated(other, records)
    assert said.p is None
    assert said.parts is None
    assert torch.allclose(seen(other, records)[1] - said.trace, said.live, atol=1e-6)
    deep: Any = toy_graph(("deep",))
    renamed = toy(
        deep["modalities"],
        deep["model"],
        records,
        recipe={"type": "physttd.polysemantic", "scales": [16], "discriminator_width": 0.1},
    )
    with pytest.raises(FascoreError, match="no stream 'rgb'"):
        estimated(Trained(renamed.plan, other.graph, made.prepared, made.store, other.device, "fp32", {}), records)


def test_the_section_names_whose_truth_is_not_known_and_which_run_has_no_traces(opened: Trained) -> None:
    (section,) = TruthSection({"records": 1}).report_sections(opened)
    assert section.shareable
    assert section.html.count("<tr>") == 1 + 15
    strangers = toy_records(2)
    assert rendered(strangers) == []
    other = Trained(**{**vars(opened), "splits": {"test": tuple(strangers)}})
    assert "truth is not known" in TruthSection({}).report_sections(other)[0].html
    made = toy(
        {name: EXAMPLE["modalities"][name] for name in ("faces", "face")},
        summary_model(["face"]),
        opened.splits["test"][:2],
    )
    lacking = Trained(
        made.plan,
        ModelGraph.build(made.plan, 3),
        made.prepared,
        made.store,
        torch.device("cpu"),
        "fp32",
        {"test": made.prepared.records},
    )
    with pytest.raises(FascoreError, match=r"no physttd\.generator and no physttd\.polysemantic"):
        TruthSection({}).report_sections(lacking)
