"""The generator of PhySTD and the heads of its score. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from fas_physttd.physttd.widths import Widths, widths_of
from fascore import Dense, Encoder, Head, Image, Labels, Plane, Ref, Signal, SpecError, Target

if TYPE_CHECKING:
    from torch import nn

SMALLEST = 128
"""Side of the smallest crop: at 64 the low-pass filter with the published 128 cells would be the identity and leave no fine band."""


def _odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError(f"a kernel of {kernel} has no center; write an odd number")
    return kernel


Odd = Annotated[PositiveInt, AfterValidator(_odd)]
Three = tuple[PositiveInt, PositiveInt, PositiveInt]


class Generator(Encoder):
    """The generator of PhySTD: bands of an image -> spoof traces, the content under an attack, and the depth of the face.

    Reads one square Image(3, N, N). Ports: `b`, `c`, `t`, the additive traces in [-1, 1] (only `t` with `traces:
    single`); `p`, the inpainted region in [0, 1]; `content`, which replaces it; `depth`, the map M of N/8 x N/8;
    `live`, the reconstruction of Eq. 4 (not clamped, therefore a Plane); and the features `f1`, `f2`, `f3`. 1,599,606
    parameters (Liu and Liu, PhySTD, Fig. 4).
    """

    type: Literal["physttd.generator"] = "physttd.generator"
    traces: Literal["three", "single"] = Field(
        "three", description="three: B, C, and T, from coarse to fine; single: one unfiltered trace (Table 3)"
    )
    decompose: bool = Field(
        True,
        description="true: the input is the three bands of the image (Eq. 9); false: the image, as in the Auxiliary baseline",
    )
    amplify_c: PositiveFloat = Field(15.0, description="factor applied to the middle band at the input")
    amplify_t: PositiveFloat = Field(25.0, description="factor applied to the fine band at the input")
    lowpass: Literal["area", "bilinear"] = Field(
        "area",
        description="area: low-pass filters average each cell; bilinear: they read 2 x 2 pixels of it as in STDN, which causes aliasing",
    )
    width: PositiveFloat = Field(1.0, description="factor for all channel counts; 1: as published")
    stem: PositiveInt = Field(64, description="channels of the first convolution")
    middle: Three = Field((96, 96, 128), description="channels of the second convolution of each block (STDN: 96)")
    features: Three = Field((64, 96, 128), description="channels of F1, F2 and F3, as published")
    decoder: Three = Field((64, 64, 64), description="channels after each upsampling layer")
    kernel: Literal[2, 3, 4] = Field(4, description="kernel size of the transposed convolutions; STDN and SRENet: 3")
    heads: Literal["joint", "separate"] = Field(
        "joint",
        description="joint: one head for the traces, P, and its content; separate: one head for each of the three",
    )
    head_channels: PositiveInt = Field(32, description="channels between the two convolutions of a head")
    softness: PositiveFloat = Field(1.0, description="s of tanh(x / s), which bounds the traces; SRENet: 300")
    attention: tuple[Odd, Odd, Odd, Odd] = Field(
        (7, 5, 3, 7), description="kernel sizes of the spatial attention on F1, F2, F3, and U3"
    )
    depth_channels: tuple[PositiveInt, PositiveInt] = Field(
        (128, 64), description="channels of the depth head's convolutions; (64, 64) is a smaller choice"
    )
    dropout: float = Field(
        0.3, ge=0, lt=1, description="dropout rate after the first two convolutions of the depth head"
    )

    @property
    def additive(self) -> tuple[str, ...]:
        """Ports of the additive traces."""
        return ("b", "c", "t") if self.traces == "three" else ("t",)

    def channels(self) -> Widths:
        """Channel counts of all layers."""
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
            raise SpecError(
                f"{self.type} reads one Image with three channels, a single frame and not a clip; got {got}"
            )
        if picture.h != picture.w:
            raise SpecError(
                f"{self.type}: the image is {picture.h} x {picture.w} pixels, but low-pass filters and discriminators need a square; crop a square"
            )
        if picture.w < SMALLEST or picture.w % 8:
            raise SpecError(
                f"{self.type}: the side is {picture.w} pixels; use a multiple of 8, at least {SMALLEST}: below that, the low-pass filter at half the "
                "side leaves no fine band. Crop at the native resolution instead of enlarging"
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
    """Depth score: the mean of the map M, which is large for a live face (Eq. 10); the loss is Eq. 16.

    Reads the port `depth` of the generator. The target is a modality of the same shape, such as `pseudo_depth`.
    """

    type: Literal["physttd.depth"] = "physttd.depth"
    target: Ref = Field(Ref("depth"), description="the target map: a face for bona fide, zeros for attacks")

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        depth = signals[0] if len(signals) == 1 else None
        if not isinstance(depth, Plane) or depth.c != 1:
            raise SpecError(
                f"{self.type} reads one map, the port 'depth' of the generator; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if not isinstance(target, Dense) or target.signal != depth:
            hint = f'pseudo_depth with "size": {depth.w}'
            raise SpecError(
                f"{self.type} needs a target map of its own shape {depth}, but the target is {target}; name a modality such as {hint}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.physttd.heads import DepthScoreHead

        return DepthScoreHead()

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Plane(1, 16, 16)], Dense(Plane(1, 16, 16)))]


class TraceScore(Head):
    """Trace score: 1 - s / 10, with s = (||B|| + ||C|| + ||T|| + ||P||) / N^2 in L1 norms (Eq. 10).

    Reads the generator's ports `b`, `c`, `t`, `p`, or `t`, `p` of a single trace. B and C count as applied, low-pass
    filtered (`lowpass`). It has no loss. With {"weighted": {"depth": 1, "trace": w}} the score is that of Eq. 10 with
    alpha0 = w / 10 and the sign of the second term reversed: M is large for live faces and traces are large for
    attacks, so the printed terms oppose each other. Numbers: `additive` and `inpainted`, the two parts of s.
    """

    type: Literal["physttd.trace"] = "physttd.trace"
    lowpass: Literal["area", "bilinear", "none"] = Field(
        "area", description="low-pass filter of B and C, the same as the generator's 'lowpass'; none: unfiltered"
    )
    numbers: ClassVar[tuple[str, ...]] = ("additive", "inpainted")

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        planes = [signal for signal in signals if isinstance(signal, Plane)]
        size = planes[0].w if planes else 0
        allowed = [[Plane(3, size, size)] * count + [Plane(1, size, size)] for count in (1, 3)]
        if list(signals) not in allowed:
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(
                f"{self.type} reads the generator's ports b, c, t, p in this order, or t, p for a single trace; got {got}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.physttd.heads import TraceScoreHead

        return TraceScoreHead(self.lowpass)

    @classmethod
    def examples(cls) -> list[Any]:
        color, region = Plane(3, 16, 16), Plane(1, 16, 16)
        return [(cls(), [color, color, color, region], Labels("label")), (cls(), [color, region], Labels("label"))]


__all__ = ["DepthScore", "Generator", "TraceScore"]
