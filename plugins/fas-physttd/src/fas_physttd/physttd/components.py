"""The generator of PhySTD and the heads of its score. Importing this module imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from fas_physttd.physttd.widths import Widths, widths_of
from fascore import Dense, Encoder, Head, Image, Labels, Plane, Ref, Signal, SpecError, Target

if TYPE_CHECKING:
    from torch import nn

SMALLEST = 128
"""Side of the smallest crop: at 64 the low-pass of the published 128 cells would be the identity, and no fine band be left."""


def _odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError(f"a kernel of {kernel} has no middle; write an odd number")
    return kernel


Odd = Annotated[PositiveInt, AfterValidator(_odd)]
Three = tuple[PositiveInt, PositiveInt, PositiveInt]


class Generator(Encoder):
    """The generator of PhySTD: bands of an image -> its spoof traces, what lies under an attack, and the depth of the face.

    One square Image(3, N, N). Ports: `b`, `c`, `t` additive traces in [-1, 1] (with `traces: single` only `t`), `p` the inpainted
    region in [0, 1], `content` what is there instead, `depth` the map M of N/8 x N/8, `live` the reconstruction of Eq. 4 (not
    clamped, hence a Plane), and features `f1`, `f2`, `f3`. 1,599,606 parameters (Liu and Liu, PhySTD, Fig. 4).
    """

    type: Literal["physttd.generator"] = "physttd.generator"
    traces: Literal["three", "single"] = Field(
        "three", description="three: B, C and T of falling scale; single: one trace, not filtered (Table 3)"
    )
    decompose: bool = Field(
        True, description="the input is its three bands (Eq. 9); false: the image itself, as the Auxiliary baseline"
    )
    amplify_c: PositiveFloat = Field(15.0, description="factor of the middle band at the input")
    amplify_t: PositiveFloat = Field(25.0, description="factor of the fine band at the input")
    lowpass: Literal["area", "bilinear"] = Field(
        "area", description="low-passes average each cell, or read 2 x 2 of it as STDN, which aliases"
    )
    width: PositiveFloat = Field(1.0, description="factor of all channels; 1: the published ones")
    stem: PositiveInt = Field(64, description="channels of the first convolution")
    middle: Three = Field((96, 96, 128), description="channels of the second convolution of each block (STDN: 96)")
    features: Three = Field((64, 96, 128), description="channels of F1, F2 and F3, as published")
    decoder: Three = Field((64, 64, 64), description="channels behind each up-sampling layer")
    kernel: Literal[2, 3, 4] = Field(4, description="of the transposed convolutions; STDN and SRENet: 3")
    heads: Literal["joint", "separate"] = Field(
        "joint", description="one head for traces, P and its content, or a head for each of the three"
    )
    head_channels: PositiveInt = Field(32, description="channels between the two convolutions of a head")
    softness: PositiveFloat = Field(1.0, description="s of tanh(x / s) that bounds the traces; SRENet: 300")
    attention: tuple[Odd, Odd, Odd, Odd] = Field(
        (7, 5, 3, 7), description="kernels of the spatial attention on F1, F2, F3 and U3"
    )
    depth_channels: tuple[PositiveInt, PositiveInt] = Field(
        (128, 64), description="channels of the depth head's convolutions; 64, 64 is lighter"
    )
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout behind the first two convolutions of the depth head")

    @property
    def additive(self) -> tuple[str, ...]:
        """Ports of the additive traces."""
        return ("b", "c", "t") if self.traces == "three" else ("t",)

    def channels(self) -> Widths:
        """Channels of all layers."""
        return widths_of(
            self.width,
            stem=self.stem,
            middle=self.middle,
            features=self.features,
            decoder=self.decoder,
            head=self.head_channels,
            depth=self.depth_channels,
        )

    def picture(self, signals: Sequence[Signal]) -> Image:
        """The one input. Raises SpecError."""
        picture = signals[0] if len(signals) == 1 else None
        if not isinstance(picture, Image) or picture.c != 3:
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(f"{self.type} reads one Image of three colors; got {got}: single frames, not a clip")
        if picture.h != picture.w:
            raise SpecError(
                f"{self.type}: the image is {picture.h} x {picture.w} pixels, and low-passes and discriminators take squares"
            )
        if picture.w < SMALLEST or picture.w % 8:
            raise SpecError(
                f"{self.type}: a side of {picture.w} pixels; take a multiple of 8, {SMALLEST} at least: below that no fine band is left of the "
                "low-pass at half the side. Crop at native sampling rather than enlarge"
            )
        return picture

    def infer(self, signals: Sequence[Signal]) -> Mapping[str, Signal]:
        n, features_of = self.picture(signals).w, self.channels().features
        traces: dict[str, Signal] = {name: Plane(3, n, n) for name in self.additive}
        features = {f"f{i + 1}": Plane(features_of[i], n >> i + 1, n >> i + 1) for i in range(3)}
        return {
            **traces,
            "p": Plane(1, n, n),
            "content": Image(3, n, n),
            "depth": Plane(1, n // 8, n // 8),
            "live": Plane(3, n, n),
            **features,
        }

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.physttd.generator import GeneratorModule

        self.picture(signals)
        return GeneratorModule(
            self.channels(),
            additive=self.additive,
            decompose=self.decompose,
            amplify_c=self.amplify_c,
            amplify_t=self.amplify_t,
            lowpass=self.lowpass,
            kernel=self.kernel,
            heads=self.heads,
            softness=self.softness,
            attention=self.attention,
            dropout=self.dropout,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        small = [Image(3, 128, 128)]
        other: Any = {"traces": "single", "decompose": False, "heads": "separate", "kernel": 3}
        return [(cls(width=0.06), small), (cls(width=0.06, **other), small)]


class DepthScore(Head):
    """Depth of the face as a score: the mean of the map M, large for a live face (Eq. 10); its loss is Eq. 16.

    Reads the port `depth` of the generator and learns a modality of the same shape, such as `pseudo_depth`.
    """

    type: Literal["physttd.depth"] = "physttd.depth"
    target: Ref = Field(Ref("depth"), description="the map that it learns: a face for bona fide, zeros for attacks")

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        depth = signals[0] if len(signals) == 1 else None
        if not isinstance(depth, Plane) or depth.c != 1:
            raise SpecError(
                f"{self.type} reads one map, the generator's port 'depth'; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if not isinstance(target, Dense) or target.signal != depth:
            hint = f'pseudo_depth with "size": {depth.w}'
            raise SpecError(
                f"{self.type} learns a map of its own shape {depth}; the target is {target}: name a modality such as {hint}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.physttd.heads import DepthScoreHead

        return DepthScoreHead()

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Plane(1, 16, 16)], Dense(Plane(1, 16, 16)))]


class TraceScore(Head):
    """Strength of the traces as a score, 1 - s / 10 with s = (||B|| + ||C|| + ||T|| + ||P||) / N^2 in L1 norms (Eq. 10).

    Reads the generator's ports `b`, `c`, `t`, `p`, or `t`, `p` of a single trace; B and C count as they act, low-passed (`lowpass`). It has no
    loss. With {"weighted": {"depth": 1, "trace": w}} the score is that of Eq. 10 with alpha0 = w / 10, the sign of its second term
    turned: M is large for live faces and traces for attacks, so that the terms as printed oppose one another. Numbers: `additive`
    and `inpainted`, the two parts of s.
    """

    type: Literal["physttd.trace"] = "physttd.trace"
    lowpass: Literal["area", "bilinear", "none"] = Field(
        "area", description="how B and C are low-passed, as the generator's 'lowpass'; none: raw"
    )
    numbers: ClassVar[tuple[str, ...]] = ("additive", "inpainted")

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        planes = [signal for signal in signals if isinstance(signal, Plane)]
        size = planes[0].w if planes else 0
        wanted = [[Plane(3, size, size)] * count + [Plane(1, size, size)] for count in (1, 3)]
        if list(signals) not in wanted:
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(
                f"{self.type} reads the generator's ports b, c, t, p in this order, or t, p of a single trace; got {got}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.physttd.heads import TraceScoreHead

        return TraceScoreHead(self.lowpass)

    @classmethod
    def examples(cls) -> list[Any]:
        colour, region = Plane(3, 16, 16), Plane(1, 16, 16)
        return [(cls(), [colour, colour, colour, region], Labels("label")), (cls(), [colour, region], Labels("label"))]


__all__ = ["DepthScore", "Generator", "TraceScore"]
