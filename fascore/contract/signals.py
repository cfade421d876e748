"""Signals: the static types of what flows along an edge. No torch here.

`shape` is that of one record, without the batch axis: the tensor on the edge is (B, *shape), float32. A Pyramid is
a list of such tensors, coarse levels last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Signal:
    """Base of all signals. `optional`: a record may lack it; that is no part of its type, so equality passes over it."""

    optional: bool = field(default=False, kw_only=True, compare=False, repr=False)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """One shape for each tensor of the signal, without the batch axis."""
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
    """Any other dense array (C, H, W), scaled by its modality, never normalised: depth, MSTmap, signed difference."""


@dataclass(frozen=True)
class Clip(_Single):
    """Intensities in [0, 1] over time, (T, C, H, W); `fps` in hertz, None where frames are spread over the record."""

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
    """A sequence of features (N, D). The first `prefix` of the N stand for no place; the others fill `grid` by rows."""

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
    """One level of a Pyramid: channels, size (H, W) and stride to the input in pixels."""

    channels: int
    size: tuple[int, int]
    stride: int


@dataclass(frozen=True)
class Pyramid(Signal):
    """Feature maps of falling size: a list of (C_i, H_i, W_i)."""

    levels: tuple[Level, ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple((level.channels, *level.size) for level in self.levels)

    def __str__(self) -> str:
        return "Pyramid(" + ", ".join(f"{v.channels}x{v.size[0]}x{v.size[1]}" for v in self.levels) + ")"


@dataclass(frozen=True)
class Points(_Single):
    """N points of D coordinates, in [0, 1] of the crop they belong to. `layout` names their order (a flip permutes it)."""

    n: int
    d: int
    layout: str = "five"

    @property
    def shape(self) -> Shape:
        return (self.n, self.d)

    def __str__(self) -> str:
        return f"Points({self.n}, {self.d}, {self.layout})"
