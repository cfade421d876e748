"""Checks of all components that build a torch module: encoders, fusions, heads, and objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from safetensors.torch import load as load_tensors, save as save_tensors
from torch import Tensor, nn

from fascore.contract.errors import FascoreError
from fascore.spec.plan import CONTEXT
from fascore.testing.case import Case, Check, Failure, author_code
from fascore.testing.rig import ROWS, Feed, Rig, rigs, tensors_of

RELATIVE, ABSOLUTE = 2e-3, 2e-5
"""Sums in a different order differ in the last bits; the errors that these checks detect are much larger."""


def builds(case: Case) -> None:
    """Its own static check accepts each example, and the module that `build` returns accepts random records."""
    for rig in rigs(case):
        try:
            _ = rig.config.infer(rig.signals) if rig.target is None else rig.config.check(rig.signals, rig.target)
        except FascoreError as error:
            raise Failure(f"{rig}: its own static check rejects this example: {error}") from error
        with author_code(f"{rig}: build()", case.module):
            built = rig.config.build(rig.signals, *([] if rig.target is None else [rig.target]))
        if not isinstance(built, nn.Module):
            raise Failure(f"{rig}: build() returns a {type(built).__name__} instead of a torch.nn.Module")
        for training in (False, True):
            with author_code(f"{rig}: the module in {_mode(training)}", case.module):
                rig.results(rig.build(0, training=training), rig.feed())


def inputs_kept(case: Case) -> None:
    """The module does not write into its inputs, context, or target; a head's `loss` and `score` do not write into the
    output.
    """
    for rig in rigs(case):
        for training in (False, True):
            module: Any = rig.build(0, training=training)
            feed, before = rig.feed(), rig.feed()
            output = rig.call(module, feed)
            if changed := feed.differs(before):
                raise Failure(f"{rig}: in {_mode(training)} the module writes into {changed}")
            if rig.kind == "head":
                _output_kept(rig, module, output, feed)


def _output_kept(rig: Rig, module: Any, output: Any, feed: Feed) -> None:
    before = [tensor.detach().clone() for tensor in tensors_of(output)]
    target = None if feed.target is None else feed.target.clone()
    calls = {"loss": lambda: module.loss(output, feed.target), "score": lambda: module.score(output)}
    wanted = {"loss": getattr(module, "loss", None) is not None, "score": rig.config.scores}
    for name in (name for name, called in wanted.items() if called):
        calls[name]()
        if not all(torch.equal(now, then) for now, then in zip(tensors_of(output), before)):
            raise Failure(f"{rig}: {name}() writes into the output that it receives")
        if target is not None and feed.target is not None and not torch.equal(feed.target, target):
            raise Failure(f"{rig}: {name}() writes into the target")


def signal(case: Case) -> None:
    """The output in training and in evaluation matches `infer`: shape, float32, finite."""
    for rig in rigs(case):
        for training in (False, True):
            module = rig.build(0, training=training)
            if wrong := rig.complaint(module, rig.feed()):
                raise Failure(f"{rig}: in {_mode(training)} {wrong}")


def context(case: Case) -> None:
    """It requests only context that its kind provides, and `honours_mask` matches the context `mask`."""
    for rig in rigs(case):
        unknown = [word for word in rig.config.context if word not in CONTEXT[rig.kind]]
        if unknown:
            raise Failure(f"{rig}: context '{unknown[0]}' is not one of {', '.join(CONTEXT[rig.kind])}")
        if rig.kind in ("fusion", "objective") and rig.config.honours_mask != ("mask" in rig.config.context):
            raise Failure(f"{rig}: honours_mask is {rig.config.honours_mask}, but context is {rig.config.context}")


def seeded(case: Case) -> None:
    """The same seed gives the same weights and the same outputs, including in training."""
    for rig in rigs(case):
        first, second = (rig.build(7, training=True) for _ in range(2))
        for name, tensor in first.state_dict().items():
            if not torch.equal(tensor, second.state_dict()[name]):
                raise Failure(f"{rig}: '{name}' differs between two builds with the same seed")
        runs = []
        for module in (first, second):
            torch.manual_seed(11)
            runs.append(rig.results(module, rig.feed()))
        if not all(torch.equal(a, b) for a, b in zip(*runs)):
            raise Failure(f"{rig}: two runs with the same seed differ")


def gradients(case: Case) -> None:
    """A finite, nonzero gradient reaches every trainable parameter.

    If the component reads a mask, some inputs are absent.
    """
    for rig in rigs(case):
        module = rig.jittered(3, training=True)
        for absent in (False, True) if "mask" in rig.config.context and len(rig.signals) > 1 else (False,):
            losses = [loss for loss in rig.losses(module, rig.feed(absent=absent)) if loss.requires_grad]
            if losses:
                _backward(losses)
        for name, parameter in module.named_parameters():
            if parameter.requires_grad and (parameter.grad is None or not _useful(parameter.grad)):
                raise Failure(f"{rig}: {_why(parameter.grad)} '{name}'")


def feature_gradients(case: Case) -> None:
    """A loss trains the layers below it: its gradient reaches at least one input."""
    for rig in rigs(case):
        module, feed = rig.jittered(3, training=True), rig.feed()
        leaves = [
            tensor.requires_grad_()
            for value in feed.inputs
            for tensor in ([value] if isinstance(value, Tensor) else value)
        ]
        losses = rig.losses(module, feed)
        if not losses:
            continue
        if not losses[0].requires_grad:
            raise Failure(f"{rig}: the loss has no gradient at all")
        _backward(losses)
        if not any(leaf.grad is not None and _useful(leaf.grad) for leaf in leaves):
            raise Failure(f"{rig}: no gradient reaches any of its inputs")


def batch_order(case: Case) -> None:
    """In evaluation, a record's outputs depend neither on its position in the batch nor on the other records."""
    for rig in rigs(case):
        module, feed = rig.jittered(1), rig.feed()
        with torch.no_grad():
            whole = rig.results(module, feed)
            for rows, what in ((torch.arange(ROWS).flip(0), "in another order"), (torch.arange(1), "alone")):
                if what == "alone" and rig.kind == "objective":
                    continue
                for before, after in zip(whole, rig.results(module, feed.take(rows))):
                    if not _close(before[rows], after):
                        raise Failure(
                            f"{rig}: a record {what} gives different outputs, off by {float((before[rows] - after).abs().max()):.2g}"
                        )


def state_dict(case: Case) -> None:
    """Its state survives a round trip through safetensors into a module that was built with a different seed."""
    for rig in rigs(case):
        module, other, feed = rig.jittered(1), rig.build(2), rig.feed()
        state = {name: tensor.clone().contiguous() for name, tensor in module.state_dict().items()}
        other.load_state_dict(load_tensors(save_tensors(state)), strict=True)
        with torch.no_grad():
            for before, after in zip(rig.results(module, feed), rig.results(other, feed)):
                if not _close(before, after):
                    raise Failure(f"{rig}: the module with the restored state gives different outputs")


def bf16(case: Case) -> None:
    """Under bfloat16 autocast, outputs and gradients are finite; losses and scores stay float32."""
    for rig in rigs(case):
        module = rig.build(0, training=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            results = rig.results(module, rig.feed())
            losses = rig.losses(module, rig.feed())
        if not all(bool(torch.isfinite(result).all()) for result in results):
            raise Failure(f"{rig}: an output is not finite under bfloat16")
        if rig.kind in ("head", "objective") and any(result.dtype != torch.float32 for result in results):
            raise Failure(f"{rig}: a loss or a score is {results[0].dtype} under bfloat16 autocast")
        if losses and losses[0].requires_grad:
            _backward(losses)
            bad = [
                n for n, p in module.named_parameters() if p.grad is not None and not bool(torch.isfinite(p.grad).all())
            ]
            if bad:
                raise Failure(f"{rig}: the gradient of '{bad[0]}' is not finite under bfloat16")


def missing_input(case: Case) -> None:
    """The output of a fusion that honors its mask does not depend on the values of absent inputs."""
    for rig in rigs(case):
        if not rig.config.honours_mask:
            continue
        module = rig.jittered(1)
        for absent in _absences(len(rig.signals)):
            feed, junk = rig.feed(0), rig.feed(1)
            mask = torch.ones(ROWS, len(rig.signals), dtype=torch.bool)
            mask[:, absent] = False
            outputs = [_masked(rig, module, feed, fill, absent, mask) for fill in (None, junk)]
            for zeros, noise in zip(*outputs):
                if not (bool(torch.isfinite(zeros).all()) and _close(zeros, noise)):
                    raise Failure(
                        f"{rig}: with inputs {absent} absent, the output depends on their values or is not finite"
                    )


def _absences(inputs: int) -> list[list[int]]:
    """Each input absent alone, and all inputs but one absent."""
    alone = [[place] for place in range(inputs)]
    others = [[other for other in range(inputs) if other != place] for place in range(inputs)]
    return [absent for absent in {tuple(a): a for a in alone + others}.values() if absent and len(absent) < inputs]


def _masked(
    rig: Rig, module: nn.Module, feed: Feed, fill: Feed | None, absent: Sequence[int], mask: Tensor
) -> list[Tensor]:
    inputs = list(feed.inputs)
    for place in absent:
        held = (fill or feed).inputs[place]
        tensors = [held] if isinstance(held, Tensor) else held
        held_now = [torch.zeros_like(t) if fill is None else t * 100 for t in tensors]
        inputs[place] = held_now[0] if isinstance(held, Tensor) else held_now
    with torch.no_grad():
        return rig.results(module, Feed(inputs, {**feed.context, "mask": mask}))


def _mode(training: bool) -> str:
    return "training" if training else "evaluation"


def _close(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first, second, rtol=RELATIVE, atol=ABSOLUTE)


def _backward(losses: Sequence[Tensor]) -> None:
    """Differentiate a sum in which every element has a different weight, so that no symmetry cancels a gradient."""
    generator = torch.Generator().manual_seed(5)
    weights = [torch.rand(loss.shape, generator=generator) + 0.5 for loss in losses]
    torch.autograd.backward([loss.float() for loss in losses], weights)


def _useful(gradient: Tensor) -> bool:
    return bool(torch.isfinite(gradient).all()) and bool((gradient != 0).any())


def _why(gradient: Tensor | None) -> str:
    if gradient is None:
        return "no gradient reaches"
    return "the gradient is zero at" if bool(torch.isfinite(gradient).all()) else "the gradient is not finite at"


_TORCH = ("encoder", "fusion", "head", "objective")
_BUILT = ("resolves", "has_examples", "context", "builds")
CHECKS = (
    Check(
        "context",
        _TORCH,
        context,
        "List in `context` only names from the kind's docstring; set honours_mask = True if the module reads mask.",
    ),
    Check(
        "builds",
        _TORCH,
        builds,
        "Return examples that the check accepts, and a torch.nn.Module from build() that accepts their signals.",
        needs=("resolves", "has_examples", "context"),
    ),
    Check(
        "inputs_kept",
        _TORCH,
        inputs_kept,
        "Write x = x * 2 instead of x *= 2, and relu() instead of relu_(); other nodes read the same tensors.",
        needs=_BUILT,
    ),
    Check(
        "signal",
        ("encoder", "fusion"),
        signal,
        "Correct infer() or the module: after the batch axis, shapes must be those of the Signal.",
        needs=_BUILT,
    ),
    Check(
        "seeded",
        _TORCH,
        seeded,
        "Draw weights only from torch's current seed, and keep no state outside the module.",
        needs=_BUILT,
    ),
    Check(
        "gradients",
        _TORCH,
        gradients,
        "Use the parameter in forward, set requires_grad_(False) on it, or register it as a buffer.",
        needs=_BUILT,
    ),
    Check(
        "feature_gradients",
        ("head", "objective"),
        feature_gradients,
        "Do not detach the features, and keep the loss differentiable.",
        needs=_BUILT,
    ),
    Check(
        "batch_order",
        _TORCH,
        batch_order,
        "In evaluation, use no batch statistics (batch norm uses its running statistics), and keep the batch axis first.",
        needs=_BUILT,
    ),
    Check(
        "state_dict", _TORCH, state_dict, "Keep all learned values in parameters or persistent buffers.", needs=_BUILT
    ),
    Check(
        "bf16",
        _TORCH,
        bf16,
        "Compute losses and scores in float32 (output.float()); use an epsilon that bfloat16 can hold (1e-6 is too small beside 1).",
        needs=_BUILT,
    ),
    Check(
        "missing_input",
        ("fusion",),
        missing_input,
        "Replace absent inputs with torch.where(mask, …) before any operation mixes them; multiplying by 0 keeps NaN.",
        needs=_BUILT,
    ),
)
