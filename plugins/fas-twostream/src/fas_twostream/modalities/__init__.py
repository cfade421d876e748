"""Modalities of the two-stream model. Importing this module imports no numpy, OpenCV or torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from fascore import Clip, Image, Modality, ModalityModule, Plane, Ref, Signal, SpecError, Vector

_FACES: dict[str, Any] = {"faces": {"type": "faces", "detector": "boxes"}}
_KEYS: dict[str, Any] = {**_FACES, "keys": {"type": "twostream.key_frames", "inputs": ["faces"], "k": 3, "size": 24}}


class KeyFrames(Modality):
    """The frames in which the face changes most, registered to the first (section 3.1): Clip(k + 1, 3, size, size).

    Each frame is warped by the homography (eq. 1) that maps the first frame's anchor points to its own. All frames are
    cropped with the same box, which encloses the points of the first frame. The usable frames are divided into k stacks
    of equal length. The key frame of a stack is the frame that differs most from the previous key frame, starting with
    the first frame. With `k` of 0 the output is the first frame alone, an Image.

    Frames without points are skipped, as are frames that show too little of the crop. If a stack is empty, the previous
    key frame is repeated with a warning. The port `repeated` (1,) is the share of key frames that are repeats.
    """

    type: Literal["twostream.key_frames"] = "twostream.key_frames"
    channel: str = Field("rgb", description="raw channel to crop, the one that 'faces' examined")
    k: NonNegativeInt = Field(
        9, description="number of stacks, for k + 1 key frames and k differences; 9 for intra, 4 for cross testing"
    )
    size: PositiveInt = Field(224, description="side of the crop in pixels")
    registration: Literal["homography", "similarity", "none"] = Field(
        "homography", description="how frames are registered to the first frame"
    )
    anchors: tuple[NonNegativeInt, ...] | None = Field(
        None,
        min_length=2,
        description="indices of points that do not move with the expression; none: eye corners and nose "
        "(68), eyes and nose tip (5)",
    )
    smooth: NonNegativeFloat = Field(
        0.5,
        description="window in seconds in which a parabola smooths the track of a point, because detector "
        "noise is not motion; 0: no smoothing",
    )
    deviation: Literal["mean", "std"] = Field(
        "mean", description="measure of change: mean absolute gray difference, or standard deviation of the difference"
    )
    margin: NonNegativeFloat = Field(
        0.25,
        description="margin on each side, as a share of the longer side of the box around the first frame's points",
    )
    covered: float = Field(
        0.75, ge=0, le=1, description="smallest share of the crop that a frame must show, relative to the first frame"
    )
    views: PositiveInt = Field(
        1,
        description="number of resampled clips; view v has frames v, v + views, …; training draws one, "
        "evaluation averages all",
    )
    reserve: float = Field(
        0.125, ge=0, le=1, description="share of the crop that is stored beyond each side for augmentation"
    )

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
    """TV-L1 optical flow (Zach et al. 2007) from each key frame to the next: Plane(2 k, H, W).

    The channels are x and y for each pair of frames in turn. A displacement of `bound` pixels becomes 1, and larger
    displacements are clipped. Augmentation rotates the vectors together with the picture.
    """

    type: Literal["twostream.optical_flow"] = "twostream.optical_flow"
    bound: PositiveFloat = Field(
        20.0, description="displacement in pixels of the crop that becomes 1, as in TSN (Wang et al. 2016)"
    )
    side: PositiveInt | None = Field(
        None, description="side in pixels at which the flow is computed; none: the side of the stored crop"
    )
    attachment: PositiveFloat = Field(
        15.0, description="weight of the data term; a smaller weight makes the flow smoother"
    )

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
    """The only input, a square Clip. Raises SpecError."""
    clip = signals[0] if len(signals) == 1 else None
    if not isinstance(clip, Clip) or clip.t < 2 or clip.h != clip.w:
        raise SpecError(
            f"{type_} reads the frames of one twostream.key_frames with 'k' of at least 1; got "
            f"{', '.join(map(str, signals)) or 'nothing'}"
        )
    return clip


__all__ = ["KeyFrames", "OpticalFlow"]
