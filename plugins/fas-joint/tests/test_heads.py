"""Heads against probabilities written out record by record."""

import math

import numpy as np
import pytest
import torch
from fas_joint.heads import OneHeadMulti, PixelBinary, ThreeClass
from torch import nn

from fascore import Dense, Labels, Plane, Ref, SpecError, Vector

LABEL = torch.tensor([1, 0, 0, 1])
TASK = torch.tensor([0, 0, 1, 1])


def fixed(head: nn.Module, logits: torch.Tensor) -> torch.Tensor:
    """Make the last layer the identity, so that features are the logits."""
    layer = head.layers[-1]
    with torch.no_grad():
        layer.weight.copy_(torch.eye(*layer.weight.shape))
        layer.bias.zero_()
    return logits


def softmax(row: list[float]) -> list[float]:
    total = sum(math.exp(v) for v in row)
    return [math.exp(v) / total for v in row]


def test_three_class_learns_bona_fide_of_both_tasks_as_one_class_and_attacks_by_task() -> None:
    head = ThreeClass().build([Vector(3)], Labels("label")).eval()
    rows = [[0.2, 1.0, -0.5], [2.0, 0.1, 0.3], [0.4, -1.0, 0.9], [0.0, 0.5, 0.7]]
    output = head(fixed(head, torch.tensor(rows)), task=TASK)
    spoof, bona_fide, forgery = 0, 1, 2
    wanted = [-math.log(softmax(row)[c]) for row, c in zip(rows, (bona_fide, spoof, forgery, bona_fide), strict=True)]
    np.testing.assert_allclose(head.loss(output, LABEL).detach().numpy(), wanted, rtol=1e-5)
    np.testing.assert_allclose(
        head.score(output).detach().numpy(), [softmax(row)[bona_fide] for row in rows], rtol=1e-5
    )
    total = head.score(output) + sum(head.numbers(output).values())
    torch.testing.assert_close(total, torch.ones(4))


def test_three_class_learns_nothing_of_an_attack_of_unknown_task() -> None:
    head = ThreeClass().build([Vector(3)], Labels("label"))
    loss = head.loss(head(torch.randn(4, 3), task=torch.tensor([-1, -1, 0, 0])), LABEL)
    assert (loss > 0).tolist() == [True, False, True, True]


def test_one_head_multi_puts_labels_and_classes_in_one_softmax() -> None:
    config = OneHeadMulti(target=Ref("record.gender"), classes=("female", "male", "unsure"))
    assert config.classes_of("gender") == (None, "female", "male", "unsure")
    head = config.build([Vector(5)], Labels("gender")).eval()
    rows = [
        [0.2, 1.0, -0.5, 0.3, 0.1],
        [2.0, 0.1, 0.3, 0.0, 0.2],
        [0.4, -1.0, 0.9, 0.8, 0.7],
        [0.0, 0.5, 0.7, -2.0, 1.0],
    ]
    output = head(fixed(head, torch.tensor(rows)), label=LABEL)
    codes = torch.tensor([0, 0, 1, 3])  # two records without gender, one female, one unsure
    wanted = [-math.log(softmax(row)[c]) for row, c in zip(rows, (1, 0, 2, 4), strict=True)]
    np.testing.assert_allclose(head.loss(output, codes).detach().numpy(), wanted, rtol=1e-5)
    scores = head.score(head(torch.tensor(rows), label=None)).detach().numpy()
    np.testing.assert_allclose(scores, [1 / (1 + math.exp(row[0] - row[1])) for row in rows], rtol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_pixel_binary_is_cross_entropy_of_every_place_and_of_the_whole(share: float) -> None:
    torch.manual_seed(0)
    head = PixelBinary(share=share).build([Plane(3, 2, 4)], Labels("label"))
    feature = torch.randn(4, 3, 2, 4)
    places = 1 / (
        1
        + np.exp(
            -np.einsum("c,bchw->bhw", head.project.weight[0, :, 0, 0].detach(), feature)
            - float(head.project.bias.detach())
        )
    )
    whole = 1 / (
        1 + np.exp(-places.reshape(4, 8) @ head.linear.weight[0].detach().numpy() - float(head.linear.bias.detach()))
    )
    output = head(feature)
    wanted = []
    for label, p, w in zip(LABEL.tolist(), places, whole, strict=True):
        pixel = np.mean([-math.log(v if label else 1 - v) for v in p.ravel()])
        wanted.append(share * pixel - (1 - share) * math.log(w if label else 1 - w))
    np.testing.assert_allclose(head.loss(output, LABEL).detach().numpy(), wanted, rtol=1e-4)
    np.testing.assert_allclose(head.score(output).detach().numpy(), places.mean((1, 2)), rtol=1e-5)
    binary = PixelBinary(score="binary").build([Plane(3, 2, 4)], Labels("label"))
    binary.load_state_dict(head.state_dict())
    np.testing.assert_allclose(binary.score(binary(feature)).detach().numpy(), whole, rtol=1e-5)


def test_heads_refuse_what_they_cannot_learn() -> None:
    with pytest.raises(SpecError, match="one Vector"):
        ThreeClass().check([Plane(1, 2, 2)], Labels("label"))
    with pytest.raises(SpecError, match=r"learns record\.label"):
        ThreeClass().check([Vector(2)], Labels("species"))
    with pytest.raises(SpecError, match="other task's column"):
        OneHeadMulti(classes=("a", "b")).check([Vector(2)], Labels("label"))
    with pytest.raises(SpecError, match="not"):
        PixelBinary().check([Plane(1, 2, 2)], Dense(Plane(1, 2, 2)))
    with pytest.raises(ValueError, match="listed twice"):
        OneHeadMulti(classes=("a", "a"))
