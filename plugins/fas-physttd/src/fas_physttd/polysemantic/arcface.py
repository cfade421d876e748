"""ArcFace (Deng et al. 2019): the ResNet-18 of the authors' code, the margin, and the training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from fas_physttd.patchgan import resized
from fas_physttd.widths import widened
from fascore import FascoreError, Vector, make_optimizer

if TYPE_CHECKING:
    from fascore import Batch, Engine, Graph, ManagedOptimizer, Optimizer, Ref, Schedule

SIDE, EMBEDDING, EPSILON = 112, 512, 1e-5


class Block(nn.Module):
    """Batch norm and two 3 x 3 convolutions with PReLU in between, plus the input; a 1 x 1 convolution adapts its shape if necessary."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before, EPSILON)
        self.conv1 = nn.Conv2d(before, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, EPSILON)
        self.prelu = nn.PReLU(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width, EPSILON)
        shortcut = (nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width, EPSILON))
        self.downsample = nn.Sequential(*shortcut) if stride > 1 or before != width else None

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return inner + (x if self.downsample is None else self.downsample(x))


class ArcFaceNetwork(nn.Module):
    """Images in [0, 1] (B, 3, N, N) -> embeddings (B, 512), not normalized."""

    def __init__(self, width: float) -> None:
        super().__init__()
        first, *stages = (widened(channels, width) for channels in (64, 64, 128, 256, 512))
        self.conv1 = nn.Conv2d(3, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first, EPSILON)
        self.prelu = nn.PReLU(first)
        before = first
        for place, channels in enumerate(stages):
            setattr(self, f"layer{place + 1}", nn.Sequential(Block(before, channels, 2), Block(channels, channels, 1)))
            before = channels
        self.bn2 = nn.BatchNorm2d(before, EPSILON)
        self.fc = nn.Linear(before * (SIDE // 16) ** 2, EMBEDDING)
        self.features = nn.BatchNorm1d(EMBEDDING, EPSILON)
        nn.init.ones_(self.features.weight)
        self.features.weight.requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        x = (resized(image, SIDE) - 0.5) / 0.5
        x = self.prelu(self.bn1(self.conv1(x)))
        for place in range(4):
            x = cast(nn.Module, getattr(self, f"layer{place + 1}"))(x)
        embedding: Tensor = self.features(self.fc(self.bn2(x).flatten(1)))
        return embedding


class Margin(nn.Module):
    """Loss on s cos(theta + m) for the own center and s cos(theta) for all others; a person gets a place at the first occurrence."""

    codes: Tensor
    known: Tensor

    def __init__(self, width: int, people: int, *, margin: float, scale: float) -> None:
        super().__init__()
        self.margin, self.scale = margin, scale
        self.centres = nn.Parameter(torch.empty(people, width))
        nn.init.normal_(self.centres, std=0.01)
        self.register_buffer("codes", torch.zeros(people, dtype=torch.long))
        self.register_buffer("known", torch.zeros(people, dtype=torch.bool))

    def enter(self, codes: Tensor) -> None:
        """Assign the next places to new people, in the order of their codes. Raises FascoreError if no place is left."""
        new: Tensor = cast(Any, codes).unique()
        new = new[~torch.isin(new, self.codes[self.known])]
        used = int(self.known.sum())
        if used + len(new) > len(self.codes):
            raise FascoreError(
                f"physttd.arcface: the training data contain more than {len(self.codes)} people; raise recipe.people"
            )
        self.codes[used : used + len(new)] = new
        self.known[used : used + len(new)] = True

    def forward(self, embedding: Tensor, codes: Tensor) -> Tensor:
        """Mean cross-entropy of embeddings (R, D) of known people with codes (R,); 0 if R is 0."""
        if not len(codes):
            return embedding.float().sum()
        target = (codes[:, None] == torch.where(self.known, self.codes, 0)).int().argmax(1)
        cosine = (normalize(embedding.float()) @ normalize(self.centres.float()).T).clamp(-1 + 1e-6, 1 - 1e-6)
        own = (cosine.gather(1, target[:, None]).acos() + self.margin).cos()
        logits = self.scale * cosine.scatter(1, target[:, None], own)
        return cross_entropy(logits.masked_fill(~self.known, -torch.inf), target)


class ArcFaceTraining:
    """One optimizer for the embedding and the centers of the margin, one for the heads. `attacks`: also learn from attacks."""

    def __init__(
        self,
        graph: Graph,
        *,
        embedding: Ref,
        subject: Ref,
        attacks: bool,
        people: int,
        margin: float,
        scale: float,
        optimizer: Optimizer,
        schedule: Schedule,
        epochs: int,
        steps_per_epoch: int,
    ) -> None:
        self.embedding, self.subject, self.attacks = embedding, subject, attacks
        signal = graph.plan.signal(embedding)
        assert isinstance(signal, Vector)
        self.own = nn.ModuleDict({"margin": Margin(signal.d, people, margin=margin, scale=scale)})
        learners = {
            "embedding": [*graph.nodes.parameters(), *self.own.parameters()],
            "heads": [*graph.heads.parameters()],
        }
        self._optimizers = {
            name: make_optimizer(parameters, optimizer, schedule, epochs=epochs, steps_per_epoch=steps_per_epoch)
            for name, parameters in learners.items()
        }

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self._optimizers

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        margin = cast(Margin, self.own["margin"])
        rows, codes = self._people(batch)
        margin.enter(self._everywhere(engine, codes))
        losses: dict[str, Tensor] = {}
        cache = {}

        def embedding() -> Tensor:
            cache["outputs"] = outputs = engine.graph(batch)
            loss: Tensor = margin(cast(Tensor, outputs[self.embedding])[rows], codes)
            return loss

        def heads() -> Tensor:
            losses.update(engine.losses(cache["outputs"], batch))
            return torch.stack(list(losses.values())).sum()

        totals = {"margin": engine.optimize("embedding", embedding), "heads": engine.optimize("heads", heads)}
        return {**totals, **losses}

    def _people(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rows to learn from, and the codes of their people."""
        names: Sequence[object] = batch.columns[str(self.subject.column)]
        kept = [
            i for i, name in enumerate(names) if name is not None and (self.attacks or batch.columns["label"][i] == 1)
        ]
        codes = [int.from_bytes(hashlib.sha256(str(names[i]).encode()).digest()[:7], "little") + 1 for i in kept]
        return tuple(torch.tensor(values, dtype=torch.long, device=batch.device) for values in (kept, codes))  # type: ignore[return-value]

    @staticmethod
    def _everywhere(engine: Engine, codes: Tensor) -> Tensor:
        """Codes of the records of all processes, so that every process assigns the same place to a person."""
        if engine.world == 1:
            return codes
        count = int(engine.reduce(torch.tensor(len(codes), device=codes.device)))
        table = codes.new_zeros(engine.world, count)
        table[engine.rank, : len(codes)] = codes
        all_codes = engine.reduce(table).flatten()
        return all_codes[all_codes > 0]
