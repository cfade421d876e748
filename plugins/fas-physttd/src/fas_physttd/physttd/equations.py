"""Synthesis of an attack from a live face and traces, and reconstruction of the live face (Liu and Liu, PhySTD, Eq. 3-11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from fas_physttd.filters import Shrink, lowpass

CELLS = {"b": 8, "c": 2}
"""Side divided by the number of cells of a trace's low-pass filter: N/8 cells for B, N/2 for C; T is not filtered."""


class Traces(NamedTuple):
    """`additive` traces (B, 3, N, N) by port (`b`, `c`, `t`, or `t` alone), region `p` (B, 1, N, N), `content` I_P (B, 3, N, N).

    `shrink` is the shrinking method of the low-pass filters of their generator.
    """

    additive: Mapping[str, Tensor]
    p: Tensor
    content: Tensor
    shrink: Shrink = "area"

    @property
    def parts(self) -> dict[str, Tensor]:
        """The summands of T_A."""
        return filtered(self.additive, self.shrink)

    def take(self, rows: Tensor) -> Traces:
        """The traces of some records."""
        return Traces(
            {name: trace[rows] for name, trace in self.additive.items()}, self.p[rows], self.content[rows], self.shrink
        )


class Levels(NamedTuple):
    """The live counterpart at three levels, all (B, 3, N, N)."""

    low: Tensor
    middle: Tensor
    high: Tensor


def filtered(additive: Mapping[str, Tensor], shrink: Shrink = "area") -> dict[str, Tensor]:
    """The summands of T_A: floor(B), floor(C), T (Eq. 5)."""
    return {
        name: lowpass(trace, trace.shape[-1] // CELLS[name], shrink) if name in CELLS else trace.float()
        for name, trace in additive.items()
    }


def total(parts: Mapping[str, Tensor]) -> Tensor:
    """T_A, the sum of the additive parts."""
    return torch.stack(list(parts.values())).sum(0)


def reconstruct(image: Tensor, traces: Traces) -> Levels:
    """Eq. 11: the image and its low-pass versions without the traces; `high` is Eq. 4.

    A single trace is removed at every level, low-pass filtered like the image.
    """
    size, p, shrink = image.shape[-1], traces.p, traces.shrink
    parts = traces.parts
    inpainted = p * traces.content

    def level(picture: Tensor, removed: Tensor) -> Tensor:
        return (1 - p) * (picture.float() - removed) + inpainted

    trace = total(parts)
    if "b" in parts:
        coarse, middle = parts["b"], parts["b"] + parts["c"]
    else:
        coarse, middle = lowpass(trace, size // 8, shrink), lowpass(trace, size // 2, shrink)
    return Levels(
        level(lowpass(image, size // 8, shrink), coarse),
        level(lowpass(image, size // 2, shrink), middle),
        level(image, trace),
    )


def synthesize(live: Tensor, additive: Tensor, p: Tensor, source: Tensor) -> Tensor:
    """Eq. 8: the traces of an attack on a live face, (1 - P) (I_live + T_A) + P I_source; all already warped to the live face."""
    return (1 - p) * (live + additive) + p * source
