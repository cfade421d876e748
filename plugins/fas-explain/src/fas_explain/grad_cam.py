"""Grad-CAM (Selvaraju et al., ICCV 2017): the positions of a feature map that determine the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fascore import FascoreError, Image, Plane, Pyramid, Record, Ref, Signal, Tokens

if TYPE_CHECKING:
    from fascore import Batch, Trained


def grad_cam(
    trained: Trained, records: Sequence[Record], head: str, node: str, layer: str | None = None
) -> NDArray[np.float32]:
    """(R, h, w) in [0, 1] for the first view of each record: ReLU of the sum of the weighted channels.

    The weight of a channel is the mean gradient of the score's log-odds. The map is the output of the node, or of the
    module `layer` inside it, which must return (N, C, h, w). It is NaN if a record lacks the node. Raises FascoreError
    if the head produces no score, or if the node or layer does not exist, has no spatial positions, or does not
    influence the score.
    """
    if head not in trained.plan.heads or not trained.plan.heads[head].component.scores:
        raise FascoreError(
            f"there is no head '{head}' that produces a score; available: {', '.join(trained.plan.heads)}"
        )
    ref = Ref(node)
    if ref.node not in trained.plan.nodes:
        raise FascoreError(
            f"'{ref.node}' is neither an encoder nor a fusion; available: {', '.join(trained.plan.nodes)}"
        )
    trained.graph.eval()
    maps = []
    for batch in trained.batches(records):
        with torch.enable_grad():
            tensors, gradients, present = _gradients(trained, batch, ref, head, layer)
        signal = None if layer else trained.plan.signal(ref)
        cam = _cam(_mapped(tensors, signal, node), _mapped(gradients, signal, node))
        heat = torch.full((len(batch) * batch.views, *cam.shape[1:]), torch.nan)
        heat[present.cpu()] = cam.cpu()
        maps.append(heat[:: batch.views].numpy())
    return np.concatenate(maps)


def _gradients(
    trained: Trained, batch: Batch, ref: Ref, head: str, layer: str | None
) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """The examined tensors (several for a Pyramid), the gradients of the score's log-odds, and the present rows."""
    leaves: list[Tensor] = []

    def cut(module: nn.Module, inputs: Any, output: Any) -> Any:
        """Make the output a leaf, so that a frozen encoder also has a gradient."""
        output = _as_leaf(output)
        value = output[ref.port] if ref.port and not layer else output
        leaves.extend(value if isinstance(value, list) else [value])
        return output

    handle = _module(trained.graph.node(ref.node), ref, layer).register_forward_hook(cut)
    try:
        outputs = trained.graph(batch, nodes=[ref.node, f"head.{head}"])
    finally:
        handle.remove()
    scores = trained.graph.scores(outputs, batch)[head]
    gradients = torch.autograd.grad(torch.logit(scores[scores.isfinite()], 1e-6).sum(), leaves, allow_unused=True)
    if all(gradient is None for gradient in gradients):
        raise FascoreError(f"the score of head '{head}' does not depend on '{layer or ref}'")
    return (
        leaves,
        [torch.zeros_like(leaf) if gradient is None else gradient for leaf, gradient in zip(leaves, gradients)],
        outputs.present[ref.node],
    )


def _module(node: nn.Module, ref: Ref, layer: str | None) -> nn.Module:
    if not layer:
        return node
    try:
        return node.get_submodule(layer)
    except AttributeError:
        layers = [name for name, _ in node.named_modules() if name and name.count(".") <= layer.count(".")]
        raise FascoreError(f"'{ref.node}' has no layer '{layer}'; it has: {', '.join(layers[:30])}") from None


def _as_leaf(output: Any) -> Any:
    if isinstance(output, Mapping):
        return {port: _as_leaf(value) for port, value in output.items()}
    if isinstance(output, list | tuple):
        return [_as_leaf(value) for value in output]
    return output.detach().requires_grad_()


def _mapped(tensors: Sequence[Tensor], signal: Signal | None, node: str) -> Tensor:
    """(N, C, h, w): the positions of Tokens, the last level of a Pyramid, or a map unchanged."""
    value = tensors[-1].detach().float()
    if isinstance(signal, Tokens) and signal.grid is not None:
        return value[:, signal.prefix :].transpose(1, 2).reshape(len(value), signal.d, *signal.grid)
    if isinstance(signal, Pyramid | Plane | Image) or (signal is None and value.ndim == 4):
        return value
    produced = f"a tensor {tuple(value.shape)}" if signal is None else str(signal)
    raise FascoreError(
        f"'{node}' produces {produced}, which has no spatial positions: name a node with Tokens on a grid, a "
        "Pyramid or a Plane, or a layer that returns (N, C, h, w)"
    )


def _cam(value: Tensor, gradient: Tensor) -> Tensor:
    heat = (gradient.mean((-2, -1), keepdim=True) * value).sum(1).relu()
    return heat / heat.amax((-2, -1), keepdim=True).clamp_min(1e-12)
