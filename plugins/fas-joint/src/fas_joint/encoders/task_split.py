"""Two networks that share their first stages (Yu et al. 2024, section III-A)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, cast

import torch
from timm.models.resnet import ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fascore import Encoder, FascoreError, Signal, SpecError

TASKS = ("spoof", "forgery")
"""The tasks in the order of their codes in the context `task`."""


class _Transformer:
    """A VisionTransformer is cut after a block, before the final norm."""

    stem = ("patch_embed", "cls_token", "reg_token", "pos_embed", "pos_drop", "patch_drop", "norm_pre")

    @staticmethod
    def stages(model: Any) -> list[nn.Module]:
        return list(model.blocks)

    @staticmethod
    def share(first: Any, second: Any, count: int) -> None:
        for index in range(count):
            second.blocks[index] = first.blocks[index]

    @staticmethod
    def begin(model: Any, x: Tensor, count: int) -> Tensor:
        """(B, N, D) after `count` blocks; prefix tokens come first."""
        options = {
            "norm": False,
            "output_fmt": "NLC",
            "intermediates_only": True,
            "return_prefix_tokens": True,
            "stop_early": True,
        }
        (output,) = model.forward_intermediates(x, indices=[count - 1], **options)
        return torch.cat([output[1], output[0]], dim=1) if isinstance(output, tuple) else cast(Tensor, output)

    @staticmethod
    def end(model: Any, x: Tensor, count: int) -> Tensor:
        """(B, D) from the output of `begin`."""
        for block in model.blocks[count:]:
            x = block(x)
        return cast(Tensor, model.forward_head(model.norm(x)))


class _Residual:
    """A ResNet is cut after one of its four layers."""

    stem = ("conv1", "bn1", "act1", "maxpool")
    layers = ("layer1", "layer2", "layer3", "layer4")

    @classmethod
    def stages(cls, model: Any) -> list[nn.Module]:
        return [getattr(model, name) for name in cls.layers]

    @classmethod
    def share(cls, first: Any, second: Any, count: int) -> None:
        for name in cls.layers[:count]:
            setattr(second, name, getattr(first, name))

    @staticmethod
    def begin(model: Any, x: Tensor, count: int) -> Tensor:
        """(B, C, H, W) after `count` layers."""
        (output,) = model.forward_intermediates(x, indices=[count], intermediates_only=True, stop_early=True)
        return cast(Tensor, output)

    @classmethod
    def end(cls, model: Any, x: Tensor, count: int) -> Tensor:
        """(B, D) from the output of `begin`."""
        for stage in cls.stages(model)[count:]:
            x = stage(x)
        return cast(Tensor, model.forward_head(x))


def _cut(model: object) -> type[_Transformer] | type[_Residual]:
    if isinstance(model, VisionTransformer):
        return _Transformer
    if isinstance(model, ResNet):
        return _Residual
    raise SpecError(
        f"joint.task_split accepts timm's VisionTransformer and ResNet, not {type(model).__name__}; choose "
        "another 'name'"
    )


class TaskSplitEncoder(nn.Module):
    """One network per task. Both contain the same modules for the first `shared` stages.

    If there is at least one shared stage, the stem is shared as well. The shared stages run once on the whole batch, so
    their batch norms see both tasks. The task-specific stages run on the records of their task. Shapes: (B, C, H, W)
    and task (B,) -> (B, D), or one of them per port.
    """

    def __init__(
        self, network: Encoder, signals: Sequence[Signal], shared: int | Literal["all"], *, both: bool
    ) -> None:
        super().__init__()
        self.spoof: Any = network.build(signals)
        self.forgery: Any = network.build(signals)
        self.cut, self.both = _cut(self.spoof.model), both
        stages = len(self.stages("spoof"))
        self.shared = stages if shared == "all" else shared
        if self.shared > stages:
            raise SpecError(
                f"joint.task_split: 'shared' is {shared}, but the network has {stages} stages; reduce 'shared'"
            )
        if self.shared:
            for name in self.cut.stem:
                if hasattr(self.spoof.model, name):
                    setattr(self.forgery.model, name, getattr(self.spoof.model, name))
            self.cut.share(self.spoof.model, self.forgery.model, self.shared)

    def stages(self, task: str) -> list[nn.Module]:
        """Blocks or layers that a record of this task passes through, in order."""
        return self.cut.stages(getattr(self, task).model)

    def forward(self, x: Tensor, *, task: Tensor) -> Tensor | dict[str, Tensor]:
        x = (x - self.spoof.mean) / self.spoof.deviation
        if self.shared:
            x = self.cut.begin(self.spoof.model, x, self.shared)
        rows_by_task = dict(zip(TASKS, self._rows(task), strict=True))
        features = {name: self._own(name, x[rows]) for name, rows in rows_by_task.items() if len(rows)}
        if not features:
            raise FascoreError(
                "joint.task_split: no record of a batch has a known task, so there is nothing to learn from this batch"
            )
        example = next(iter(features.values()))
        zeros = example.new_zeros(len(x), example.shape[1])
        full = {
            name: zeros.index_copy(0, rows, features[name]) if name in features else zeros
            for name, rows in rows_by_task.items()
        }
        return full if self.both else full["spoof"] + full["forgery"]

    def _rows(self, task: Tensor) -> list[Tensor]:
        """Rows that pass through each task's own stages. Raises FascoreError if a record needs a task but has none."""
        if self.both and not self.training:
            return [torch.arange(len(task), device=task.device)] * len(TASKS)
        if not self.both and bool((task < 0).any()):
            raise FascoreError(
                'joint.task_split: the task of a record is unknown; set "output": "both", put a head on each '
                "port, and set the "
                'score to {"by_task": …}'
            )
        return [(task == code).nonzero()[:, 0] for code in range(len(TASKS))]

    def _own(self, task: str, x: Tensor) -> Tensor:
        """(R, D) for R records of a task."""
        model = getattr(self, task).model
        with _allowing_one_row(model, len(x)):
            return self.cut.end(model, x, self.shared) if self.shared else cast(Tensor, model(x))


@contextmanager
def _allowing_one_row(model: nn.Module, rows: int) -> Iterator[None]:
    """If a task has only one record, batch norms use their running statistics, as the graph does for a node."""
    norms = (
        [module for module in model.modules() if isinstance(module, _BatchNorm) and module.training]
        if rows == 1
        else []
    )
    for norm in norms:
        norm.training = False
    try:
        yield
    finally:
        for norm in norms:
            norm.training = True
