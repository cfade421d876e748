"""The built-in modalities. Importing this module does not import numpy, OpenCV, or torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from fascore.contract.component import Slot, named
from fascore.contract.errors import SpecError
from fascore.contract.kinds.detector import Detector
from fascore.contract.kinds.modality import Modality, ModalityModule
from fascore.contract.record import POINTS
from fascore.contract.refs import Ref
from fascore.contract.signals import Clip, Image, Plane, Points, Signal

FACES: dict[str, Any] = {"faces": {"type": "faces", "detector": "boxes"}}
FACE: dict[str, Any] = {**FACES, "face": {"type": "face_frames", "inputs": ["faces"], "size": 32, "landmarks": "five"}}
CLIP: dict[str, Any] = {**FACES, "clip": {"type": "face_frames", "inputs": ["faces"], "size": 32, "frames": 4}}


class Faces(Modality):
    """Box, points, and confidence of the face in each frame, detected once for all modalities that need them.

    Only other modalities read it. If no frame of a record shows a face, the response is `no_face`.
    """

    type: Literal["faces"] = "faces"
    detector: Slot[Detector] = Field(
        named("boxes"), description="detects the face; boxes reads the boxes of the record"
    )
    channel: str = Field("rgb", description="raw channel to examine")
    frames: Literal["all"] | PositiveInt = Field(
        "all", description="number of frames to examine, spread over the record"
    )
    keep: float = Field(0.6, ge=0, le=1, description="smallest confidence of a detection")

    def channels(self) -> tuple[str, ...]:
        return (self.channel, "annotation") if self.detector.reads_annotation else (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> None:
        if signals:
            raise SpecError("faces reads a raw channel, not another modality; leave out 'inputs'")

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fascore.components.modalities.faces import FacesModule

        return FacesModule(
            self.detector.build(),
            reads_annotation=self.detector.reads_annotation,
            channel=self.channel,
            frames=self.frames,
            least_confidence=self.keep,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), {}), (cls(detector=named("whole"), frames=3), {})]


class FaceFrames(Modality):
    """Square crops of the face, spread evenly over the time in which it is visible: Image, or Clip with `frames`.

    Ports: `crop` maps the face frame to pixels, Plane(1 or T, 2, 3); `points` are the landmarks in the crop. If a
    record has too few frames, frames are repeated.
    """

    type: Literal["face_frames"] = "face_frames"
    channel: str = Field("rgb", description="raw channel to crop, the one that 'faces' examined")
    size: PositiveInt = Field(224, description="side of the crop in pixels")
    views: PositiveInt = Field(
        1, description="number of crops, or clips, per record; training draws one, evaluation averages all"
    )
    frames: PositiveInt | None = Field(None, description="frames per clip; default: single images")
    fps: PositiveFloat | None = Field(
        None, description="frames per second within a clip; default: spread over its part of the record"
    )
    margin: NonNegativeFloat = Field(
        0.25, description="margin at each side, as a share of the longer side of the face box"
    )
    align: Literal["none", "similarity"] = Field(
        "none", description="similarity: rotate and scale the face to a template by its points"
    )
    landmarks: Literal["five", "68", "mesh140"] | None = Field(
        None, description="layout of the port 'points'; default: no such port"
    )
    reserve: float = Field(0.125, ge=0, le=1, description="share of the crop stored beyond each side, for augmentation")

    @property
    def reserved(self) -> int:
        """Number of pixels stored beyond each side."""
        return round(self.size * self.reserve)

    def channels(self) -> tuple[str, ...]:
        return (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> Mapping[str, Signal]:
        if len(signals) != 1 or signals[0] is not None:
            raise SpecError('face_frames reads one modality of faces: write "inputs": ["faces"]')
        if self.fps is not None and self.frames is None:
            raise SpecError("'fps' is the frame rate of a clip: set 'frames' too, or leave it out")
        count, t = self.frames or 1, self.frames
        main: Signal = Clip(t, 3, self.size, self.size, self.fps) if t else Image(3, self.size, self.size)
        outputs: dict[str, Signal] = {"": main, "crop": Plane(count, 2, 3)}
        if self.landmarks is not None:
            outputs["points"] = Points(count * POINTS[self.landmarks], 2, self.landmarks)
        return outputs

    def count(self, views: Sequence[int]) -> int:
        return self.views

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fascore.components.modalities.face_frames import FaceFramesModule

        return FaceFramesModule(
            channel=self.channel,
            size=self.size,
            reserved=self.reserved,
            views=self.views,
            frames=self.frames,
            fps=self.fps,
            margin=self.margin,
            align=self.align,
            landmarks=self.landmarks,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        base: dict[str, Any] = {"inputs": (Ref("faces"),), "size": 32}
        return [
            (cls(**base, views=2, landmarks="five"), FACES),
            (cls(**base, frames=4, fps=10), FACES),
            (cls(**base, align="similarity"), FACES),
        ]


class DepthMap(Modality):
    """Depth in the crop of a face: near is 1, far is 0. Plane(1 or T, H, W), and the port `valid` of the same shape.

    Metric depth becomes clip(0.5 + (median over the face - z) / span, 0, 1). Relative depth is scaled between its 2nd
    and 98th percentiles in the face box. Raw depth is divided by the largest value of its pixel type. Frames are
    matched by nearest time; the channel must be registered with the cropped one, at any resolution.
    """

    type: Literal["depth_map"] = "depth_map"
    channel: str = Field("depth", description="raw channel of depth, single-channel images of 8 or 16 bits")
    unit: Literal["metre", "relative", "raw"] = Field("metre", description="meaning of a pixel")
    scale: PositiveFloat = Field(0.001, description="meters per unit of the pixel: 0.001 if pixels are millimeters")
    span: PositiveFloat = Field(0.24, description="meters from value 0 to value 1")
    near_is_high: bool = Field(False, description="larger pixels are nearer, as in disparity; for relative depth")
    invalid: int = Field(0, ge=0, description="value of pixels without a measurement")
    holes: Literal["far", "median", "nearest"] = Field(
        "far", description="value of a hole: 0, 0.5, or the value of the nearest measured pixel"
    )
    size: PositiveInt | None = Field(None, description="side in pixels; default: the side of the crop")

    def channels(self) -> tuple[str, ...]:
        return (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> Mapping[str, Signal]:
        face = _crop(self.type, signals)
        side = self.size or face.w
        plane = Plane(face.t if isinstance(face, Clip) else 1, side, side)
        return {"": plane, "valid": plane}

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fascore.components.modalities.crop_follower import CropFollower
        from fascore.components.modalities.depth_map import DepthMapModule

        return DepthMapModule(
            CropFollower(self.channel, _crop(self.type, signals).w, self.size),
            unit=self.unit,
            scale=self.scale,
            span=self.span,
            near_is_high=self.near_is_high,
            invalid=self.invalid,
            holes=self.holes,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(inputs=(Ref("face"),)), FACE),
            (cls(inputs=(Ref("face"),), unit="relative", holes="nearest", size=16), FACE),
            (cls(inputs=(Ref("clip"),), unit="raw"), CLIP),
        ]


class Infrared(Modality):
    """Infrared in the crop of a face: Image(1, H, W), or a Clip for a clip.

    8-bit pixels are divided by 255; 16-bit pixels are scaled between `limits`, or between the 1st and 99th percentiles
    in the face box. Frames are matched by nearest time.
    """

    type: Literal["infrared"] = "infrared"
    channel: str = Field("infrared", description="raw channel of infrared; color images are converted to luma")
    limits: tuple[float, float] | None = Field(
        None, description="pixel values that become 0 and 1; default: the range of the pixel type"
    )
    size: PositiveInt | None = Field(None, description="side in pixels; default: the side of the crop")

    def channels(self) -> tuple[str, ...]:
        return (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> Signal:
        face = _crop(self.type, signals)
        side = self.size or face.w
        if self.limits is not None and self.limits[1] <= self.limits[0]:
            raise SpecError(f"'limits' must increase; got {self.limits[0]:g} and {self.limits[1]:g}")
        return Clip(face.t, 1, side, side, face.fps) if isinstance(face, Clip) else Image(1, side, side)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fascore.components.modalities.crop_follower import CropFollower
        from fascore.components.modalities.infrared import InfraredModule

        return InfraredModule(CropFollower(self.channel, _crop(self.type, signals).w, self.size), limits=self.limits)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(inputs=(Ref("face"),)), FACE), (cls(inputs=(Ref("clip"),), limits=(10, 200), size=16), CLIP)]


class Difference(Modality):
    """Each frame of a clip minus the previous one, computed when loading: nothing is stored.

    `stacked` produces Plane((T - 1) * C, H, W) of signed differences in [-1, 1], frame-major; `clip` produces
    Clip(T - 1, C, H, W) with (1 + difference) / 2, so that 0.5 means no change.
    """

    stored: ClassVar[bool] = False
    type: Literal["difference"] = "difference"
    form: Literal["stacked", "clip"] = Field("stacked", description="one Plane of all differences, or a Clip of them")

    def infer(self, signals: Sequence[Signal | None]) -> Signal:
        clip = signals[0] if len(signals) == 1 else None
        if not isinstance(clip, Clip) or clip.t < 2:
            raise SpecError(
                f"difference reads one Clip of two frames or more; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if self.form == "clip":
            return Clip(clip.t - 1, clip.c, clip.h, clip.w, clip.fps)
        return Plane((clip.t - 1) * clip.c, clip.h, clip.w)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fascore.components.modalities.difference import DifferenceModule

        return DifferenceModule(self.form)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(inputs=(Ref("clip"),)), CLIP), (cls(inputs=(Ref("clip"),), form="clip"), CLIP)]


class PseudoDepth(Modality):
    """A target for depth supervision without measured depth: the height of a face by its landmarks; near is 1.

    The canonical face is fitted to the landmarks. Bona fide records are face-shaped; attacks are all zeros (Liu et al.
    2018, doi:10.1109/CVPR.2018.00048, who take the heights from a fitted 3D face). Plane(1, size, size).
    """

    type: Literal["pseudo_depth"] = "pseudo_depth"
    size: PositiveInt = Field(32, description="side in pixels")
    attacks: Literal["flat", "face"] = Field(
        "flat", description="target of an attack: zeros, or a face as for bona fide"
    )

    def channels(self) -> tuple[str, ...]:
        return ("record.label",)

    def infer(self, signals: Sequence[Signal | None]) -> Signal:
        points = signals[0] if len(signals) == 1 else None
        if not isinstance(points, Points) or points.n != POINTS.get(points.layout):
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(
                f'pseudo_depth reads the points of one image, such as \'face.points\' with "landmarks": "five"; got {got}'
            )
        return Plane(1, self.size, self.size)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fascore.components.modalities.pseudo_depth import PseudoDepthModule

        return PseudoDepthModule(self.size, self.attacks)

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(inputs=(Ref("face.points"),)), FACE),
            (cls(inputs=(Ref("face.points"),), size=16, attacks="face"), FACE),
        ]


def _crop(type_: str, signals: Sequence[Signal | None]) -> Image | Clip:
    """The crop that a channel follows."""
    face = signals[0] if len(signals) == 1 else None
    if not isinstance(face, Image | Clip):
        raise SpecError(
            f"{type_} follows the crop of one face_frames; got {', '.join(map(str, signals)) or 'no input'}"
        )
    return face


__all__ = ["DepthMap", "Difference", "FaceFrames", "Faces", "Infrared", "PseudoDepth"]
