"""Signals: the static types of the data on the edges of a graph. This module imports no torch.

`shape` is the shape for one record, without the batch axis: the tensor on the edge is (B, *shape), float32. A Pyramid is
a list of such tensors, with coarse levels last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Signal:
    """Base of all signals. `optional`: a record may lack it; this is not part of the type, so equality ignores it."""

    optional: bool = field(default=False, kw_only=True, compare=False, repr=False)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """One shape per tensor of the signal, without the batch axis."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Single(Signal):
    @property
    def shape(self) -> Shape:
        raise NotImplementedError

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return (self.shape,)


@dataclass(frozen=True)
class _Dense(_Single):
    c: int
    h: int
    w: int

    @property
    def shape(self) -> Shape:
        return (self.c, self.h, self.w)

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.c}, {self.h}, {self.w})"


@dataclass(frozen=True)
class Image(_Dense):
    """Intensities in [0, 1], (C, H, W); RGB order where C is 3."""


@dataclass(frozen=True)
class Plane(_Dense):
    """Any other dense array (C, H, W), scaled by its modality but never normalized: depth, MSTmap, signed difference."""


@dataclass(frozen=True)
class Clip(_Single):
    """Intensities in [0, 1] over time, (T, C, H, W); `fps` in hertz, None if the frames are spread over the record."""

    t: int
    c: int
    h: int
    w: int
    fps: float | None = None

    @property
    def shape(self) -> Shape:
        return (self.t, self.c, self.h, self.w)

    def __str__(self) -> str:
        rate = f", {self.fps:g} Hz" if self.fps else ""
        return f"Clip({self.t}, {self.c}, {self.h}, {self.w}{rate})"


@dataclass(frozen=True)
class Series(_Single):
    """A sampled signal (T, C) at `rate` hertz."""

    t: int
    c: int
    rate: float

    @property
    def shape(self) -> Shape:
        return (self.t, self.c)

    def __str__(self) -> str:
        return f"Series({self.t}, {self.c}, {self.rate:g} Hz)"


@dataclass(frozen=True)
class Vector(_Single):
    """A feature (D,)."""

    d: int

    @property
    def shape(self) -> Shape:
        return (self.d,)

    def __str__(self) -> str:
        return f"Vector({self.d})"


@dataclass(frozen=True)
class Tokens(_Single):
    """A sequence of features (N, D). The first `prefix` of the N have no position; the others fill `grid` row by row."""

    n: int
    d: int
    prefix: int = 0
    grid: tuple[int, int] | None = None

    @property
    def shape(self) -> Shape:
        return (self.n, self.d)

    def __str__(self) -> str:
        return f"Tokens({self.n}, {self.d})"


@dataclass(frozen=True)
class Level:
    """One level of a Pyramid: channels, size (H, W), and stride relative to the input, in pixels."""

    channels: int
    size: tuple[int, int]
    stride: int


@dataclass(frozen=True)
class Pyramid(Signal):
    """Feature maps of decreasing size: a list of (C_i, H_i, W_i)."""

    levels: tuple[Level, ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple((level.channels, *level.size) for level in self.levels)

    def __str__(self) -> str:
        return "Pyramid(" + ", ".join(f"{v.channels}x{v.size[0]}x{v.size[1]}" for v in self.levels) + ")"


@dataclass(frozen=True)
class Points(_Single):
    """N points of D coordinates, in [0, 1] of their crop. `layout` names their order, which a flip permutes."""

    n: int
    d: int
    layout: str = "five"

    @property
    def shape(self) -> Shape:
        return (self.n, self.d)

    def __str__(self) -> str:
        return f"Points({self.n}, {self.d}, {self.layout})"
