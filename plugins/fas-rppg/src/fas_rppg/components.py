"""Components of fas-rppg. Importing this module imports neither numpy nor torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from fascore import Encoder, Modality, ModalityModule, Plane, Ref, Signal, SpecError, Vector

if TYPE_CHECKING:
    from torch import nn


ROWS = 63
"""Number of unions of six facial regions."""
FACES: dict[str, Any] = {"faces": {"type": "faces", "detector": "boxes"}}
SIZE = Field(224, description="side in pixels to which the map is resized; null: not resized")


class MstMap(Modality):
    """MSTmap (Niu et al. 2020; Yu et al. 2024, III-B): mean color of all 63 unions of six facial regions over the first frames.

    The map is Plane(3, 63, frames), or a square after resizing. The port `valid`, Plane(1, 1, width), is 1 where a face
    was measured, and 0 in bridged gaps and in the padding of a short clip. Regions follow 68 points if the detector
    returns them, else the canonical face fitted to five points. Gray levels g, and the 0 to 255 of `minmax`, become (g
    - 127.5) / 128. A clip without a face for more than `gap` frames is a non-response `no_face`; a clip that is too
    short or has unusable timestamps is `refused`.
    """

    type: Literal["rppg.mstmap"] = "rppg.mstmap"
    channel: str = Field("rgb", description="raw channel of three colors; the same that 'faces' reads")
    frames: int = Field(300, ge=2, description="frames of the map; of a longer clip, the first ones")
    normalize: Literal["minmax", "ac_dc", "none"] = Field(
        "minmax",
        description="minmax: each row and channel scaled to 0 to 255; ac_dc: percent around its mean, which keeps amplitudes; none: gray levels",
    )
    pad: Literal["reflect", "tail"] = Field(
        "reflect",
        description="padding of a shorter clip: reflect: mirrored at its end; tail: followed by a copy of its last frames",
    )
    gap: NonNegativeInt = Field(5, description="longest run of frames without a face that is bridged linearly")
    shortest: PositiveFloat = Field(2.0, description="shortest clip to accept, in seconds")
    rates: tuple[PositiveFloat, PositiveFloat] = Field(
        (5.0, 240.0), description="lowest and highest frame rate to accept, in hertz; computed from the timestamps"
    )
    uneven: NonNegativeFloat = Field(
        1.0, description="largest deviation of a timestamp from an even frame rate, in frames"
    )
    resample: bool = Field(
        False, description="true: resample a clip with more uneven timestamps to its median interval; false: refuse it"
    )
    size: PositiveInt | None = SIZE

    def channels(self) -> tuple[str, ...]:
        return (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> Mapping[str, Signal]:
        if len(signals) != 1 or signals[0] is not None:
            raise SpecError('rppg.mstmap reads one modality of faces: write "inputs": ["faces"]')
        if self.rates[0] >= self.rates[1]:
            raise SpecError(f"'rates' must increase; got {self.rates[0]:g} and {self.rates[1]:g}")
        return _planes(3, ROWS, self.frames, self.size)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fas_rppg.mstmap import MstMapModule

        return MstMapModule(
            channel=self.channel,
            frames=self.frames,
            normalize=self.normalize,
            pad=self.pad,
            gap=self.gap,
            shortest=self.shortest,
            rates=self.rates,
            uneven=self.uneven,
            resample=self.resample,
            size=self.size,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        base: dict[str, Any] = {"inputs": (Ref("faces"),)}
        return [
            (cls(**base, frames=120, size=None), FACES),
            (cls(**base, frames=64, normalize="ac_dc", size=32), FACES),
        ]


class WaveletMap(Modality):
    """Wavelet map (Yu et al. 2024, eq. 2): magnitude of a continuous wavelet transform of an MSTmap's rows, high frequencies first.

    The map is scaled to 0 to 255 as a whole and becomes (g - 127.5) / 128: Plane(3, scales, frames) of the global
    signal in R, G, and B, or a square after resizing. 300 frames have 255 scales. The port `valid` is that of the
    MSTmap. `morse` is the wavelet of Matlab's `cwtfilterbank`; other names are continuous wavelets of PyWavelets at the
    same frequencies.
    """

    type: Literal["rppg.wavelet_map"] = "rppg.wavelet_map"
    wavelet: str = Field(
        "morse", description="morse, or a continuous wavelet of PyWavelets with its parameters, such as cmor1.5-1.0"
    )
    gamma: PositiveFloat = Field(
        3.0, description="symmetry of the Morse wavelet, which also sets the scales of the axis 'scale'"
    )
    beta: float = Field(
        20.0, gt=1, description="decay of the Morse wavelet: its time-bandwidth product, 60, divided by gamma"
    )
    voices: PositiveInt = Field(48, description="scales per octave")
    frequency_axis: Literal["scale", "hz"] = Field(
        "scale",
        description="scale: all scales that fit the length, so that rows depend on the frame rate; hz: 'band', independent of the frame rate",
    )
    band: tuple[PositiveFloat, PositiveFloat] = Field(
        (0.5, 8.0), description="limits of the axis 'hz'; rows above half the frame rate are 0"
    )
    rows: Literal["global", "all"] = Field(
        "global",
        description="global: the union of all six regions; all: all 63 unions (189 channels, 58 MB per record)",
    )
    size: PositiveInt | None = SIZE

    @model_validator(mode="after")
    def _band_rises(self) -> Self:
        if self.band[0] >= self.band[1]:
            raise ValueError(f"'band' must increase; got {self.band[0]:g} and {self.band[1]:g}")
        return self

    @property
    def in_band(self) -> int:
        """Number of scales of the axis `hz`."""
        return math.floor(self.voices * math.log2(self.band[1] / self.band[0]) + 1e-9) + 1

    def infer(self, signals: Sequence[Signal | None]) -> Mapping[str, Signal]:
        mst = signals[0] if len(signals) == 1 else None
        if not isinstance(mst, Plane):
            raise SpecError(f"rppg.wavelet_map reads one rppg.mstmap; got {', '.join(map(str, signals)) or 'no input'}")
        channels = 3 * (ROWS if self.rows == "all" else 1)
        if self.size is not None:
            return _planes(channels, self.size, self.size, self.size)
        if mst.h != ROWS:
            raise SpecError(
                "the MSTmap is resized, which hides its length: set 'size' of rppg.wavelet_map, or set that of the MSTmap to null"
            )
        return _planes(channels, self._scales(mst.w), mst.w, None)

    def _scales(self, samples: int) -> int:
        from fas_rppg.morse import Morse

        if self.frequency_axis == "hz":
            return self.in_band
        try:
            return len(Morse(self.gamma, self.beta).scales(samples, self.voices))
        except ValueError as error:
            raise SpecError(f"rppg.wavelet_map: {error}; use more frames in the MSTmap") from error

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fas_rppg.wavelet_map import WaveletMapModule

        return WaveletMapModule(
            wavelet=self.wavelet,
            gamma=self.gamma,
            beta=self.beta,
            voices=self.voices,
            frequency_axis=self.frequency_axis,
            highest=self.band[1],
            in_band=self.in_band,
            rows=self.rows,
            size=self.size,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        graph = {**FACES, "mst": {"type": "rppg.mstmap", "inputs": ["faces"], "frames": 96, "size": None}}
        base: dict[str, Any] = {"inputs": (Ref("mst"),), "voices": 8}
        return [
            (cls(**base, size=None), graph),
            (cls(**base, frequency_axis="hz", size=24), graph),
            (cls(**base, rows="all", size=8), graph),
        ]


def _planes(channels: int, height: int, width: int, size: int | None) -> dict[str, Signal]:
    """A map and its validity, resized to a square or not resized."""
    return {"": Plane(channels, size or height, size or width), "valid": Plane(1, 1, size or width)}


class MstVit(Encoder):
    """A plain vision transformer on a map of rows and time, in tiles of `tile` rows by frames; Plane(C, H, W) -> Vector(width).

    It replaces TransRPPG (Yu et al. 2021), which also reads a map of the background; it does not reproduce the 547 K
    parameters of TransRPPG. A map that does not divide into tiles is padded with zeros at its end.
    """

    type: Literal["rppg.mst_vit"] = "rppg.mst_vit"
    tile: tuple[PositiveInt, PositiveInt] = Field((9, 15), description="rows and frames of a tile")
    width: PositiveInt = Field(96, description="width of a token and of the feature")
    depth: PositiveInt = Field(4, description="number of transformer blocks")
    heads: PositiveInt = Field(3, description="number of attention heads; must divide the width")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="dropout rate of tokens, attention outputs, and hidden layers in training"
    )

    def plane(self, signals: Sequence[Signal]) -> Plane:
        """The input map. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Plane):
            raise SpecError(
                f"rppg.mst_vit reads one Plane, such as an MSTmap; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if self.width % self.heads:
            raise SpecError(
                f"rppg.mst_vit: a width of {self.width} is not a multiple of {self.heads} heads; change 'heads' or 'width'"
            )
        return signals[0]

    def infer(self, signals: Sequence[Signal]) -> Vector:
        self.plane(signals)
        return Vector(self.width)

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_rppg.mst_vit import MstVitEncoder

        return MstVitEncoder(
            self.plane(signals),
            tile=self.tile,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            dropout=self.dropout,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(tile=(3, 4), width=12, depth=1), [Plane(3, 9, 10)]),
            (cls(tile=(2, 2), width=8, depth=2, heads=2), [Plane(2, 4, 6)]),
        ]


__all__ = ["MstMap", "MstVit", "WaveletMap"]
