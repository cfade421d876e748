"""Checks of heads and objectives: the losses that training sums and the scores that evaluation reads."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fascore.contract.kinds import Labels
from fascore.contract.signals import Signal
from fascore.testing.case import Case, Check, Failure
from fascore.testing.rig import ROWS, Feed, Rig, rigs
from fascore.testing.tensors import Value, listed


def losses(case: Case) -> None:
    """A loss is (B,) float32, finite, with one value per record."""
    for rig in rigs(case):
        module = rig.build(0, training=True)
        for loss in rig.losses(module, rig.feed()):
            _per_record(rig, "the loss", loss)


def scores(case: Case) -> None:
    """A score is (B,) float32 in [0, 1], for features of any size."""
    for rig in rigs(case):
        if not rig.config.scores:
            continue
        module: Any = rig.build(0)
        feed = rig.feed()
        for factor in (1.0, 1e3):
            grown = Feed([_times(value, factor) for value in feed.inputs], feed.context, feed.target)
            with torch.no_grad():
                score = module.score(rig.forward(module, grown))
            _per_record(rig, "the score", score)
            if float(score.min()) < 0 or float(score.max()) > 1:
                raise Failure(
                    f"{rig}: scores from {float(score.min()):.3g} to {float(score.max()):.3g} are not probabilities"
                )


def polarity(case: Case) -> None:
    """After brief training on records whose features reveal the label, bona fide records (label 1) score higher than
    attacks.
    """
    for rig in rigs(case):
        if not (isinstance(rig.target, Labels) and rig.target.column == "label" and rig.config.scores):
            continue
        module: Any = rig.build(0, training=True)
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        if not parameters or getattr(module, "loss", None) is None:
            continue
        optimizer = torch.optim.Adam(parameters, lr=0.05)
        feed = _separable_feed(rig)
        for _ in range(30):
            optimizer.zero_grad()
            torch.autograd.backward(rig.losses(module, feed)[0].sum())
            optimizer.step()
        module.eval()
        with torch.no_grad():
            score = module.score(rig.forward(module, feed))
        assert feed.target is not None
        genuine, attack = score[feed.target == 1].mean(), score[feed.target == 0].mean()
        if not genuine > attack:
            raise Failure(
                f"{rig}: after training, bona fide score {float(genuine):.3f} and attacks {float(attack):.3f}"
            )


def updates(case: Case) -> None:
    """If there is an `update(reduce)`, it changes state only: no gradients, all values finite."""
    for rig in rigs(case):
        module: Any = rig.build(0, training=True)
        if not hasattr(module, "update"):
            continue
        rig.losses(module, rig.feed())
        module.update(lambda tensor: tensor)
        bad = [name for name, tensor in module.state_dict().items() if not bool(torch.isfinite(tensor).all())]
        if bad:
            raise Failure(f"{rig}: after update(), '{bad[0]}' is not finite")
        for loss in rig.losses(module, rig.feed()):
            _per_record(rig, "the loss after update()", loss)


def _per_record(rig: Rig, what: str, value: Tensor) -> None:
    if tuple(value.shape) != (ROWS,) or value.dtype != torch.float32 or not bool(torch.isfinite(value).all()):
        finite = bool(torch.isfinite(value).all())
        raise Failure(
            f"{rig}: {what} of {ROWS} records has shape {tuple(value.shape)}, {value.dtype}{'' if finite else ', and is not finite'}"
        )


def _times(value: Value, factor: float) -> Value:
    return value * factor if isinstance(value, Tensor) else [tensor * factor for tensor in value]


def _separable_feed(rig: Rig) -> Feed:
    """A feed whose every feature is shifted by the record's label."""
    feed = rig.feed()
    assert feed.target is not None
    shift = feed.target.float() * 2 - 1
    inputs = [_shifted(signal, value, shift) for signal, value in zip(rig.signals, feed.inputs)]
    return Feed(inputs, feed.context, feed.target)


def _shifted(signal: Signal, value: Value, shift: Tensor) -> Value:
    moved = [tensor + shift.reshape(-1, *[1] * len(shape)) for tensor, shape in zip(listed(value), signal.shapes)]
    return moved[0] if isinstance(value, Tensor) else moved


_BUILT = ("resolves", "has_examples", "context", "builds")
CHECKS = (
    Check(
        "losses",
        ("head", "objective"),
        losses,
        "Reduce over everything but the batch axis, in float32: loss.float().flatten(1).mean(1).",
        needs=_BUILT,
    ),
    Check(
        "scores",
        ("head",),
        scores,
        "Turn logits into a probability in float32: output.float().sigmoid().",
        needs=_BUILT,
    ),
    Check(
        "polarity",
        ("head",),
        polarity,
        "Label 1 is bona fide, and a higher score is more bona fide; if the paper uses the opposite polarity, invert it here.",
        needs=_BUILT,
    ),
    Check(
        "updates",
        ("objective",),
        updates,
        "Compute running state under torch.no_grad(), and handle batches that lack a class.",
        needs=_BUILT,
    ),
)
