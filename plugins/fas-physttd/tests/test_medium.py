"""Telling the medium: AlexNet's size, the head's classes, the confusion matrix by hand, and a generator that stays as it is."""

from typing import Any

import numpy as np
import pytest
import torch
from fas_physttd.medium.components import MEDIA, AlexNet, MediumAccuracy, TraceMedium
from fas_physttd.medium.recipes import TraceMedium as Recipe
from fas_physttd.medium.section import MediumSection
from torch import nn
from torch.nn.functional import cross_entropy

from fascore import FascoreError, Image, Labels, Plane, SpecError, SpecErrors, Vector
from fascore.evaluation.table import ScoreTable
from fascore.model import ModelGraph
from fascore.testing.graphs import toy
from fascore.training.engine import Engine


def test_alexnet_has_the_parameters_of_torchvisions_with_its_thousand_classes() -> None:
    with torch.device("meta"):
        module = AlexNet().build([Image(3, 224, 224)])
        logits = nn.Linear(4096, 1000)
    assert sum(p.numel() for part in (module, logits) for p in part.parameters()) == 61_100_840
    assert AlexNet().infer([Plane(3, 256, 256)] * 3) == Vector(4096)


def test_faint_traces_reach_the_network_as_strong_as_an_image() -> None:
    module: Any = AlexNet(width=0.05).build([Plane(3, 64, 64)]).train()
    trace = 0.003 * torch.randn(8, 3, 64, 64, generator=torch.Generator().manual_seed(0)) + 0.1
    seen = module.standardise(trace)
    assert float(seen.std()) == pytest.approx(1, abs=0.35)  # the norm's 1e-5 beside a variance of 9e-6
    assert float(seen.mean()) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        ([Plane(3, 64, 64), Plane(3, 32, 32)], "pictures of one size"),
        ([Vector(4)], "traces or images"),
        ([Plane(3, 48, 48)], "63 pixels per side"),
        ([], "got nothing"),
    ],
)
def test_what_alexnet_cannot_read_is_refused_in_words(signals: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        AlexNet().infer(signals)


FOUR: Any = {"live": [None], "paper": ["print.flat", "print.cut"], "screen": ["replay.screen"]}


def head() -> TraceMedium:
    return TraceMedium.model_validate({"target": "record.species", "classes": FOUR})


def test_species_of_a_class_are_one_to_the_loss_and_the_score_is_bona_fide() -> None:
    config = head()
    assert config.classes_of("species") == (None, "print.flat", "print.cut", "replay.screen")
    module: Any = config.build([Vector(4)], Labels("species"))
    logits = torch.tensor([[0.0, 1.0, -1.0]]).expand(4, -1)
    wanted = cross_entropy(logits, torch.tensor([0, 1, 1, 2]), reduction="none")
    assert torch.allclose(module.loss(logits, torch.tensor([0, 1, 2, 3])), wanted)
    shares = logits[0].softmax(0)
    assert module.score(logits)[0] == pytest.approx(float(shares[0]))
    numbers = {name: float(value[0]) for name, value in module.numbers(logits).items()}
    assert numbers == pytest.approx(dict(zip(("p.live", "p.paper", "p.screen"), shares.tolist(), strict=True)))


def test_classes_that_overlap_or_are_empty_are_refused() -> None:
    both: Any = {"a": ["x"], "b": ["x"]}
    cases: Any = [
        (both, "to two classes"),
        ({"a": ["x"]}, "at least two classes"),
        ({"a": ["x"], "b": []}, "each with the species"),
    ]
    for classes, words in cases:
        with pytest.raises(ValueError, match=words):
            TraceMedium.model_validate({"target": "record.species", "classes": classes})
    with pytest.raises(SpecError, match=r'"target": "record\.species"'):
        head().check([Vector(3)], Labels("label"))


def table() -> ScoreTable:
    """Six records: one print taken for a replay, one replay without an answer, one of a species that no class has."""
    species = ["", "print.flat", "print.cut", "replay.screen", "replay.screen", "mask.rigid"]
    said = [[0.8, 0.1, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [np.nan] * 3, [1.0, 0.0, 0.0]]
    columns = {f"medium.p.{name}": np.array(said)[:, place] for place, name in enumerate(FOUR)}
    rows: dict[str, Any] = {
        "label": [1, 0, 0, 0, 0, 0],
        "score": [0.5] * 6,
        "species": species,
        "subject": list("abcdef"),
        **columns,
    }
    return ScoreTable.from_columns(rows)


def metric(**fields: Any) -> MediumAccuracy:
    return MediumAccuracy.model_validate({"classes": FOUR, **fields})


def test_confusion_and_accuracy_by_hand_and_with_merged_classes() -> None:
    found = metric().build().compute(table(), None)
    assert found["confusion"] == {
        "live": {"live": 1, "paper": 0, "screen": 0},
        "paper": {"live": 0, "paper": 1, "screen": 1},
        "screen": {"live": 0, "paper": 0, "screen": 1},
    }
    assert (found["value"], found["n"], found["errors"], found["non_responses"]) == (0.75, 4, 1, 1)
    assert found["balanced"] == pytest.approx((1 + 0.5 + 1) / 3)
    merged = metric(merge={"flat": ["paper", "screen"]}).build().compute(table(), None)
    assert merged["confusion"] == {"live": {"live": 1, "flat": 0}, "flat": {"live": 0, "flat": 3}}
    assert merged["value"] == 1


def test_a_table_that_the_metric_cannot_read_is_refused_in_words() -> None:
    with pytest.raises(SpecError, match=r"no column 'other\.p\.live'"):
        metric(head="other").build().compute(table(), None)
    with pytest.raises(SpecError, match="'merge' names 'glass', which is not a class"):
        metric(merge={"x": ["glass"]}).build().compute(table(), None)
    with pytest.raises(SpecError, match="no record has a species of the classes"):
        metric().build().compute(table().select(np.array([5])), None)
    assert "head 'medium' produces no 'p.mask'" in (
        MediumAccuracy().lacks(["score", "medium.p.live", "medium.p.print", "medium.p.replay"]) or ""
    )


def test_only_the_classifier_learns_and_the_generator_stays_to_the_bit() -> None:
    ((recipe, graph),) = Recipe.examples()
    made = toy(graph["modalities"], graph["model"], recipe=recipe)
    model = ModelGraph.build(made.plan, 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training: Any = recipe.build(model, 2)
    engine = Engine(model, training, device=torch.device("cpu"), precision="fp32", seed=3)
    engine.train()
    for step, batch in enumerate(made.training(4)):
        engine.begin(0, step)
        losses = training.step(engine, batch)
        engine.finish()
    changed = {name.split(".")[1] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"n_medium"}
    assert losses["loss"] == losses["head.medium"]
    assert not training.generator.training


def test_a_generator_without_weights_is_refused_before_torch() -> None:
    ((_, graph),) = Recipe.examples()
    with pytest.raises(SpecErrors, match=r'would stay random.*"weights": "runs/physttd#gen"'):
        toy(graph["modalities"], graph["model"], recipe={"type": "physttd.trace_medium"})
    with pytest.raises(SpecErrors, match="names 'face', which is not an encoder"):
        toy(graph["modalities"], graph["model"], recipe={"type": "physttd.trace_medium", "generator": "face"})


def test_the_section_needs_the_metric() -> None:
    class Without:
        class spec:
            metrics = ()

    with pytest.raises(FascoreError, match=r"add .* to metrics"):
        MediumSection({}).report_sections(Without)  # type: ignore[arg-type]


def test_the_media_of_table_7_hold_every_spoof_of_the_phantom() -> None:
    from fas_phantom.species import SPECIES

    assert {one for group in MEDIA.values() for one in group if one} == {
        name for name, species in SPECIES.items() if species.task == "spoof"
    }
