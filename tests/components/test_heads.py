"""Heads against scikit-learn, and against loops over pixels and neighbours."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from fascore import (
    Dense,
    FascoreError,
    Image,
    Labels,
    Level,
    Plane,
    Points,
    Pyramid,
    SpecError,
    Tokens,
    Vector,
    validate,
)
from fascore.components.heads import Binary, Multiclass, Pixelwise
from fascore.components.heads.pixelwise import contrast

LABEL = Labels("label")


def test_binary_is_the_log_loss_of_its_own_score():
    head, label = Binary().build([Vector(4)], LABEL), torch.tensor([0, 1, 1, 0, 1])
    output = head(torch.randn(5, 4))
    scores = head.score(output).detach().numpy()
    assert ((scores > 0) & (scores < 1)).all()
    assert head.loss(output, label).mean().item() == pytest.approx(log_loss(label, scores), rel=1e-5)
    higher = head.score(output + 1)
    assert (higher > head.score(output)).all() and head.loss(output + 1, torch.ones(5)).sum() < head.loss(
        output, torch.ones(5)
    ).sum()


def test_label_smoothing_gives_its_share_to_the_other_classes():
    p = torch.tensor([0.7, 0.2, 0.1])
    head = Multiclass(classes=("a", "b", "c"), label_smoothing=0.3).build([Vector(2)], Labels("x"))
    expected = -(0.7 * math.log(0.7) + 0.15 * math.log(0.2) + 0.15 * math.log(0.1))
    assert head.loss(p.log()[None], torch.tensor([0])).item() == pytest.approx(expected)
    binary = Binary(label_smoothing=0.1).build([Vector(2)], LABEL)
    logit = torch.tensor([math.log(0.8 / 0.2)])
    assert binary.loss(logit, torch.tensor([1])).item() == pytest.approx(-(0.9 * math.log(0.8) + 0.1 * math.log(0.2)))


def test_multiclass_is_the_log_loss_and_scores_the_bona_fide_class():
    head = Multiclass(classes=("print", "live", "mask"), bona_fide="live").build([Vector(4)], Labels("kind"))
    output, target = head(torch.randn(6, 4)), torch.tensor([0, 1, 2, 1, 0, 2])
    shares = output.softmax(1).detach().numpy()
    assert head.loss(output, target).mean().item() == pytest.approx(log_loss(target, shares), rel=1e-5)
    np.testing.assert_allclose(head.score(output).detach().numpy(), shares[:, 1], rtol=1e-6)


def test_multiclass_writes_the_probability_of_every_class_only_where_it_is_requested():
    fields = {"classes": [None, "print", 3], "target": "record.species"}
    assert validate(Multiclass, fields).numbers == ()
    config = validate(Multiclass, {**fields, "probabilities": True})
    assert config.numbers == ("p.", "p.print", "p.3")
    head = config.build([Vector(4)], Labels("species"))
    output = head(torch.randn(6, 4))
    shares = np.exp(output.detach().numpy())
    shares /= shares.sum(1, keepdims=True)
    given = head.numbers(output)
    assert tuple(given) == config.numbers
    np.testing.assert_allclose(
        np.stack([given[name].detach().numpy() for name in config.numbers], axis=1), shares, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("fields", "index"),
    [
        ({"classes": [None, "print"], "target": "record.species"}, 0),
        ({"classes": ["print", "live"], "bona_fide": "live", "target": "record.kind"}, 1),
        ({"classes": [0, 1]}, 1),
        ({"classes": ["a", "b"], "target": "record.device"}, None),
    ],
)
def test_which_class_is_bona_fide(fields, index):
    head = validate(Multiclass, fields)
    assert head.bona_fide_class == index and head.scores == (index is not None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"classes": ["a", "b"], "bona_fide": "live"}, "'bona_fide' is 'live', which is not among 'classes': a, b"),
        ({"classes": ["1", 1]}, "'classes' names '1' twice"),
        ({"classes": ["a"]}, "at least 2"),
    ],
)
def test_classes_that_cannot_be_are_refused(fields, says):
    with pytest.raises(FascoreError, match=says):
        validate(Multiclass, fields)


def test_a_label_at_every_place_is_the_mean_cross_entropy_of_the_map():
    head = Pixelwise().build([Pyramid((Level(3, (8, 8), 4), Level(5, (4, 6), 8)))], LABEL)
    output = head([torch.randn(2, 3, 8, 8), torch.randn(2, 5, 4, 6)])
    assert output.shape == (2, 1, 4, 6)
    p = output.sigmoid().detach()
    expected = [-p[0].log().mean().item(), -(1 - p[1]).log().mean().item()]
    assert head.loss(output, torch.tensor([1, 0])).tolist() == pytest.approx(expected, rel=1e-5)
    assert head.score(output).tolist() == pytest.approx([p[0].mean().item(), p[1].mean().item()])


def test_tokens_go_to_their_places_by_rows():
    head = Pixelwise().build([Tokens(7, 4, 1, (2, 3))], LABEL)
    tokens = torch.randn(2, 7, 4)
    output = head(tokens)
    weight, bias = head.project.weight[0, :, 0, 0], head.project.bias[0]
    for y in range(2):
        for x in range(3):
            torch.testing.assert_close(output[:, 0, y, x], tokens[:, 1 + 3 * y + x] @ weight + bias)


def test_contrast_is_each_neighbor_less_the_center():
    depth = torch.rand(1, 1, 5, 4)
    found = contrast(depth)
    around = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    for y in range(3):
        for x in range(2):
            expected = [depth[0, 0, y + 1 + dy, x + 1 + dx] - depth[0, 0, y + 1, x + 1] for dy, dx in around]
            torch.testing.assert_close(found[0, :, y, x], torch.stack(expected))


def test_contrast_depth_adds_the_squared_error_of_contrasts():
    config, plain = Pixelwise(criterion="contrast_depth", contrast=0.5), Pixelwise(criterion="mse")
    signals, target = [Plane(2, 6, 6)], Dense(Plane(1, 6, 6))
    torch.manual_seed(0)
    head = config.build(signals, target)
    output, depth = head(torch.randn(3, 2, 6, 6)), torch.rand(3, 1, 6, 6)
    values = output.sigmoid()
    expected = plain.build(signals, target).loss(output, depth) + 0.5 * (
        contrast(values) - contrast(depth)
    ).square().mean((1, 2, 3))
    torch.testing.assert_close(head.loss(output, depth), expected)
    torch.testing.assert_close(
        plain.build(signals, target).loss(output, depth), (values - depth).square().mean((1, 2, 3))
    )


def test_a_finer_target_is_averaged_and_a_coarser_one_interpolated():
    head = Pixelwise(criterion="mse").build([Plane(2, 4, 4)], Dense(Plane(1, 8, 8)))
    fine = torch.rand(1, 1, 8, 8)
    expected = torch.stack(
        [fine[0, 0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean() for y in range(4) for x in range(4)]
    ).view(1, 1, 4, 4)
    output = torch.randn(1, 1, 4, 4)
    torch.testing.assert_close(head.loss(output, fine), (output.sigmoid() - expected).square().mean((1, 2, 3)))
    flat = torch.full((1, 1, 2, 2), 0.25)
    torch.testing.assert_close(head.loss(output, flat), (output.sigmoid() - 0.25).square().mean((1, 2, 3)))


@pytest.mark.parametrize(
    ("head", "signals", "target", "says"),
    [
        (Binary(), [Vector(3), Vector(3)], LABEL, "binary reads one input; got 2: put a fusion before it"),
        (Binary(), [Plane(3, 4, 4)], LABEL, r"binary accepts a Vector, not Plane\(3, 4, 4\)"),
        (Binary(), [Vector(3)], Labels("species"), "binary learns record.label, not record.species; use multiclass"),
        (Multiclass(classes=(0, 1)), [Vector(3)], Dense(Plane(1, 4, 4)), "multiclass learns a column"),
        (Pixelwise(), [Vector(3)], LABEL, "pixelwise accepts a Pyramid, a Plane, or Tokens with a grid"),
        (Pixelwise(), [Tokens(3, 4)], LABEL, "Tokens with a grid"),
        (Pixelwise(level=2), [Pyramid((Level(3, (4, 4), 8),))], LABEL, "'level' is 2, but the input has 1"),
        (Pixelwise(), [Plane(3, 4, 4)], Dense(Points(5, 2)), "a map of one channel"),
        (Pixelwise(), [Plane(3, 4, 4)], Dense(Image(3, 4, 4)), "a map of one channel"),
        (Pixelwise(), [Plane(3, 4, 4)], Labels("subject"), "learns record.label or a map"),
        (
            Pixelwise(criterion="contrast_depth"),
            [Plane(3, 2, 4)],
            LABEL,
            "needs a map of at least 3 x 3; the input has 2 x 4",
        ),
    ],
)
def test_what_a_head_cannot_use_is_refused_in_a_sentence(head, signals, target, says):
    with pytest.raises(SpecError, match=says):
        head.check(signals, target)
