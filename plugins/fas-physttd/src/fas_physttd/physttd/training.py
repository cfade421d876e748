"""One training step of PhySTD (Liu and Liu, Algorithm 1), by the core's engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from fas_physttd.lsgan import discriminator_loss, generator_loss
from fas_physttd.patchgan import PatchGan, judged, resized
from fas_physttd.physttd.equations import Levels, Traces, reconstruct, synthesise, total
from fas_physttd.physttd.losses import depth_loss, prior_loss, size_loss, trace_loss
from fas_physttd.physttd.prior import prior_masks
from fas_physttd.warp import offsets, warp
from fascore import FascoreError, make_optimizer

if TYPE_CHECKING:
    from fas_physttd.filters import Shrink
    from fas_physttd.physttd.recipes import ThreeSteps
    from fascore import ManagedOptimizer, Ref
    from fascore.data.batch import Batch
    from fascore.model import ModelGraph, Outputs
    from fascore.training.engine import Engine

DISCRIMINATORS = ("d1", "d2", "d3", "d4")
YUV = ((0.299, 0.587, 0.114), (-0.14714, -0.28886, 0.436), (0.615, -0.51499, -0.10001))


class Pairs(NamedTuple):
    """Rows of a batch: `live` bona fide and `spoof` attacks, as many; the k-th attack goes onto the k-th live face."""

    live: Tensor
    spoof: Tensor


class Fakes(NamedTuple):
    """A real and a made image for each discriminator, by its name."""

    real: Mapping[str, Tensor]
    made: Mapping[str, Tensor]


class Moved(NamedTuple):
    """An attack warped to a live face: the summands of T_A by port, P and the attack's image."""

    parts: Mapping[str, Tensor]
    p: Tensor
    source: Tensor


class ThreeStepsTraining:
    """`own` holds the discriminators D1 to D4, of the low, middle and high reconstruction and of synthetic attacks."""

    def __init__(self, config: ThreeSteps, graph: ModelGraph, steps_per_epoch: int) -> None:
        self.config = config
        node = config.network(graph.plan)
        self.name, self.image = node.name, str(node.inputs[0])
        self.additive: tuple[str, ...] = node.component.additive
        self.shrink: Shrink = node.component.lowpass
        channels = 6 if config.discriminator_colours == "rgb_yuv" else 3
        adversarial = config.steps > 1
        self.sizes = dict(zip(DISCRIMINATORS, config.discriminator_eighths, strict=True))
        self.own = nn.ModuleDict(
            {
                name: PatchGan(
                    channels,
                    width=config.discriminator_width,
                    layers=config.discriminator_layers,
                    bounded=config.discriminator_output == "sigmoid",
                )
                for name in (self.sizes if adversarial else ())
            }
        )
        common = {"epochs": config.epochs, "steps_per_epoch": steps_per_epoch}
        self._optimizers = {
            "generator": make_optimizer(graph.parameters(), config.optimizer, config.schedule, **common)
        }
        if adversarial:
            self._optimizers["discriminator"] = make_optimizer(
                self.own.parameters(), config.discriminator, config.schedule, **common
            )

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self._optimizers

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        pairs = _pairs(batch)
        for ref in (self.config.landmarks, self.config.depth, self.config.outline):
            _complete(batch, ref)
        losses: dict[str, Tensor] = {}
        made: list[Fakes] = []

        def generator() -> Tensor:
            outputs = engine.graph(batch, [self.name])
            losses["depth"] = self.config.depth_weight * self._depth_loss(
                self._value(outputs, "depth"), self._target(batch)
            )
            if self.config.steps > 1:
                traces = self._traces(outputs)
                self._regularise(losses, traces, batch)
                moved = self._moved(traces, batch, pairs)
                made.append(self._fakes(traces, moved, batch, pairs))
                losses["gan"] = self.config.gan_weight * self._fooling(engine, made[0])
                if self.config.steps > 2:
                    self._supervise(losses, engine, self._harder(engine, moved, batch, pairs), batch, pairs)
            return torch.stack(list(losses.values())).sum()

        whole = {"loss": engine.optimize("generator", generator)}
        if made and engine.step % self.config.discriminator_every == 0:
            whole["discriminator"] = engine.optimize("discriminator", lambda: self._telling(made[0]))
        return {**whole, **{name: loss.detach() for name, loss in losses.items()}}

    def _depth_loss(self, depth: Tensor, target: Tensor) -> Tensor:
        return depth_loss(depth, target, self.config.depth_norm)

    def _value(self, outputs: Outputs, port: str) -> Tensor:
        value = outputs[f"{self.name}.{port}"]
        assert isinstance(value, Tensor)
        return value

    def _traces(self, outputs: Outputs) -> Traces:
        p, content = (self._value(outputs, port) for port in ("p", "content"))
        return Traces({name: self._value(outputs, name) for name in self.additive}, p, content, self.shrink)

    def _target(self, batch: Batch) -> Tensor:
        """M0: zeros for attacks."""
        return batch.tensors[self.config.depth] * batch.label[:, None, None, None]

    def _regularise(self, losses: dict[str, Tensor], traces: Traces, batch: Batch) -> None:
        """Eq. 19 and 20."""
        config = self.config
        live, spoof = ((batch.label == label).nonzero()[:, 0] for label in (1, 0))
        if config.prior:
            some = batch.take(spoof)
            species = [None if name is None else str(name) for name in some.columns["species"]]
            size = traces.p.shape[-1]
            masks = prior_masks(
                species, some.tensors[config.landmarks], some.tensors[config.outline], size, config.prior_regions
            )
            losses["prior"] = config.prior_weight * prior_loss(
                traces.take(spoof), masks, config.beta, config.beta_channels
            )
        sizes = [
            weight * size_loss(traces, rows, config.size)
            for weight, rows in ((config.size_live, live), (config.size_spoof, spoof))
        ]
        losses["size"] = sizes[0] + sizes[1]

    def _moved(self, traces: Traces, batch: Batch, pairs: Pairs) -> Moved:
        """The traces of the attacks, warped to the live faces (Eq. 12-15), in one sampling."""
        image, points = batch.tensors[self.image], batch.tensors[self.config.landmarks]
        some = traces.take(pairs.spoof)
        parts = some.parts
        faces = points[pairs.spoof], points[pairs.live]
        delta = offsets(
            *(faces if self.config.warp == "backward" else faces[::-1]), image.shape[-1], border=self.config.anchors
        )
        whole = warp(torch.cat([*parts.values(), some.p, image[pairs.spoof]], dim=1), delta)
        *moved, p, source = torch.split(whole, [3] * len(parts) + [1, 3], dim=1)
        return Moved(dict(zip(parts, moved, strict=True)), p, source)

    def _fakes(self, traces: Traces, moved: Moved, batch: Batch, pairs: Pairs) -> Fakes:
        """What the discriminators compare: reconstructions of attacks with live faces, synthetic attacks with attacks (Eq. 17, 18)."""
        image = batch.tensors[self.image].float()
        live, spoof = image[pairs.live], image[pairs.spoof]
        levels: Levels = reconstruct(spoof, traces.take(pairs.spoof))
        synthetic = synthesise(live, total(moved.parts), moved.p, moved.source)
        return Fakes(
            {"d1": live, "d2": live, "d3": live, "d4": spoof},
            dict(zip(DISCRIMINATORS, (*levels, synthetic), strict=True)),
        )

    def _fooling(self, engine: Engine, fakes: Fakes) -> Tensor:
        """Eq. 17. Discriminators stay as they are, their running statistics too."""
        with engine.frozen(self.own):
            every = self._judged(fakes.real, fakes.made).values()
            losses = [generator_loss(made, self.config.polarity, self.config.adversarial_norm) for _, made in every]
        return torch.stack(losses).sum()

    def _telling(self, fakes: Fakes) -> Tensor:
        """Eq. 18, on images without gradient."""
        made = {name: image.detach() for name, image in fakes.made.items()}
        every = self._judged(fakes.real, made).values()
        return torch.stack(
            [discriminator_loss(*maps, self.config.polarity, self.config.adversarial_norm) for maps in every]
        ).sum()

    def _judged(self, real: Mapping[str, Tensor], made: Mapping[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            name: judged(self.own[name], self._seen(real[name], name), self._seen(made[name], name))
            for name in self.sizes
        }

    def _seen(self, image: Tensor, name: str) -> Tensor:
        """An image as a discriminator gets it: its size, and its colours."""
        small = resized(image, image.shape[-1] * self.sizes[name] // 8)
        if self.config.discriminator_colours == "rgb":
            return small
        return torch.cat([small, torch.einsum("ij,bjhw->bihw", small.new_tensor(YUV), small)], dim=1)

    def _harder(self, engine: Engine, moved: Moved, batch: Batch, pairs: Pairs) -> Tensor:
        """Attacks made of a random share of each additive trace, or of one, and of P or none, on live faces; without gradient."""
        ids, count = [batch.ids[row] for row in pairs.spoof.tolist()], len(moved.parts)
        drawn = engine.rand("physttd.harder", ids, (count + 2, 1, 1, 1))
        low, high = self.config.share
        shares = low + (high - low) * drawn[:, :count]
        if self.config.share_of == "one":
            chosen = (drawn[:, count + 1 :] * count).long() == torch.arange(count, device=drawn.device).view(
                1, -1, 1, 1, 1
            )
            shares = torch.where(chosen, shares, 1.0)
        additive = torch.stack(
            [shares[:, place] * part.detach() for place, part in enumerate(moved.parts.values())]
        ).sum(0)
        p = moved.p.detach() * (drawn[:, count] < self.config.keep_inpainting)
        return synthesise(batch.tensors[self.image][pairs.live].float(), additive, p, moved.source)

    def _supervise(self, losses: dict[str, Tensor], engine: Engine, hard: Tensor, batch: Batch, pairs: Pairs) -> None:
        """Step 3: the live faces, and the harder attacks on them, whose traces and depth are known (Eq. 21, 22)."""
        live = batch.tensors[self.image][pairs.live].float()
        both = torch.cat([live, hard])
        outputs = engine.graph(
            batch.take(torch.cat([pairs.live, pairs.live])).replace(**{self.image: both}), [self.name]
        )
        target = self._target(batch)[pairs.live]
        losses["hard"] = self.config.hard_weight * self._depth_loss(
            self._value(outputs, "depth"), torch.cat([target, torch.zeros_like(target)])
        )
        added = torch.cat([torch.zeros_like(live), hard - live])
        start = 0 if self.config.trace_of_live else len(live)
        restored = self._value(outputs, "live")
        losses["trace"] = self.config.trace_weight * trace_loss(both[start:], restored[start:], added[start:])


def _complete(batch: Batch, ref: Ref) -> None:
    """Raises FascoreError for a record without this modality."""
    absent = (~batch.present[ref.node]).nonzero()[:, 0].tolist()
    if absent:
        raise FascoreError(
            f"record '{batch.ids[absent[0]]}' has no '{ref}', which PhySTD trains with: add it to the data, or leave \"optional\": true out of "
            f"modalities.{ref.node}, which sets such records aside"
        )


def _pairs(batch: Batch) -> Pairs:
    """Every attack with a live face and every live face with an attack; the smaller class comes round again. Raises FascoreError."""
    live, spoof = ((batch.label == label).nonzero()[:, 0] for label in (1, 0))
    if not len(live) or not len(spoof):
        what = "no bona fide record" if not len(live) else "no attack"
        names = ", ".join(batch.ids[:3])
        raise FascoreError(
            f"PhySTD puts traces of attacks onto live faces, and this batch of {len(batch)} records ({names}, …) has {what}; take the sampler "
            "physttd.paired, with two records or more for each process"
        )
    count = torch.arange(max(len(live), len(spoof)), device=live.device)
    return Pairs(live[count % len(live)], spoof[count % len(spoof)])
