"""Training of polysemantic spoof traces: generator, discriminators, and consistency, in this order (Li et al., Eq. 6-14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from fas_physttd.lsgan import Norm, Polarity, answer, distance
from fas_physttd.patchgan import Layers, MultiScale
from fas_physttd.polysemantic.generator import GeneratorModule, replicated
from fascore import FascoreError, make_optimizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fascore import Batch, Engine, Graph, ManagedOptimizer, Optimizer, Ref, Schedule


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Fields of the recipe `physttd.polysemantic` that the training uses; `Polysemantic` describes them."""

    epochs: int
    generator: Ref
    adversarial: float
    discrimination: float
    consistency: float
    polarity: Polarity
    g_recon_set: Literal["LuS", "S"]
    d_recon_set: Literal["S", "LuS"]
    mixing: float
    norm: Norm
    scale_reduction: Literal["mean", "sum"]
    scales: tuple[int, ...]
    separate: bool
    discriminator_width: float
    discriminator_layers: Layers
    optimizer: Optimizer
    discriminator: Optimizer
    schedule: Schedule
    clip: float | None


class Pairs(NamedTuple):
    """Rows of a batch: the bona fide `host` receives the trace of the attack `spoof`, of weight `share`, mixed with that of `other`; all (P,)."""

    host: Tensor
    spoof: Tensor
    other: Tensor
    share: Tensor

    def mixed(self, trace: Tensor) -> Tensor:
        """(P, C, N, N): u T_j + (1 - u) T_k; u is 1 without mixing."""
        u = self.share[:, None, None, None]
        return u * trace[self.spoof] + (1 - u) * trace[self.other]


@dataclass(frozen=True)
class Images:
    """One stream of a batch: `image` and `live` counterpart (B, C, N, N); `trace` and `synthetic` attack (P, C, N, N)."""

    image: Tensor
    live: Tensor
    trace: Tensor
    synthetic: Tensor

    def detached(self) -> Images:
        """The same images, detached."""
        return Images(self.image, self.live.detach(), self.trace.detach(), self.synthetic.detach())


@dataclass(frozen=True)
class Roles:
    """Rows of [image; live; synthetic] that are real or fake for D_L and D_S; `recon`: rows of E(D_L) for the generator."""

    real_live: Tensor
    fake_live: Tensor
    recon: Tensor
    real_spoof: Tensor
    fake_spoof: Tensor


class Discriminators(nn.Module):
    """D_L and D_S of one stream at every scale. Shapes: (B, C, N, N) -> one pair of (B, 1, S/8, S/8) per scale."""

    def __init__(self, channels: int, *, scales: tuple[int, ...], separate: bool, width: float, layers: Layers) -> None:
        super().__init__()
        heads = (1, 1) if separate else (2,)
        self.sets = nn.ModuleList(
            MultiScale(scales, channels, heads=count, width=width, layers=layers) for count in heads
        )

    def forward(self, image: Tensor) -> list[tuple[Tensor, Tensor]]:
        outputs = [networks(image) for networks in self.sets]
        maps = [torch.cat(scale, dim=1) for scale in zip(*outputs, strict=True)]
        return [(both[:, :1], both[:, 1:]) for both in maps]


class PolysemanticTraining:
    """One optimizer for the graph, shared by the first and third step, and one for the discriminators of each stream."""

    def __init__(self, settings: Settings, graph: Graph, steps_per_epoch: int) -> None:
        self.settings, self.name = settings, settings.generator.node
        node = cast(GeneratorModule, graph.node(self.name))
        self.streams, self.channels = node.streams, node.channels
        self.modalities = [str(ref) for ref in graph.plan.nodes[self.name].inputs]
        self.own = nn.ModuleDict(
            {
                stream: Discriminators(
                    channels,
                    scales=settings.scales,
                    separate=settings.separate,
                    width=settings.discriminator_width,
                    layers=settings.discriminator_layers,
                )
                for stream, channels in zip(self.streams, self.channels, strict=True)
            }
        )
        learners: dict[str, tuple[Iterable[nn.Parameter], int, Optimizer]] = {
            "generator": (graph.parameters(), 2, settings.optimizer),
            **{
                f"discriminator_{stream}": (self.own[stream].parameters(), 1, settings.discriminator)
                for stream in self.streams
            },
        }
        self._optimizers = {
            name: make_optimizer(
                parameters,
                optimizer,
                settings.schedule,
                epochs=settings.epochs,
                steps_per_epoch=calls * steps_per_epoch,
                clip=settings.clip,
            )
            for name, (parameters, calls, optimizer) in learners.items()
        }

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return self._optimizers

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        pairs = self.pairs(engine, batch)
        losses: dict[str, Tensor] = {}
        images_of: dict[str, Images] = {}

        def generator() -> Tensor:
            outputs = engine.graph(batch)
            losses.update(engine.losses(outputs, batch))
            images_of.update(self.images(batch, outputs.values, pairs))
            with engine.frozen(self.own):
                adversarial = [self.adversarial(stream, images, batch) for stream, images in images_of.items()]
            losses["adversarial"] = self.settings.adversarial * torch.stack(adversarial).sum()
            return torch.stack(list(losses.values())).sum()

        losses["generator"] = engine.optimize("generator", generator)
        images_of = {stream: images.detached() for stream, images in images_of.items()}
        for stream, images in images_of.items():
            name = f"discriminator_{stream}"
            losses[name] = engine.optimize(name, partial(self.discrimination, stream, images, batch))
        losses["consistency"] = engine.optimize("generator", lambda: self.consistency(engine, batch, pairs, images_of))
        return losses

    def pairs(self, engine: Engine, batch: Batch) -> Pairs:
        """Assign traces to bona fide records, and draw how traces mix. Raises FascoreError for a batch of one class."""
        live, spoof = _rows(batch)
        drawn = engine.rand("polysemantic.mixing", [batch.ids[row] for row in spoof.tolist()], (2,))
        share = torch.where(drawn[:, 0] < self.settings.mixing, drawn[:, 1], 1.0)
        host = live[torch.arange(len(spoof), device=live.device) % len(live)]
        return Pairs(host, spoof, spoof.roll(-1), share)

    def images(self, batch: Batch, values: Mapping[str, object], pairs: Pairs) -> dict[str, Images]:
        """Eq. 1 by stream, and synthetic attacks: one trace, or two mixed, added to a bona fide image."""
        by_stream = {}
        for stream, modality, channels in zip(self.streams, self.modalities, self.channels, strict=True):
            image = replicated(batch.tensors[modality], channels).float()
            trace, live = (cast(Tensor, values[f"{self.name}.{stream}_{port}"]) for port in ("trace", "live"))
            mixed = pairs.mixed(trace)
            by_stream[stream] = Images(image, live, mixed, image[pairs.host] + mixed)
        return by_stream

    def adversarial(self, stream: str, images: Images, batch: Batch) -> Tensor:
        """L_G of one stream: reconstructions look live to D_L, synthetic attacks look real to D_S (Eq. 6)."""
        roles, answer_loss = (
            self._roles(images, batch),
            partial(answer, polarity=self.settings.polarity, norm=self.settings.norm),
        )
        maps = self.judged(stream, images)
        return self._over_scales(
            [
                answer_loss(live[roles.recon], real=True) + answer_loss(spoof[roles.fake_spoof], real=True)
                for live, spoof in maps
            ]
        )

    def discrimination(self, stream: str, images: Images, batch: Batch) -> Tensor:
        """a_7 L_D of one stream (Eq. 7)."""
        roles, answer_loss = (
            self._roles(images, batch),
            partial(answer, polarity=self.settings.polarity, norm=self.settings.norm),
        )
        terms = []
        for live, spoof in self.judged(stream, images):
            for maps, real, fake in (
                (live, roles.real_live, roles.fake_live),
                (spoof, roles.real_spoof, roles.fake_spoof),
            ):
                terms.append(answer_loss(maps[real], real=True) + answer_loss(maps[fake], real=False))
        return self.settings.discrimination * self._over_scales(terms)

    def _over_scales(self, terms: Sequence[Tensor]) -> Tensor:
        """Sum of all terms of all scales, divided by the number of scales for `mean`."""
        total = torch.stack(list(terms)).sum()
        return total / len(self.settings.scales) if self.settings.scale_reduction == "mean" else total

    def consistency(self, engine: Engine, batch: Batch, pairs: Pairs, images_of: Mapping[str, Images]) -> Tensor:
        """a_8 || G(I_i + T_j) - T_j || in the norm of the recipe, summed over streams (Eq. 14).

        The batch also contains the images I_i, so that batch norm sees half bona fide images, as in the first step.
        """
        both = torch.cat([pairs.host, pairs.host])
        changed = {
            modality: torch.cat([images_of[stream].image[pairs.host], images_of[stream].synthetic])
            for stream, modality in zip(self.streams, self.modalities, strict=True)
        }
        outputs = engine.graph(batch.take(both).replace(**changed), nodes=[self.name])
        count = len(pairs.host)
        terms = [
            distance(
                cast(Tensor, outputs[f"{self.name}.{stream}_trace"])[count:].float() - images_of[stream].trace.float(),
                self.settings.norm,
            )
            for stream in self.streams
        ]
        return self.settings.consistency * torch.stack(terms).sum()

    def judged(self, stream: str, images: Images) -> list[tuple[Tensor, Tensor]]:
        """Maps of [image; live; synthetic] from one pass, so that batch norm sees real and fake images in every step."""
        maps: list[tuple[Tensor, Tensor]] = self.own[stream](torch.cat([images.image, images.live, images.synthetic]))
        return maps

    def _roles(self, images: Images, batch: Batch) -> Roles:
        live, spoof = _rows(batch)
        count, synthetic = len(batch), torch.arange(len(images.synthetic), device=live.device)
        all_rows = torch.arange(count, device=live.device)
        fake, recon = (
            spoof if chosen == "S" else all_rows for chosen in (self.settings.d_recon_set, self.settings.g_recon_set)
        )
        return Roles(live, count + fake, count + recon, spoof, 2 * count + synthetic)


def _rows(batch: Batch) -> tuple[Tensor, Tensor]:
    """Rows of bona fide records and of attacks. Raises FascoreError if a class is missing."""
    label = batch.label
    live, spoof = (label == 1).nonzero()[:, 0], (label != 1).nonzero()[:, 0]
    if not len(live) or not len(spoof):
        missing = "attack" if len(live) else "bona fide record"
        raise FascoreError(
            f"physttd.polysemantic needs both classes in every batch, on every process; the batch of {', '.join(batch.ids[:4])} has no {missing}: "
            'set "sampler": {"type": "physttd.paired"} with a batch_size that is an even multiple of the number of processes'
        )
    return live, spoof
