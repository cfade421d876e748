"""One training step of PhySTD (Liu and Liu, Algorithm 1), run by the engine of the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn

from fas_physttd.lsgan import Norm, Polarity, discriminator_loss, generator_loss
from fas_physttd.patchgan import Layers, PatchGan, judged, resized
from fas_physttd.physttd.equations import Levels, Traces, reconstruct, synthesize, total
from fas_physttd.physttd.losses import DepthNorm, Reduction, depth_loss, prior_loss, size_loss, trace_loss
from fas_physttd.physttd.prior import prior_masks
from fas_physttd.warp import offsets, warp
from fascore import FascoreError, make_optimizer

if TYPE_CHECKING:
    from fas_physttd.filters import Shrink
    from fas_physttd.physttd.regions import Region
    from fascore import Batch, Engine, Graph, ManagedOptimizer, NodePlan, Optimizer, Outputs, Ref, Schedule

DISCRIMINATORS = ("d1", "d2", "d3", "d4")
YUV = ((0.299, 0.587, 0.114), (-0.14714, -0.28886, 0.436), (0.615, -0.51499, -0.10001))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Fields of `physttd.three_steps` that the training uses; `ThreeSteps` describes them."""

    epochs: int
    landmarks: Ref
    depth: Ref
    outline: Ref
    steps: Literal[1, 2, 3]
    optimizer: Optimizer
    discriminator: Optimizer
    discriminator_every: int
    schedule: Schedule
    discriminator_width: float
    discriminator_layers: Layers
    discriminator_eighths: tuple[int, int, int, int]
    discriminator_output: Literal["linear", "sigmoid"]
    discriminator_colours: Literal["rgb", "rgb_yuv"]
    polarity: Polarity
    adversarial_norm: Norm
    depth_norm: DepthNorm
    depth_weight: float
    gan_weight: float
    prior_weight: float
    beta: float
    beta_channels: Reduction
    prior_regions: Mapping[str, Region]
    prior: bool
    size: Reduction
    size_live: float
    size_spoof: float
    warp: Literal["backward", "printed"]
    anchors: bool
    trace_weight: float
    trace_of_live: bool
    hard_weight: float
    share: tuple[float, float]
    share_of: Literal["each", "one"]
    keep_inpainting: float


class Pairs(NamedTuple):
    """Rows of a batch: equal numbers of bona fide (`live`) and attack (`spoof`) rows; the k-th attack goes onto the k-th live face."""

    live: Tensor
    spoof: Tensor


class Fakes(NamedTuple):
    """Real and generated images for each discriminator, by its name."""

    real: Mapping[str, Tensor]
    made: Mapping[str, Tensor]


class Moved(NamedTuple):
    """An attack warped to a live face: summands of T_A by port, P, and the attack image."""

    parts: Mapping[str, Tensor]
    p: Tensor
    source: Tensor


class ThreeStepsTraining:
    """`own` holds the discriminators: D1 to D3 for the low, middle, and high reconstructions, D4 for synthetic attacks."""

    def __init__(self, settings: Settings, node: NodePlan, graph: Graph, steps_per_epoch: int) -> None:
        self.settings = settings
        self.name, self.image = node.name, str(node.inputs[0])
        self.additive: tuple[str, ...] = node.component.additive
        self.shrink: Shrink = node.component.lowpass
        channels = 6 if settings.discriminator_colours == "rgb_yuv" else 3
        adversarial = settings.steps > 1
        self.sizes = dict(zip(DISCRIMINATORS, settings.discriminator_eighths, strict=True))
        self.own = nn.ModuleDict(
            {
                name: PatchGan(
                    channels,
                    width=settings.discriminator_width,
                    layers=settings.discriminator_layers,
                    bounded=settings.discriminator_output == "sigmoid",
                )
                for name in (self.sizes if adversarial else ())
            }
        )
        common = {"epochs": settings.epochs, "steps_per_epoch": steps_per_epoch}
        self._optimizers = {
            "generator": make_optimizer(graph.parameters(), settings.optimizer, settings.schedule, **common)
        }
        if adversarial:
            self._optimizers["discriminator"] = make_optimizer(
                self.own.parameters(), settings.discriminator, settings.schedule, **common
            )

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self._optimizers

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        pairs = _pairs(batch)
        for ref in (self.settings.landmarks, self.settings.depth, self.settings.outline):
            _complete(batch, ref)
        losses: dict[str, Tensor] = {}
        made: list[Fakes] = []

        def generator() -> Tensor:
            outputs = engine.graph(batch, [self.name])
            losses["depth"] = self.settings.depth_weight * self._depth_loss(
                self._value(outputs, "depth"), self._target(batch)
            )
            if self.settings.steps > 1:
                traces = self._traces(outputs)
                self._regularize(losses, traces, batch)
                moved = self._moved(traces, batch, pairs)
                made.append(self._fakes(traces, moved, batch, pairs))
                losses["gan"] = self.settings.gan_weight * self._adversarial(engine, made[0])
                if self.settings.steps > 2:
                    self._supervise(losses, engine, self._harder(engine, moved, batch, pairs), batch, pairs)
            return torch.stack(list(losses.values())).sum()

        totals = {"loss": engine.optimize("generator", generator)}
        if made and engine.step_number % self.settings.discriminator_every == 0:
            totals["discriminator"] = engine.optimize("discriminator", lambda: self._discrimination(made[0]))
        return {**totals, **{name: loss.detach() for name, loss in losses.items()}}

    def _depth_loss(self, depth: Tensor, target: Tensor) -> Tensor:
        return depth_loss(depth, target, self.settings.depth_norm)

    def _value(self, outputs: Outputs, port: str) -> Tensor:
        value = outputs[f"{self.name}.{port}"]
        assert isinstance(value, Tensor)
        return value

    def _traces(self, outputs: Outputs) -> Traces:
        p, content = (self._value(outputs, port) for port in ("p", "content"))
        return Traces({name: self._value(outputs, name) for name in self.additive}, p, content, self.shrink)

    def _target(self, batch: Batch) -> Tensor:
        """M0; zeros for attacks."""
        return batch.tensors[self.settings.depth] * batch.label[:, None, None, None]

    def _regularize(self, losses: dict[str, Tensor], traces: Traces, batch: Batch) -> None:
        """Eq. 19 and 20."""
        settings = self.settings
        live, spoof = ((batch.label == label).nonzero()[:, 0] for label in (1, 0))
        if settings.prior:
            attacks = batch.take(spoof)
            species = [None if name is None else str(name) for name in attacks.columns["species"]]
            size = traces.p.shape[-1]
            masks = prior_masks(
                species,
                attacks.tensors[settings.landmarks],
                attacks.tensors[settings.outline],
                size,
                settings.prior_regions,
            )
            losses["prior"] = settings.prior_weight * prior_loss(
                traces.take(spoof), masks, settings.beta, settings.beta_channels
            )
        sizes = [
            weight * size_loss(traces, rows, settings.size)
            for weight, rows in ((settings.size_live, live), (settings.size_spoof, spoof))
        ]
        losses["size"] = sizes[0] + sizes[1]

    def _moved(self, traces: Traces, batch: Batch, pairs: Pairs) -> Moved:
        """Traces of the attacks, warped to the live faces in one sampling (Eq. 12-15)."""
        image, points = batch.tensors[self.image], batch.tensors[self.settings.landmarks]
        attacks = traces.take(pairs.spoof)
        parts = attacks.parts
        faces = points[pairs.spoof], points[pairs.live]
        delta = offsets(
            *(faces if self.settings.warp == "backward" else faces[::-1]), image.shape[-1], border=self.settings.anchors
        )
        warped = warp(torch.cat([*parts.values(), attacks.p, image[pairs.spoof]], dim=1), delta)
        *moved, p, source = torch.split(warped, [3] * len(parts) + [1, 3], dim=1)
        return Moved(dict(zip(parts, moved, strict=True)), p, source)

    def _fakes(self, traces: Traces, moved: Moved, batch: Batch, pairs: Pairs) -> Fakes:
        """Inputs of the discriminators: reconstructed attacks against live faces, synthetic attacks against attacks (Eq. 17, 18)."""
        image = batch.tensors[self.image].float()
        live, spoof = image[pairs.live], image[pairs.spoof]
        levels: Levels = reconstruct(spoof, traces.take(pairs.spoof))
        synthetic = synthesize(live, total(moved.parts), moved.p, moved.source)
        return Fakes(
            {"d1": live, "d2": live, "d3": live, "d4": spoof},
            dict(zip(DISCRIMINATORS, (*levels, synthetic), strict=True)),
        )

    def _adversarial(self, engine: Engine, fakes: Fakes) -> Tensor:
        """Eq. 17. The discriminators and their running statistics do not change."""
        with engine.frozen(self.own):
            all_maps = self._judged(fakes.real, fakes.made).values()
            losses = [
                generator_loss(made, self.settings.polarity, self.settings.adversarial_norm) for _, made in all_maps
            ]
        return torch.stack(losses).sum()

    def _discrimination(self, fakes: Fakes) -> Tensor:
        """Eq. 18, on detached images."""
        made = {name: image.detach() for name, image in fakes.made.items()}
        all_maps = self._judged(fakes.real, made).values()
        return torch.stack(
            [discriminator_loss(*maps, self.settings.polarity, self.settings.adversarial_norm) for maps in all_maps]
        ).sum()

    def _judged(self, real: Mapping[str, Tensor], made: Mapping[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            name: judged(self.own[name], self._seen(real[name], name), self._seen(made[name], name))
            for name in self.sizes
        }

    def _seen(self, image: Tensor, name: str) -> Tensor:
        """An image in the size and color space of a discriminator."""
        small = resized(image, image.shape[-1] * self.sizes[name] // 8)
        if self.settings.discriminator_colours == "rgb":
            return small
        return torch.cat([small, torch.einsum("ij,bjhw->bihw", small.new_tensor(YUV), small)], dim=1)

    def _harder(self, engine: Engine, moved: Moved, batch: Batch, pairs: Pairs) -> Tensor:
        """Attacks on live faces, made of a random share of each additive trace, or of one, with or without P; no gradient."""
        ids, count = [batch.ids[row] for row in pairs.spoof.tolist()], len(moved.parts)
        drawn = engine.rand("physttd.harder", ids, (count + 2, 1, 1, 1))
        low, high = self.settings.share
        shares = low + (high - low) * drawn[:, :count]
        if self.settings.share_of == "one":
            chosen = (drawn[:, count + 1 :] * count).long() == torch.arange(count, device=drawn.device).view(
                1, -1, 1, 1, 1
            )
            shares = torch.where(chosen, shares, 1.0)
        additive = torch.stack(
            [shares[:, place] * part.detach() for place, part in enumerate(moved.parts.values())]
        ).sum(0)
        p = moved.p.detach() * (drawn[:, count] < self.settings.keep_inpainting)
        return synthesize(batch.tensors[self.image][pairs.live].float(), additive, p, moved.source)

    def _supervise(self, losses: dict[str, Tensor], engine: Engine, hard: Tensor, batch: Batch, pairs: Pairs) -> None:
        """Step 3: live faces, and harder attacks on them, with known traces and depth (Eq. 21, 22)."""
        live = batch.tensors[self.image][pairs.live].float()
        both = torch.cat([live, hard])
        outputs = engine.graph(
            batch.take(torch.cat([pairs.live, pairs.live])).replace(**{self.image: both}), [self.name]
        )
        target = self._target(batch)[pairs.live]
        losses["hard"] = self.settings.hard_weight * self._depth_loss(
            self._value(outputs, "depth"), torch.cat([target, torch.zeros_like(target)])
        )
        added = torch.cat([torch.zeros_like(live), hard - live])
        start = 0 if self.settings.trace_of_live else len(live)
        restored = self._value(outputs, "live")
        losses["trace"] = self.settings.trace_weight * trace_loss(both[start:], restored[start:], added[start:])


def _complete(batch: Batch, ref: Ref) -> None:
    """Raises FascoreError for a record without this modality."""
    absent = (~batch.present[ref.node]).nonzero()[:, 0].tolist()
    if absent:
        raise FascoreError(
            f"record '{batch.ids[absent[0]]}' has no '{ref}', which PhySTD needs for training: add it to the data, or remove \"optional\": true from "
            f"modalities.{ref.node} to set such records aside"
        )


def _pairs(batch: Batch) -> Pairs:
    """Pair every attack with a live face and every live face with an attack; the smaller class repeats. Raises FascoreError."""
    live, spoof = ((batch.label == label).nonzero()[:, 0] for label in (1, 0))
    if not len(live) or not len(spoof):
        missing = "no bona fide record" if not len(live) else "no attack"
        names = ", ".join(batch.ids[:3])
        raise FascoreError(
            f"PhySTD puts traces of attacks onto live faces, and this batch of {len(batch)} records ({names}, …) has {missing}; use the sampler "
            "physttd.paired, with at least two records per process"
        )
    count = torch.arange(max(len(live), len(spoof)), device=live.device)
    return Pairs(live[count % len(live)], spoof[count % len(spoof)])
