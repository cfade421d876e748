"""Modalities of the two-stream model. Importing this module imports no numpy, OpenCV or torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from fascore import Clip, Image, Modality, ModalityModule, Plane, Ref, Signal, SpecError, Vector

_FACES: dict[str, Any] = {"faces": {"type": "faces", "detector": "boxes"}}
_KEYS: dict[str, Any] = {**_FACES, "keys": {"type": "twostream.key_frames", "inputs": ["faces"], "k": 3, "size": 24}}


class KeyFrames(Modality):
    """Frames in which the face has changed most, all registered to the first (section 3.1): Clip(k + 1, 3, size, size).

    Each frame is warped by the homography (eq. 1) that takes the first frame's anchor points to its own, cut by one box,
    that of the first frame's points. The usable frames are divided into k stacks of equal length; the key frame of a stack is the one that
    differs most from the key frame before it, beginning with the first frame. `k` of 0 gives the first frame alone, an Image.

    Frames without points are passed over, and so are frames of which too little shows the crop. Where a stack is empty, the key frame before it
    is repeated: the port `repeated` (1,) is the share of key frames that are not frames of their own, and a warning says so.
    """

    type: Literal["twostream.key_frames"] = "twostream.key_frames"
    channel: str = Field("rgb", description="raw channel to crop, the one that 'faces' examined")
    k: NonNegativeInt = Field(
        9, description="stacks; k + 1 key frames, k differences: 9 for intra, 4 for cross testing"
    )
    size: PositiveInt = Field(224, description="side of the crop in pixels")
    registration: Literal["homography", "similarity", "none"] = Field(
        "homography", description="how frames are laid over the first"
    )
    anchors: tuple[NonNegativeInt, ...] | None = Field(
        None,
        min_length=2,
        description="points that keep their place in any expression; none: corners of the eyes and the nose (68), eyes and nose tip (five)",
    )
    smooth: NonNegativeFloat = Field(
        0.5,
        description="seconds over which a point's track is fitted by a parabola, since a detector's noise is not motion; 0: points as they are",
    )
    deviation: Literal["mean", "std"] = Field(
        "mean", description="change of a frame: mean absolute gray difference, or standard deviation of the difference"
    )
    margin: NonNegativeFloat = Field(
        0.25, description="share of the longer side of the first frame's points that is added at each side"
    )
    covered: float = Field(
        0.75, ge=0, le=1, description="least share of the crop that a frame must show, of what the first frame shows"
    )
    views: PositiveInt = Field(
        1, description="resampled clips: view v has frames v, v + views, …; training draws one, evaluation averages all"
    )
    reserve: float = Field(0.125, ge=0, le=1, description="share of the crop stored beyond each side, for augmentation")

    @property
    def stored_size(self) -> int:
        """Side of the stored crop in pixels."""
        return self.size + 2 * round(self.size * self.reserve)

    def channels(self) -> tuple[str, ...]:
        return (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> Mapping[str, Signal]:
        if len(signals) != 1 or signals[0] is not None:
            raise SpecError('twostream.key_frames reads one modality of faces: write "inputs": ["faces"]')
        frame = Image(3, self.size, self.size)
        return {"": Clip(self.k + 1, 3, self.size, self.size) if self.k else frame, "repeated": Vector(1)}

    def count(self, views: Sequence[int]) -> int:
        return self.views

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fas_twostream.modalities.key_frames import KeyFramesModule

        return KeyFramesModule(
            channel=self.channel,
            k=self.k,
            size=self.size,
            stored_size=self.stored_size,
            registration=self.registration,
            anchors=self.anchors,
            smooth=self.smooth,
            deviation=self.deviation,
            margin=self.margin,
            covered=self.covered,
            views=self.views,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        base: dict[str, Any] = {"inputs": (Ref("faces"),), "size": 24}
        return [
            (cls(**base, k=4), _FACES),
            (cls(**base, k=0), _FACES),
            (cls(**base, k=3, views=2, deviation="std", registration="none"), _FACES),
        ]


class OpticalFlow(Modality):
    """TV-L1 optical flow (Zach et al. 2007) from each key frame to the next: Plane(2 k, H, W), x and y of each pair in turn.

    A displacement of `bound` pixels is 1; what is longer is cut off. Vectors turn with the picture where it is augmented.
    """

    type: Literal["twostream.optical_flow"] = "twostream.optical_flow"
    bound: PositiveFloat = Field(20.0, description="pixels of the crop that are 1, as in TSN (Wang et al. 2016)")
    side: PositiveInt | None = Field(
        None, description="side in pixels at which the flow is computed; none: that of the stored crop"
    )
    attachment: PositiveFloat = Field(15.0, description="weight of the data term: smaller, smoother")

    def infer(self, signals: Sequence[Signal | None]) -> Signal:
        clip = _clip(self.type, signals)
        return Plane(2 * (clip.t - 1), clip.h, clip.w)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fas_twostream.modalities.optical_flow import OpticalFlowModule

        return OpticalFlowModule(
            _clip(self.type, signals).h, bound=self.bound, side=self.side, attachment=self.attachment
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(inputs=(Ref("keys"),)), _KEYS), (cls(inputs=(Ref("keys"),), side=16), _KEYS)]


def _clip(type_: str, signals: Sequence[Signal | None]) -> Clip:
    """The square Clip that it reads. Raises SpecError."""
    clip = signals[0] if len(signals) == 1 else None
    if not isinstance(clip, Clip) or clip.t < 2 or clip.h != clip.w:
        raise SpecError(
            f"{type_} reads the frames of one twostream.key_frames with k of 1 or more; got {', '.join(map(str, signals)) or 'nothing'}"
        )
    return clip


__all__ = ["KeyFrames", "OpticalFlow"]
